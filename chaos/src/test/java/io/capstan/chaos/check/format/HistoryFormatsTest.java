package io.capstan.chaos.check.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.chaos.check.EventType;
import io.capstan.chaos.check.Extras;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryEvent;
import io.capstan.chaos.check.HistoryScript;
import io.capstan.chaos.check.Keyword;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Outcome;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class HistoryFormatsTest {
  private static History parse(String... lines) throws MalformedHistoryException {
    return HistoryFormats.parse(String.join("\n", lines));
  }

  private static History everything() {
    Map<String, Object> balances = new LinkedHashMap<>();
    balances.put("a", 1);
    balances.put("b \"quoted\" \\ \n", -2.5);
    return new HistoryScript()
        .on("key 1")
        .did(1, "write", 7)
        .read(2, null)
        .read(2, List.of(1, "two", List.of(true)))
        .invoke(3, "cas", List.of(1, 2))
        .fail(3)
        .on(17L)
        .did(1, "write", "text with ünïcode ✓")
        .read(4, balances)
        .invoke(5, "write", 9, Map.of(Extras.NODE, "n1", Extras.SIDE, "minority"))
        .info(5, Map.of(Extras.SUPERSEDED, List.of(1, 2), Extras.ERROR, "timed out"))
        .invoke(6, "read")
        .history();
  }

  @ParameterizedTest
  @EnumSource(
      value = HistoryFormat.class,
      names = {"EDN", "JSONL"})
  void whatIsWrittenReadsBackEqual(HistoryFormat format) throws Exception {
    List<HistoryEvent> events = new ArrayList<>(everything().events());
    events.add(
        new HistoryEvent(
            events.size(),
            5,
            HistoryEvent.NEMESIS,
            EventType.INFO,
            "partition",
            null,
            List.of("n1", "n2"),
            Map.of()));
    History history = History.of(events);
    StringBuilder text = new StringBuilder();

    HistoryFormats.write(history, format, text);

    assertThat(HistoryFormats.detect(text.toString())).isEqualTo(format);
    assertThat(HistoryFormats.parse(text.toString()).events()).isEqualTo(history.events());
  }

  @Test
  void independentKeysAreWrittenAsPairs() throws Exception {
    StringBuilder edn = new StringBuilder();
    HistoryFormats.write(
        new HistoryScript().on("k").did(3, "write", 5).history(), HistoryFormat.EDN, edn);

    assertThat(edn.toString().lines().findFirst())
        .contains(
            "{:index 0, :time 100000000, :process 3, :type :invoke, :f :write, :key \"k\", :value [\"k\" 5]}");
  }

  @Test
  void ednKeepsWhatJsonCannot() throws Exception {
    History history =
        new HistoryScript()
            .did(1, "write", new Keyword("timed-out"))
            .read(1, Set.of(1))
            .read(1, Map.of(1, 10))
            .history();
    StringBuilder edn = new StringBuilder();
    StringBuilder json = new StringBuilder();
    HistoryFormats.write(history, HistoryFormat.EDN, edn);
    HistoryFormats.write(history, HistoryFormat.JSONL, json);

    assertThat(HistoryFormats.parse(edn.toString()).events()).isEqualTo(history.events());
    List<Operation> fromJson = HistoryFormats.parse(json.toString()).operations();
    assertThat(fromJson)
        .extracting(Operation::output)
        .containsExactly(":timed-out", List.of(1L), Map.of(1L, 10L));
  }

  @Test
  void jepsensHistoriesAreReadWithTagsCommentsAndStrangers() throws Exception {
    History history =
        parse(
            "; a comment",
            "#jepsen.history.Op{:index 0, :time 12, :type :invoke, :process 0, :f :write, :value #independent/tuple [\"x\" 3]}",
            "#jepsen.history.Op{:index 1, :time 15, :type :ok, :process 0, :f :write, :value #independent/tuple [\"x\" 3], :debug {:a #{1 2} :b (1 \\c 2.5 -7N) #_ hidden :at #inst \"2026-01-01\"}}",
            "",
            "{:index 2 :time 20 :type :info :process :nemesis :f :start :value [:isolated {\"n1\" #{\"n2\"}}]}",
            "{:index 3 :time 21 :type :invoke :process 1 :f :read :value #independent/tuple [\"x\" nil]}",
            "{:index 4 :time 22 :type :info :process 1 :f :read :value :timed-out :error :timeout}");

    assertThat(history.events()).hasSize(5);
    assertThat(history.operations()).hasSize(2);
    assertThat(history.operations().get(0))
        .returns("x", Operation::key)
        .returns(3L, Operation::input)
        .returns(Outcome.OK, Operation::outcome)
        .returns(15L, Operation::completeNanos);
    assertThat(history.operations().get(1))
        .returns("x", Operation::key)
        .returns(Outcome.UNKNOWN, Operation::outcome)
        .returns(Operation.OPEN, Operation::completePosition);
  }

  @Test
  void aVectorOfMapsOverSeveralLinesIsAHistoryToo() throws Exception {
    History history =
        parse(
            "[{:process 0, :type :invoke,",
            "  :f :read, :value nil}",
            " ; nothing yet",
            " {:process 0, :type :ok, :f :read, :value nil}]");

    assertThat(history.operations()).hasSize(1);
    assertThat(parse("({:process 0, :type :invoke, :f :read, :value nil})").operations())
        .hasSize(1);
    assertThat(parse("[]").operations()).isEmpty();
    assertThat(parse("").operations()).isEmpty();
  }

  @Test
  void pairsWithoutTagAreKeysOnlyIfEveryValueIsSuchAPair() throws Exception {
    History keyed =
        parse(
            "{:process 0, :type :invoke, :f :cas, :value [\"k\" [1 2]]}",
            "{:process 0, :type :ok, :f :cas, :value [\"k\" [1 2]]}",
            "{:process 1, :type :invoke, :f :read, :value [\"k\" nil]}",
            "{:process 1, :type :info, :f :read, :value :timed-out}");
    assertThat(keyed.operations()).extracting(Operation::key).containsExactly("k", "k");
    assertThat(keyed.operations().get(0).input()).isEqualTo(List.of(1L, 2L));

    History plain =
        parse(
            "{:process 0, :type :invoke, :f :cas, :value [1 2]}",
            "{:process 0, :type :ok, :f :cas, :value [1 2]}");
    assertThat(plain.operations().get(0).key()).isNull();
    assertThat(plain.operations().get(0).input()).isEqualTo(List.of(1L, 2L));
  }

  @Test
  void jepsenLogsAreReadWithTabsOrSpacesAmongOtherLines() throws Exception {
    History history =
        parse(
            "INFO  jepsen.core - Everything starts",
            "INFO  jepsen.util - 3\t:invoke\t:write\t5",
            "INFO jepsen.util - 3  :ok  :write  5",
            "2026-01-02 10:00:00,123{GMT}\tINFO\t[jepsen worker 1] jepsen.util: 1\t:invoke\t:cas\t[5 6]",
            "WARN  jepsen.core - Process 1 crashed",
            "java.net.SocketTimeoutException: Read timed out",
            "\tat java.net.SocketInputStream.read(Unknown)",
            "INFO  jepsen.util - 1\t:info\t:cas\t:timed-out",
            "INFO  jepsen.util - :nemesis\t:info\t:start\tnil",
            "INFO  jepsen.util - 7\t:invoke\t:read\tnil");

    assertThat(HistoryFormats.detect("INFO  jepsen.util - 3\t:invoke\t:write\t5"))
        .isEqualTo(HistoryFormat.JEPSEN_LOG);
    assertThat(history.operations())
        .extracting(Operation::f)
        .containsExactly("write", "cas", "read");
    assertThat(history.operations())
        .extracting(Operation::outcome)
        .containsExactly(Outcome.OK, Outcome.UNKNOWN, Outcome.UNKNOWN);
    assertThat(history.operations().get(1).input()).isEqualTo(List.of(5L, 6L));
  }

  @Test
  void porcupinesLogsCarryTheirKey() throws Exception {
    String text =
        """
        {:process 0, :type :invoke, :f :get, :key "0", :value nil}
        {:process 1, :type :invoke, :f :append, :key "0", :value "x 1 y"}
        {:process 1, :type :ok, :f :append, :key "0", :value "x 1 y"}
        {:process 0, :type :ok, :f :get, :key "0", :value "x 1 y"}
        """;

    assertThat(HistoryFormats.detect(text)).isEqualTo(HistoryFormat.PORCUPINE_KV);
    assertThat(HistoryFormats.parse(text).operations().get(0))
        .returns("0", Operation::key)
        .returns("x 1 y", Operation::output);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{:process 0, :type :invoke, :f :read|it ends before its closing '}'",
        "{:process 0, :type :invoke, :f}|a map with a key that has no value",
        "{:process 0, :type :maybe, :f :read}|invoke, ok, fail or info, not 'maybe'",
        "{:process 0, :type :invoke}|an operation without :f",
        "{:process 0, :f :read}|an operation without :type",
        "{:type :invoke, :f :read}|an operation without :process",
        "{:process -4, :type :invoke, :f :read}|a :process is a number from 0",
        "{:process 0, :type :invoke, :f :read, :time \"now\"}|:time is a whole number",
        "{:process 0, :type :invoke, :f :read, :value 12x}|'12x' is not a number",
        "{:process 0, :type :invoke, :f :read, :value \"open}|it ends inside a string",
        "{:process 0, :type :invoke, :f :read]|']' where '}' was expected",
        "{:process 0, :type :ok, :f :read, :value 1}|has invoked nothing",
        "word|an operation map was expected",
        "}|a closing bracket without its opening one",
      })
  void aMalformedLineOfEdnIsNamedWithItsNumber(String line, String why) {
    String good = "{:process 5, :type :invoke, :f :read, :value nil}";

    assertThatThrownBy(() -> parse(good, "", line, good.replace('5', '6')))
        .isInstanceOf(MalformedHistoryException.class)
        .hasMessageStartingWith("line 3: ")
        .hasMessageContaining(why)
        .hasMessageEndingWith(line)
        .extracting(e -> ((MalformedHistoryException) e).line())
        .isEqualTo(3);
  }

  @Test
  @Timeout(20)
  void aTornLineIsNoticedBeforeTheNextOperation() {
    String torn = "{:process 5, :type :invoke, :f :read, :value";
    StringBuilder text = new StringBuilder(torn);
    for (int process = 0; process < 50_000; process++) {
      text.append("\n{:process ").append(process).append(", :type :invoke, :f :read, :value nil}");
    }

    assertThatThrownBy(() -> HistoryFormats.parse(text.toString(), HistoryFormat.EDN))
        .hasMessageStartingWith("line 1: ")
        .hasMessageEndingWith(torn);
  }

  @Test
  void aMalformedOperationInsideAVectorIsNamedWithItsNumber() {
    assertThatThrownBy(
            () -> parse("[{:process 5, :type :invoke, :f :read}", " {:process 5, :type :ok, :f]"))
        .hasMessageStartingWith("line 2: ");
    assertThatThrownBy(() -> parse("[{:process 5, :type :invoke, :f :read}", " {:process 5"))
        .hasMessageStartingWith("line 2: it ends before");
    assertThatThrownBy(() -> parse("[{:process 5, :type :invoke, :f :read}]", "]"))
        .hasMessageStartingWith("line 2: ");
    assertThatThrownBy(() -> parse("[{:process 5, :type :invoke, :f :read}", " 7]"))
        .hasMessageStartingWith("line 2: an operation map was expected");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{\"process\":0,\"type\":\"invoke\",\"f\":\"read\"|not a JSON object",
        "[1]|a JSON object was expected",
        "{\"process\":0,\"type\":\"invoke\",\"f\":\"read\"} 5|something follows",
        "{\"process\":0,\"type\":\"later\",\"f\":\"read\"}|not 'later'",
        "{\"process\":1.5,\"type\":\"ok\",\"f\":\"read\"}|a :process is a number",
        "nonsense|not a JSON object",
      })
  void aMalformedLineOfJsonIsNamedWithItsNumber(String line, String why) {
    String good =
        "{\"process\":5,\"type\":\"invoke\",\"f\":\"read\",\"value\":null,\"unknown\":[{}]}";

    assertThatThrownBy(() -> parse(good, line))
        .isInstanceOf(MalformedHistoryException.class)
        .hasMessageStartingWith("line 2: ")
        .hasMessageContaining(why);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "INFO  jepsen.util - 3 :invoke|not an operation",
        "INFO  jepsen.util - 3 :later :read nil|not an operation",
        "INFO  jepsen.util - 3 :invoke :cas [1 2|it ends before its closing ']'",
        "INFO  jepsen.util - 99999999999999999999 :invoke :read nil|not the number of a process",
        "INFO  jepsen.util - 4 :ok :read 3|has invoked nothing",
        "INFO  jepsen.util - 3 :invoke :read|an operation without its value",
        "something else|not a line of a Jepsen log",
      })
  void aMalformedLineOfALogIsNamedWithItsNumber(String line, String why) {
    assertThatThrownBy(() -> parse("INFO  jepsen.util - 1 :invoke :read nil", "", line))
        .isInstanceOf(MalformedHistoryException.class)
        .hasMessageStartingWith("line 3: ")
        .hasMessageContaining(why);
  }

  @Test
  void aPorcupineLineWithoutKeyIsMalformed() {
    assertThatThrownBy(
            () ->
                parse(
                    "{:process 0, :type :invoke, :f :get, :key \"0\", :value nil}",
                    "{:process 1, :type :invoke, :f :get, :value nil}"))
        .hasMessageStartingWith("line 2: an operation without :key");
  }

  @Test
  void aTextInNoKnownFormatIsRefused() {
    assertThatThrownBy(() -> parse("", "Dear diary,"))
        .hasMessageStartingWith("line 2: neither of edn");
  }

  @Test
  void endlessNestingIsRefused() {
    assertThatThrownBy(() -> parse("{:value " + "[".repeat(100_000)))
        .isInstanceOf(MalformedHistoryException.class)
        .hasMessageContaining("nested deeper");
  }

  @Test
  void aProcessThatGoesOnLeavesItsOldOperationOpen() throws Exception {
    History history =
        parse(
            "{:process 0, :type :invoke, :f :write, :value 1}",
            "{:process 0, :type :invoke, :f :write, :value 2}",
            "{:process 0, :type :ok, :f :write, :value 2}");

    assertThat(history.operations())
        .extracting(Operation::outcome)
        .containsExactly(Outcome.UNKNOWN, Outcome.OK);
  }

  @Test
  void filesAreWrittenAndReadWhole(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("history.edn");
    HistoryFormats.write(everything(), HistoryFormat.EDN, file);
    assertThat(HistoryFormats.read(file).events()).isEqualTo(everything().events());

    Path binary = folder.resolve("binary");
    Files.write(binary, new byte[] {(byte) 0xff, (byte) 0xfe, 0});
    assertThatThrownBy(() -> HistoryFormats.read(binary))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("not UTF-8");
    assertThat(Files.readString(file, StandardCharsets.UTF_8)).endsWith("}\n");
  }
}
