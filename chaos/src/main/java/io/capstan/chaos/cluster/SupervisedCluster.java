package io.capstan.chaos.cluster;

import java.time.Duration;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The cluster that {@code capstan cluster start} left in the background, reached through its
 * supervisor. Closing this object leaves the cluster as it is.
 */
public final class SupervisedCluster implements Cluster {
  private final ControlClient control;
  private final ClusterLayout layout;

  private SupervisedCluster(ControlClient control, ClusterLayout layout) {
    this.control = control;
    this.layout = layout;
  }

  /**
   * Finds the supervisor of the cluster in a folder.
   *
   * @throws ClusterException (unreachable) if there is no cluster, or it does not run
   */
  public static SupervisedCluster connect(ClusterDirectory directory) {
    ClusterState state =
        ClusterState.read(directory)
            .orElseThrow(
                () ->
                    ClusterException.unreachable(
                        "There is no cluster in " + directory.root() + ".",
                        "Start one: capstan cluster start"));
    ClusterState.SupervisorEntry supervisor = state.supervisor();
    if (supervisor != null && supervisor.process().isPresent()) {
      return new SupervisedCluster(
          new ControlClient(supervisor.control(), supervisor.token()), state.layout());
    }
    List<String> orphans =
        state.nodes().stream()
            .filter(node -> node.process().isPresent())
            .map(ClusterState.NodeEntry::id)
            .toList();
    if (orphans.isEmpty()) {
      throw ClusterException.unreachable(
          "The cluster in " + directory.root() + " is stopped.",
          "Start it again, with its data: capstan cluster start --dir " + directory.root());
    }
    throw ClusterException.unreachable(
        "The process that held the links between the nodes is gone. "
            + String.join(", ", orphans)
            + (orphans.size() == 1 ? " still runs," : " still run,")
            + " but no node can reach another.",
        "capstan cluster start --dir "
            + directory.root()
            + " stops what is left and starts the cluster again, with its data.");
  }

  /** Returns the whole state at once. */
  public ClusterReport report() {
    return control.report();
  }

  /**
   * Returns the id of a node that was written as "n2" or "2".
   *
   * @throws ClusterException (usage) if there is no such node
   */
  public String resolve(String written) {
    return NodeNames.require(written, nodeIds());
  }

  /**
   * Starts the next node, with an empty data folder, and waits until it answers. This object does
   * not know it; connect again for that.
   */
  public AddedNode add() {
    return control.add();
  }

  /** Asks the supervisor to stop all nodes and then itself; does not wait for it. */
  void askToStop() {
    control.stop();
  }

  @Override
  public List<String> nodeIds() {
    return layout.nodeIds();
  }

  @Override
  public String clientAddress(String nodeId) {
    return layout.clientAddress(nodeId);
  }

  @Override
  public NodeState state(String nodeId) {
    String id = NodeNames.require(nodeId, nodeIds());
    return report().nodes().stream()
        .filter(node -> node.id().equals(id))
        .map(node -> NodeState.valueOf(node.state().toUpperCase(Locale.ROOT)))
        .findFirst()
        .orElse(NodeState.STOPPED);
  }

  @Override
  public Set<NodeFault> supportedFaults() {
    return EnumSet.of(NodeFault.STOP, NodeFault.KILL, NodeFault.PAUSE, NodeFault.CUT);
  }

  @Override
  public void start(String nodeId) {
    control.node(nodeId, "start");
  }

  @Override
  public void stop(String nodeId) {
    control.node(nodeId, "stop");
  }

  @Override
  public void kill(String nodeId) {
    control.node(nodeId, "kill");
  }

  @Override
  public void restart(String nodeId) {
    control.node(nodeId, "restart");
  }

  @Override
  public void pause(String nodeId) {
    control.node(nodeId, "pause");
  }

  @Override
  public void resume(String nodeId) {
    control.node(nodeId, "resume");
  }

  @Override
  public Set<DirectedLink> links() {
    return layout.proxyPorts().keySet();
  }

  @Override
  public Set<DirectedLink> cutLinks() {
    Set<DirectedLink> cut = new TreeSet<>();
    report().cutLinks().forEach(link -> cut.add(DirectedLink.parse(link)));
    return Collections.unmodifiableSet(cut);
  }

  @Override
  public void setLinks(Set<DirectedLink> links, LinkMode mode) {
    control.links(links, mode);
  }

  @Override
  public Map<String, NodeView> views() {
    Map<String, NodeView> views = new LinkedHashMap<>();
    for (ClusterReport.NodeReport node : report().nodes()) {
      NodeView view = node.view();
      if (view != null) {
        views.put(node.id(), view);
      }
    }
    return views;
  }

  @Override
  public void awaitLinks(Duration timeout) {
    control.await("links", timeout);
  }

  @Override
  public void awaitReady(Duration timeout) {
    control.await("ready", timeout);
  }

  @Override
  public void close() {
    // Owns nothing: the cluster belongs to its supervisor.
  }
}
