package io.capstan.chaos.report;

import java.util.List;

/**
 * What the cluster looked like at one moment. It holds until the next sample.
 *
 * @param atMillis since the start of the workload
 * @param nodes every node, in order
 * @param cutLinks directed links that carried nothing, as {@code n1>n2}
 */
public record ClusterSample(long atMillis, List<NodeSample> nodes, List<String> cutLinks) {
  public ClusterSample {
    nodes = List.copyOf(nodes);
    cutLinks = List.copyOf(cutLinks);
  }

  /**
   * What one node said of itself.
   *
   * @param role leader, follower, candidate or learner; where it did not answer what is known of
   *     it, such as killed, paused or silent
   * @param term its Raft term; 0 where it did not answer
   * @param leader whom it follows; empty where it knows nobody
   */
  public record NodeSample(String id, String role, long term, String leader) {}

  /** Whether nothing but the time differs. */
  public boolean looksLike(ClusterSample other) {
    return nodes.equals(other.nodes) && cutLinks.equals(other.cutLinks);
  }
}
