package io.capstan.chaos.scenario;

import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.report.ResultTable;
import io.capstan.chaos.report.ScenarioResult;
import io.capstan.chaos.report.ScenarioResult.ClaimResult;
import io.capstan.chaos.report.ScenarioResult.RunResult;
import io.capstan.chaos.report.ScenarioResult.SideResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Tells a judged run in sentences for somebody who meets a split for the first time. */
public final class SplitStory {
  private final SplitEvidence evidence;
  private final ScenarioResult result;

  public SplitStory(SplitEvidence evidence, ScenarioResult result) {
    this.evidence = evidence;
    this.result = result;
  }

  /** Returns what was done to the cluster. */
  public String whatHappened() {
    SplitTimes times = evidence.times();
    return String.format(
        Locale.ROOT,
        "At %s the links between %s, which led, and %s were cut, both ways. %s later every cut was"
            + " verified; the split counts from there, and lasted %s.",
        duration(times.cutNanos()),
        names(evidence.minority()),
        names(evidence.majority()),
        duration(times.verifiedNanos() - times.cutNanos()),
        duration(splitNanos()));
  }

  private long splitNanos() {
    return evidence.times().healNanos() - evidence.times().verifiedNanos();
  }

  /** Returns what the bank did with the split, sentence by sentence. */
  public List<String> ofTheBank() {
    RunResult run = result.runs().get(0);
    SideResult minority = side(run, SplitMeasures.MINORITY);
    SideResult majority = side(run, SplitMeasures.MAJORITY);
    List<String> sentences = new ArrayList<>();
    sentences.add(
        minority.ok() == 0
            ? String.format(
                Locale.ROOT,
                "The bank chose consistency: through %s it answered none of %,d requests for %s,"
                    + " rather than answer wrongly. %s",
                names(evidence.minority()),
                minority.attempted(),
                duration(splitNanos()),
                refusals(minority))
            : String.format(
                Locale.ROOT,
                "Through %s, which could not reach a majority, the bank still answered %,d of %,d"
                    + " requests. A CP keyspace must not do that.",
                names(evidence.minority()),
                minority.ok(),
                minority.attempted()));
    sentences.add(
        String.format(
            Locale.ROOT,
            "On the other side %s held a majority, %s and went on: %s of %,d requests were answered.",
            names(evidence.majority()),
            evidence.newLeader().isEmpty() ? "elected nobody" : "elected " + evidence.newLeader(),
            percent(majority.availability()),
            majority.attempted()));
    sentences.add(recovery(run));
    return sentences;
  }

  private static String refusals(SideResult minority) {
    if (minority.unknown() == 0) {
      return "All of them were refused for certain: nothing was applied.";
    }
    return String.format(
        Locale.ROOT,
        "%,d were refused for certain; of %,d the client cannot know whether they will take effect"
            + " one day, for they stood in a log that no majority had.",
        minority.refused(),
        minority.unknown());
  }

  private static String recovery(RunResult run) {
    Long millis = run.consistency().recoveredAfterHealMillis();
    return millis == null
        ? "After the heal some node never answered again."
        : "After the heal every node answered again within " + ResultTable.duration(millis) + ".";
  }

  /** Returns what the feed did with the split, sentence by sentence. */
  public List<String> ofTheFeed() {
    RunResult run = result.runs().get(1);
    SideResult minority = side(run, SplitMeasures.MINORITY);
    SideResult majority = side(run, SplitMeasures.MAJORITY);
    ScenarioResult.Consistency found = run.consistency();
    List<String> sentences = new ArrayList<>();
    sentences.add(
        String.format(
            Locale.ROOT,
            "The feed chose availability: both sides went on, %s of %,d requests answered through"
                + " %s and %s of %,d through %s.",
            percent(minority.availability()),
            minority.attempted(),
            names(evidence.minority()),
            percent(majority.availability()),
            majority.attempted(),
            names(evidence.majority())));
    sentences.add(price(found));
    Long converged = found.convergedAfterHealMillis();
    sentences.add(
        converged == null
            ? "After the heal the replicas did not become equal."
            : "All replicas held the same again "
                + ResultTable.duration(converged)
                + " after the heal, on the walls that nobody wrote any more.");
    return sentences;
  }

  private String price(ScenarioResult.Consistency found) {
    long kept = keptAsSiblings();
    return String.format(
        Locale.ROOT,
        "The price: %s; %s of %d walls collided and showed siblings, of which %,d post%s still"
            + " stand%s side by side for a person to choose from. %s",
        found.staleReads() == null
            ? "stale reads were not counted"
            : String.format(Locale.ROOT, "%,d reads were stale", found.staleReads()),
        found.siblingsSeen(),
        evidence.feed().keys().size(),
        kept,
        kept == 1 ? "" : "s",
        kept == 1 ? "s" : "",
        found.lostWrites() == null
            ? "Whether a post was lost is not known."
            : found.lostWrites() == 0
                ? "No acknowledged post was lost."
                : found.lostWrites() + " acknowledged posts were LOST.");
  }

  private long keptAsSiblings() {
    return evidence.finalContents().valuesByNode().values().stream()
        .findFirst()
        .map(
            values -> values.values().stream().mapToLong(List::size).filter(size -> size > 1).sum())
        .orElse(0L);
  }

  /** Returns one line for each claim: verdict, keyspace, claim and reason. */
  public List<ClaimLine> claims() {
    List<ClaimLine> lines = new ArrayList<>();
    for (RunResult run : result.runs()) {
      for (ClaimResult claim : run.claims()) {
        lines.add(new ClaimLine(claim.verdict(), run.keyspace(), claim.claim(), claim.why()));
      }
    }
    return lines;
  }

  /** A claim as it is shown. */
  public record ClaimLine(String verdict, String keyspace, String claim, String why) {}

  /** Returns the verdict over everything. */
  public String verdict() {
    Verdict.Status status = result.verdict();
    return switch (status) {
      case VALID -> "Every claim holds.";
      case INVALID -> "A claim is VIOLATED; the histories show how.";
      case UNKNOWN -> "Not every claim could be decided.";
    };
  }

  private static SideResult side(RunResult run, String side) {
    return SplitJudge.side(run.sides(), SplitMeasures.DURING, side);
  }

  private static String names(List<String> nodes) {
    if (nodes.size() < 2) {
      return String.join("", nodes);
    }
    return String.join(", ", nodes.subList(0, nodes.size() - 1))
        + " and "
        + nodes.get(nodes.size() - 1);
  }

  private static String percent(@Nullable Double ratio) {
    return ratio == null ? "none" : String.format(Locale.ROOT, "%.1f %%", 100 * ratio);
  }

  private static String duration(long nanos) {
    return ResultTable.duration(TimeUnit.NANOSECONDS.toMillis(nanos));
  }
}
