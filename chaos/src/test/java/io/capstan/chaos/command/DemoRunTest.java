package io.capstan.chaos.command;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.capstan.chaos.check.format.HistoryFormats;
import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.report.Ink;
import io.capstan.chaos.report.ResultFiles;
import io.capstan.chaos.report.ResultTable;
import io.capstan.chaos.scenario.FakeCluster;
import io.capstan.chaos.scenario.FakeStore;
import io.capstan.chaos.scenario.ScenarioClients;
import io.capstan.chaos.scenario.SplitSettings;
import io.capstan.cli.ExitCode;
import io.capstan.cli.Streams;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo as a person or a script meets it, on a cluster in memory. */
class DemoRunTest {
  private static final SplitSettings SHORT =
      new SplitSettings(
          7, Duration.ofMillis(1_600), 2, Duration.ofMillis(5), Duration.ofMillis(100));

  @TempDir Path folder;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final FakeCluster cluster = new FakeCluster("n2", "n1", "n2", "n3");

  @Test
  void aHealthyClusterEndsWithZeroATableAndTheFiles() throws Exception {
    int exitCode = run(FakeStore.Defect.NONE, false, false);

    assertThat(exitCode).isEqualTo(ExitCode.OK);
    assertThat(text())
        .contains("n2|n1,n3")
        .contains("bank  CP")
        .contains("feed  AP")
        .contains("The bank chose consistency: through n2 it answered none of")
        .contains("The feed chose availability")
        .contains("Every claim holds.")
        .contains(folder.resolve("result.json").toString())
        .contains(folder.resolve("report.html").toString())
        .doesNotContain("\u001b");
    assertThat(text().lines().filter(line -> !line.contains(folder.toString())))
        .allMatch(line -> line.length() <= ResultTable.WIDTH_MAX);
    assertThat(err.toString(UTF_8)).isEmpty();
    assertThat(cluster.isClosed()).isTrue();
  }

  @Test
  void jsonIsTheResultAndNothingElse() throws Exception {
    run(FakeStore.Defect.NONE, true, false);

    JsonNode result = new ObjectMapper().readTree(text());
    assertThat(result)
        .isEqualTo(new ObjectMapper().readTree(folder.resolve("result.json").toFile()));
    assertThat(result.at("/scenario").asText()).isEqualTo("split");
    assertThat(result.at("/seed").asLong()).isEqualTo(7);
    assertThat(result.at("/nodes").asInt()).isEqualTo(3);
    assertThat(result.at("/faults/0/endMillis").asLong())
        .isGreaterThan(result.at("/faults/0/startMillis").asLong());
    assertThat(result.at("/runs/0/mode").asText()).isEqualTo("cp");
    assertThat(result.at("/runs/0/keyspace").asText()).isEqualTo("bank");
    assertThat(result.at("/runs/0/ops/attempted").asInt()).isPositive();
    assertThat(result.at("/runs/0/consistency/linearizable").asBoolean()).isTrue();
    assertThat(result.at("/runs/0/availability/before/all").asDouble()).isEqualTo(1.0);
    assertThat(result.at("/runs/0/availability/during/majority").asDouble()).isEqualTo(1.0);
    assertThat(result.at("/runs/0/availability/during/minority").isNumber()).isTrue();
    assertThat(result.at("/runs/0/availability/during/minority").asDouble()).isZero();
    assertThat(result.at("/runs/1/consistency/lostWrites").asInt()).isZero();
    assertThat(result.at("/runs/1/consistency/siblingsSeen").asInt()).isPositive();
    assertThat(result.at("/runs/1/consistency/convergedAfterHealMillis").isNumber()).isTrue();
    assertThat(result.at("/runs/1/claims/0/verdict").asText()).isEqualTo("valid");
    assertThat(result.at("/runs/1/verdict").asText()).isEqualTo("valid");
    assertThat(result.at("/replay").asText()).isEqualTo("capstan demo --seed 7");
  }

  @Test
  void theHistoriesReadBackInBothFormatsWithTheSameCounts() throws Exception {
    run(FakeStore.Defect.NONE, true, false);

    JsonNode result = new ObjectMapper().readTree(text());
    for (int i = 0; i < 2; i++) {
      String mode = result.at("/runs/" + i + "/mode").asText();
      int attempted = result.at("/runs/" + i + "/ops/attempted").asInt();
      for (String format : new String[] {"edn", "jsonl"}) {
        Path file = folder.resolve(mode).resolve("history." + format);
        assertThat(HistoryFormats.read(file).operations()).as("%s", file).hasSize(attempted);
      }
    }
    assertThat(HistoryFormats.read(folder.resolve("cp/registers.edn")).operations())
        .isNotEmpty()
        .allMatch(each -> each.key() instanceof String key && key.startsWith("register/"));
  }

  @Test
  void theReportShowsBothKeyspacesAndWhatWasSeenOfTheCluster() throws Exception {
    run(FakeStore.Defect.NONE, true, false);

    String page = Files.readString(folder.resolve("report.html"));
    assertThat(page)
        .contains("Every claim holds")
        .contains("The bank chose consistency: through n2 it answered none of")
        .contains("value=\"capstan demo --seed 7\"");
  }

  @Test
  void aViolatedClaimEndsWithEightAndSaysWhich() throws Exception {
    int exitCode = run(FakeStore.Defect.LOSES_WRITES, false, false);

    assertThat(exitCode).isEqualTo(ExitCode.CLAIM_VIOLATED);
    assertThat(text())
        .contains("INVALID")
        .contains("no acknowledged write lost")
        .contains("A claim is VIOLATED");
  }

  @Test
  void aTerminalSeesTheRunRedrawnInPlace() throws Exception {
    run(FakeStore.Defect.NONE, false, true);

    assertThat(text()).contains("\u001b[1A\u001b[2K").contains("--x--").contains("n2*");
  }

  @Test
  void whoeverInterruptsItGetsTheClusterClosedAndTheLinksHealed() {
    Thread demo = Thread.currentThread();
    Thread impatient =
        new Thread(
            () -> {
              while (cluster.cutLinks().isEmpty()) {
                Thread.onSpinWait();
              }
              demo.interrupt();
            });
    impatient.setDaemon(true);
    impatient.start();

    assertThatThrownBy(() -> run(FakeStore.Defect.NONE, false, false))
        .isInstanceOf(InterruptedException.class);
    assertThat(cluster.cutLinks()).isEmpty();
    assertThat(cluster.isClosed()).isTrue();
  }

  private String text() {
    return out.toString(UTF_8);
  }

  private int run(FakeStore.Defect defect, boolean isJson, boolean isTerminal) throws Exception {
    Streams streams =
        new Streams(
            new ByteArrayInputStream(new byte[0]),
            new PrintStream(out, false, UTF_8),
            new PrintStream(err, true, UTF_8),
            isTerminal,
            Map.of());
    DemoRun.Screen screen = new DemoRun.Screen(streams, new Ink(streams.colours()), isJson);
    DemoRun.Settings settings =
        new DemoRun.Settings(3, SHORT, false, false, "capstan demo --seed 7");
    FakeStore store = new FakeStore(cluster, defect);
    return new DemoRun(
            (nodes, log) -> demoCluster(store), settings, new ResultFiles(folder), screen)
        .run();
  }

  private DemoCluster demoCluster(FakeStore store) {
    return new DemoCluster() {
      @Override
      public Cluster cluster() {
        return cluster;
      }

      @Override
      public ScenarioClients clients() {
        return store;
      }

      @Override
      public String substrate() {
        return "fake";
      }

      @Override
      public void close() {
        cluster.close();
      }
    };
  }
}
