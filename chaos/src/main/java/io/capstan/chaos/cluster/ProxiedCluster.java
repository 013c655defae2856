package io.capstan.chaos.cluster;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/** What clusters on this machine have in common: a layout, link proxies, and a probe. */
abstract sealed class ProxiedCluster implements Cluster permits ProcessCluster, EmbeddedCluster {
  private volatile ClusterLayout layout;
  private final LinkProxies proxies;
  private final NodeProbe probe;

  /** Opens the proxies of all links; starts no node. */
  ProxiedCluster(ClusterLayout layout) {
    this.layout = layout;
    this.proxies = LinkProxies.open(layout);
    this.probe = new NodeProbe(layout.nodeIds(), layout::clientAddress);
  }

  /** Opens the proxies of a layout that has one node more; nothing is changed where that fails. */
  final void grow(ClusterLayout grown, String nodeId) {
    proxies.add(grown);
    probe.add(nodeId, grown.clientAddress(nodeId));
    layout = grown;
  }

  /** Returns where everything listens. */
  public ClusterLayout layout() {
    return layout;
  }

  /** Returns the mode of every link. */
  public Map<DirectedLink, LinkMode> linkModes() {
    return proxies.modes();
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
  public Set<DirectedLink> links() {
    return layout.proxyPorts().keySet();
  }

  @Override
  public Set<DirectedLink> cutLinks() {
    return proxies.cutLinks();
  }

  @Override
  public void setLinks(Set<DirectedLink> links, LinkMode mode) {
    proxies.setMode(links, mode);
  }

  @Override
  public void setQuality(Set<DirectedLink> links, LinkQuality quality) {
    proxies.setQuality(links, quality);
  }

  @Override
  public Map<String, NodeView> views() {
    return probe.ask(runningNodes());
  }

  @Override
  public void awaitLinks(Duration timeout) {
    String missing =
        Waiting.untilNothingIsMissing(
            timeout,
            () -> {
              List<String> running = runningNodes();
              Map<String, NodeView> views = probe.ask(running);
              return ClusterAgreement.linksMissing(expected(running, views), views, cutLinks());
            });
    if (!missing.isEmpty()) {
      throw ClusterException.failed(
          "The links are set, but after "
              + timeout.toMillis()
              + " ms the nodes do not show it: "
              + missing
              + ".",
          "A node that is busy or restarting needs longer: capstan cluster status shows when.");
    }
  }

  @Override
  public void awaitReady(Duration timeout) {
    String missing = Waiting.untilNothingIsMissing(timeout, this::readinessMissing);
    if (!missing.isEmpty()) {
      throw ClusterException.failed(
          "The cluster is not ready after " + timeout.toSeconds() + " s: " + missing + ".", "");
    }
  }

  /** Says what is missing until the running nodes answer and name one leader. */
  final String readinessMissing() {
    List<String> running = runningNodes();
    Map<String, NodeView> views = probe.ask(running);
    return ClusterAgreement.readinessMissing(expected(running, views), views);
  }

  /** Leaves out those to whom nobody speaks before {@code member add} has named them. */
  private List<String> expected(List<String> running, Map<String, NodeView> views) {
    return running.stream()
        .filter(
            id -> {
              NodeView view = views.get(id);
              return view == null || !waitsToBeAdded(view);
            })
        .toList();
  }

  /** Whether the node was started beside the cluster and is no member yet. */
  boolean waitsToBeAdded(NodeView view) {
    return false;
  }

  /** Whether the node answers at this moment. */
  final boolean answers(String nodeId) {
    return probe.ask(List.of(nodeId)).containsKey(nodeId);
  }

  /** See {@link NodeProbe#awaitAnswer}. */
  final void awaitAnswer(
      String nodeId, Duration timeout, Supplier<NodeState> state, Supplier<String> logTail) {
    probe.awaitAnswer(nodeId, timeout, state, logTail);
  }

  final List<String> runningNodes() {
    return nodeIds().stream().filter(id -> state(id) == NodeState.RUNNING).toList();
  }

  /** Frees the ports and connections; for the subclass to call once its nodes are down. */
  final void closeNetwork() {
    probe.close();
    proxies.close();
  }
}
