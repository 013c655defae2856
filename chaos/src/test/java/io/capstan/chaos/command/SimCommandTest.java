package io.capstan.chaos.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
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
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("capstan sim")
final class SimCommandTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  @TempDir private Path folder;

  private int sim(boolean terminal, Map<String, String> environment, String... arguments) {
    List<String> words = new ArrayList<>(List.of("sim"));
    words.addAll(List.of(arguments));
    Streams streams =
        new Streams(
            InputStream.nullInputStream(),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            terminal,
            environment);
    return Capstan.run(streams, words.toArray(String[]::new));
  }

  private int sim(String... arguments) {
    return sim(false, Map.of(), arguments);
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @ValueSource(strings = {"cp", "ap", "mixed"})
  @DisplayName("runs a range of seeds and says how fast it was and what happened")
  void runsARange(String mode) {
    assertThat(sim("--mode", mode, "--seeds", "1..5", "--jobs", "2")).isEqualTo(ExitCode.OK);

    assertThat(out())
        .contains("5 seeds: every claim held")
        .contains("times real time")
        .contains("events a second")
        .contains("elections")
        .doesNotContain("\u001b");
  }

  @Test
  @DisplayName("gives a summary as JSON with the fields that scripts rely on")
  void summaryAsJson() throws IOException {
    assertThat(sim("--mode", "cp", "--seeds", "1..3", "-o", "json")).isEqualTo(ExitCode.OK);

    JsonNode json = new ObjectMapper().readTree(out());
    List<String> fields = new ArrayList<>();
    json.fieldNames().forEachRemaining(fields::add);
    assertThat(fields)
        .contains(
            "seeds",
            "failed",
            "events",
            "operations",
            "elections",
            "snapshots",
            "cuts",
            "crashes",
            "virtualMillis",
            "wallMillis",
            "operationsOffered",
            "askingMillis",
            "rate",
            "processMillis");
    assertThat(json.path("seeds").asLong()).isEqualTo(3);
    assertThat(json.path("failed").asLong()).isZero();
    assertThat(json.path("events").asLong()).isGreaterThan(1_000);
  }

  @Test
  @DisplayName("offers clients the rate that was asked for, and says how much of it was begun")
  void keepsTheRate() throws IOException {
    assertThat(
            sim(
                "--mode",
                "cp",
                "--faults",
                "none",
                "--seeds",
                "1..20",
                "--rate",
                "40",
                "-o",
                "json"))
        .isEqualTo(ExitCode.OK);

    JsonNode json = new ObjectMapper().readTree(out());
    double askingSeconds = json.path("askingMillis").asLong() / 1_000.0;
    assertThat(json.path("rate").asInt()).isEqualTo(40);
    assertThat(json.path("operationsOffered").asLong() / askingSeconds).isBetween(36.0, 44.0);
    assertThat(json.path("operations").asLong() / askingSeconds).isBetween(36.0, 44.0);
  }

  @Test
  @DisplayName("draws a bar for a person, without colours where they are not welcome")
  void barOnATerminal() {
    sim(true, Map.of(), "--mode", "cp", "--seeds", "1..40", "-o", "text");
    String coloured = out();
    out.reset();
    sim(true, Map.of("NO_COLOR", "1"), "--mode", "cp", "--seeds", "1..40", "-o", "text");

    assertThat(coloured).contains("\u001b[32m");
    assertThat(out()).doesNotContain("\u001b[32m").contains("every claim held");
  }

  @Test
  @DisplayName("tells the story of one seed, the same each time")
  void traces() {
    assertThat(sim("--mode", "mixed", "--seed", "9", "--trace")).isEqualTo(ExitCode.OK);
    String first = out();
    out.reset();
    sim("--mode", "mixed", "--seed", "9", "--trace");

    assertThat(first).contains("is LEADER in term").contains("fault").contains("client");
    assertThat(out()).isEqualTo(first);
  }

  @Test
  @DisplayName("replays a schedule, and fails with code 8 where it breaks a claim")
  void replays() throws IOException {
    Path broken = folder.resolve("broken.json");
    Files.writeString(
        broken,
        "{\"version\":1,\"seed\":1,\"mode\":\"cp\",\"nodes\":3,\"loopDelayMicros\":0,"
            + "\"faultyMillis\":3000,\"healthyMillisMax\":1,\"faults\":[{\"kind\":\"crash\","
            + "\"atMillis\":2600,\"forMillis\":1000,\"nodes\":[\"n1\"],\"amount\":2}]}");

    assertThat(sim("--replay", broken.toString())).isEqualTo(ExitCode.CLAIM_VIOLATED);
    assertThat(out()).contains("live in time");
  }

  @Test
  @DisplayName("fails where a kind of fault that was asked for never happened")
  void faultsMustHappen() {
    // On one node there is no link to cut.
    int code = sim("--mode", "cp", "--nodes", "1", "--seeds", "1..2", "--faults", "cut");

    assertThat(code).isEqualTo(ExitCode.ERROR);
    assertThat(err()).contains("Never happened").contains("cut");
  }

  @Test
  @DisplayName("changes the sides of a keyspace while clients write to it")
  void simulatesSwitches() {
    assertThat(sim("--mode", "switch", "--seeds", "1..3", "--faults", "none"))
        .isEqualTo(ExitCode.OK);

    assertThat(out()).contains("3 seeds");
  }

  @ParameterizedTest
  @CsvSource({
    "'', Name what to run",
    "--seeds 5..1, the first seed comes first",
    "--seeds x, is a range such as",
    "--seeds 1..2 --seed 3, Name what to run",
    "--seeds 1..2 --trace, shows one run",
    "--seeds 1..2 --faults rain, There is no fault 'rain'",
    "--seeds 1..2 --jobs 0, --jobs is 0",
    "--seeds 1..2 --nodes 8, --nodes is 8",
    "--seeds 1..2 --mode xy, --mode is cp",
    "--seeds 1..2 --rate 0, --rate is 0",
    "--seeds 1..2 --rate 1001, --rate is 1001",
  })
  @DisplayName("explains wrong usage")
  void explainsWrongUsage(String arguments, String message) {
    String[] words = arguments.isEmpty() ? new String[0] : arguments.split(" ");

    assertThat(sim(words)).isEqualTo(ExitCode.USAGE);
    assertThat(err()).contains(message);
  }
}
