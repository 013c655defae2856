package io.capstan.cli;

import static io.capstan.client.FakeNode.refuse;
import static io.capstan.client.FakeNode.uncertain;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.capstan.client.FakeCluster;
import io.capstan.client.FakeNode.Fault;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Every command against nodes that answer as the wire format says: output, shapes, exit codes. */
@Timeout(30)
class DataCommandsTest {
  private FakeCluster cluster;
  private CommandRun.Setting setting;

  @BeforeEach
  void oneNode() throws Exception {
    cluster = new FakeCluster(1);
    setting =
        new CommandRun.Setting()
            .variable("CAPSTAN_ENDPOINTS", String.join(",", cluster.endpoints()));
  }

  @AfterEach
  void stop() {
    cluster.close();
  }

  private static List<String> names(JsonNode object) {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  // ---- exit 0 -------------------------------------------------------------------------------

  @Test
  void aPersonReadsAShortAnswer() {
    CommandRun put = setting.run("put", "greeting", "hello");
    CommandRun get = setting.run("get", "greeting");

    assertThat(put.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(put.out()).isEqualTo("OK  version 13  (cp, epoch 1, leader n1)\n");
    assertThat(get.out()).isEqualTo("hello\nversion 11  (cp, epoch 1, leader n1)\n");
    assertThat(put.err() + get.err()).isEmpty();
  }

  @Test
  void anAvailableAnswerSaysWhoHoldsIt() {
    CommandRun put = setting.run("-k", "feed", "put", "post", "hi", "-c", "one");

    assertThat(put.out()).isEqualTo("OK  version 13  (ap, epoch 1, one, acked by n1)\n");
  }

  @Test
  void theReceiptHasExactlyTheFieldsOfTheContract() {
    JsonNode put = JsonTree.of(setting.run("put", "k", "v", "-o", "json").out());
    JsonNode get = JsonTree.of(setting.run("get", "k", "-o", "json").out());
    JsonNode delete = JsonTree.of(setting.run("delete", "k", "-o", "json").out());

    for (JsonNode receipt : List.of(put, get, delete)) {
      assertThat(names(receipt))
          .contains(
              "key",
              "value",
              "found",
              "version",
              "context",
              "siblings",
              "keyspace",
              "mode",
              "epoch",
              "level",
              "phase",
              "outcome",
              "acked",
              "hinted",
              "missing",
              "superseded",
              "servedBy",
              "stalenessMillis",
              "latencyMicros");
      assertThat(receipt.path("key").asText()).isEqualTo("k");
      assertThat(receipt.path("found").isBoolean()).isTrue();
      assertThat(receipt.path("version").isTextual()).isTrue();
      assertThat(receipt.path("context").isTextual()).isTrue();
      assertThat(receipt.path("mode").asText()).isEqualTo("cp");
      assertThat(receipt.path("epoch").isIntegralNumber()).isTrue();
      assertThat(receipt.path("level").asText()).isEqualTo("linearizable");
      assertThat(receipt.path("phase").asText()).isEqualTo("serving");
      assertThat(receipt.path("outcome").asText()).isEqualTo("ok");
      assertThat(receipt.path("acked").isArray()).isTrue();
      assertThat(receipt.path("servedBy").asText()).isEqualTo("n1");
      assertThat(receipt.path("stalenessMillis").isNull()).isTrue();
      assertThat(receipt.path("latencyMicros").isIntegralNumber()).isTrue();
    }
    assertThat(get.path("value").asText()).isEqualTo("v");
    assertThat(names(get.path("siblings").get(0)))
        .containsExactly("value", "version", "writtenAtMillis");
    assertThat(delete.path("value").isNull()).isTrue();
  }

  @Test
  void bytesThatAreNotTextAreBase64InJsonAndExactInAPipe() {
    cluster.put("default", "photo", "\u0000binary");

    CommandRun json = setting.run("get", "photo", "-o", "json");
    CommandRun raw = setting.piped().run("get", "photo");

    assertThat(JsonTree.of(json.out()).path("value").path("base64").asText()).isEqualTo("/wA=");
    assertThat(raw.outBytes()).containsExactly(0xff, 0);
  }

  @Test
  void rawEndsTheLineOnlyForAPerson() {
    cluster.put("default", "k", "v");

    assertThat(setting.run("get", "k", "-o", "raw").out()).isEqualTo("v\n");
    assertThat(setting.piped().run("get", "k").out()).isEqualTo("v");
  }

  @Test
  void aValueComesFromStandardInput() {
    setting.in("from a pipe".getBytes(StandardCharsets.UTF_8)).run("put", "k", "-");

    assertThat(setting.piped().run("get", "k").out()).isEqualTo("from a pipe");
  }

  @Test
  void aScanStreamsItsRowsUpToTheLimit() {
    for (int i = 0; i < 30; i++) {
      cluster.put("default", "key-" + (10 + i), "v" + i);
    }

    CommandRun text = setting.run("scan", "--prefix", "key-", "--limit", "2");
    CommandRun json = setting.run("scan", "--from", "key-20", "--limit", "1", "-o", "json");
    CommandRun keys = setting.piped().run("scan", "--keys-only");
    CommandRun raw = setting.run("scan", "--limit", "1");

    assertThat(text.out()).isEqualTo("key-10  v0\nkey-11  v1\n");
    assertThat(json.out().lines()).hasSize(1);
    assertThat(names(JsonTree.of(json.out())))
        .containsExactly("key", "value", "version", "context", "siblings");
    assertThat(keys.out().lines()).hasSize(30).startsWith("key-10");
    assertThat(raw.out()).isEqualTo("key-10\tv0\n");
  }

  @Test
  void aTransactionIsReadFromAFileOrAPipe(@TempDir Path folder) throws Exception {
    cluster.put("default", "alice", "100");
    Path file = folder.resolve("transfer.json");
    Files.writeString(
        file,
        """
        {"compare": [{"key": "alice", "value": "100"}, {"key": "lock", "absent": true}],
         "then": [{"put": "alice", "value": "90"}, {"get": "alice"}],
         "else": [{"get": "alice"}]}
        """);

    CommandRun first = setting.run("txn", file.toString());
    CommandRun second = setting.run("txn", file.toString(), "-o", "json");
    CommandRun piped =
        setting
            .piped()
            .in("{\"then\":[{\"get\":\"alice\"}]}".getBytes(StandardCharsets.UTF_8))
            .run("txn", "-");

    assertThat(first.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(first.out()).startsWith("OK  version 12").contains("alice = 90");
    assertThat(second.exitCode()).isEqualTo(ExitCode.CONFLICT);
    assertThat(JsonTree.of(second.out()).path("succeeded").asBoolean(true)).isFalse();
    assertThat(JsonTree.of(second.out()).path("results").get(0).path("value").asText())
        .isEqualTo("90");
    assertThat(piped.out()).isEqualTo("90\n");
  }

  @Test
  void aTransactionThatIsNotOneIsAUsageErrorThatSaysWhy() {
    CommandRun run =
        setting
            .in("{\"then\":[{\"putt\":\"a\"}]}".getBytes(StandardCharsets.UTF_8))
            .run("txn", "-");

    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains("\"putt\" is not part of a step");
  }

  @Test
  void keyspacesAreMadeListedDescribedAndDropped() {
    CommandRun create = setting.run("keyspace", "create", "bank", "--mode", "cp");
    CommandRun list = setting.run("keyspace", "list", "-o", "json");
    CommandRun describe = setting.run("keyspace", "describe", "bank");
    CommandRun mode = setting.run("mode", "get", "bank");
    CommandRun raw = setting.run("mode", "get", "-k", "feed", "-o", "raw");
    CommandRun drop = setting.run("keyspace", "drop", "bank", "--yes");
    CommandRun gone = setting.run("keyspace", "describe", "bank", "-o", "json");

    assertThat(create.out()).isEqualTo("OK  keyspace bank  (cp, epoch 1)\n");
    assertThat(JsonTree.of(list.out()).path("keyspaces").findValuesAsText("name"))
        .containsExactly("default", "feed", "bank");
    assertThat(describe.out()).startsWith("NAME").contains("bank");
    assertThat(mode.out()).isEqualTo("bank is cp  (epoch 1, serving)\n");
    assertThat(raw.out()).isEqualTo("ap\n");
    assertThat(drop.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(gone.exitCode()).isEqualTo(ExitCode.ERROR);
    assertThat(JsonTree.of(gone.err()).path("error").path("code").asText())
        .isEqualTo("UNKNOWN_KEYSPACE");
  }

  @Test
  void statusShowsEveryNodeAndSucceedsWhereOneAnswers() throws Exception {
    try (FakeCluster three = new FakeCluster(3)) {
      setting.variable("CAPSTAN_ENDPOINTS", String.join(",", three.endpoints()));
      three.node(2).stop();

      CommandRun text = setting.run("status");
      CommandRun json = setting.run("status", "-o", "json");

      assertThat(text.exitCode()).isEqualTo(ExitCode.OK);
      assertThat(text.out().lines()).hasSize(4);
      assertThat(text.out()).contains("leader").contains("unreachable").contains("default:cp/1");
      JsonNode nodes = JsonTree.of(json.out()).path("nodes");
      assertThat(nodes.findValuesAsText("reachable")).containsExactly("true", "false", "true");
      assertThat(names(nodes.get(0)))
          .startsWith(
              "id",
              "address",
              "reachable",
              "role",
              "term",
              "leader",
              "commitIndex",
              "appliedIndex",
              "keyspaces");
      assertThat(names(nodes.get(0).path("keyspaces").get(0)))
          .startsWith("name", "mode", "epoch", "phase");
    }
  }

  @Test
  void aBenchReportsWhatItMeasured() {
    CommandRun json =
        setting.run(
            "bench",
            "mixed",
            "--clients",
            "4",
            "--keys",
            "20",
            "--duration",
            "300ms",
            "--warmup",
            "100ms",
            "-o",
            "json");
    CommandRun text =
        setting.run("bench", "put", "--clients", "2", "--duration", "100ms", "--warmup", "0s");

    JsonNode result = JsonTree.of(json.out());
    assertThat(json.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(result.path("operations").asLong()).isPositive();
    assertThat(result.path("throughput").asDouble()).isPositive();
    assertThat(names(result.path("latencyMicros")))
        .containsExactly("p50", "p90", "p99", "p999", "max");
    assertThat(result.path("failed").asLong()).isZero();
    assertThat(result.path("cpuMicrosPerOperation").isNumber()).isTrue();
    assertThat(json.err()).contains("op/s");
    assertThat(text.out()).contains("throughput").contains("p99.9").contains("errors      none");
  }

  // ---- exit 1 -------------------------------------------------------------------------------

  @Test
  void anUnknownKeyspaceExitsWithOne() {
    CommandRun run = setting.run("get", "k", "-k", "nowhere");

    assertThat(run.exitCode()).isEqualTo(ExitCode.ERROR);
    assertThat(run.err()).startsWith("capstan: FAILED").contains("UNKNOWN_KEYSPACE");
  }

  // ---- exit 2 -------------------------------------------------------------------------------

  @Test
  void aLevelOfTheOtherModeExitsWithTwo() {
    assertThat(setting.run("put", "k", "v", "-c", "one").exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(setting.run("get", "k", "-k", "feed", "-c", "stale").exitCode())
        .isEqualTo(ExitCode.USAGE);
  }

  @Test
  void whatIsTooLargeExitsWithTwoAndNamesTheLimit() {
    CommandRun value = setting.in(new byte[(1 << 20) + 1]).run("put", "k", "-");
    CommandRun key = setting.run("get", "k".repeat(4_097));

    assertThat(value.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(value.err()).contains("1048576");
    assertThat(key.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(key.err()).contains("4096");
  }

  // ---- exit 3 -------------------------------------------------------------------------------

  @Test
  void whereEverythingIsStoppedAPutExitsWithThreeWithinItsTimeout() {
    cluster.close();
    long startNanos = System.nanoTime();

    CommandRun text = setting.run("put", "k", "v", "--timeout", "2s");
    CommandRun json = setting.run("get", "k", "--timeout", "500ms", "-o", "json");
    CommandRun status = setting.run("status", "--timeout", "500ms");

    assertThat(text.exitCode()).isEqualTo(ExitCode.UNREACHABLE);
    assertThat(text.err())
        .contains("No endpoint could be reached")
        .contains("connection refused")
        .contains("capstan cluster start");
    assertThat(json.exitCode()).isEqualTo(ExitCode.UNREACHABLE);
    assertThat(json.out()).isEmpty();
    assertThat(JsonTree.of(json.err()).path("error").path("code").asText())
        .isEqualTo("UNREACHABLE");
    assertThat(status.exitCode()).isEqualTo(ExitCode.UNREACHABLE);
    assertThat(status.out()).contains("unreachable");
    assertThat(System.nanoTime() - startNanos).isLessThan(8_000_000_000L);
  }

  // ---- exit 4 -------------------------------------------------------------------------------

  @Test
  void aKeyThatDoesNotExistExitsWithFour() {
    CommandRun text = setting.run("get", "nobody");
    CommandRun json = setting.run("get", "nobody", "-o", "json");

    assertThat(text.exitCode()).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(text.out()).isEmpty();
    assertThat(text.err()).contains("not found").contains("\"nobody\"");
    assertThat(text.err()).contains("never written, or was deleted since");
    assertThat(json.exitCode()).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(JsonTree.of(json.out()).path("found").asBoolean(true)).isFalse();
    assertThat(JsonTree.of(json.out()).path("value").isNull()).isTrue();
  }

  // ---- exit 5 -------------------------------------------------------------------------------

  @Test
  void withoutAQuorumAWriteExitsWithFive() {
    cluster.node(1).always(refuse("NO_QUORUM"));

    CommandRun text = setting.run("put", "k", "v", "--timeout", "1s");
    CommandRun json = setting.run("put", "k", "v", "--timeout", "1s", "-o", "json");

    assertThat(text.exitCode()).isEqualTo(ExitCode.UNAVAILABLE);
    assertThat(text.err()).contains("FAILED").contains("Nothing was applied");
    JsonNode error = JsonTree.of(json.err()).path("error");
    assertThat(names(error)).startsWith("code", "message", "outcome", "hint");
    assertThat(error.path("code").asText()).isEqualTo("NO_QUORUM");
    assertThat(error.path("outcome").asText()).isEqualTo("failed");
    assertThat(error.path("hint").asText()).isEqualTo("Next after NO_QUORUM.");
  }

  // ---- exit 6 -------------------------------------------------------------------------------

  @Test
  void siblingsAreShownAndExitWithSixUnlessAskedFor() {
    cluster.siblings("cart", List.of("milk", "eggs"));

    CommandRun text = setting.run("get", "cart", "-k", "feed");
    CommandRun json = setting.run("get", "cart", "-k", "feed", "-o", "json");
    CommandRun all = setting.run("get", "cart", "-k", "feed", "--all-siblings");
    CommandRun raw = setting.piped().run("get", "cart", "-k", "feed");

    assertThat(text.exitCode()).isEqualTo(ExitCode.CONFLICT);
    assertThat(text.out()).contains("2 siblings").contains("milk").contains("eggs");
    assertThat(text.err()).contains("concurrent values").contains("--context Y3R4");
    assertThat(json.exitCode()).isEqualTo(ExitCode.CONFLICT);
    assertThat(JsonTree.of(json.out()).path("value").isNull()).isTrue();
    assertThat(JsonTree.of(json.out()).path("siblings").findValuesAsText("value"))
        .containsExactly("milk", "eggs");
    assertThat(all.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(all.err()).isEmpty();
    assertThat(raw.exitCode()).isEqualTo(ExitCode.CONFLICT);
    assertThat(raw.out()).isEqualTo("milk\neggs\n");
  }

  @Test
  void aFailedCompareExitsWithSix() {
    cluster.put("default", "lock", "taken");

    CommandRun run = setting.run("put", "lock", "mine", "--if-absent");

    assertThat(run.exitCode()).isEqualTo(ExitCode.CONFLICT);
    assertThat(run.err()).contains("CONFLICT");
  }

  // ---- exit 7 -------------------------------------------------------------------------------

  @Test
  void aWriteWhoseAnswerIsLostExitsWithSeven() {
    cluster.node(1).onWrites(new Fault.Break(true));

    CommandRun run = setting.run("put", "k", "v", "-k", "feed", "-c", "one");

    assertThat(run.exitCode()).isEqualTo(ExitCode.UNKNOWN);
    assertThat(run.err())
        .contains("UNKNOWN")
        .contains("may or may not have been applied")
        .contains("capstan status");
    assertThat(cluster.applied()).isEqualTo(1);
  }

  @Test
  void anUnknownOutcomeIsSaidInJsonToo() {
    cluster.node(1).onWrites(uncertain("TIMEOUT"));

    CommandRun run = setting.run("put", "k", "v", "-k", "feed", "-c", "one", "-o", "json");

    assertThat(run.exitCode()).isEqualTo(ExitCode.UNKNOWN);
    assertThat(JsonTree.of(run.err()).path("error").path("outcome").asText()).isEqualTo("unknown");
  }
}
