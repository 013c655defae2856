package io.capstan.chaos.check.format;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.check.History;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A history that another harness wrote")
class ForeignHistoriesTest {
  private static History parse(String... lines) throws MalformedHistoryException {
    return HistoryFormats.parse(String.join("\n", lines));
  }

  @Test
  @DisplayName("may be one tagged vector of tagged operations")
  void taggedVector() throws Exception {
    History history =
        parse(
            "; store/latest/history.edn",
            "#jepsen.history.History[",
            "#jepsen.history.Op{:index 0, :time 12, :type :info, :process :nemesis, :f :start}",
            "{:type :invoke :f :write :process 0 :value #jepsen.independent.Tuple[1 3]}",
            "{:type :ok :f :write :process 0 :value #jepsen.independent.Tuple{:key 1, :value 3}}]");

    assertThat(history.operations()).singleElement().extracting(Operation::key).isEqualTo(1L);
    assertThat(history.operations().get(0).output()).isEqualTo(3L);
  }

  @Test
  @DisplayName("may lack index and time, or give them as decimals or under other names")
  void looseNumbers() throws Exception {
    History history =
        parse(
            "{:jepsen/index 0, :type :invoke, :f :read, :process 0, :value nil}",
            "{:time 3.0E9, :type :ok, :f :read, :process 0, :value 1/2}");

    assertThat(history.operations().get(0).completeNanos()).isEqualTo(3_000_000_000L);
    assertThat(history.operations().get(0).output()).isEqualTo(0.5);
  }

  @Test
  @DisplayName("may say that an idle client crashed, which is no operation")
  void idleCrash() throws Exception {
    History history =
        parse(
            "{:type :info :process 7 :f :read :value nil}",
            "{:type :invoke :process 8 :f :read :value nil}",
            "{:type :ok :process 8 :f :read :value nil}");

    assertThat(history.operations()).hasSize(1);
  }

  @Test
  @DisplayName("may be a log whose lines have times and threads in either order")
  void logs() throws Exception {
    History history =
        parse(
            "INFO  jepsen.util - 0\t:invoke\t:write\t3",
            "2015-01-20 11:45:01,123 INFO  [jepsen worker 0] jepsen.util: 0\t:ok\t:write\t3",
            "INFO [2018-02-02 15:09:50,391] jepsen worker 1 - jepsen.util 1\t:invoke\t:read\tnil",
            "INFO [2018-02-02 15:09:50,400] jepsen worker 1 - jepsen.util 1\t:ok\t:read\t3",
            "2018-02-02 15:09:50,401{GMT}\tINFO\t[jepsen worker 0] jepsen.util: 0\t:invoke\t:cas"
                + "\t[3 4]",
            "2018-02-02 15:09:50,402{GMT}\tINFO\t[jepsen worker 0] jepsen.util: 0\t:info\t:cas"
                + "\t:timed-out",
            "INFO  knossos.core - 2\t:invoke\t:read\tnil",
            "INFO  knossos.core - 2\t:ok\t:read\t4",
            "WARN  jepsen.core - Process 0 indeterminate",
            "java.net.SocketTimeoutException: Read timed out",
            "\tat java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:288)");

    assertThat(history.operations())
        .extracting(Operation::f)
        .containsExactly("write", "read", "cas", "read");
    assertThat(history.operations().get(2).outcome()).isEqualTo(Outcome.UNKNOWN);
    assertThat(history.operations().get(2).input()).isEqualTo(List.of(3L, 4L));
  }

  @Test
  @DisplayName("may begin with a byte order mark and end its lines as Windows does")
  void windows(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("history.edn");
    Files.writeString(
        file,
        "\ufeff{:process 0 :type :invoke :f :write :value 3}\r\n"
            + "{:process 0 :type :ok :f :write :value 3}\r\n");

    assertThat(HistoryFormats.read(file).counts().ok()).isEqualTo(1);
  }
}
