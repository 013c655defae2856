package io.capstan.chaos.cluster;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What clusters on this machine have in common: a layout, link proxies, and a probe. */
abstract sealed class ProxiedCluster implements Cluster permits ProcessCluster, EmbeddedCluster {
  private final ClusterLayout layout;
  private final LinkProxies proxies;
  private final NodeProbe probe;

  /** Opens the proxies of all links; starts no node. */
  ProxiedCluster(ClusterLayout layout) {
    this.layout = layout;
    this.proxies = LinkProxies.open(layout);
    this.probe = new NodeProbe(layout.nodeIds(), layout::clientAddress);
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
  public Set<DirectedLink> cutLinks() {
    return proxies.cutLinks();
  }

  @Override
  public void setLinks(Set<DirectedLink> links, LinkMode mode) {
    proxies.setMode(links, mode);
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
              return ClusterAgreement.linksMissing(running, probe.ask(running), cutLinks());
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
    return ClusterAgreement.readinessMissing(running, probe.ask(running));
  }

  /** Whether the node answers at this moment. */
  final boolean answers(String nodeId) {
    return probe.ask(List.of(nodeId)).containsKey(nodeId);
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
