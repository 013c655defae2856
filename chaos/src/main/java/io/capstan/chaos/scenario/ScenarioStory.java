package io.capstan.chaos.scenario;

import io.capstan.chaos.fault.FaultInForce;
import io.capstan.chaos.fault.PlannedFault;
import io.capstan.chaos.report.ResultTable;
import io.capstan.chaos.report.ScenarioResult.LadderResult;
import io.capstan.chaos.report.ScenarioResult.RunResult;
import io.capstan.chaos.report.ScenarioResult.SideResult;
import io.capstan.client.Mode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Tells a judged run in sentences. */
public final class ScenarioStory {
  private ScenarioStory() {}

  /** Returns what was done to the cluster, a sentence for each fault. */
  public static List<String> whatHappened(ScenarioEvidence evidence) {
    List<String> sentences = new ArrayList<>();
    for (FaultInForce fault : evidence.faults()) {
      Long healed = fault.healedNanos();
      sentences.add(
          String.format(
              Locale.ROOT,
              "At %s %s (%s)%s.",
              ScenarioReport.seconds(fault.startNanos()),
              fault.plan().type().label(),
              fault.detail(),
              healed == null
                  ? ""
                  : ", undone after " + ScenarioReport.seconds(healed - fault.startNanos())));
    }
    for (PlannedFault fault : evidence.leftOut()) {
      sentences.add(
          "The schedule's "
              + fault.type().label()
              + " of "
              + fault.target()
              + " was left out: every node was hurt already.");
    }
    if (!evidence.healProblem().isEmpty()) {
      sentences.add("After everything was undone: " + evidence.healProblem());
    }
    return sentences;
  }

  /** Returns what it did to one keyspace. */
  public static List<String> of(ScenarioEvidence.KeyspaceEvidence seen, RunResult run) {
    List<String> sentences = new ArrayList<>();
    SideResult majority = side(run, SplitMeasures.MAJORITY);
    SideResult minority = side(run, SplitMeasures.MINORITY);
    if (majority != null && majority.attempted() > 0) {
      sentences.add(
          String.format(
              Locale.ROOT,
              "Clients that could reach a majority: %,d of %,d requests answered.",
              majority.ok(),
              majority.attempted()));
    }
    if (minority != null && minority.attempted() > 0) {
      sentences.add(
          String.format(
              Locale.ROOT,
              "Clients that could not: %,d of %,d answered%s.",
              minority.ok(),
              minority.attempted(),
              seen.plan().mode() == Mode.CP && minority.ok() == 0
                  ? ", for consistency was chosen: "
                      + minority.refused()
                      + " refused for certain, "
                      + minority.unknown()
                      + " of unknown outcome"
                  : ""));
    }
    Long siblings = run.consistency().siblingsSeen();
    if (seen.plan().mode() == Mode.AP && siblings != null) {
      Long stale = run.consistency().staleReads();
      sentences.add(
          String.format(
              Locale.ROOT,
              "The price of availability: %s, siblings on %d keys, %s.",
              stale == null
                  ? "stale reads unknown"
                  : String.format(Locale.ROOT, "%,d stale reads", stale),
              siblings,
              lost(run)));
    }
    ladder(run.ladder()).ifPresent(sentences::add);
    Long recovered = run.consistency().recoveredAfterHealMillis();
    sentences.add(
        recovered == null
            ? "After the heal some node never answered again."
            : "After the heal every node answered again within "
                + ResultTable.duration(recovered)
                + ".");
    return sentences;
  }

  private static Optional<String> ladder(@Nullable LadderResult ladder) {
    if (ladder == null) {
      return Optional.empty();
    }
    String holds =
        ladder.strongest() == null
            ? "no rung of it is sure to hold"
            : ladder.strongest() + " is the strongest that holds";
    String breaks =
        ladder.firstBroken() == null
            ? "none breaks for certain"
            : ladder.firstBroken() + " is the first that breaks: " + ladder.why();
    return Optional.of("The consistency ladder: " + holds + ", " + breaks + ".");
  }

  private static String lost(RunResult run) {
    Long lost = run.consistency().lostWrites();
    Long discarded = run.consistency().discardedWrites();
    return (lost == null ? "lost writes not judged" : lost + " writes lost")
        + (discarded == null || discarded == 0
            ? ""
            : String.format(Locale.ROOT, ", %,d discarded by rule", discarded));
  }

  private static @Nullable SideResult side(RunResult run, String side) {
    return run.sides().stream()
        .filter(row -> row.phase().equals(SplitMeasures.DURING) && row.side().equals(side))
        .findFirst()
        .orElse(null);
  }
}
