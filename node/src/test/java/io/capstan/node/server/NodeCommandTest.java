package io.capstan.node.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import io.capstan.cli.Capstan;
import io.capstan.cli.ExitCode;
import io.capstan.cli.Streams;
import io.capstan.cli.SubcommandProvider;
import io.capstan.node.server.config.Setting;
import io.capstan.proto.v1.AdminGrpc;
import io.capstan.proto.v1.StatusRequest;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

class NodeCommandTest {

  @TempDir private Path folder;
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  /** The command makes this JVM as talkative as a node; the other tests want it quiet. */
  @AfterEach
  void quiet() {
    ((Logger) LoggerFactory.getLogger("io.capstan")).setLevel(null);
  }

  @Test
  void isFoundByTheCommandLine() {
    assertThat(ServiceLoader.load(SubcommandProvider.class))
        .hasAtLeastOneElementOfType(NodeCommandProvider.class);
  }

  @Test
  void hasAFlagForEachSettingAndSaysWhatItDoes() {
    String help = new CommandLine(new NodeCommandProvider().command()).getUsageMessage();

    for (Setting setting : Setting.values()) {
      assertThat(help).contains(setting.flag(), setting.environmentVariable());
    }
  }

  @Test
  void aWrongValueIsASentenceAndExitCodeOne() {
    assertThat(run("--id", "n1", "--data", folder.toString(), "--listen", "nowhere"))
        .isEqualTo(ExitCode.ERROR);

    assertThat(err.toString(StandardCharsets.UTF_8))
        .startsWith("capstan node: Flag --listen: 'listen' is 'nowhere' but must be host:port")
        .doesNotContain("Exception", "\tat ");
  }

  @Test
  void theSentenceIsJsonWhereJsonWasAskedFor() {
    assertThat(run("-o", "json", "--id", "N1")).isEqualTo(ExitCode.ERROR);

    assertThat(err.toString(StandardCharsets.UTF_8))
        .startsWith("{\"error\":{\"code\":\"NODE_NOT_RUNNING\",\"message\":\"Flag --id:");
  }

  @Test
  void aMissingFileIsASentence() {
    assertThat(run("--config", folder.resolve("none.yaml").toString())).isEqualTo(ExitCode.ERROR);

    assertThat(err.toString(StandardCharsets.UTF_8))
        .contains("none.yaml", "does not exist")
        .doesNotContain("\tat ");
  }

  @Test
  void withoutTheCommandLineAWrongSettingIsTheSameSentence() throws Exception {
    Path file = Files.writeString(folder.resolve("node.yaml"), "id: n1\nlisten: nowhere\n");
    List<String> refusals = new ArrayList<>();

    assertThat(ForegroundNode.run(file, Map.of(), Map.of(), refusals::add))
        .isEqualTo(ExitCode.ERROR);

    assertThat(refusals).hasSize(1);
    assertThat(refusals.get(0)).contains("node.yaml", "'nowhere' but must be host:port");
  }

  @Test
  void aPortInUseIsASentence() throws Exception {
    try (var taken = new java.net.ServerSocket(0, 1, java.net.InetAddress.getByName("127.0.0.1"))) {
      int exitCode =
          run(
              "--id",
              "n1",
              "--data",
              folder.toString(),
              "--listen",
              "127.0.0.1:" + taken.getLocalPort(),
              "--peer-listen",
              "127.0.0.1:" + LocalCluster.freePorts(1).get(0));

      assertThat(exitCode).isEqualTo(ExitCode.ERROR);
      assertThat(err.toString(StandardCharsets.UTF_8))
          .contains("Port " + taken.getLocalPort(), "in use already", "--listen")
          .doesNotContain("\tat ");
    }
  }

  @Test
  void aProcessServesUntilSigtermAndRefusesASecondOneOnItsFolder() throws Exception {
    // given a node in a process of its own
    List<Integer> ports = LocalCluster.freePorts(4);
    Path log = folder.resolve("node.log");
    Process node = process(log, ports.get(0), ports.get(1));
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", ports.get(0)).usePlaintext().build();
    try {
      await()
          .atMost(Duration.ofSeconds(30))
          .ignoreExceptionsInstanceOf(StatusRuntimeException.class)
          .until(
              () ->
                  AdminGrpc.newBlockingStub(channel)
                      .withDeadlineAfter(2, TimeUnit.SECONDS)
                      .status(StatusRequest.getDefaultInstance())
                      .getRole()
                      .equals("leader"));

      // when a second one is started on the same folder
      Path secondLog = folder.resolve("second.log");
      Process second = process(secondLog, ports.get(2), ports.get(3));

      // then it leaves with a sentence, and no stack trace
      assertThat(second.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(second.exitValue()).isEqualTo(ExitCode.ERROR);
      assertThat(Files.readString(secondLog))
          .contains("is in use by process " + node.pid())
          .doesNotContain("\tat ", "Exception");
    } finally {
      channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
      node.destroy();
    }

    // and SIGTERM ends the first in order
    assertThat(node.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(Files.readString(log))
        .contains("started", "role=\"leader\"", "stopped node=\"n1\" manner=\"ORDERLY\"")
        .doesNotContain("ERROR", "WARN");
  }

  private Process process(Path log, int clientPort, int peerPort) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    if (Runtime.version().feature() >= 23) {
      command.add("--sun-misc-unsafe-memory-access=allow");
    }
    command.add("io.capstan.cli.Capstan");
    command.addAll(
        List.of(
            "node",
            "--id=n1",
            "--data=" + folder.resolve("data"),
            "--listen=127.0.0.1:" + clientPort,
            "--peer-listen=127.0.0.1:" + peerPort));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    return builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
  }

  private int run(String... arguments) {
    List<String> all = new ArrayList<>(List.of("node"));
    all.addAll(List.of(arguments));
    PrintStream errors = new PrintStream(err, true, StandardCharsets.UTF_8);
    Streams streams = new Streams(InputStream.nullInputStream(), errors, errors, false, Map.of());
    return Capstan.run(streams, all.toArray(String[]::new));
  }
}
