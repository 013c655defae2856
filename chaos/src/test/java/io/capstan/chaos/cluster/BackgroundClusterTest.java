package io.capstan.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A supervisor in a process of its own, with {@link FakeNode} in place of the server. */
@Timeout(300)
class BackgroundClusterTest {
  private static final Duration NOTICE = Duration.ofSeconds(30);

  @TempDir private Path folder;
  private final List<String> progress = new ArrayList<>();
  private ClusterDirectory directory;
  private CapstanHome home;
  private BackgroundCluster background;
  private int basePort;

  @BeforeEach
  void prepare() {
    directory = new ClusterDirectory(folder.resolve("cluster-of-mine"));
    home = new CapstanHome(folder.resolve("home"));
    background =
        new BackgroundCluster(
            directory,
            home,
            NodeCommand.javaCommand(FakeNode.QUICK_FLAGS, FakeSupervisor.class.getName()));
    // A run of ports that nobody else is likely to take.
    basePort = ClusterLayout.onFreePorts("test", NodeNames.first(3)).node("n1").clientPort();
  }

  @AfterEach
  void stop() {
    background.stop(progress::add);
  }

  private SupervisedCluster start(int nodes) {
    ClusterReport report = background.start(nodes, basePort, progress::add);
    assertThat(report.phase()).isEqualTo("running");
    return SupervisedCluster.connect(directory);
  }

  @Test
  void aStartedClusterTakesOrdersFromOtherProcesses() {
    SupervisedCluster cluster = start(3);
    assertThat(cluster.clientAddress("n2")).isEqualTo("127.0.0.1:" + (basePort + 1));
    assertThat(cluster.leader()).contains("n1");
    assertThat(home.currentCluster()).isEqualTo(directory);

    cluster.pause("2");
    assertThat(cluster.state("n2")).isEqualTo(NodeState.PAUSED);
    cluster.resume("n2");

    cluster.partition("n3|n1,n2");
    cluster.awaitLinks(NOTICE);
    assertThat(cluster.cutLinks()).hasSize(4);
    assertThat(cluster.views().get("n3").hears()).isEmpty();

    cluster.heal();
    cluster.awaitLinks(NOTICE);
    assertThat(cluster.cutLinks()).isEmpty();

    assertThatExceptionOfType(PartitionSpec.InvalidPartitionException.class)
        .isThrownBy(() -> cluster.partition("n1|n2"))
        .withMessageContaining("n3 is on no side");
  }

  @Test
  void whatIsWrongWithAnOrderComesBackAsItWasSaid() {
    SupervisedCluster cluster = start(1);

    assertThatExceptionOfType(ClusterException.class)
        .isThrownBy(() -> cluster.kill("n7"))
        .withMessageContaining("There is no node n7")
        .matches(e -> e.kind() == ClusterException.Kind.USAGE);
    cluster.stop("n1");
    assertThatExceptionOfType(ClusterException.class)
        .isThrownBy(() -> cluster.kill("n1"))
        .withMessageContaining("it does not run")
        .matches(e -> e.kind() == ClusterException.Kind.FAILED);
  }

  @Test
  void anOrderWithoutTheTokenIsRefused() throws IOException {
    try (ControlServer server =
        ControlServer.start(
            () -> {
              throw new IllegalStateException("an order came through");
            },
            () -> {
              throw new IllegalStateException("a question came through");
            },
            () -> {
              throw new IllegalStateException("a stop came through");
            })) {
      HttpURLConnection connection =
          (HttpURLConnection) URI.create(server.address() + "/v1/report").toURL().openConnection();
      connection.setRequestProperty(ControlServer.TOKEN_HEADER, "guess");

      assertThat(connection.getResponseCode()).isEqualTo(403);
    }
  }

  @Test
  void aStoppedClusterStartsAgainWithItsDataOnTheSamePorts() {
    start(1);
    ClusterLayout before = ClusterState.read(directory).orElseThrow().layout();

    assertThat(background.stop(progress::add)).isTrue();

    assertThat(background.report().phase()).isEqualTo("stopped");
    assertThat(processes()).isEmpty();
    assertThatExceptionOfType(ClusterException.class)
        .isThrownBy(() -> SupervisedCluster.connect(directory))
        .withMessageContaining("is stopped")
        .matches(e -> e.kind() == ClusterException.Kind.UNREACHABLE);
    assertThat(background.stop(progress::add)).isFalse();

    background.start(null, null, progress::add);

    assertThat(ClusterState.read(directory).orElseThrow().layout()).isEqualTo(before);
    assertThat(directory.data("n1").resolve("starts")).hasContent("started\nstarted");
  }

  @Test
  void startingARunningClusterStartsTheNodesThatAreDown() {
    SupervisedCluster cluster = start(1);
    cluster.kill("n1");
    assertThat(cluster.state("n1")).isEqualTo(NodeState.KILLED);

    ClusterReport report = background.start(null, null, progress::add);

    assertThat(report.nodes()).allMatch(node -> node.state().equals("running"));
    assertThat(progress).contains("it runs already", "starting n1");
  }

  @Test
  void whatASupervisorThatDiedLeftBehindIsToldAndCleanedUp() {
    start(1);
    ClusterState state = ClusterState.read(directory).orElseThrow();
    state.nodes().forEach(node -> assertThat(node.process()).isPresent());

    state.supervisor().process().orElseThrow().destroyForcibly();
    await().until(() -> state.supervisor().process().isEmpty());

    assertThat(background.report().phase()).isEqualTo("orphaned");
    assertThatExceptionOfType(ClusterException.class)
        .isThrownBy(() -> SupervisedCluster.connect(directory))
        .withMessageContaining("n1 still runs, but no node can reach another")
        .matches(e -> e.hint().contains("capstan cluster start"));

    ClusterReport again = background.start(null, null, progress::add);

    assertThat(again.phase()).isEqualTo("running");
    assertThat(state.nodes()).allMatch(node -> node.process().isEmpty());
  }

  @Test
  void aSupervisorThatIsToldToEndTakesItsNodesWithIt() {
    start(1);
    ClusterState state = ClusterState.read(directory).orElseThrow();

    state.supervisor().process().orElseThrow().destroy();

    await().atMost(NOTICE).until(() -> processes().isEmpty());
  }

  @Test
  void aPortThatIsTakenIsNamedAndNothingIsLeftRunning() throws IOException {
    try (ServerSocket taken = new ServerSocket()) {
      taken.bind(new InetSocketAddress(ClusterLayout.LOOPBACK, basePort + 1));

      assertThatExceptionOfType(ClusterException.class)
          .isThrownBy(() -> background.start(2, basePort, progress::add))
          .withMessageContaining("Port " + (basePort + 1) + " is in use")
          .matches(e -> e.kind() == ClusterException.Kind.FAILED);
    }
    assertThat(processes()).isEmpty();
  }

  @Test
  void aNodeThatCannotStartIsShownWithItsLogAndNothingIsLeftRunning() throws IOException {
    Files.createDirectories(directory.data("n1"));
    Files.createFile(directory.data("n1").resolve("corrupt"));

    assertThatExceptionOfType(ClusterException.class)
        .isThrownBy(() -> background.start(1, basePort, progress::add))
        .withMessageContaining("n1 ended with exit code 1")
        .withMessageContaining("the data folder is corrupt");

    assertThat(processes()).isEmpty();
    assertThat(background.report().phase()).isEqualTo("stopped");
  }

  @Test
  void theNumberOfNodesIsFixedOnceThereIsData() throws IOException {
    Files.createDirectories(directory.root());
    ClusterLayout layout = ClusterLayout.at("test", NodeNames.first(3), basePort, null);
    ClusterState.of(layout, null, null).write(directory);

    assertThatExceptionOfType(ClusterException.class)
        .isThrownBy(() -> background.start(5, null, progress::add))
        .withMessageContaining("has 3 nodes, not 5")
        .matches(e -> e.kind() == ClusterException.Kind.USAGE);
  }

  @Test
  void destroyingRemovesTheDataAndNothingElse() throws IOException {
    start(1);
    Path precious = Files.createFile(directory.root().resolve("precious.txt"));
    Files.createFile(ClusterState.halfWritten(directory.stateFile()));

    assertThat(background.destroy(progress::add)).isTrue();
    assertThat(progress).last().asString().contains("it holds other files: precious.txt");

    assertThat(directory.root()).isDirectoryContaining(precious::equals);
    try (var files = Files.list(directory.root())) {
      assertThat(files).containsExactly(precious);
    }
    assertThat(home.currentCluster()).isEqualTo(home.defaultCluster());
    assertThat(background.destroy(progress::add)).isFalse();
  }

  /** Returns every process that was written down and still runs. */
  private List<ProcessHandle> processes() {
    List<ProcessHandle> found = new ArrayList<>();
    ClusterState.read(directory)
        .ifPresent(
            state -> {
              state.nodes().forEach(node -> node.process().ifPresent(found::add));
              if (state.supervisor() != null) {
                state.supervisor().process().ifPresent(found::add);
              }
            });
    return found;
  }
}
