package io.capstan.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class EmbeddedClusterTest {
  private static final Duration WAIT = Duration.ofSeconds(20);

  @TempDir private Path folder;

  @Test
  void nodesInThisJvmAreCutAndHealedThroughRealLinks() {
    try (EmbeddedCluster cluster = EmbeddedCluster.start(3, folder, FakeNode::new, WAIT)) {
      assertThat(cluster.leader()).contains("n1");

      PartitionSpec split = cluster.partition("n1|n2,n3");
      cluster.awaitLinks(WAIT);

      assertThat(split.sides().get(0)).containsExactly("n1");
      assertThat(cluster.leader()).contains("n2");

      cluster.heal();
      cluster.awaitLinks(WAIT);
      assertThat(cluster.leader()).contains("n1");
    }
  }

  @Test
  void aNodeIsStoppedAndStartedAgainWithItsData() {
    try (EmbeddedCluster cluster = EmbeddedCluster.start(3, folder, FakeNode::new, WAIT)) {
      cluster.stop("n2");
      assertThat(cluster.state("n2")).isEqualTo(NodeState.STOPPED);

      cluster.start("n2");

      cluster.awaitLinks(WAIT);
      assertThat(folder.resolve("n2/data/starts")).hasContent("started\nstarted");
    }
  }

  @Test
  void aKilledNodeIsMissedUntilItIsStartedAgain() {
    try (EmbeddedCluster cluster = EmbeddedCluster.start(3, folder, FakeNode::new, WAIT)) {
      cluster.kill("n1");

      assertThat(cluster.state("n1")).isEqualTo(NodeState.KILLED);
      cluster.awaitReady(WAIT);
      assertThat(cluster.leader()).contains("n2");

      cluster.restart("n1");
      cluster.awaitLinks(WAIT);
      assertThat(cluster.leader()).contains("n1");
    }
  }

  @Test
  void whatItCannotDoIsSaidBeforehandAndRefused() {
    try (EmbeddedCluster cluster = EmbeddedCluster.start(1, folder, FakeNode::new, WAIT)) {
      assertThat(cluster.supportedFaults())
          .containsExactly(
              NodeFault.STOP,
              NodeFault.KILL,
              NodeFault.CUT,
              NodeFault.SLOW_LINK,
              NodeFault.LOSSY_LINK);

      assertThatExceptionOfType(ClusterException.class)
          .isThrownBy(() -> cluster.pause("n1"))
          .withMessageContaining("cannot be paused");
    }
  }

  @Test
  void aNodeThatCannotStartEndsTheStart() throws IOException {
    Files.createDirectories(folder.resolve("n3/data"));
    Files.createFile(folder.resolve("n3/data/corrupt"));

    assertThatExceptionOfType(ClusterException.class)
        .isThrownBy(() -> EmbeddedCluster.start(3, folder, FakeNode::new, WAIT))
        .withMessageContaining("n3 cannot be started: the data folder is corrupt");
  }
}
