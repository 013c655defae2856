package io.capstan.chaos.fault;

import io.capstan.chaos.cluster.DirectedLink;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A fault that was begun, and what became of it. Times are nanoseconds since the start of the
 * workload.
 *
 * @param id its number in the journal
 * @param nodes the nodes that it hit; empty where it was about links
 * @param links the links that it hit
 * @param detail what exactly was hurt, for people
 * @param startNanos it was about to act
 * @param verifiedNanos the cluster was seen to suffer from it
 * @param endNanos it was about to be undone; null while it lasts
 * @param healedNanos it was undone; null while it lasts
 */
public record FaultInForce(
    long id,
    PlannedFault plan,
    List<String> nodes,
    Set<DirectedLink> links,
    String detail,
    long startNanos,
    long verifiedNanos,
    @Nullable Long endNanos,
    @Nullable Long healedNanos) {

  public FaultInForce {
    nodes = List.copyOf(nodes);
    links = Set.copyOf(links);
  }

  FaultInForce verified(long nanos) {
    return new FaultInForce(
        id, plan, nodes, links, detail, startNanos, nanos, endNanos, healedNanos);
  }

  FaultInForce ended(long from, long to) {
    return new FaultInForce(id, plan, nodes, links, detail, startNanos, verifiedNanos, from, to);
  }
}
