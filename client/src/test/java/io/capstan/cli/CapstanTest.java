package io.capstan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class CapstanTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void versionIsTheOneOfTheBuild() {
    int exitCode = execute("--version");

    assertThat(exitCode).isEqualTo(ExitCode.OK);
    assertThat(out.toString()).matches("capstan \\d+\\.\\d+\\.\\d+(-SNAPSHOT)?\\R");
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void helpGoesToStandardOutput() {
    int exitCode = execute("--help");

    assertThat(exitCode).isEqualTo(ExitCode.OK);
    assertThat(out.toString()).startsWith("Usage: capstan");
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void noCommandIsAUsageErrorThatShowsTheUsage() {
    int exitCode = execute();

    assertThat(exitCode).isEqualTo(ExitCode.USAGE);
    assertThat(out.toString()).isEmpty();
    assertThat(err.toString()).startsWith("Missing command.").contains("Usage: capstan");
  }

  @Test
  void unknownFlagIsAUsageErrorThatNamesTheFlag() {
    int exitCode = execute("--no-such-flag");

    assertThat(exitCode).isEqualTo(ExitCode.USAGE);
    assertThat(out.toString()).isEmpty();
    assertThat(err.toString()).contains("--no-such-flag");
  }

  private int execute(String... arguments) {
    CommandLine commandLine = Capstan.commandLine();
    commandLine.setOut(new PrintWriter(out, true));
    commandLine.setErr(new PrintWriter(err, true));
    return commandLine.execute(arguments);
  }
}
