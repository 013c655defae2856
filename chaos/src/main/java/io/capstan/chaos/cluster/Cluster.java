package io.capstan.chaos.cluster;

import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A running cluster whose nodes and links can be hurt and mended. The same scenario runs against
 * every implementation.
 *
 * <p>Node ids are n1, n2, ...; methods that take a node id throw a {@link ClusterException} of kind
 * USAGE where there is no such node, and of kind FAILED where the deed did not succeed. Methods
 * return when the deed is done, not when it has been asked for.
 *
 * <p>Thread-safe. Deeds on the same node wait for each other; deeds on different nodes do not.
 */
public interface Cluster extends AutoCloseable {

  /** Returns the ids of all nodes, running or not, in order. */
  List<String> nodeIds();

  /** Returns where clients reach the node, as {@code host:port}; the same for its whole life. */
  String clientAddress(String nodeId);

  /** Returns the state of the node as seen from outside. */
  NodeState state(String nodeId);

  /** Returns what the substrate can do. A scenario asks first instead of failing half-way. */
  Set<NodeFault> supportedFaults();

  /**
   * Starts a node that does not run and waits until it answers (not until it has caught up). Does
   * nothing if it runs already.
   */
  void start(String nodeId);

  /** Stops the node in an orderly way; a paused node is resumed for it. */
  void stop(String nodeId);

  /** Kills the node without warning (SIGKILL): nothing is flushed, nobody is told. */
  void kill(String nodeId);

  /** Stops the node if it runs, then starts it and waits until it answers. */
  default void restart(String nodeId) {
    stop(nodeId);
    start(nodeId);
  }

  /** Holds the node still (SIGSTOP). Its connections stay open and it answers nothing. */
  void pause(String nodeId);

  /** Lets a paused node go on (SIGCONT). Does nothing if it is not paused. */
  void resume(String nodeId);

  /** Returns every directed link between two nodes that can be cut. */
  default Set<DirectedLink> links() {
    return DirectedLink.among(nodeIds());
  }

  /** Returns the links that are not open at this moment, in order. */
  Set<DirectedLink> cutLinks();

  /**
   * Puts links into a mode. When it returns, each of them is in that mode: no byte has crossed a
   * blackholed or refused link since.
   *
   * @throws ClusterException (usage) if a link is not one of {@link #links}
   */
  void setLinks(Set<DirectedLink> links, LinkMode mode);

  /** Lets packets on these links vanish ({@link LinkMode#BLACKHOLE}); others stay as they are. */
  default void cut(Set<DirectedLink> links) {
    setLinks(links, LinkMode.BLACKHOLE);
  }

  /** Opens these links; others stay as they are. */
  default void heal(Set<DirectedLink> links) {
    setLinks(links, LinkMode.OPEN);
  }

  /** Opens every link. */
  default void heal() {
    setLinks(links(), LinkMode.OPEN);
  }

  /**
   * Makes the network look like the partition: its links are cut, all others open, whatever was cut
   * before.
   *
   * @param spec for example {@code n1,n2|n3} or {@code n1>n2}; see {@link PartitionSpec}
   * @throws PartitionSpec.InvalidPartitionException if the text is no partition of this cluster
   */
  default PartitionSpec partition(String spec) {
    PartitionSpec partition = PartitionSpec.parse(spec, nodeIds());
    Set<DirectedLink> open = new LinkedHashSet<>(links());
    open.removeAll(partition.cutLinks());
    cut(partition.cutLinks());
    heal(open);
    return partition;
  }

  /**
   * Lets these links carry well or badly, whatever their mode; others stay as they are.
   *
   * @throws ClusterException (usage) if the substrate cannot
   */
  default void setQuality(Set<DirectedLink> links, LinkQuality quality) {
    if (!quality.isPerfect()) {
      throw cannot("make links slow or lossy");
    }
  }

  /**
   * Leaves the node no room to write. What it does then is its own affair: a Capstan node stops.
   *
   * @throws ClusterException (usage) if the substrate cannot
   */
  default void fillDisk(String nodeId) {
    throw cannot("fill a disk");
  }

  /** Makes room again, and starts the node if it has ended. */
  default void freeDisk(String nodeId) {
    start(nodeId);
  }

  /**
   * Sets the wall clock of a node wrong by so much; 0 sets it right. Its other clock, which only
   * measures time that passes, is not touched.
   *
   * @throws ClusterException (usage) if the substrate cannot
   */
  default void skewClock(String nodeId, long millis) {
    if (millis != 0) {
      throw cannot("set a clock wrong");
    }
  }

  /**
   * Ends these nodes without warning, all at the same moment. What the operating system held for
   * them survives, except on a substrate that can lose it.
   */
  default void losePower(Set<String> nodeIds) {
    nodeIds.forEach(this::kill);
  }

  /** Starts these nodes and waits until all of them answer. */
  default void startAll(Set<String> nodeIds) {
    nodeIds.forEach(this::start);
  }

  /**
   * Starts one node more, with an empty data folder; it waits to be made a member.
   *
   * @throws ClusterException (usage) if the substrate cannot
   */
  default AddedNode addNode() {
    throw cannot("add a node");
  }

  private static ClusterException cannot(String deed) {
    return ClusterException.usage("This substrate cannot " + deed + ".", "");
  }

  /** Asks every node at the same time; a node that does not answer in time is absent. */
  Map<String, NodeView> views();

  /**
   * Waits until what the nodes hear agrees with the links: nobody hears a peer through a cut link,
   * and everybody hears every running peer through an open one. Nodes that do not run or do not
   * answer are left out.
   *
   * @throws ClusterException (failed) naming what did not come true within the timeout
   */
  void awaitLinks(Duration timeout);

  /**
   * Waits until every running node answers and all of them name the same leader, which runs and
   * leads.
   *
   * @throws ClusterException (failed) naming what did not come true within the timeout
   */
  void awaitReady(Duration timeout);

  /** Returns the leader with the highest term among the nodes that answer, if there is one. */
  default Optional<String> leader() {
    return views().values().stream()
        .filter(view -> view.role().equals("leader"))
        .max(Comparator.comparingLong(NodeView::term))
        .map(NodeView::id);
  }

  /**
   * Ends the use of this object. An owner of nodes stops them (in an orderly way first, then by
   * force, within a bound) and frees its ports; it does not throw for a node that died before.
   */
  @Override
  void close();
}
