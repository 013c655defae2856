package io.capstan;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Runs a copy of {@code ./capstan} with a {@code java} that says what it was given, and no more.
 */
@DisplayName("The flags of the launcher")
final class LauncherFlagsTest {
  private static final int PROCESS_MAX_SECONDS = 60;
  private static final Path HOME = Path.of("").toAbsolutePath().getParent();
  private static final String FIRST_COMPILER_ONLY = "-XX:TieredStopAtLevel=1";

  @TempDir Path folder;

  @BeforeEach
  void aDistributionWithoutSources() throws IOException {
    Files.createDirectories(folder.resolve("target/dist/lib"));
    Files.createFile(folder.resolve("target/dist/.built"));
    Files.createDirectory(folder.resolve(".mvn"));
    Files.copy(HOME.resolve(".mvn/select-jdk.sh"), folder.resolve(".mvn/select-jdk.sh"));
    Files.copy(HOME.resolve("capstan"), folder.resolve("capstan"));
    Path bin = Files.createDirectories(folder.resolve("jdk/bin"));
    Files.writeString(folder.resolve("jdk/release"), "JAVA_VERSION=\"25.0.1\"\n");
    for (String tool : List.of("java", "javac")) {
      Path script = bin.resolve(tool);
      Files.writeString(script, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
      assertThat(script.toFile().setExecutable(true)).isTrue();
    }
  }

  @ParameterizedTest
  @DisplayName("have a simulation compiled by the better compiler from 1,500 seeds on")
  @ValueSource(
      strings = {
        "sim --seeds 1..1500",
        "sim --seeds 0..1499",
        "sim --mode ap --seeds 5000..6499 --jobs 1",
        "sim --seeds=1..1500",
        "-o json sim --seeds 1..20000"
      })
  void manySeeds(String arguments) throws Exception {
    assertThat(started(arguments)).contains("-XX:+UseSerialGC").doesNotContain(FIRST_COMPILER_ONLY);
  }

  @ParameterizedTest
  @DisplayName(
      "have it compiled by the first compiler alone below that, and where there is no telling how"
          + " many there are")
  @ValueSource(
      strings = {
        "sim --seeds 1..1499",
        "sim --seeds=1..10",
        "sim --seeds 1500",
        "sim --seeds",
        "sim --seeds=",
        "sim --seeds 1..",
        "sim --seeds ..9000",
        "sim --seeds 1..many",
        "sim --seeds 9000..1",
        "sim --seeds -5..9000",
        "sim --seeds 0010..9000",
        "sim --seeds 1..9999999999999999999999",
        "sim --seed 20000",
        "sim --replay capstan-sim-cp-2000.json",
        "sim"
      })
  void fewSeeds(String arguments) throws Exception {
    assertThat(started(arguments)).contains("-XX:+UseSerialGC", FIRST_COMPILER_ONLY);
  }

  @ParameterizedTest
  @DisplayName("have one scenario in virtual time collected by all processors, several by one")
  @CsvSource({
    "chaos run split --substrate sim, -XX:+UseParallelGC",
    "chaos run split --substrate=sim --seeds 7..7, -XX:+UseParallelGC",
    "chaos run split --substrate sim --seeds 1..2, -XX:+UseSerialGC",
    "chaos run split --substrate process, -XX:+UseSerialGC"
  })
  void collector(String arguments, String collector) throws Exception {
    assertThat(started(arguments))
        .filteredOn(flag -> flag.matches("-XX:\\+Use\\w+GC"))
        .containsExactly(collector);
  }

  @Test
  @DisplayName("name the folder of unpacked native libraries where there is one")
  void nativeLibraries() throws Exception {
    assertThat(started("status")).noneMatch(flag -> flag.startsWith("-Djava.library.path="));

    Path unpacked = Files.createDirectory(folder.resolve("target/dist/native"));

    assertThat(started("status")).contains("-Djava.library.path=" + unpacked.toRealPath());
  }

  /** What the JVM was given, after having seen that the command's own words reach it unchanged. */
  private List<String> started(String arguments) throws IOException, InterruptedException {
    List<String> words = List.of(arguments.split(" "));
    List<String> command = new ArrayList<>();
    command.add(folder.resolve("capstan").toString());
    command.addAll(words);
    Path out = folder.resolve("stdout");
    Path err = folder.resolve("stderr");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
    builder.environment().put("JAVA_HOME", folder.resolve("jdk").toString());
    Process process = builder.start();
    try {
      assertThat(process.waitFor(PROCESS_MAX_SECONDS, TimeUnit.SECONDS)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(Files.readString(err, UTF_8)).isEmpty();
    assertThat(process.exitValue()).isZero();
    List<String> given = Files.readAllLines(out, UTF_8);
    assertThat(given).endsWith(words.toArray(new String[0]));
    return given.subList(0, given.size() - words.size());
  }
}
