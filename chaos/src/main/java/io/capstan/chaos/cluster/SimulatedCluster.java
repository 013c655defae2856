package io.capstan.chaos.cluster;

import io.capstan.chaos.sim.VirtualCluster;
import io.capstan.proto.v1.PeerStatus;
import io.capstan.proto.v1.StatusResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * A simulated cluster behind the interface of all clusters. What waits lets virtual time pass; for
 * one thread.
 *
 * <p>Here a loss of power loses what was not synced, and clocks can be set wrong; no node can be
 * added.
 */
public final class SimulatedCluster implements Cluster {
  private static final long MILLI = 1_000_000L;
  private static final long LOOK_NANOS = 20 * MILLI;
  private static final Duration START_MAX = Duration.ofSeconds(20);

  private final VirtualCluster world;
  private final Map<String, NodeState> ended = new LinkedHashMap<>();

  private SimulatedCluster(VirtualCluster world) {
    this.world = world;
  }

  /**
   * Starts a cluster and lets time pass until it has a leader.
   *
   * @param seed decides everything that nobody else does
   */
  public static SimulatedCluster start(int nodeCount, long seed) {
    SimulatedCluster cluster = new SimulatedCluster(new VirtualCluster(seed, nodeCount));
    cluster.nodeIds().forEach(cluster::start);
    cluster.awaitReady(START_MAX);
    return cluster;
  }

  /** Returns the simulation itself: its time, and the way to its nodes. */
  public VirtualCluster world() {
    return world;
  }

  /** Returns the number of a node. */
  public int number(String nodeId) {
    return world.members().indexOf(NodeNames.require(nodeId, nodeIds()));
  }

  @Override
  public List<String> nodeIds() {
    return world.members();
  }

  @Override
  public String clientAddress(String nodeId) {
    return NodeNames.require(nodeId, nodeIds());
  }

  @Override
  public NodeState state(String nodeId) {
    int node = number(nodeId);
    if (world.isUp(node)) {
      return world.isPaused(node) ? NodeState.PAUSED : NodeState.RUNNING;
    }
    return ended.getOrDefault(nodeId, NodeState.FAILED);
  }

  @Override
  public Set<NodeFault> supportedFaults() {
    return EnumSet.complementOf(EnumSet.of(NodeFault.ADD));
  }

  @Override
  public void start(String nodeId) {
    world.start(number(nodeId));
    ended.remove(nodeId);
  }

  @Override
  public void stop(String nodeId) {
    world.kill(number(nodeId));
    ended.put(nodeId, NodeState.STOPPED);
  }

  @Override
  public void kill(String nodeId) {
    world.kill(number(nodeId));
    ended.put(nodeId, NodeState.KILLED);
  }

  @Override
  public void losePower(Set<String> nodeIds) {
    for (String nodeId : nodeIds) {
      world.losePower(number(nodeId));
      ended.put(nodeId, NodeState.KILLED);
    }
  }

  @Override
  public void pause(String nodeId) {
    world.pause(number(nodeId));
  }

  @Override
  public void resume(String nodeId) {
    world.unpause(number(nodeId));
  }

  @Override
  public void fillDisk(String nodeId) {
    world.fillDisk(number(nodeId));
  }

  @Override
  public void freeDisk(String nodeId) {
    start(nodeId);
  }

  @Override
  public void skewClock(String nodeId, long millis) {
    world.skewClock(number(nodeId), millis);
  }

  @Override
  public Set<DirectedLink> cutLinks() {
    Set<DirectedLink> cut = new TreeSet<>();
    for (DirectedLink link : links()) {
      if (world.isCut(number(link.from()), number(link.to()))) {
        cut.add(link);
      }
    }
    return cut;
  }

  @Override
  public void setLinks(Set<DirectedLink> links, LinkMode mode) {
    for (DirectedLink link : links) {
      world.setCut(number(link.from()), number(link.to()), mode != LinkMode.OPEN);
    }
  }

  @Override
  public void setQuality(Set<DirectedLink> links, LinkQuality quality) {
    for (DirectedLink link : links) {
      world.setQuality(
          number(link.from()), number(link.to()), quality.delayMillis(), quality.lossPercent());
    }
  }

  @Override
  public Map<String, NodeView> views() {
    Map<String, NodeView> views = new LinkedHashMap<>();
    for (String id : runningNodes()) {
      StatusResponse.Builder status = world.status(number(id));
      if (status == null) {
        continue;
      }
      List<String> hears = new ArrayList<>();
      for (PeerStatus peer : status.getPeersList()) {
        if (peer.getReachable() && !peer.getId().equals(id)) {
          hears.add(peer.getId());
        }
      }
      views.put(
          id,
          new NodeView(
              id,
              status.getRole(),
              status.getTerm(),
              status.getLeader(),
              status.getCommitIndex(),
              status.getAppliedIndex(),
              hears));
    }
    return views;
  }

  private List<String> runningNodes() {
    return nodeIds().stream().filter(id -> state(id) == NodeState.RUNNING).toList();
  }

  @Override
  public void awaitLinks(Duration timeout) {
    until(
        "the links are set, but the nodes do not show it",
        timeout,
        () -> ClusterAgreement.linksMissing(runningNodes(), views(), cutLinks()));
  }

  @Override
  public void awaitReady(Duration timeout) {
    until(
        "the cluster is not ready",
        timeout,
        () -> ClusterAgreement.readinessMissing(runningNodes(), views()));
  }

  private void until(String what, Duration timeout, Supplier<String> missing) {
    long deadlineNanos = world.nowNanos() + timeout.toNanos();
    String left = missing.get();
    while (!left.isEmpty()) {
      if (world.nowNanos() >= deadlineNanos) {
        throw ClusterException.failed(
            "After " + timeout.toMillis() + " virtual ms " + what + ": " + left + ".", "");
      }
      world.runUntil(world.nowNanos() + LOOK_NANOS);
      left = missing.get();
    }
  }

  /** Nothing is left that could be closed. */
  @Override
  public void close() {
    ended.clear();
  }
}
