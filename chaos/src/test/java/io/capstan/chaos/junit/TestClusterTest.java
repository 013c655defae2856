package io.capstan.chaos.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.cluster.DirectedLink;
import io.capstan.chaos.cluster.LinkQuality;
import io.capstan.chaos.cluster.NodeFault;
import io.capstan.chaos.cluster.NodeState;
import io.capstan.client.Get;
import io.capstan.client.Put;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
@DisplayName("A cluster that a test starts by itself")
class TestClusterTest {
  private static final Set<DirectedLink> LINKS = DirectedLink.among(List.of("n1", "n2"));

  @TempDir private Path folder;

  @Test
  @DisplayName("serves, and leaves nothing behind, however often it is closed")
  void servesAndLeavesNothing() {
    TestCluster cluster = TestCluster.builder().nodes(1).setting("snapshotEntries", 100).start();
    Path data = cluster.folder("n1");
    cluster.client().blocking().put(Put.of("k", "v"));
    assertThat(cluster.client("n1").blocking().get(Get.of("k")).valueUtf8()).isEqualTo("v");
    assertThat(data).isDirectory();

    cluster.close();
    cluster.close();

    assertThat(data.getParent()).doesNotExist();
  }

  @Test
  @DisplayName("is told which setting was meant")
  void aWrongSettingIsNamed() {
    TestClusterBuilder builder = TestCluster.builder();

    assertThatThrownBy(() -> builder.setting("snapshotEntrys", 5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'snapshotEntrys=5' is no setting=value")
        .hasMessageContaining("did you mean snapshotEntries?");
  }

  @Test
  @DisplayName("has all of it undone that it can suffer before the next test")
  void everythingIsMended() {
    List<String> deeds = new ArrayList<>();

    new TestCluster(recording(deeds, Set.of(NodeFault.values())), folder).mend();

    assertThat(deeds)
        .contains(
            "heal",
            "start n1",
            "resume n2",
            "setQuality " + LINKS + " " + LinkQuality.PERFECT,
            "freeDisk n1",
            "freeDisk n2",
            "skewClock n1 0",
            "skewClock n2 0");
    // A container that is held still runs nothing, and so no clock of it can be set right.
    assertThat(deeds.indexOf("skewClock n2 0")).isGreaterThan(deeds.indexOf("resume n2"));
    assertThat(deeds.indexOf("awaitReady PT1M")).isGreaterThan(deeds.indexOf("freeDisk n2"));
  }

  @Test
  @DisplayName("is not asked for what its nodes cannot do")
  void nothingImpossibleIsAsked() {
    List<String> deeds = new ArrayList<>();

    new TestCluster(recording(deeds, Set.of(NodeFault.CUT, NodeFault.KILL)), folder).mend();

    assertThat(deeds).noneMatch(deed -> deed.matches("(setQuality|freeDisk|skewClock).*"));
    assertThat(deeds).contains("heal", "start n1");
  }

  /** Two nodes, one of which was killed and the other is held still. */
  private static Cluster recording(List<String> deeds, Set<NodeFault> possible) {
    return (Cluster)
        Proxy.newProxyInstance(
            Cluster.class.getClassLoader(),
            new Class<?>[] {Cluster.class},
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "nodeIds" -> List.of("n1", "n2");
                  case "links" -> LINKS;
                  case "supportedFaults" -> possible;
                  case "state" -> arguments[0].equals("n1") ? NodeState.KILLED : NodeState.PAUSED;
                  default -> {
                    String given =
                        arguments == null
                            ? ""
                            : String.join(
                                " ", Arrays.stream(arguments).map(String::valueOf).toList());
                    deeds.add((method.getName() + " " + given).strip());
                    yield null;
                  }
                });
  }
}
