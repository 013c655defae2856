package io.capstan.chaos.junit;

import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.cluster.ClusterException;
import io.capstan.client.CapstanClient;
import io.capstan.client.CapstanException;
import io.capstan.client.Mode;
import io.capstan.client.Scan;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/**
 * A cluster that belongs to a test. Every deed returns when it is done and verified: after {@link
 * #partition} no node hears another one through a cut link any more, after {@link #heal} all hear
 * each other.
 *
 * <p>Deeds throw a {@link ClusterException} where they do not succeed within {@link #PATIENCE}.
 * Thread-safe as {@link Cluster} is.
 */
public final class TestCluster {
  /** How long a deed may take to come true. */
  public static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final long RETRY_MILLIS = 50;

  private final Cluster cluster;
  private final Path folder;
  private final List<CapstanClient> clients = new ArrayList<>();
  private final Map<String, Integer> keyspaceUses = new HashMap<>();

  TestCluster(Cluster cluster, Path folder) {
    this.cluster = cluster;
    this.folder = folder;
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

  /** Holds a node still; only where the nodes are processes. */
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
   */
  public Path folder(String node) {
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

  /** Everything up and open again, as the next test expects it. */
  void mend() {
    cluster.heal();
    for (String node : cluster.nodeIds()) {
      switch (cluster.state(node)) {
        case RUNNING -> {}
        case PAUSED -> cluster.resume(node);
        default -> cluster.start(node);
      }
    }
    cluster.awaitReady(PATIENCE);
    cluster.awaitLinks(PATIENCE);
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

  void close() {
    closeClientsBeyond(0);
    cluster.close();
  }
}
