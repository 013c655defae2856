package io.capstan;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./capstan} as a person or a script starts it: a process, seen from outside. */
class LauncherIT {
  private static final int PROCESS_MAX_SECONDS = 120;
  private static final Path LAUNCHER = Path.of(System.getProperty("capstan.home"), "capstan");

  @TempDir Path folder;

  @BeforeEach
  void firstStartMayMakeTheClassArchive() throws Exception {
    run(LAUNCHER, Map.of(), "--version");
  }

  @Test
  void standardOutputHasTheAnswerAndStandardErrorNothing() throws Exception {
    Result result = run(LAUNCHER, Map.of(), "--version");

    assertThat(result.err()).isEmpty();
    assertThat(result.out()).matches("capstan \\S+\\n");
    assertThat(result.exitCode()).isZero();
  }

  @Test
  void worksFromAnotherFolderThroughASymbolicLinkWithASpaceInItsName() throws Exception {
    Path link = Files.createSymbolicLink(folder.resolve("my capstan"), LAUNCHER);

    Result result = run(link, Map.of(), "--version");
    Files.delete(link);

    assertThat(result.err()).isEmpty();
    assertThat(result.exitCode()).isZero();
  }

  @Test
  void aJavaHomeThatIsTooOldIsPassedOver() throws Exception {
    Path oldJdk = Files.createDirectories(folder.resolve("jdk-17"));
    Files.createDirectory(oldJdk.resolve("bin"));
    for (String tool : List.of("java", "javac")) {
      Path script = Files.writeString(oldJdk.resolve("bin").resolve(tool), "#!/bin/sh\nexit 1\n");
      assertThat(script.toFile().setExecutable(true)).isTrue();
    }
    Files.writeString(oldJdk.resolve("release"), "JAVA_VERSION=\"17.0.15\"\n");
    // The JDK that runs this test may live where the launcher does not look, so it stands on PATH.
    String path = Path.of(System.getProperty("java.home"), "bin") + ":" + System.getenv("PATH");

    Result result =
        run(LAUNCHER, Map.of("JAVA_HOME", oldJdk.toString(), "PATH", path), "--version");

    assertThat(result.err()).isEmpty();
    assertThat(result.exitCode()).isZero();
  }

  @Test
  void aUsageErrorKeepsItsExitCode() throws Exception {
    Result result = run(LAUNCHER, Map.of(), "--no-such-flag");

    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).contains("--no-such-flag");
  }

  private record Result(int exitCode, String out, String err) {}

  private Result run(Path launcher, Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    Path out = folder.resolve("stdout");
    Path err = folder.resolve("stderr");
    List<String> command = new ArrayList<>();
    command.add(launcher.toString());
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().putAll(environment);
    Process process = builder.start();
    try {
      assertThat(process.waitFor(PROCESS_MAX_SECONDS, TimeUnit.SECONDS))
          .as("%s ended within %s s", command, PROCESS_MAX_SECONDS)
          .isTrue();
    } finally {
      process.destroyForcibly();
    }
    return new Result(
        process.exitValue(), Files.readString(out, UTF_8), Files.readString(err, UTF_8));
  }
}
