package io.capstan.chaos.junit;

import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.cluster.ContainerCluster;
import io.capstan.chaos.cluster.EmbeddedCluster;
import io.capstan.chaos.cluster.LinkQuality;
import io.capstan.chaos.cluster.NodeFault;
import io.capstan.chaos.scenario.SubstrateKind;
import io.capstan.client.CapstanClient;
import io.capstan.client.CapstanException;
import io.capstan.client.Mode;
import io.capstan.client.Scan;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * A cluster that belongs to a test. Every deed returns when it is done and verified: after {@link
 * #partition} no node hears another one through a cut link any more, after {@link #heal} all hear
 * each other.
 *
 * <p>Deeds throw a {@link ClusterException} where they do not succeed within {@link #PATIENCE}.
 * Thread-safe as {@link Cluster} is.
 */
public final class TestCluster implements AutoCloseable {
  /** How long a deed may take to come true. */
  public static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final long RETRY_MILLIS = 50;

  private final Cluster cluster;
  private final Path folder;
  private final List<CapstanClient> clients = new ArrayList<>();
  private final Map<String, Integer> keyspaceUses = new HashMap<>();
  private final AtomicBoolean closed = new AtomicBoolean();

  TestCluster(Cluster cluster, Path folder) {
    this.cluster = cluster;
    this.folder = folder;
  }

  /** Begins to describe a cluster that the test starts by itself, and closes. */
  public static TestClusterBuilder builder() {
    return new TestClusterBuilder();
  }

  /** Returns the ids of all nodes: n1, n2, ... */
  public List<String> nodes() {
    return cluster.nodeIds();
  }

  /** Returns where clients reach the node, as {@code host:port}. */
  public String address(String node) {
    return cluster.clientAddress(node);
  }

  /**
   * Returns who leads.
   *
   * @throws ClusterException if nobody does, even after a while
   */
  public String leader() {
    cluster.awaitReady(PATIENCE);
    return cluster.leader().orElseThrow(() -> failed("Nobody leads."));
  }

  /** Returns every node but this one, in order. */
  public List<String> others(String node) {
    return nodes().stream().filter(each -> !each.equals(node)).toList();
  }

  /**
   * Opens a client that knows these nodes and no others, so that it feels what they feel; without
   * any, one that knows all of them. It is closed at the end of the test that opened it, or with
   * the cluster if it was opened before the first test.
   */
  public CapstanClient client(String... nodes) {
    return client(builder -> builder, nodes);
  }

  /**
   * Opens a client with settings of one's own, for example {@code builder ->
   * builder.keyspace("shop")}.
   *
   * @param nodes the only ones that it knows; without any, all
   */
  public CapstanClient client(UnaryOperator<CapstanClient.Builder> settings, String... nodes) {
    List<String> known = nodes.length == 0 ? nodes() : List.of(nodes);
    CapstanClient client =
        settings
            .apply(
                CapstanClient.builder()
                    .endpoints(known.stream().map(cluster::clientAddress).toList()))
            .build();
    synchronized (clients) {
      clients.add(client);
    }
    return client;
  }

  /** Creates a keyspace and waits until every node serves it. */
  public void createKeyspace(String name, Mode mode) {
    try (CapstanClient client = clientOfTheMoment(nodes())) {
      client.blocking().createKeyspace(name, mode);
    }
    for (String node : nodes()) {
      awaitKeyspace(name, node);
    }
  }

  private CapstanClient clientOfTheMoment(List<String> nodes) {
    return CapstanClient.builder()
        .endpoints(nodes.stream().map(cluster::clientAddress).toList())
        .build();
  }

  private void awaitKeyspace(String name, String node) {
    long deadlineNanos = System.nanoTime() + PATIENCE.toNanos();
    try (CapstanClient client = clientOfTheMoment(List.of(node))) {
      while (true) {
        try {
          client.blocking().scan(Scan.all().keyspace(name));
          return;
        } catch (CapstanException e) {
          if (System.nanoTime() - deadlineNanos >= 0) {
            throw new ClusterException(
                ClusterException.Kind.FAILED,
                node + " does not serve the keyspace " + name + ": " + e.getMessage(),
                e.hint(),
                e);
          }
          pause();
        }
      }
    }
  }

  private static ClusterException failed(String what) {
    return new ClusterException(ClusterException.Kind.FAILED, what, "");
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(RETRY_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failed("The test was interrupted.");
    }
  }

  /**
   * Splits the network, whatever was cut before.
   *
   * @param spec for example {@code n1|n2,n3}, or {@code n1>n2} for one direction
   */
  public void partition(String spec) {
    cluster.partition(spec);
    cluster.awaitLinks(PATIENCE);
  }

  /** Cuts a node off from all others, both ways. */
  public void isolate(String node) {
    partition(node + "|" + String.join(",", others(node)));
  }

  /** Opens every link. */
  public void heal() {
    cluster.heal();
    cluster.awaitLinks(PATIENCE);
  }

  /** Kills a node without warning: nothing is flushed, nobody is told. */
  public void kill(String node) {
    cluster.kill(node);
  }

  /** Stops a node in an orderly way. */
  public void stop(String node) {
    cluster.stop(node);
  }

  /** Starts a node that does not run, and waits until it answers. */
  public void start(String node) {
    cluster.start(node);
  }

  /** Holds a node still; not where nodes are embedded. */
  public void pause(String node) {
    cluster.pause(node);
  }

  /** Lets a paused node go on. */
  public void resume(String node) {
    cluster.resume(node);
  }

  /**
   * Returns the folder of a node: its data, and where it is a process its {@code node.log}. Removed
   * with the cluster.
   *
   * @throws ClusterException (usage) if nodes are containers, which have their data inside
   */
  public Path folder(String node) {
    if (cluster instanceof ContainerCluster) {
      throw new ClusterException(
          ClusterException.Kind.USAGE, "The data of " + node + " is inside its container.", "");
    }
    return folder.resolve(node);
  }

  /** Returns the cluster itself, for whatever is not here. */
  public Cluster cluster() {
    return cluster;
  }

  /**
   * Returns a name for a keyspace that no scenario has had yet: this one, or one that begins so.
   */
  String unusedKeyspace(String wanted) {
    synchronized (keyspaceUses) {
      int uses = keyspaceUses.merge(wanted, 1, Integer::sum);
      return uses == 1 ? wanted : wanted + "-" + uses;
    }
  }

  /** Returns what it is in results: {@code embedded}, {@code process} or {@code docker}. */
  String substrate() {
    return switch (cluster) {
      case EmbeddedCluster embedded -> "embedded";
      case ContainerCluster containers -> SubstrateKind.DOCKER.label();
      default -> SubstrateKind.PROCESS.label();
    };
  }

  /** Everything up, open and right again, as the next test expects it. */
  void mend() {
    cluster.heal();
    for (String node : cluster.nodeIds()) {
      switch (cluster.state(node)) {
        case RUNNING -> {}
        case PAUSED -> cluster.resume(node);
        default -> cluster.start(node);
      }
    }
    mendSurroundings();
    cluster.awaitReady(PATIENCE);
    cluster.awaitLinks(PATIENCE);
  }

  /** Links that carry as they should, disks with room, and clocks that are right. */
  private void mendSurroundings() {
    Set<NodeFault> possible = cluster.supportedFaults();
    if (possible.contains(NodeFault.SLOW_LINK) || possible.contains(NodeFault.LOSSY_LINK)) {
      cluster.setQuality(cluster.links(), LinkQuality.PERFECT);
    }
    for (String node : cluster.nodeIds()) {
      if (possible.contains(NodeFault.FULL_DISK)) {
        cluster.freeDisk(node);
      }
      if (possible.contains(NodeFault.SKEW_CLOCK)) {
        cluster.skewClock(node, 0);
      }
    }
  }

  /** How many clients are open. */
  int openClients() {
    synchronized (clients) {
      return clients.size();
    }
  }

  /** Closes the clients that were opened after the first so many. */
  void closeClientsBeyond(int kept) {
    List<CapstanClient> closing;
    synchronized (clients) {
      closing = new ArrayList<>(clients.subList(kept, clients.size()));
      clients.subList(kept, clients.size()).clear();
    }
    closing.forEach(CapstanClient::close);
  }

  /** Closes its clients, ends its nodes and removes their data; a second time nothing. */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    try {
      closeClientsBeyond(0);
      cluster.close();
    } finally {
      delete(folder);
    }
  }

  static void delete(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      List<Path> deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
      for (Path file : deepestFirst) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the data of the test's cluster stays in " + folder, e);
    }
  }
}
