package io.capstan.chaos.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.cluster.NodeCommand;
import io.capstan.chaos.fault.FaultJournal;
import io.capstan.chaos.scenario.RealSubstrate;
import io.capstan.cli.Capstan;
import io.capstan.cli.ExitCode;
import io.capstan.cli.Streams;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(400)
@DisplayName("A harness that is killed in the middle of a run")
class DeadHarnessIT {
  private static final Duration FAULT_MAX = Duration.ofSeconds(240);

  @TempDir private Path folder;

  @Test
  @DisplayName("leaves a journal by which everything of that run is removed, and nothing else")
  void isHealed() throws Exception {
    // Given a run of real processes whose leader is held still, and the harness killed.
    Path journal = folder.resolve("faults.jsonl");
    Process harness = harness();
    Process stranger = new ProcessBuilder("sleep", "600").start();
    try {
      Awaitility.await("a node is held still")
          .atMost(FAULT_MAX)
          .until(() -> !harness.isAlive() || isPaused(journal));
      assertThat(harness.isAlive()).as("%s", log()).isTrue();
      harness.destroyForcibly();
      assertThat(harness.waitFor(30, TimeUnit.SECONDS)).isTrue();
      String data = data(journal);
      assertThat(nodes(data)).hasSize(3);

      // When what it left behind is healed.
      String told = heal(journal);

      // Then its nodes are gone, also the one that is held still, with their data.
      assertThat(told).contains("was open: pause of n").contains("Everything is undone.");
      assertThat(nodes(data)).isEmpty();
      assertThat(Path.of(data)).doesNotExist();
      assertThat(stranger.isAlive()).isTrue();
      assertThat(heal(journal)).isEqualTo("Nothing of that run is left.\n");
    } finally {
      stranger.destroyForcibly();
      harness.destroyForcibly();
      if (Files.exists(journal)) {
        heal(journal);
      }
    }
  }

  private Process harness() throws IOException {
    List<String> command = NodeCommand.javaCommand(List.of(), NodeCommand.MAIN_CLASS);
    command.addAll(
        List.of("chaos", "run", "pause", "--mode", "cp", "--substrate", "process", "--nodes", "3"));
    command.addAll(List.of("--duration", "60s", "--seed", "2", "--out", folder.toString()));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("harness.log").toFile());
    builder.environment().putAll(NodeCommand.environment());
    return builder.start();
  }

  private String log() throws IOException {
    return Files.readString(folder.resolve("harness.log"));
  }

  private static boolean isPaused(Path journal) throws IOException {
    return Files.exists(journal)
        && FaultJournal.unhealed(journal).stream()
            .anyMatch(entry -> entry.name().equals("pause") && entry.state().equals("active"));
  }

  private static String data(Path journal) throws IOException {
    return FaultJournal.unhealed(journal).stream()
        .filter(entry -> entry.name().equals(FaultJournal.CLUSTER))
        .map(entry -> entry.detail().substring(RealSubstrate.PROCESS_REMAINS.length()))
        .findFirst()
        .orElseThrow();
  }

  private static List<ProcessHandle> nodes(String data) {
    return ProcessHandle.allProcesses()
        .filter(
            process ->
                process.info().commandLine().filter(line -> line.contains(data + "/")).isPresent())
        .toList();
  }

  private static String heal(Path journal) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Streams streams =
        new Streams(
            InputStream.nullInputStream(),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            false,
            Map.of());
    assertThat(Capstan.run(streams, "chaos", "heal", journal.toString())).isEqualTo(ExitCode.OK);
    return out.toString(StandardCharsets.UTF_8);
  }
}
