package io.capstan.chaos.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.capstan.cli.Capstan;
import io.capstan.cli.CommandGroup;
import io.capstan.cli.ExitCode;
import io.capstan.cli.Streams;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** What {@code capstan cluster} says where no cluster runs; nothing here starts a process. */
class ClusterCommandTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @TempDir private Path state;

  private int capstan(String... arguments) {
    Streams streams =
        new Streams(
            InputStream.nullInputStream(),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            true,
            Map.of("CAPSTAN_STATE_DIR", state.toString()));
    return Capstan.run(streams, arguments);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void helpListsWhatCanBeDoneButNotWhatIsHidden() {
    assertThat(capstan("cluster", "--help")).isEqualTo(ExitCode.OK);

    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("start", "stop", "destroy", "kill", "restart", "pause", "resume", "partition")
        .doesNotContain("supervise");
  }

  @Test
  void commandsOfGroupsCarryTheNamesOfTheirAnnotations() {
    for (CommandGroup group : List.of(new ClusterCommand(), new ChaosCommand())) {
      group
          .subcommands()
          .forEach(
              (name, command) ->
                  assertThat(new CommandLine(command.get()).getCommandName()).isEqualTo(name));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"status", "kill 1", "restart n2", "pause n1", "resume n1", "heal"})
  void whatNeedsARunningClusterSaysThatThereIsNoneAndHowToStartOne(String command) {
    assertThat(capstan(("cluster " + command).split(" "))).isEqualTo(ExitCode.UNREACHABLE);

    assertThat(err())
        .contains("There is no cluster in " + state.resolve("cluster"))
        .contains("capstan cluster start");
  }

  @Test
  void anErrorIsJsonWhereJsonWasAskedFor() throws IOException {
    assertThat(capstan("cluster", "partition", "n1|n2", "-o", "json"))
        .isEqualTo(ExitCode.UNREACHABLE);

    JsonNode error = new ObjectMapper().readTree(err()).path("error");
    assertThat(error.path("code").asText()).isEqualTo("UNREACHABLE");
    assertThat(error.path("outcome").asText()).isEqualTo("failed");
    assertThat(error.path("hint").asText()).contains("capstan cluster start");
  }

  @Test
  void stoppingWhatDoesNotRunIsNoError() {
    assertThat(capstan("cluster", "stop")).isEqualTo(ExitCode.OK);

    assertThat(out.toString(StandardCharsets.UTF_8)).contains("No cluster runs in");
  }

  @Test
  void destroyingWantsToBeMeant() throws IOException {
    Path precious = Files.createFile(state.resolve("precious.txt"));

    assertThat(capstan("cluster", "destroy", "--dir", state.toString())).isEqualTo(ExitCode.USAGE);

    assertThat(err()).contains("--yes").contains(state.toString());
    assertThat(capstan("cluster", "destroy", "--yes", "--dir", state.toString()))
        .isEqualTo(ExitCode.OK);
    assertThat(precious).exists();
  }

  @Test
  void aPortInUseIsNamedAndNothingIsStarted() throws IOException {
    try (ServerSocket taken = new ServerSocket()) {
      taken.bind(new InetSocketAddress("127.0.0.1", 0));
      String port = Integer.toString(taken.getLocalPort());

      assertThat(capstan("cluster", "start", "--nodes", "1", "--base-port", port))
          .isEqualTo(ExitCode.ERROR);

      assertThat(err()).contains("Port " + port + " is in use").contains("--base-port");
      assertThat(state.resolve("cluster/cluster.json")).doesNotExist();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"--nodes 0", "--nodes 99", "--nodes three", "--base-port 70000", "--oops"})
  void whatCannotBeStartedIsAUsageError(String options) {
    assertThat(capstan(("cluster start " + options).split(" "))).isEqualTo(ExitCode.USAGE);

    assertThat(err()).isNotBlank();
  }
}
