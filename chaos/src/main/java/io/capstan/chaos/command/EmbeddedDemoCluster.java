package io.capstan.chaos.command;

import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.cluster.EmbeddedCluster;
import io.capstan.chaos.cluster.NodeServerLauncher;
import io.capstan.chaos.scenario.CapstanScenarioClients;
import io.capstan.chaos.scenario.RealSubstrate;
import io.capstan.chaos.scenario.ScenarioClients;
import io.capstan.node.server.config.Setting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * Real nodes inside this JVM: gRPC, RocksDB in a temporary folder, and a TCP proxy on every
 * directed link between two nodes.
 */
final class EmbeddedDemoCluster implements DemoCluster {
  private static final Duration START_MAX = Duration.ofSeconds(30);

  /**
   * Peers are missed earlier than usual, so that a run of some seconds sees most of its split; the
   * silence of a peer has to span two comparisons with it.
   */
  private static final Map<Setting, String> TUNING =
      Map.of(Setting.PEER_SILENT_MILLIS, "1000", Setting.ANTI_ENTROPY_INTERVAL_MILLIS, "300");

  private final Path data;
  private final EmbeddedCluster cluster;
  private final CapstanScenarioClients clients;

  private EmbeddedDemoCluster(Path data, EmbeddedCluster cluster) {
    this.data = data;
    this.cluster = cluster;
    this.clients = new CapstanScenarioClients(cluster);
  }

  static EmbeddedDemoCluster start(int nodes, Path log) {
    QuietLogs.into(log);
    Path data;
    try {
      data = Files.createTempDirectory("capstan-demo-");
    } catch (IOException e) {
      throw new ClusterException(
          ClusterException.Kind.FAILED,
          "No temporary folder can be made for the nodes' data: " + e.getMessage() + ".",
          "Name another one: CAPSTAN_JAVA_OPTS=-Djava.io.tmpdir=DIR capstan demo",
          e);
    }
    try {
      return new EmbeddedDemoCluster(
          data, EmbeddedCluster.start(nodes, data, new NodeServerLauncher(TUNING), START_MAX));
    } catch (RuntimeException e) {
      RealSubstrate.remove(data);
      throw e;
    }
  }

  @Override
  public Cluster cluster() {
    return cluster;
  }

  @Override
  public ScenarioClients clients() {
    return clients;
  }

  @Override
  public String substrate() {
    return "process";
  }

  @Override
  public void close() {
    // Whoever was interrupted still cleans up, and is interrupted afterwards.
    boolean wasInterrupted = Thread.interrupted();
    try {
      clients.close();
      cluster.close();
    } finally {
      RealSubstrate.remove(data);
      if (wasInterrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
