package io.capstan.chaos.command;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.format.HistoryFormats;
import io.capstan.chaos.check.linear.LinearizabilityChecker;
import io.capstan.chaos.check.linear.RegisterModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./capstan demo} as a person starts it: real nodes, real storage, real cuts. */
class DemoIT {
  private static final int DEMO_MAX_SECONDS = 120;
  private static final int END_MAX_SECONDS = 30;
  private static final Path LAUNCHER = Path.of(System.getProperty("capstan.home"), "capstan");

  @TempDir Path folder;
  private Path temporary;

  @BeforeEach
  void makeFolders() throws IOException {
    temporary = Files.createDirectories(folder.resolve("tmp"));
  }

  @Test
  void theMinorityRefusesInCpBothSidesServeInApAndEveryClaimHolds() throws Exception {
    Process demo = start("--seed", "7", "--duration", "10s", "--out", out().toString());
    try {
      assertThat(demo.waitFor(DEMO_MAX_SECONDS, TimeUnit.SECONDS)).isTrue();
    } finally {
      demo.destroyForcibly();
    }

    assertThat(text("stderr")).isEmpty();
    assertThat(demo.exitValue()).as("%s", text("stdout")).isZero();
    assertThat(text("stdout")).contains("Every claim holds.");
    JsonNode result = new ObjectMapper().readTree(out().resolve("result.json").toFile());
    JsonNode bank = result.at("/runs/0");
    assertThat(bank.at("/consistency/linearizable").isBoolean()).isTrue();
    assertThat(bank.at("/consistency/linearizable").asBoolean()).isTrue();
    assertThat(bank.at("/availability/during/minority").asDouble(-1)).isZero();
    assertThat(bank.at("/availability/during/majority").asDouble()).isGreaterThan(0.7);
    JsonNode feed = result.at("/runs/1");
    assertThat(feed.at("/availability/during/minority").asDouble()).isGreaterThan(0.95);
    assertThat(feed.at("/consistency/lostWrites").asInt(-1)).isZero();
    assertThat(feed.at("/consistency/siblingsSeen").asInt()).isPositive();
    assertThat(feed.at("/consistency/convergedAfterHealMillis").isNumber()).isTrue();
    assertThat(
            new LinearizabilityChecker()
                .check(
                    HistoryFormats.read(out().resolve("cp/registers.edn")),
                    RegisterModel.casRegister(null),
                    Budget.of(Duration.ofSeconds(30)))
                .verdict()
                .isValid())
        .isTrue();
    assertThat(temporaryData()).isEmpty();
  }

  @Test
  void theFeedGoesToCpAndBackUnderLoadAndLosesNoPost() throws Exception {
    Process demo = start("--seed", "7", "--duration", "6s", "--switch", "--out", out().toString());
    try {
      assertThat(demo.waitFor(DEMO_MAX_SECONDS, TimeUnit.SECONDS)).isTrue();
    } finally {
      demo.destroyForcibly();
    }

    assertThat(text("stderr")).isEmpty();
    assertThat(text("stdout")).contains("The feed, to CP and back").contains("lost: 0.");
    JsonNode change =
        new ObjectMapper().readTree(out().resolve("result.json").toFile()).at("/switch");
    assertThat(change.at("/keyspace").asText()).isEqualTo("feed");
    assertThat(change.at("/changes/0/to").asText()).isEqualTo("cp");
    assertThat(change.at("/changes/0/epoch").asLong()).isGreaterThan(1);
    assertThat(change.at("/changes/0/levelOne").asText()).isEqualTo("WRONG_LEVEL");
    assertThat(change.at("/changes/0/readLevel").asText()).isEqualTo("linearizable");
    assertThat(change.at("/changes/0/phases/0/name").asText()).isEqualTo("prepare");
    assertThat(change.at("/changes/1/to").asText()).isEqualTo("ap");
    assertThat(change.at("/changes/1/levelOne").asText()).isEqualTo("ok");
    assertThat(change.at("/changes/1/readLevel").asText()).isEqualTo("quorum");
    assertThat(change.at("/acknowledged").asInt()).isPositive();
    assertThat(change.at("/lostWrites").asInt(-1)).isZero();
  }

  @Test
  void whoeverStopsItInTheMiddleOfTheSplitFindsNoDataLeftBehind() throws Exception {
    Process demo = start("--seed", "7", "--duration", "30s", "--out", out().toString());
    try {
      Path journal = out().resolve("faults.jsonl");
      Awaitility.await()
          .atMost(Duration.ofSeconds(DEMO_MAX_SECONDS))
          .until(() -> Files.exists(journal) && Files.readString(journal).contains("\"active\""));
      assertThat(temporaryData()).isNotEmpty();

      demo.destroy();

      assertThat(demo.waitFor(END_MAX_SECONDS, TimeUnit.SECONDS)).isTrue();
      assertThat(Files.readString(journal)).contains("\"healed\"");
      assertThat(temporaryData()).isEmpty();
    } finally {
      demo.destroyForcibly();
    }
  }

  @Test
  void aWrongArgumentIsAUsageErrorThatNamesWhatIsAllowed() throws Exception {
    Process demo = start("--nodes", "2");
    try {
      assertThat(demo.waitFor(END_MAX_SECONDS, TimeUnit.SECONDS)).isTrue();
    } finally {
      demo.destroyForcibly();
    }

    assertThat(demo.exitValue()).isEqualTo(2);
    assertThat(text("stderr")).contains("--nodes is 2").contains("3 to 9");
  }

  private Path out() {
    return folder.resolve("out");
  }

  private String text(String stream) throws IOException {
    return Files.readString(folder.resolve(stream), UTF_8);
  }

  private List<Path> temporaryData() throws IOException {
    try (Stream<Path> files = Files.list(temporary)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith("capstan-demo-"))
          .toList();
    }
  }

  private Process start(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(LAUNCHER.toString(), "demo"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectOutput(folder.resolve("stdout").toFile())
            .redirectError(folder.resolve("stderr").toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("CAPSTAN_JAVA_OPTS", "-Djava.io.tmpdir=" + temporary);
    return builder.start();
  }
}
