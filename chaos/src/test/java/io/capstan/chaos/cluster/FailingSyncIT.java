package io.capstan.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.cli.ExitCode;
import io.capstan.client.CapstanClient;
import io.capstan.client.CapstanException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import javax.tools.ToolProvider;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Processes of {@code capstan node} as it is, but for one line: the call that makes the log durable
 * fails while a file is there. That class is compiled from the product's own source with this
 * change, and stands in front of the others on the class path of these processes only. Exit codes
 * and logs of processes are what is looked at, so the cluster is the class that has them.
 */
@DisplayName("A node process whose disk refuses to sync")
@Timeout(300)
class FailingSyncIT {
  private static final String SYNC = "      database.syncWal();\n";
  private static final String SYNC_THAT_FAILS =
      "      if (Files.exists(Path.of(System.getProperty(\"test.syncFails\")))) {\n"
          + "        throw new RocksDBException(\"While fdatasync: Input/output error\");\n"
          + "      }\n"
          + SYNC;
  private static final Path ENGINE =
      Path.of("src/main/java/io/capstan/node/storage/rocks/StorageEngine.java");

  private static final int WRITES_BEFORE = 40;
  private static final Duration WAIT_MAX = Duration.ofSeconds(60);
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(2);

  @TempDir private Path folder;
  private Path planted = Path.of("");
  private final ConcurrentLinkedQueue<Integer> acknowledged = new ConcurrentLinkedQueue<>();
  private int lastKey;

  @BeforeEach
  void plant() throws IOException {
    planted = Files.createDirectory(folder.resolve("planted"));
    Path module = Files.exists(Path.of("../node")) ? Path.of("../node") : Path.of("node");
    String source = Files.readString(module.resolve(ENGINE));
    assertThat(source).containsOnlyOnce(SYNC);
    Path changed = folder.resolve("StorageEngine.java");
    Files.writeString(changed, source.replace(SYNC, SYNC_THAT_FAILS));
    int compiled =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "-nowarn",
                "-proc:none",
                "-cp",
                NodeCommand.environment().get("CLASSPATH"),
                "-d",
                planted.toString(),
                changed.toString());
    assertThat(compiled).isZero();
  }

  @ParameterizedTest(name = "among {0}")
  @ValueSource(ints = {1, 3})
  @DisplayName("stops with its reason as the last line, and has all that it confirmed afterwards")
  void stopsAndComesBack(int nodes) throws IOException {
    try (ProcessCluster cluster =
        ProcessCluster.start(nodes, folder.resolve("cluster"), Map.of(), this::commandLine)) {
      write(cluster, cluster.nodeIds(), WRITES_BEFORE);
      String leader = leader(cluster);

      // When the disk of the leader fails under the writes of clients.
      Path fault = Files.createFile(faultOf(configFolder(cluster, leader)));
      Awaitility.await(leader + " stops")
          .atMost(WAIT_MAX)
          .until(
              () -> {
                tryToWrite(cluster, List.of(leader));
                return cluster.state(leader) == NodeState.FAILED;
              });

      // Then its process has ended with an error, and the last that it says is why.
      assertThat(cluster.exitCode(leader)).isEqualTo(ExitCode.ERROR);
      assertThat(lastLine(cluster.logTail(leader)))
          .contains("The node has stopped: a sync failed")
          .contains("it is not tried again")
          .contains("Input/output error");

      // And the others go on without it.
      if (nodes > 1) {
        List<String> others = new ArrayList<>(cluster.nodeIds());
        others.remove(leader);
        Awaitility.await("the others serve")
            .atMost(WAIT_MAX)
            .until(() -> tryToWrite(cluster, others));
        write(cluster, others, 10);
      }

      // And once the disk is well, the node is back with everything that was ever confirmed.
      Files.delete(fault);
      cluster.start(leader);
      cluster.awaitReady(WAIT_MAX);
      for (String node : cluster.nodeIds()) {
        assertThat(missing(cluster, node))
            .as("acknowledged and not read through %s", node)
            .isEmpty();
      }
    }
  }

  private List<String> commandLine(Path configFile) {
    String classPath = planted + ":" + NodeCommand.environment().get("CLASSPATH");
    return NodeCommand.capstanNode(
            List.of(
                "-XX:TieredStopAtLevel=1",
                "-Dtest.syncFails=" + faultOf(configFile.toAbsolutePath().getParent()),
                "-cp",
                classPath))
        .commandLine(configFile);
  }

  private static Path faultOf(Path nodeFolder) {
    return nodeFolder.resolve("sync-fails");
  }

  private Path configFolder(ProcessCluster cluster, String node) {
    return new ClusterDirectory(folder.resolve("cluster"))
        .config(node)
        .toAbsolutePath()
        .getParent();
  }

  private static String leader(ProcessCluster cluster) {
    return cluster.views().values().stream()
        .map(NodeView::leader)
        .filter(id -> id != null && !id.isEmpty())
        .findFirst()
        .orElseThrow();
  }

  private void write(ProcessCluster cluster, List<String> through, int count) {
    int goal = acknowledged.size() + count;
    Awaitility.await(count + " writes are confirmed")
        .atMost(WAIT_MAX)
        .until(
            () -> {
              while (acknowledged.size() < goal && tryToWrite(cluster, through)) {}
              return acknowledged.size() >= goal;
            });
  }

  private boolean tryToWrite(ProcessCluster cluster, List<String> through) {
    int key = ++lastKey;
    try (CapstanClient client = client(cluster, through)) {
      var unused = client.blocking().put("k" + key, "v" + key);
      acknowledged.add(key);
      return true;
    } catch (CapstanException e) {
      return false;
    }
  }

  private List<Integer> missing(ProcessCluster cluster, String node) {
    try (CapstanClient client = client(cluster, List.of(node))) {
      return acknowledged.stream()
          .filter(key -> !("v" + key).equals(client.blocking().get("k" + key).valueUtf8()))
          .toList();
    }
  }

  private static CapstanClient client(ProcessCluster cluster, List<String> nodes) {
    return CapstanClient.builder()
        .endpoints(nodes.stream().map(cluster::clientAddress).toList())
        .timeout(CALL_TIMEOUT)
        .build();
  }

  private static String lastLine(String log) {
    List<String> lines = log.lines().filter(line -> !line.isBlank()).toList();
    return lines.get(lines.size() - 1);
  }
}
