package io.capstan.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Processes and links of a cluster, with {@link FakeNode} in place of the server. */
@Timeout(240)
class ProcessClusterTest {
  private static final NodeCommand FAKE = FakeNode.command();
  private static final Duration START = Duration.ofSeconds(90);
  private static final Duration NOTICE = Duration.ofSeconds(30);

  @TempDir private static Path folder;

  /** Shared: processes are dear. Every story begins with all nodes up and all links open. */
  private static ProcessCluster cluster;

  @BeforeAll
  static void startThreeNodes() {
    cluster = start(3, folder);
  }

  private static ProcessCluster start(int nodes, Path directory) {
    ClusterLayout layout = ClusterLayout.onFreePorts("test", NodeNames.first(nodes));
    ProcessCluster started = ProcessCluster.prepare(layout, new ClusterDirectory(directory), FAKE);
    started.startAll(START);
    return started;
  }

  @AfterAll
  static void close() {
    cluster.close();
  }

  @BeforeEach
  void everythingIsUp() {
    cluster.heal();
    for (String id : cluster.nodeIds()) {
      if (cluster.state(id) == NodeState.PAUSED) {
        cluster.resume(id);
      }
      cluster.start(id);
    }
    cluster.awaitLinks(NOTICE);
    cluster.awaitReady(NOTICE);
  }

  @Test
  void aNodeThatIsKilledStaysDeadUntilItIsRestartedWithItsData() throws IOException {
    assertThat(cluster.leader()).contains("n1");
    long startsBefore = starts("n1");

    cluster.kill("n1");

    assertThat(cluster.state("n1")).isEqualTo(NodeState.KILLED);
    assertThat(cluster.exitCode("n1")).isEqualTo(128 + 9);
    cluster.awaitLinks(NOTICE);
    cluster.awaitReady(NOTICE);

    cluster.restart("n1");

    assertThat(cluster.state("n1")).isEqualTo(NodeState.RUNNING);
    assertThat(starts("n1")).isEqualTo(startsBefore + 1);
    cluster.awaitLinks(NOTICE);
  }

  /** Returns how often the node has started with this data folder. */
  private static long starts(String nodeId) throws IOException {
    return Files.readAllLines(folder.resolve(nodeId + "/data/starts")).size();
  }

  @Test
  void aNodeThatIsStoppedEndsInOrder() throws IOException {
    cluster.stop("n2");

    assertThat(cluster.state("n2")).isEqualTo(NodeState.STOPPED);
    assertThat(Files.readString(folder.resolve("n2/node.log"))).contains("stopping in order");
    assertThatExceptionOfType(ClusterException.class)
        .isThrownBy(() -> cluster.kill("n2"))
        .withMessageContaining("n2 cannot be killed: it does not run (stopped)");
  }

  @Test
  void aPausedNodeAnswersNothingUntilItIsResumed() {
    cluster.pause("n3");

    assertThat(cluster.state("n3")).isEqualTo(NodeState.PAUSED);
    assertThat(cluster.answers("n3")).isFalse();

    cluster.resume("n3");

    assertThat(cluster.state("n3")).isEqualTo(NodeState.RUNNING);
    assertThat(cluster.answers("n3")).isTrue();

    cluster.pause("n3");
    cluster.stop("n3");
    assertThat(cluster.state("n3")).isEqualTo(NodeState.STOPPED);
  }

  @Test
  void aPartitionIsFeltByTheNodesAndAHealToo() {
    cluster.partition("n1|n2,n3");
    cluster.awaitLinks(NOTICE);

    assertThat(cluster.views().get("n1").hears()).isEmpty();
    assertThat(cluster.views().get("n2").hears()).containsExactly("n3");
    assertThat(cluster.views().get("n1").leader()).isEmpty();
    assertThat(cluster.views().get("n3").leader()).isEqualTo("n2");

    cluster.heal();
    cluster.awaitLinks(NOTICE);
    cluster.awaitReady(NOTICE);
    assertThat(cluster.cutLinks()).isEmpty();
  }

  @Test
  void aPartitionReplacesTheOneBefore() {
    cluster.partition("n1|n2,n3");
    cluster.partition("n2>n1");
    cluster.awaitLinks(NOTICE);

    assertThat(cluster.cutLinks()).containsExactly(new DirectedLink("n2", "n1"));
    assertThat(cluster.views().get("n1").hears()).containsExactly("n3");
    assertThat(cluster.views().get("n2").hears()).containsExactlyInAnyOrder("n1", "n3");
  }

  @Test
  void aRefusingLinkIsCutToo() {
    cluster.setLinks(Set.of(new DirectedLink("n1", "n2")), LinkMode.REFUSE);
    cluster.awaitLinks(NOTICE);

    assertThat(cluster.views().get("n2").hears()).containsExactly("n3");
  }

  @Test
  void aNodeThatCannotStartEndsTheStartWithItsLog(@TempDir Path elsewhere) throws IOException {
    Files.createDirectories(elsewhere.resolve("n1/data"));
    Files.createFile(elsewhere.resolve("n1/data/corrupt"));

    assertThatExceptionOfType(ClusterException.class)
        .isThrownBy(() -> start(1, elsewhere))
        .withMessageContaining("n1 ended with exit code 1")
        .withMessageContaining("the data folder is corrupt");
  }

  @Test
  void aNodeThatEndsByItselfIsCalledFailed() {
    long pid = cluster.identity("n3").pid();

    ProcessHandle.of(pid).orElseThrow().destroyForcibly();

    await().until(() -> cluster.state("n3") == NodeState.FAILED);
  }

  @Test
  void aNodeThatAFullDiskIsJustEndingIsStartedOnceItHasRoom() throws Exception {
    assumeTrue(FileSizeLimit.isAvailable(), "prlimit is not there");
    // given a process that answers nothing any more, but is not gone yet
    long startsBefore = starts("n2");
    ProcessHandle ending = ProcessHandle.of(cluster.identity("n2").pid()).orElseThrow();
    new ProcessBuilder("kill", "-STOP", Long.toString(ending.pid())).start().waitFor();
    AtomicReference<Throwable> problem = new AtomicReference<>();
    Thread freeing = new Thread(() -> cluster.freeDisk("n2"));
    freeing.setUncaughtExceptionHandler((thread, thrown) -> problem.set(thrown));
    freeing.start();
    await()
        .atMost(NOTICE)
        .until(
            () ->
                Arrays.stream(freeing.getStackTrace())
                    .anyMatch(frame -> frame.getMethodName().equals("awaitAnswer")));

    // when it is gone
    ending.destroyForcibly();

    // then it is started
    freeing.join(START.toMillis());
    assertThat(problem.get()).isNull();
    assertThat(cluster.state("n2")).isEqualTo(NodeState.RUNNING);
    assertThat(starts("n2")).isEqualTo(startsBefore + 1);
  }

  @Test
  void aTakenPortIsNamedBeforeAnythingStarts(@TempDir Path elsewhere) throws IOException {
    ClusterLayout layout = ClusterLayout.onFreePorts("test", NodeNames.first(3));
    int port = layout.node("n2").clientPort();
    try (ServerSocket taken = new ServerSocket()) {
      taken.bind(new InetSocketAddress(layout.host(), port));

      assertThatExceptionOfType(ClusterException.class)
          .isThrownBy(() -> ProcessCluster.prepare(layout, new ClusterDirectory(elsewhere), FAKE))
          .withMessageContaining("Port " + port + " is in use");
    }
  }

  @Test
  void aNodeOrLinkThatDoesNotExistIsNamedTogetherWithThoseThatDo() {
    assertThatExceptionOfType(ClusterException.class)
        .isThrownBy(() -> cluster.kill("n9"))
        .withMessageContaining("no node n9")
        .matches(e -> e.kind() == ClusterException.Kind.USAGE)
        .matches(e -> e.hint().contains("n1, n2, n3"));
    assertThatExceptionOfType(ClusterException.class)
        .isThrownBy(() -> cluster.cut(Set.of(new DirectedLink("n1", "n9"))))
        .withMessageContaining("no link n1>n9");
  }

  @Test
  void closingEndsEveryProcessAndFreesEveryPort(@TempDir Path elsewhere) {
    ProcessCluster another = start(2, elsewhere);
    List<ProcessIdentity> processes = another.nodeIds().stream().map(another::identity).toList();

    another.close();

    assertThat(processes).allMatch(process -> process.find().isEmpty());
    assertThat(another.layout().proxyPorts().values())
        .allMatch(port -> FreePorts.isFree(ClusterLayout.loopback(), port));
  }
}
