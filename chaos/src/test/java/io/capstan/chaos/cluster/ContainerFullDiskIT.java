package io.capstan.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.chaos.junit.CapstanCluster;
import io.capstan.chaos.junit.CapstanCluster.Equipment;
import io.capstan.chaos.junit.CapstanCluster.NodesAs;
import io.capstan.chaos.junit.TestCluster;
import io.capstan.client.CapstanClient;
import io.capstan.client.CapstanException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** A disk without room under a node that has set room aside, and commands to one that has ended. */
@RequiresDocker
@CapstanCluster(
    nodes = 3,
    nodesAs = NodesAs.CONTAINERS,
    equipment = Equipment.SMALL_DISKS,
    settings = {"electionTimeoutMillis=2000", "heartbeatIntervalMillis=200"},
    startTimeoutMillis = 120_000)
@DisplayName("Three containers on small disks")
class ContainerFullDiskIT {
  private static final Duration WAIT_MAX = Duration.ofSeconds(60);
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(5);

  /** Less than the store sets aside for its log, so that only a disk that is full stops it. */
  private static final int WRITES_AFTER = 200;

  private final List<Integer> acknowledged = new ArrayList<>();
  private int lastKey;

  @Test
  @DisplayName("a leader whose disk is full stops, others serve, and nothing confirmed is lost")
  void fullDisk(TestCluster cluster) {
    // Given a leader that has written, and so has set room aside for its log.
    String leader = cluster.leader();
    CapstanClient everybody = client(cluster, cluster.nodes());
    Awaitility.await()
        .atMost(WAIT_MAX)
        .until(() -> tryToWrite(everybody) && acknowledged.size() >= 20);

    // When there is no room, and few and small writes come.
    cluster.cluster().fillDisk(leader);
    for (int i = 0; i < WRITES_AFTER && state(cluster, leader) == NodeState.RUNNING; i++) {
      tryToWrite(everybody);
    }

    // Then it has stopped rather than acknowledge, and the others serve.
    assertThat(state(cluster, leader)).isEqualTo(NodeState.FAILED);
    CapstanClient others = client(cluster, cluster.others(leader));
    Awaitility.await().atMost(WAIT_MAX).until(() -> tryToWrite(others));

    // And with room it is back, with everything that was ever confirmed.
    cluster.cluster().freeDisk(leader);
    cluster.cluster().awaitReady(WAIT_MAX);
    CapstanClient own = client(cluster, List.of(leader));
    assertThat(acknowledged)
        .allSatisfy(
            key -> assertThat(own.blocking().get("k" + key).valueUtf8()).isEqualTo("v" + key));
  }

  @Test
  @DisplayName(
      "links to and from a node that ends under the command are those of a node that is down")
  void endsUnderTheCommand(TestCluster cluster) {
    ContainerCluster containers = (ContainerCluster) cluster.cluster();
    ContainerNode node = containers.node("n2");

    // Given commands that do not survive the container.
    assertThat(node.runUnlessEnded("kill 1; sleep 60")).isEmpty();
    assertThat(node.state()).isEqualTo(NodeState.FAILED);
    assertThatThrownBy(() -> node.run(":")).isInstanceOf(ClusterException.class);
    // A command that fails in one that runs is still a failure.
    assertThatThrownBy(() -> containers.node("n1").runUnlessEnded("exit 3"))
        .isInstanceOf(ClusterException.class)
        .hasMessageContaining("code 3");

    // When: all of these come to a container that is not there.
    DirectedLink to = new DirectedLink("n1", "n2");
    DirectedLink from = new DirectedLink("n2", "n3");
    containers.setLinks(Set.of(to, from), LinkMode.BLACKHOLE);
    assertThat(node.pauseIfItRuns()).isFalse();
    containers.fillDisk("n2");

    // Then it comes back with what was cut meanwhile.
    containers.freeDisk("n2");
    assertThat(node.run("iptables -S " + PacketFilter.CHAIN)).contains("-j DROP");
    assertThat(containers.cutLinks()).containsExactlyInAnyOrder(to, from);
  }

  private static NodeState state(TestCluster cluster, String node) {
    return cluster.cluster().state(node);
  }

  private boolean tryToWrite(CapstanClient client) {
    int key = ++lastKey;
    try {
      var unused = client.blocking().put("k" + key, "v" + key);
      acknowledged.add(key);
      return true;
    } catch (CapstanException e) {
      return false;
    }
  }

  private static CapstanClient client(TestCluster cluster, List<String> nodes) {
    return cluster.client(settings -> settings.timeout(CALL_TIMEOUT), nodes.toArray(String[]::new));
  }
}
