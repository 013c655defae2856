package io.capstan.chaos.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.client.Mode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("What is bounded by the heal is counted from when the links were open")
class HealMomentTest {
  private static final long SLOW_NANOS = TimeUnit.SECONDS.toNanos(20);

  @TempDir Path folder;

  /** Runs a split of a feed; somebody holds the run up before methods of the cluster. */
  private ScenarioEvidence run(Scenario scenario, Slowness slowness) throws InterruptedException {
    RunPlan plan =
        RunPlan.of(
            scenario, List.of(Mode.AP), 1, 3, 3, Duration.ofSeconds(6), SubstrateKind.SIM.faults());
    try (SimSubstrate substrate = SimSubstrate.start(plan.nodes(), 1)) {
      InterposedSubstrate slow =
          new InterposedSubstrate(
              substrate,
              (method, cluster) -> {
                slowness.before(substrate.pace(), method);
                return null;
              });
      return new ScenarioRun(slow, plan, new RunProgress()).run(folder.resolve("faults.jsonl"));
    }
  }

  private interface Slowness {
    void before(Pace pace, String method);
  }

  private static void pass(Pace pace, long nanos) {
    try {
      pace.sleep(nanos);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void assertConvergedInTime(ScenarioEvidence evidence) {
    assertThat(evidence.keyspaces())
        .allSatisfy(
            keyspace -> {
              assertThat(keyspace.convergedNanos()).isNotNull();
              assertThat(Duration.ofNanos(keyspace.convergedNanos() - evidence.healedNanos()))
                  .isLessThan(RunClaims.CONVERGED_MAX);
            });
  }

  @Test
  @DisplayName("opening the links takes longer than the bound")
  void theHealIsSlow() throws Exception {
    ScenarioEvidence evidence =
        run(
            ScenarioLibrary.named("split"),
            (pace, method) -> {
              if (method.equals("heal")) {

                pass(pace, SLOW_NANOS);
              }
            });

    assertThat(evidence.healedNanos() - evidence.lastEndNanos()).isGreaterThan(SLOW_NANOS);
    assertConvergedInTime(evidence);
  }

  @Test
  @DisplayName("seeing that the links are open takes longer than the bound")
  void theProofIsSlow() throws Exception {
    boolean[] isHealed = {false};

    ScenarioEvidence evidence =
        run(
            ScenarioLibrary.named("split"),
            (pace, method) -> {
              isHealed[0] |= method.equals("heal");
              if (isHealed[0] && method.equals("awaitReady")) {
                pass(pace, SLOW_NANOS);
              }
            });

    assertConvergedInTime(evidence);
  }
}
