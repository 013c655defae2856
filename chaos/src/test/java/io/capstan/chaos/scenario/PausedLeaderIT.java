package io.capstan.chaos.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.cluster.DockerImages;
import io.capstan.chaos.cluster.DockerImages.Edit;
import io.capstan.chaos.cluster.RequiresDocker;
import io.capstan.chaos.junit.CapstanCluster.NodesAs;
import io.capstan.chaos.junit.TestCluster;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whether the pause of a leader would show that it answers reads without asking a majority.
 *
 * <p>Two things keep a leader that wakes up from serving what is stale: it asks a majority before
 * it answers (ReadIndex), and it steps down by itself when it has not heard of one for an election
 * timeout (check-quorum). The second mostly hides it when the first is missing. So it is taken away
 * here, in an image of its own: then the first has to do, and does; and without it the same test
 * fails. {@link ContainerScenariosIT} does the same to the image as it is.
 */
@RequiresDocker
@DisplayName("A paused leader that does not notice how long it slept")
class PausedLeaderIT {
  private static final long SEED = 7;

  /** A busy machine may replace the leader before the experiment begins; then it begins anew. */
  private static final int ATTEMPTS_MAX = 5;

  private static final Edit WITHOUT_CHECK_QUORUM =
      new Edit(
          "io/capstan/node/raft/QuorumCheck.java",
          "return configuration.isQuorum(",
          "return true || configuration.isQuorum(");

  private static final Edit WITHOUT_READ_INDEX =
      new Edit(
          "io/capstan/node/raft/Leader.java",
          "return reads.add(requestId);",
          "state.outbox.confirmRead(new ReadState(requestId, log.commitIndex())); return true;");

  private static final Map<String, ?> SETTINGS =
      Map.of(
          "electionTimeoutMillis", 2_000,
          "heartbeatIntervalMillis", 200,
          "peerSilentMillis", 1_500);

  @TempDir Path folder;

  @Test
  @DisplayName("asks a majority before it answers, and serves nothing stale")
  void servesNothingStale() throws Exception {
    PausedLeaderRun.assertNothingStale(run(WITHOUT_CHECK_QUORUM));
  }

  @Test
  @DisplayName("and answers reads without asking a majority is caught by that very test")
  void withoutReadIndexIsCaught() throws Exception {
    LeaderFaultRun.Evidence evidence = run(WITHOUT_CHECK_QUORUM, WITHOUT_READ_INDEX);

    assertThat(evidence.linearizable().status()).isEqualTo(Verdict.Status.INVALID);
    assertThatThrownBy(() -> PausedLeaderRun.assertNothingStale(evidence))
        .isInstanceOf(AssertionError.class);
  }

  private LeaderFaultRun.Evidence run(Edit... edits) throws IOException, InterruptedException {
    String image = DockerImages.variant(List.of(edits), folder);
    try {
      for (int attempt = 1; ; attempt++) {
        try {
          return attempt(image);
        } catch (PausedLeaderRun.NotTheCase again) {
          if (attempt == ATTEMPTS_MAX) {
            throw again;
          }
        }
      }
    } finally {
      DockerImages.remove(image);
    }
  }

  private static LeaderFaultRun.Evidence attempt(String image) throws InterruptedException {
    try (TestCluster cluster =
            TestCluster.builder()
                .nodes(3)
                .nodesAs(NodesAs.CONTAINERS)
                .image(image)
                .settings(SETTINGS)
                .start();
        CapstanScenarioClients clients = new CapstanScenarioClients(cluster.cluster())) {
      return new PausedLeaderRun(cluster.cluster(), clients, "bank").run(SEED, true);
    }
  }
}
