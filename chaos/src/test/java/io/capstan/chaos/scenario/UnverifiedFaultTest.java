package io.capstan.chaos.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.cluster.NodeState;
import io.capstan.chaos.fault.FaultJournal;
import io.capstan.client.Mode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A fault that does not show ends the run without a verdict")
class UnverifiedFaultTest {
  @TempDir Path folder;

  /** What the cluster answers instead; null lets the real one answer. */
  private void run(String scenario, BiFunction<String, Cluster, @Nullable Object> instead)
      throws InterruptedException {
    Scenario found = ScenarioLibrary.named(scenario);
    RunPlan plan =
        RunPlan.of(
            found, List.of(Mode.AP), 1, 3, 3, Duration.ofSeconds(6), SubstrateKind.SIM.faults());
    try (SimSubstrate substrate = SimSubstrate.start(plan.nodes(), 1)) {
      new ScenarioRun(new InterposedSubstrate(substrate, instead), plan, new RunProgress())
          .run(journal());
    }
  }

  private Path journal() {
    return folder.resolve("faults.jsonl");
  }

  @Test
  @DisplayName("links that were cut and carry all the same")
  void theCutIsNotInForce() {
    assertThatThrownBy(
            () ->
                run(
                    "split",
                    (method, cluster) -> method.equals("cut") ? InterposedSubstrate.NOTHING : null))
        .isInstanceOf(ClusterException.class)
        .hasMessageContaining("cannot be verified")
        .hasMessageContaining("they are open");
  }

  @Test
  @DisplayName("links that were opened and stay cut; the journal goes on naming them")
  void theCutIsNotHealed() throws Exception {
    assertThatThrownBy(
            () ->
                run(
                    "split",
                    (method, cluster) ->
                        method.equals("heal") ? InterposedSubstrate.NOTHING : null))
        .isInstanceOf(ClusterException.class)
        .hasMessageContaining("they are cut");
    assertThat(FaultJournal.unhealed(journal()))
        .extracting(FaultJournal.Entry::name)
        .contains("partition");
  }

  @Test
  @DisplayName("a node that was killed and runs")
  void theNodeStillRuns() {
    assertThatThrownBy(
            () ->
                run(
                    "leader-kill",
                    (method, cluster) -> method.equals("state") ? NodeState.RUNNING : null))
        .isInstanceOf(ClusterException.class)
        .hasMessageContaining("was to be down");
  }
}
