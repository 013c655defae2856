package io.capstan.chaos.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.junit.CapstanCluster.NodesAs;
import io.capstan.client.CapstanClient;
import io.capstan.client.CapstanException;
import io.capstan.client.ErrorCode;
import io.capstan.client.Get;
import io.capstan.client.Level;
import io.capstan.client.Mode;
import io.capstan.client.Outcome;
import io.capstan.client.Put;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

@Timeout(120)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@CapstanCluster(nodes = 3, settings = "peerSilentMillis=1000")
@DisplayName("A test with a cluster of its own")
class CapstanClusterTest {
  private static final Set<String> ADDRESSES = new HashSet<>();

  @BeforeAll
  static void prepare(TestCluster cluster) {
    cluster.createKeyspace("feed", Mode.AP);
  }

  @Test
  @Order(1)
  @DisplayName("splits it: CP refuses on the small side, AP serves on both")
  void splits(TestCluster cluster) {
    ADDRESSES.add(cluster.address("n1"));
    String leader = cluster.leader();
    cluster.isolate(leader);

    CapstanClient cutOff =
        cluster.client(builder -> builder.timeout(Duration.ofSeconds(2)), leader);
    CapstanException refused =
        Assertions.catchThrowableOfType(
            CapstanException.class, () -> cutOff.blocking().put(Put.of("k", "v")));
    assertThat(refused.outcome()).isIn(Outcome.FAILED, Outcome.UNKNOWN);
    assertThat(cutOff.blocking().put(Put.of("k", "v").keyspace("feed").level(Level.ONE)).outcome())
        .isEqualTo(Outcome.OK);
    assertThat(
            cluster
                .client(cluster.others(leader).toArray(String[]::new))
                .blocking()
                .put(Put.of("k", "large"))
                .outcome())
        .isEqualTo(Outcome.OK);
  }

  @Test
  @Order(2)
  @DisplayName("finds it whole again after the test before, and kills a node")
  void mended(TestCluster cluster) {
    ADDRESSES.add(cluster.address("n1"));
    assertThat(cluster.cluster().cutLinks()).isEmpty();
    assertThat(cluster.client().blocking().get(Get.of("k")).valueUtf8()).isEqualTo("large");

    cluster.kill("n3");

    assertThat(cluster.client("n1", "n2").blocking().put(Put.of("k", "two")).outcome())
        .isEqualTo(Outcome.OK);
  }

  @Test
  @Order(3)
  @DisplayName("finds the node that was killed up again, with its data")
  void startedAgain(TestCluster cluster) {
    ADDRESSES.add(cluster.address("n1"));

    assertThat(cluster.client("n3").blocking().get(Get.of("k")).valueUtf8()).isEqualTo("two");
    assertThat(ADDRESSES).as("one cluster for the class").hasSize(1);
  }

  @Test
  @Order(4)
  @CapstanCluster(nodes = 1)
  @DisplayName("has another one where the method says so")
  void another(TestCluster cluster) {
    assertThat(cluster.nodes()).containsExactly("n1");
    assertThat(ADDRESSES).doesNotContain(cluster.address("n1"));
    assertThat(
            Assertions.catchThrowableOfType(
                    CapstanException.class,
                    () -> cluster.client().blocking().get(Get.of("k").keyspace("feed")))
                .code())
        .isEqualTo(ErrorCode.UNKNOWN_KEYSPACE);
  }

  @Nested
  @DisplayName("with nested tests")
  class Inner {
    @Test
    @DisplayName("shares it with them")
    void sharesIt(TestCluster cluster) {
      assertThat(cluster.nodes()).hasSize(3);
    }
  }

  /** Not run by itself: see {@link #aWrongSettingIsNamed}. */
  @CapstanCluster(settings = "snapshotEntrys=5")
  static class Mistaken {
    @Test
    void never(TestCluster cluster) {
      throw new AssertionError("a cluster was started with a setting that does not exist");
    }
  }

  @Test
  @Order(5)
  @DisplayName("is told which setting was meant")
  void aWrongSettingIsNamed() {
    assertThat(failureOf(Mistaken.class))
        .hasMessageContaining("'snapshotEntrys=5' is no setting=value")
        .hasMessageContaining("did you mean snapshotEntries?");
  }

  static class TwoNodes implements ClusterConfigurer {
    @Override
    public void configure(TestClusterBuilder cluster) {
      cluster.nodes(2);
    }
  }

  @Test
  @Order(6)
  @CapstanCluster(nodes = 1, configuredBy = TwoNodes.class)
  @DisplayName("has the last word in code")
  void configured(TestCluster cluster) {
    assertThat(cluster.nodes()).containsExactly("n1", "n2");
  }

  static class Unable implements ClusterConfigurer {
    @Override
    public void configure(TestClusterBuilder cluster) throws IOException {
      throw new IOException("the image was not built");
    }
  }

  /** Not run by itself: see {@link #aConfigurerThatFails}. */
  @CapstanCluster(configuredBy = Unable.class)
  static class NotConfigured {
    @Test
    void never(TestCluster cluster) {
      throw new AssertionError("a cluster was started that was not configured");
    }
  }

  @Test
  @Order(7)
  @DisplayName("fails with the reason where that code fails")
  void aConfigurerThatFails() {
    assertThat(failureOf(NotConfigured.class))
        .hasMessage("Unable could not configure the cluster: the image was not built");
  }

  /** Not run by itself: see {@link #noContainersHere}. */
  @CapstanCluster(nodes = 1, nodesAs = NodesAs.CONTAINERS, image = "capstan:there-is-none")
  static class NoContainers {
    @Test
    void never(TestCluster cluster) {
      throw new AssertionError("containers were made of an image that does not exist");
    }
  }

  @Test
  @Order(8)
  @DisplayName("is told in a sentence what is missing where there can be no containers")
  void noContainersHere() {
    assertThat(failureOf(NoContainers.class))
        .isInstanceOf(ExtensionConfigurationException.class)
        .message()
        .matches(
            "The library that makes containers would pull an image of its own: .* is not set\\."
                + " .*|No Docker engine answers, and nodes in containers need one\\. .*|The Docker"
                + " engine has no image capstan:there-is-none, and none is pulled\\. .*");
  }

  private static Throwable failureOf(Class<?> tests) {
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(DiscoverySelectors.selectClass(tests))
            .build();
    LauncherFactory.create().execute(request, listener);
    assertThat(listener.getSummary().getFailures()).hasSize(1);
    return listener.getSummary().getFailures().get(0).getException();
  }
}
