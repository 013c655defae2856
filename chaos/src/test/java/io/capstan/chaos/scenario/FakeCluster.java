package io.capstan.chaos.scenario;

import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.cluster.DirectedLink;
import io.capstan.chaos.cluster.LinkMode;
import io.capstan.chaos.cluster.NodeFault;
import io.capstan.chaos.cluster.NodeState;
import io.capstan.chaos.cluster.NodeView;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A cluster in memory whose links can be cut: the first node that can reach a majority leads, with
 * a preference for the one that led before.
 */
public class FakeCluster implements Cluster {
  private final List<String> nodes;
  private final Set<DirectedLink> cut = new TreeSet<>();
  private final List<Runnable> onLinksChanged = new ArrayList<>();
  private String leader;
  private long term = 1;
  private boolean isClosed;

  public FakeCluster(String leader, String... nodes) {
    this.nodes = List.of(nodes);
    this.leader = leader;
  }

  void onLinksChanged(Runnable listener) {
    onLinksChanged.add(listener);
  }

  synchronized boolean reaches(String from, String to) {
    return from.equals(to)
        || (!cut.contains(new DirectedLink(from, to)) && !cut.contains(new DirectedLink(to, from)));
  }

  synchronized boolean reachesMajority(String node) {
    return 2 * nodes.stream().filter(other -> reaches(node, other)).count() > nodes.size();
  }

  public synchronized boolean isClosed() {
    return isClosed;
  }

  @Override
  public List<String> nodeIds() {
    return nodes;
  }

  @Override
  public String clientAddress(String nodeId) {
    return "127.0.0.1:" + (7100 + nodes.indexOf(nodeId));
  }

  @Override
  public NodeState state(String nodeId) {
    return NodeState.RUNNING;
  }

  @Override
  public Set<NodeFault> supportedFaults() {
    return EnumSet.of(NodeFault.CUT);
  }

  @Override
  public synchronized Set<DirectedLink> cutLinks() {
    return new TreeSet<>(cut);
  }

  @Override
  public void setLinks(Set<DirectedLink> links, LinkMode mode) {
    synchronized (this) {
      if (mode == LinkMode.OPEN) {
        cut.removeAll(links);
      } else {
        cut.addAll(links);
      }
      if (!reachesMajority(leader)) {
        leader = nodes.stream().filter(this::reachesMajority).findFirst().orElse(leader);
        term++;
      }
    }
    onLinksChanged.forEach(Runnable::run);
  }

  @Override
  public synchronized Map<String, NodeView> views() {
    Map<String, NodeView> views = new LinkedHashMap<>();
    for (String node : nodes) {
      String role = node.equals(leader) ? "leader" : "follower";
      List<String> hears =
          nodes.stream().filter(other -> !other.equals(node) && reaches(other, node)).toList();
      views.put(node, new NodeView(node, role, term, leader, 1, 1, hears));
    }
    return views;
  }

  @Override
  public void awaitLinks(Duration timeout) {}

  @Override
  public void awaitReady(Duration timeout) {}

  @Override
  public void start(String nodeId) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void stop(String nodeId) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void kill(String nodeId) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void pause(String nodeId) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void resume(String nodeId) {
    throw new UnsupportedOperationException();
  }

  @Override
  public synchronized void close() {
    isClosed = true;
  }
}
