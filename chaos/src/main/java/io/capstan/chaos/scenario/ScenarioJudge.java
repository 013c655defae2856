package io.capstan.chaos.scenario;

import io.capstan.chaos.check.SideBySide;
import io.capstan.chaos.fault.FaultInForce;
import io.capstan.chaos.report.ScenarioResult;
import io.capstan.chaos.report.ScenarioResult.FaultResult;
import io.capstan.chaos.report.ScenarioResult.RunResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Judges what a run of a scenario brought to light, its keyspaces side by side. Stateless apart
 * from its budget.
 */
public final class ScenarioJudge {
  private static final Duration LADDER_BUDGET = Duration.ofSeconds(1);

  private final Duration budget;

  /**
   * @param budget how long each search may take
   */
  public ScenarioJudge(Duration budget) {
    this.budget = budget;
  }

  /**
   * Judges a run.
   *
   * @param replay the command that runs it again
   * @throws InterruptedException if the thread is interrupted
   */
  public ScenarioResult judge(ScenarioEvidence evidence, String replay)
      throws InterruptedException {
    List<FaultResult> faults = new ArrayList<>();
    for (FaultInForce fault : evidence.faults()) {
      faults.add(
          new FaultResult(
              fault.plan().type().label(),
              fault.detail(),
              millis(fault.startNanos()),
              millis(fault.verifiedNanos()),
              millis(Objects.requireNonNullElse(fault.healedNanos(), evidence.endNanos()))));
    }
    List<Supplier<RunResult>> judgements = new ArrayList<>();
    for (ScenarioEvidence.KeyspaceEvidence seen : evidence.keyspaces()) {
      judgements.add(() -> new KeyspaceJudge(evidence, seen, budget).judge());
    }
    RunPlan plan = evidence.plan();
    return new ScenarioResult(
        plan.scenario().name(),
        plan.seed(),
        evidence.substrate(),
        evidence.nodes().size(),
        plan.duration().toMillis(),
        faults,
        SideBySide.all(judgements),
        replay);
  }

  /**
   * Tells of each keyspace how far up the consistency ladder it came. No claim, and no part of the
   * verdict: where the strongest rungs cannot be decided soon, they are left undecided.
   *
   * @throws InterruptedException if the thread is interrupted
   */
  public ScenarioResult climbed(ScenarioEvidence evidence, ScenarioResult result)
      throws InterruptedException {
    List<Supplier<RunResult>> climbs = new ArrayList<>();
    for (int i = 0; i < result.runs().size(); i++) {
      RunResult run = result.runs().get(i);
      ScenarioEvidence.KeyspaceEvidence seen = evidence.keyspaces().get(i);
      climbs.add(
          () -> run.withLadder(new KeyspaceJudge(evidence, seen, budget).ladder(LADDER_BUDGET)));
    }
    return result.withRuns(SideBySide.all(climbs));
  }

  private static long millis(long nanos) {
    return TimeUnit.NANOSECONDS.toMillis(nanos);
  }
}
