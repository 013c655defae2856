package io.capstan.chaos.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.cluster.NodeState;
import io.capstan.chaos.fault.FaultType;
import io.capstan.chaos.junit.CapstanCluster;
import io.capstan.chaos.junit.CapstanCluster.NodesAs;
import io.capstan.chaos.junit.ChaosScenario;
import io.capstan.chaos.junit.TestCluster;
import io.capstan.chaos.junit.TestScenario;
import io.capstan.chaos.report.ScenarioResult;
import io.capstan.chaos.report.ScenarioResult.FaultResult;
import io.capstan.client.Mode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Scenarios of the library on real processes, one cluster for all of them. Only claims are checked
 * that do not depend on how quick this machine is.
 */
@Timeout(500)
@CapstanCluster(
    nodes = 3,
    nodesAs = NodesAs.PROCESSES,
    settings = {"electionTimeoutMillis=1500", "heartbeatIntervalMillis=150"},
    startTimeoutMillis = 120_000)
@DisplayName("Three processes")
class LibraryScenariosIT {
  private static final long SHORT_MILLIS = 8_000;

  /** Every fault was seen to act and was undone, and nothing is left of it. */
  @AfterEach
  void faultsHappenedAndAreHealed(TestCluster cluster, TestScenario scenario) {
    ScenarioResult result = scenario.result();

    Scenario planned = ScenarioLibrary.named(result.scenario());
    assertThat(result.faults())
        .extracting(FaultResult::name)
        .containsExactlyElementsOf(
            planned.faultTypes().stream().map(FaultType::label).sorted().toList());
    assertThat(result.faults())
        .allSatisfy(
            fault -> {
              assertThat(fault.verifiedMillis()).isGreaterThanOrEqualTo(fault.startMillis());
              assertThat(fault.endMillis()).isGreaterThan(fault.verifiedMillis());
            });
    assertThat(cluster.cluster().cutLinks()).isEmpty();
    assertThat(cluster.nodes())
        .allSatisfy(node -> assertThat(cluster.cluster().state(node)).isEqualTo(NodeState.RUNNING));
    assertThat(result.runs()).allMatch(run -> run.ops().ok() > 0);
  }

  @Test
  @ChaosScenario(
      value = "split.yaml",
      durationMillis = SHORT_MILLIS,
      claims = {"linearizable", "bank-total"})
  @DisplayName("that are split have one history in CP")
  void split(TestScenario scenario) {
    ScenarioResult result = scenario.result();

    // The side without a majority is answered nothing in CP, and goes on in AP.
    assertThat(ofMode(result, "cp").availability().during().minority()).isZero();
    assertThat(ofMode(result, "ap").availability().during().minority()).isPositive();
  }

  @Test
  @ChaosScenario(
      value = "pause.yaml",
      modes = Mode.CP,
      durationMillis = SHORT_MILLIS,
      claims = "linearizable")
  @DisplayName("of which the leader is held still serve nothing stale")
  void pause() {}

  private static ScenarioResult.RunResult ofMode(ScenarioResult result, String mode) {
    return result.runs().stream().filter(run -> run.mode().equals(mode)).findFirst().orElseThrow();
  }

  @Test
  @ChaosScenario(
      value = "power-loss.yaml",
      durationMillis = SHORT_MILLIS,
      claims = {"serializable", "elements-kept", "counter-exact"})
  @DisplayName("that die all at once have everything that they acknowledged")
  void powerLoss() {}

  @Test
  @ChaosScenario(
      value = "stale-reads.yaml",
      modes = Mode.CP,
      durationMillis = SHORT_MILLIS,
      claims = "linearizable",
      expect = Verdict.Status.INVALID)
  @DisplayName("asked for stale reads are caught, and the story tells by which operations")
  void staleReads(TestScenario scenario) {
    assertThat(scenario.result().runs().get(0).claims())
        .singleElement()
        .satisfies(claim -> assertThat(claim.judged().operations()).hasSizeBetween(2, 20));
  }
}
