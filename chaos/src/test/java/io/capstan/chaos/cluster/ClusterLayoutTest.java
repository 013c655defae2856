package io.capstan.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Where everything listens when a cluster grows. */
class ClusterLayoutTest {
  private static final Path FOLDER = Path.of("cluster");

  @Test
  void thoseWhoRunWereToldOfTheProxiesOfTheLinksToANodeThatIsAddedLater() {
    ClusterLayout before = ClusterLayout.onFreePorts("test", List.of("n1", "n2", "n3"));

    ClusterLayout grown = before.withNextNode();

    assertThat(grown.nodeIds()).containsExactly("n1", "n2", "n3", "n4");
    assertThat(grown.proxyPorts().keySet())
        .containsExactlyInAnyOrderElementsOf(DirectedLink.among(grown.nodeIds()));
    for (String id : before.nodeIds()) {
      assertThat(before.settings(id, FOLDER).peerRoutes())
          .containsEntry(
              grown.peerAddress("n4"),
              grown.host() + ":" + grown.proxyPorts().get(new DirectedLink(id, "n4")));
    }
  }

  @Test
  void theSecondThatIsAddedReachesTheThirdThroughAProxyToo() {
    ClusterLayout second =
        ClusterLayout.onFreePorts("test", List.of("n1")).withNextNode().withNextNode();

    ClusterLayout third = second.withNextNode();

    assertThat(second.settings("n3", FOLDER).peerRoutes())
        .containsEntry(
            third.peerAddress("n4"),
            third.host() + ":" + third.proxyPorts().get(DirectedLink.parse("n3>n4")));
    assertThat(new TreeSet<>(third.proxyPorts().values())).hasSize(third.proxyPorts().size());
  }

  @Test
  void moreNodesThanThereArePlacesAreRefusedWithTheWayOut() {
    ClusterLayout full = ClusterLayout.onFreePorts("test", List.of("n1", "n2", "n3"));
    for (int i = 0; i < ClusterLayout.ADDED_MAX; i++) {
      full = full.withNextNode();
    }

    assertThatExceptionOfType(ClusterException.class)
        .isThrownBy(full::withNextNode)
        .withMessageContaining("4 may while a cluster runs");
  }
}
