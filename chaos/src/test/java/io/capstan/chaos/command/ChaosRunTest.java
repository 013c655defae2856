package io.capstan.chaos.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.format.HistoryFormats;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("capstan chaos run")
final class ChaosRunTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  @TempDir private Path folder;

  private int chaos(String... arguments) {
    List<String> words = new ArrayList<>(List.of("chaos", "run"));
    words.addAll(List.of(arguments));
    words.addAll(List.of("--substrate", "sim", "--out", folder.toString()));
    Streams streams =
        new Streams(
            InputStream.nullInputStream(),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            false,
            Map.of());
    return Capstan.run(streams, words.toArray(String[]::new));
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  @DisplayName("runs many seeds and keeps a line for each that holds, and no folder")
  void manySeeds() {
    assertThat(chaos("split", "--seeds", "3..4", "--duration", "6s", "-o", "text"))
        .isEqualTo(ExitCode.OK);

    assertThat(out())
        .contains("seeds 3 to 4")
        .containsPattern("(?m)^ +3  VALID .* partition$")
        .containsPattern("(?m)^ +4  VALID .* partition$")
        .contains("2 schedules", "2 keep every claim, 0 violate one, 0 are undecided");
    assertThat(folder.resolve("seed-3")).doesNotExist();
  }

  @Test
  @DisplayName("of many seeds with one that fails tells why, keeps its report and exits with 8")
  void manySeedsOfWhichOneFails() throws IOException {
    assertThat(
            chaos(
                "stale-reads", "--mode", "cp", "--seeds", "4..4", "--duration", "8s", "-o", "json"))
        .isEqualTo(ExitCode.CLAIM_VIOLATED);

    var line = new ObjectMapper().readTree(out());
    assertThat(line.path("verdict").asText()).isEqualTo("invalid");
    assertThat(line.at("/runs/0/notValid/0/claim").asText()).isEqualTo("linearizable");
    assertThat(line.path("replay").asText()).contains("--seed 4 ");
    assertThat(folder.resolve("seed-4/report.html")).isNotEmptyFile();
    assertThat(folder.resolve("seed-4/result.json")).isNotEmptyFile();
  }

  @ParameterizedTest
  @CsvSource({
    "9..3, a range that goes up",
    "seven, a range such as 1..200",
    "1..900000, at most 100000 seeds"
  })
  @DisplayName("refuses what is no range of seeds")
  void noRange(String seeds, String allowed) {
    assertThat(chaos("split", "--seeds", seeds)).isEqualTo(ExitCode.USAGE);

    assertThat(err()).contains("--seeds is " + seeds, allowed);
  }

  @Test
  @DisplayName("refuses one seed and many at once")
  void oneAndMany() {
    assertThat(chaos("split", "--seeds", "1..2", "--seed", "7")).isEqualTo(ExitCode.USAGE);

    assertThat(err()).contains("give one of the two");
  }

  @Test
  @DisplayName("writes the histories of both keyspaces, in two forms that read the same")
  void histories() throws Exception {
    assertThat(chaos("split", "--duration", "6s", "--seed", "3", "-o", "text"))
        .isEqualTo(ExitCode.OK);

    for (String mode : List.of("cp", "ap")) {
      History edn = HistoryFormats.read(folder.resolve(mode).resolve("history.edn"));
      History lines = HistoryFormats.read(folder.resolve(mode).resolve("history.jsonl"));

      assertThat(edn.operations()).hasSizeGreaterThan(100);
      assertThat(lines.counts()).isEqualTo(edn.counts());
    }
    assertThat(folder.resolve("report.html")).isNotEmptyFile();
    assertThat(folder.resolve("result.json")).isNotEmptyFile();
  }

  @Test
  @DisplayName("says that histories cannot be written, and is no success then")
  void unwritableHistories() throws IOException {
    Files.writeString(folder.resolve("ap"), "a file where a folder is to be");

    assertThat(chaos("split", "--duration", "6s", "--seed", "3", "-o", "text"))
        .isEqualTo(ExitCode.ERROR);

    assertThat(err()).contains("The results cannot be written").contains("--out");
  }
}
