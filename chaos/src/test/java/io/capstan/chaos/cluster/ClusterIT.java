package io.capstan.chaos.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.capstan.cli.ExitCode;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./capstan cluster} with real nodes, from outside: each command is a process. */
@Timeout(300)
class ClusterIT {
  private static final Path LAUNCHER = Path.of(System.getProperty("capstan.home"), "capstan");
  private static final int COMMAND_MAX_SECONDS = 120;
  private static final Duration CONVERGED_WITHIN = Duration.ofSeconds(30);
  private static final List<String> NODES = List.of("n1", "n2", "n3");
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Holds the state of the command line and, by default, the cluster. */
  @TempDir private static Path state;

  private static int basePort;

  private record Result(int exitCode, String out, String err) {
    JsonNode json() throws IOException {
      return JSON.readTree(out);
    }
  }

  @BeforeAll
  static void startThreeNodes() throws Exception {
    basePort = ClusterLayout.onFreePorts("test", NODES).node("n1").clientPort();

    Result result = capstan("cluster", "start", "--base-port", Integer.toString(basePort));

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.out()).contains("The cluster runs, 3 nodes").contains("capstan put");
    assertThat(capstan("keyspace", "create", "feed", "--mode", "ap").exitCode()).isZero();
  }

  @AfterAll
  static void destroy() throws Exception {
    Result result = capstan("cluster", "destroy", "--yes");

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(state.resolve("cluster")).as(result.out() + result.err()).doesNotExist();
  }

  @BeforeEach
  void everyNodeIsUp() throws Exception {
    Result result = capstan("cluster", "start");
    assertThat(result.exitCode()).as(result.err()).isZero();
  }

  @Test
  void everyNodeServesBothModes() throws Exception {
    for (String writer : NODES) {
      assertThat(at(writer, "put", "greeting", "from " + writer).exitCode()).isZero();
      assertThat(at(writer, "put", "post", "from " + writer, "-k", "feed").exitCode()).isZero();
      for (String reader : NODES) {
        assertThat(at(reader, "get", "greeting").out().strip()).isEqualTo("from " + writer);
        assertThat(at(reader, "get", "post", "-k", "feed").out().strip())
            .isEqualTo("from " + writer);
      }
    }
  }

  @Test
  void whenTheLeaderIsKilledTheOthersGoOnAndItComesBackWithItsData() throws Exception {
    assertThat(capstan("put", "before", "1").exitCode()).isZero();
    String leader = leader();

    Result killed = capstan("cluster", "kill", leader, "-o", "json");
    long killedNanos = System.nanoTime();

    assertThat(killed.json().path("state").asText()).isEqualTo("killed");
    Result put =
        capstan("put", "after", "2", "--endpoints", addresses(others(leader)), "--timeout", "3s");
    assertThat(put.exitCode()).as(put.err()).isZero();
    assertThat(Duration.ofNanos(System.nanoTime() - killedNanos)).isLessThan(Duration.ofSeconds(8));

    Result restarted = capstan("cluster", "restart", leader);
    assertThat(restarted.exitCode()).as(restarted.err()).isZero();
    assertThat(at(leader, "get", "before").out().strip()).isEqualTo("1");
    assertThat(at(leader, "get", "after").out().strip()).isEqualTo("2");
  }

  @Test
  void aPartitionStopsCpOnTheSmallSideAndApNowhereAndAHealBringsTheSidesTogether()
      throws Exception {
    String leader = leader();
    List<String> majority = others(leader);

    Result cut = capstan("cluster", "partition", leader + "|" + String.join(",", majority));
    assertThat(cut.exitCode()).as(cut.err()).isZero();
    assertThat(cut.out()).contains("Cut and verified");

    assertThat(at(leader, "put", "side", "small", "--timeout", "2s").exitCode())
        .isIn(ExitCode.UNAVAILABLE, ExitCode.UNKNOWN);
    assertThat(at(majority.get(0), "put", "side", "large").exitCode()).isZero();
    assertThat(at(leader, "put", "like", "small", "-k", "feed", "-c", "one").exitCode()).isZero();
    assertThat(at(majority.get(0), "put", "like", "large", "-k", "feed", "-c", "one").exitCode())
        .isZero();

    Result healed = capstan("cluster", "heal");
    assertThat(healed.exitCode()).as(healed.err()).isZero();

    await()
        .atMost(CONVERGED_WITHIN)
        .untilAsserted(
            () -> {
              for (String node : NODES) {
                assertThat(siblings(node, "like")).containsExactly("large", "small");
              }
            });
    assertThat(at(leader, "get", "side").out().strip()).isEqualTo("large");
  }

  @Test
  void aPausedNodeIsNotMissedAndCatchesUp() throws Exception {
    String follower = others(leader()).get(0);

    assertThat(capstan("cluster", "pause", follower).exitCode()).isZero();
    Result put = capstan("put", "quiet", "yes", "--endpoints", addresses(others(follower)));
    assertThat(put.exitCode()).as(put.err()).isZero();
    assertThat(capstan("cluster", "resume", follower).exitCode()).isZero();

    await()
        .atMost(CONVERGED_WITHIN)
        .untilAsserted(
            () -> assertThat(at(follower, "get", "quiet").out().strip()).isEqualTo("yes"));
  }

  @Test
  void aStoppedClusterIsUnreachableAndStartsAgainWithItsData() throws Exception {
    assertThat(capstan("put", "kept", "safely").exitCode()).isZero();

    assertThat(capstan("cluster", "stop").exitCode()).isZero();

    Result put = capstan("put", "kept", "lost");
    assertThat(put.exitCode()).isEqualTo(ExitCode.UNREACHABLE);
    assertThat(put.err()).isNotBlank();
    assertThat(capstan("cluster", "status").exitCode()).isEqualTo(ExitCode.UNREACHABLE);

    Result started = capstan("cluster", "start");
    assertThat(started.exitCode()).as(started.err()).isZero();
    assertThat(capstan("get", "kept").out().strip()).isEqualTo("safely");
  }

  private static String leader() throws Exception {
    for (JsonNode node : capstan("cluster", "status", "-o", "json").json().path("nodes")) {
      if (node.path("view").path("role").asText().equals("leader")) {
        return node.path("id").asText();
      }
    }
    throw new IllegalStateException("no node says that it leads");
  }

  private static Set<String> siblings(String node, String key) throws Exception {
    JsonNode answer =
        at(node, "get", key, "-k", "feed", "-c", "one", "--all-siblings", "-o", "json").json();
    Set<String> values = new TreeSet<>();
    answer.path("siblings").forEach(sibling -> values.add(sibling.path("value").asText()));
    return values;
  }

  private static List<String> others(String node) {
    return NODES.stream().filter(id -> !id.equals(node)).toList();
  }

  private static String addresses(List<String> nodes) {
    return String.join(
        ",", nodes.stream().map(id -> "127.0.0.1:" + (basePort + NODES.indexOf(id))).toList());
  }

  private static Result at(String node, String... arguments) throws Exception {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--endpoints", addresses(List.of(node))));
    return capstan(all.toArray(new String[0]));
  }

  private static Result capstan(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(LAUNCHER.toString()));
    command.addAll(List.of(arguments));
    File out = File.createTempFile("out", ".txt", state.toFile());
    File err = File.createTempFile("err", ".txt", state.toFile());
    ProcessBuilder builder = new ProcessBuilder(command).redirectOutput(out).redirectError(err);
    builder.environment().put("CAPSTAN_STATE_DIR", state.toString());
    Process process = builder.start();
    if (!process.waitFor(COMMAND_MAX_SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IllegalStateException("does not end: " + command);
    }
    return new Result(
        process.exitValue(),
        Files.readString(out.toPath(), UTF_8),
        Files.readString(err.toPath(), UTF_8));
  }
}
