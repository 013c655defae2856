package io.capstan.chaos.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.capstan.chaos.check.Extras;
import io.capstan.chaos.check.HistoryScript;
import io.capstan.chaos.check.format.HistoryFormat;
import io.capstan.chaos.check.format.HistoryFormats;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class CheckCommandTest {
  @TempDir private Path folder;
  private Path good;
  private Path bad;
  private Path broken;
  private Path hard;

  /** What a command printed, and its exit code. */
  private record Run(int code, String out, String err) {}

  private static Run run(Object... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine commandLine =
        new CommandLine(new ChaosCommand())
            .addSubcommand("check", new CheckCommand())
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err));
    String[] words = new String[arguments.length + 1];
    words[0] = "check";
    for (int i = 0; i < arguments.length; i++) {
      words[i + 1] = arguments[i].toString();
    }
    return new Run(commandLine.execute(words), out.toString(), err.toString());
  }

  @BeforeEach
  void writeHistories() throws Exception {
    good = folder.resolve("good.edn");
    bad = folder.resolve("bad.jsonl");
    broken = folder.resolve("broken.edn");
    hard = folder.resolve("hard.edn");
    HistoryFormats.write(
        new HistoryScript()
            .on("k")
            .did(1, "write", 7)
            .read(2, 7)
            .invoke(3, "write", 1)
            .info(3)
            .history(),
        HistoryFormat.EDN,
        good);
    HistoryFormats.write(
        new HistoryScript().at(11.8).did(1, "write", 7).at(12.3).read(4, null).history(),
        HistoryFormat.JSONL,
        bad);
    Files.writeString(
        broken, "{:process 1, :type :invoke, :f :read, :value nil}\n{:process 1, :type\n");
    HistoryScript script = new HistoryScript();
    for (int client = 0; client < 60; client++) {
      script.invoke(client, "add", client % 2 == 0 ? (1L << client / 2) : -(1L << client / 2));
    }
    script.read(100, 123_456_789L).read(100, 1L << 40);
    for (int client = 0; client < 60; client++) {
      script.ok(client);
    }
    HistoryFormats.write(script.history(), HistoryFormat.EDN, hard);
  }

  @Test
  void aLinearizableHistoryExitsZero() {
    Run run = run(good, "--model", "register");

    assertThat(run.code()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.out())
        .startsWith(good + ": valid; 3 operations (2 ok, 0 failed, 1 unknown) on 1 key in ");
  }

  @Test
  void versionsReplaceTheSearchAndAreToldWhereTheyContradict() throws Exception {
    Path versioned = folder.resolve("versioned.jsonl");
    HistoryFormats.write(
        new HistoryScript()
            .invoke(1, "write", 7)
            .ok(1, 7, Map.of(Extras.VERSION, "5"))
            .invoke(2, "read")
            .ok(2, 7, Map.of(Extras.VERSIONS, List.of("5")))
            .history(),
        HistoryFormat.JSONL,
        versioned);
    Path swapped = folder.resolve("swapped.jsonl");
    Files.writeString(swapped, Files.readString(versioned).replace("[\"5\"]", "[\"4\"]"));

    Run plain = run(versioned, "--model", "register", "-o", "json");
    Run byVersion = run(versioned, "--model", "register", "--versions", "-o", "json");
    Run contradicted = run(swapped, "--model", "register", "--versions");

    assertThat(plain.out()).doesNotContain("\"configurations\":0");
    assertThat(byVersion.out()).contains("\"verdict\":\"valid\"").contains("\"configurations\":0");
    assertThat(contradicted.code()).isZero();
    assertThat(contradicted.out())
        .contains(
            "the versions tell another order: client 2's read of 7 (version [4]) should have found"
                + " nil");
    assertThat(run(versioned, "--claim", "ladder", "--versions").code()).isEqualTo(2);
  }

  @Test
  void aViolationExitsEightWithItsStory() {
    Run run = run(bad, "--model", "register", "--explain");

    assertThat(run.code()).isEqualTo(8);
    assertThat(run.out())
        .contains(
            ": invalid; ",
            "client 4 read nil at 12.3 s although client 1's write of 7 had been acknowledged at"
                + " 11.9 s",
            "    client 1 write 7 -> 7",
            "    client 4 read -> nil");
  }

  @Test
  void theInitialValueCounts() throws Exception {
    Path file = folder.resolve("initial.edn");
    HistoryFormats.write(new HistoryScript().read(1, 7).history(), HistoryFormat.EDN, file);

    assertThat(run(file, "--model", "register").code()).isEqualTo(8);
    assertThat(run(file, "--model", "register", "--initial", "7").code()).isZero();
    Run run = run(bad, "--model", "cas-register", "--initial", "[1");
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("--initial [1 does not fit --model cas-register");
  }

  @Test
  void aMalformedHistoryExitsOneAndNamesTheLine() {
    Run run = run(broken, "--model", "register");

    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains(broken + ": line 2: it ends before its closing '}'");
  }

  @Test
  void aMissingFileExitsOne() {
    Run run = run(folder.resolve("nowhere"), "--model", "register", "-o", "json");

    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("there is no such file", "\"outcome\":\"failed\"");
  }

  @Test
  void aSpentBudgetExitsNine() {
    Run run = run(hard, "--model", "counter", "--budget", "200ms");

    assertThat(run.code()).isEqualTo(9);
    assertThat(run.out()).contains(": unknown; ", "the time budget of 200 ms ran out");
  }

  @Test
  void manyFilesHaveALineEachAndTheWorstDecides() throws Exception {
    Run run = run(good, broken, bad, "--model", "register", "-o", "json");

    assertThat(run.code()).isEqualTo(8);
    assertThat(run.out().lines()).hasSize(2);
    assertThat(run.err().lines()).hasSize(1);
    JsonNode first = new ObjectMapper().readTree(run.out().lines().toList().get(0));
    JsonNode second = new ObjectMapper().readTree(run.out().lines().toList().get(1));
    assertThat(first.path("verdict").asText()).isEqualTo("valid");
    assertThat(first.path("ops").path("unknown").asInt()).isEqualTo(1);
    assertThat(second.path("verdict").asText()).isEqualTo("invalid");
    assertThat(second.path("format").asText()).isEqualTo("jsonl");
    assertThat(second.path("operations")).hasSize(2);
  }

  @Test
  void aModelThatDoesNotFitTheHistoryIsAnError() {
    Run run = run(good, "--model", "counter");

    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("the model counter knows", "try another --model");
  }

  @Test
  void wrongOptionsAreUsageErrorsThatNameWhatIsAllowed() {
    assertThat(run(good).code()).isEqualTo(2);
    assertThat(run("--model", "register").err()).contains("Missing required parameter: 'FILE'");
    assertThat(run(good, "--claim", "perfect").err()).contains("monotonic-reads");
    assertThat(run(good, "--model", "bank").err()).contains("a bank starts with a map");
    assertThat(run(good, "--model", "heap").err())
        .contains("register, cas-register, kv, set, counter");
    assertThat(run(good, "--model", "set", "--format", "xml").err()).contains("jepsen-log");
    assertThat(run(good, "--model", "set", "--budget", "soon").err()).contains("such as 60s");
    assertThat(run(good, "--model", "set", "-o", "xml").code()).isEqualTo(2);
  }

  @Test
  void otherClaimsAreJudgedToo() {
    Run causal = run(bad, "--claim", "causal");
    assertThat(causal.code()).isZero();
    Run ladder = run(bad, "--claim", "ladder", "--explain");
    assertThat(ladder.code()).isEqualTo(8);
    assertThat(ladder.out())
        .contains("sequential holds, linearizable breaks: client 4 read nil at 12.3 s")
        .contains("    monotonic-reads: valid");
    assertThat(run("--list-claims").out()).contains("serializable", "nothing-lost", "queue");
  }

  @Test
  void transactionsOverListsAreStrictlySerializableUnlessLessIsClaimed() throws Exception {
    Path file = folder.resolve("txn.edn");
    Files.writeString(
        file,
        "{:process 1, :type :invoke, :f :txn, :value [[:append 1 7]]}\n"
            + "{:process 1, :type :ok, :f :txn, :value [[:append 1 7]]}\n"
            + "{:process 2, :type :invoke, :f :txn, :value [[:r 1 nil]]}\n"
            + "{:process 2, :type :ok, :f :txn, :value [[:r 1 []]]}\n");

    Run strict = run(file, "--model", "list-append", "-o", "json");
    assertThat(strict.code()).isEqualTo(8);
    assertThat(strict.out())
        .contains("\"claim\":\"strict-serializable\"", "stale read", "\"g_single_realtime\":1");
    assertThat(run(file, "--model", "list-append", "--claim", "serializable").code()).isZero();
  }

  @Test
  void locksQueuesAndSeveralRegistersAreModelsToo() throws Exception {
    Path lock = folder.resolve("lock.edn");
    Path queue = folder.resolve("queue.edn");
    Path registers = folder.resolve("registers.edn");
    HistoryFormats.write(
        new HistoryScript().did(1, "acquire", null).did(2, "acquire", null).history(),
        HistoryFormat.EDN,
        lock);
    HistoryFormats.write(
        new HistoryScript()
            .did(1, "enqueue", 1)
            .did(1, "enqueue", 2)
            .invoke(2, "dequeue")
            .ok(2, 2)
            .history(),
        HistoryFormat.EDN,
        queue);
    Files.writeString(
        registers,
        "[{:process 1, :type :invoke, :f :txn, :value [[:write :x 1] [:write :y 1]]}\n"
            + "{:process 1, :type :ok, :f :txn, :value [[:write :x 1] [:write :y 1]]}\n"
            + "{:process 2, :type :invoke, :f :txn, :value [[:read :x nil] [:read :y nil]]}\n"
            + "{:process 2, :type :ok, :f :txn, :value [[:read :x 1] [:read :y 0]]}]\n");

    assertThat(run(lock, "--model", "mutex").code()).isEqualTo(8);
    assertThat(run(queue, "--model", "fifo-queue").code()).isEqualTo(8);
    assertThat(run(queue, "--model", "fifo-queue", "--initial", "[2]").code()).isZero();
    assertThat(run(registers, "--model", "multi-register").code()).isEqualTo(8);
  }

  @Test
  void theWrongFormatIsNotGuessedAround() {
    assertThat(run(good, "--model", "register", "--format", "jsonl").code()).isEqualTo(1);
    assertThat(run(good, "--model", "register", "--format", "edn").code()).isZero();
  }

  @Test
  void theCommandIsFoundByTheCommandLine() {
    assertThat(ServiceLoader.load(io.capstan.cli.SubcommandProvider.class))
        .anySatisfy(provider -> assertThat(provider).isInstanceOf(ChaosCommandProvider.class));
  }
}
