package io.capstan.chaos.scenario;

import io.capstan.chaos.check.History;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.check.measure.Availability.Phase;
import io.capstan.chaos.check.measure.Availability.Share;
import io.capstan.chaos.report.ScenarioResult;
import io.capstan.chaos.report.ScenarioResult.All;
import io.capstan.chaos.report.ScenarioResult.Availability;
import io.capstan.chaos.report.ScenarioResult.FaultResult;
import io.capstan.chaos.report.ScenarioResult.SideResult;
import io.capstan.chaos.report.ScenarioResult.Sides;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Judges what a run of the split scenario brought to light. Stateless apart from its budget. */
public final class SplitJudge {
  /** A client ends an attempt at its deadline; the history notes it a little later. */
  private static final Duration CLOCK_MARGIN = Duration.ofMillis(50);

  private final Duration budget;

  /**
   * @param budget how long the search for a linearization may take
   */
  public SplitJudge(Duration budget) {
    this.budget = budget;
  }

  /**
   * Judges a run.
   *
   * @param substrate what the cluster was made of
   * @param replay the command that runs it again
   */
  public ScenarioResult judge(SplitEvidence evidence, String substrate, String replay) {
    SplitTimes times = evidence.times();
    return new ScenarioResult(
        SplitScenario.NAME,
        evidence.settings().seed(),
        substrate,
        evidence.nodes().size(),
        evidence.settings().duration().toMillis(),
        List.of(
            new FaultResult(
                "partition",
                evidence.partition(),
                millis(times.cutNanos()),
                millis(times.verifiedNanos()),
                millis(times.healNanos()))),
        List.of(new BankJudge(evidence, budget).judge(), new FeedJudge(evidence).judge()),
        replay);
  }

  static long millis(long nanos) {
    return TimeUnit.NANOSECONDS.toMillis(nanos);
  }

  static @Nullable Long millisOrNull(@Nullable Long nanos) {
    return nanos == null ? null : millis(nanos);
  }

  /**
   * Counts who was served. A comparison that failed is a service too: what it answered had to be
   * true.
   */
  static Shares shares(History history, SplitEvidence evidence) {
    List<Operation> attempts = history.operations().stream().map(SplitMeasures::asServed).toList();
    Duration deadline = evidence.settings().attemptTimeout().plus(CLOCK_MARGIN);
    io.capstan.chaos.check.measure.Availability counted =
        io.capstan.chaos.check.measure.Availability.of(
            attempts, evidence.times().window(), deadline);
    return new Shares(
        counted.share(Phase.BEFORE, SplitMeasures.ALL),
        counted.share(Phase.DURING, SplitMeasures.MAJORITY),
        counted.share(Phase.DURING, SplitMeasures.MINORITY),
        counted.share(Phase.AFTER, SplitMeasures.ALL));
  }

  /** Attempts and how many were served, by phase and side. */
  record Shares(Share before, Share majority, Share minority, Share after) {
    Availability ratios() {
      return new Availability(
          new All(before.ratio()),
          new Sides(majority.ratio(), minority.ratio()),
          new All(after.ratio()));
    }
  }

  static SideResult side(List<SideResult> sides, String phase, String side) {
    return sides.stream()
        .filter(row -> row.phase().equals(phase) && row.side().equals(side))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("no row for " + phase + ", " + side));
  }

  /** Judges whether enough attempts were served through these nodes. */
  static Verdict available(Share share, List<String> nodes, double min) {
    Double ratio = share.ratio();
    String names = String.join(", ", nodes);
    if (ratio == null) {
      return Verdict.unknown("nobody attempted anything through " + names);
    }
    String why =
        String.format(
            Locale.ROOT,
            "%,d of %,d attempts through %s were answered (%.1f %%)",
            share.ok(),
            share.attempted(),
            names,
            100 * ratio);
    return ratio >= min ? Verdict.valid(why) : Verdict.invalid(why);
  }

  /** Judges whether something came true early enough. */
  static Verdict within(Duration bound, @Nullable Long nanos, String came, String missing) {
    if (nanos == null) {
      return Verdict.invalid(missing + " within " + bound.toSeconds() + " s");
    }
    String why = came + " " + millis(nanos) + " ms after the heal";
    return nanos <= bound.toNanos() ? Verdict.valid(why) : Verdict.invalid(why);
  }
}
