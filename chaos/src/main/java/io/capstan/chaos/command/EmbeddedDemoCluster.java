package io.capstan.chaos.command;

import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.cluster.EmbeddedCluster;
import io.capstan.chaos.cluster.NodeLauncher;
import io.capstan.chaos.cluster.NodeSettings;
import io.capstan.chaos.scenario.CapstanScenarioClients;
import io.capstan.chaos.scenario.ScenarioClients;
import io.capstan.node.server.NodeServer;
import io.capstan.node.server.config.NodeConfig;
import io.capstan.node.server.config.Setting;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Real nodes inside this JVM: gRPC, RocksDB in a temporary folder, and a TCP proxy on every
 * directed link between two nodes.
 */
final class EmbeddedDemoCluster implements DemoCluster {
  private static final Duration START_MAX = Duration.ofSeconds(30);

  /** Earlier than usual, so that a run of some seconds sees most of its split. */
  private static final String PEER_SILENT_MILLIS = "1000";

  /** The silence of a peer has to span two comparisons with it. */
  private static final String ANTI_ENTROPY_INTERVAL_MILLIS = "300";

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
          data, EmbeddedCluster.start(nodes, data, EmbeddedDemoCluster::launch, START_MAX));
    } catch (RuntimeException e) {
      remove(data);
      throw e;
    }
  }

  private static NodeLauncher.EmbeddedNode launch(NodeSettings settings) throws Exception {
    Map<String, String> values = new LinkedHashMap<>();
    values.put(Setting.ID.key(), settings.id());
    values.put(Setting.CLUSTER.key(), settings.cluster());
    values.put(Setting.DATA.key(), settings.data().toString());
    values.put(Setting.LISTEN.key(), settings.listen());
    values.put(Setting.PEER_LISTEN.key(), settings.peerListen());
    values.put(Setting.ADVERTISE.key(), settings.advertise());
    values.put(Setting.MEMBERS.key(), list(settings.members()));
    values.put(Setting.MEMBER_CLIENTS.key(), list(settings.memberClients()));
    values.put(Setting.PEER_SILENT_MILLIS.key(), PEER_SILENT_MILLIS);
    values.put(Setting.ANTI_ENTROPY_INTERVAL_MILLIS.key(), ANTI_ENTROPY_INTERVAL_MILLIS);
    NodeServer server = NodeServer.start(NodeConfig.load(null, Map.of(), values));
    return server::close;
  }

  private static String list(Map<String, String> addresses) {
    return addresses.entrySet().stream()
        .map(entry -> entry.getKey() + "=" + entry.getValue())
        .collect(Collectors.joining(","));
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
      remove(data);
      if (wasInterrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static void remove(Path folder) {
    try {
      Files.walkFileTree(
          folder,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Files.deleteIfExists(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(
                Path directory, @org.jspecify.annotations.Nullable IOException error)
                throws IOException {
              Files.deleteIfExists(directory);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException("The temporary data in " + folder + " stays behind", e);
    }
  }
}
