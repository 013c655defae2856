package io.capstan.chaos.scenario;

import io.capstan.chaos.check.History;
import io.capstan.chaos.workload.BankWorkload;
import io.capstan.chaos.workload.FeedWorkload;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a run of the split scenario brought to light, before anybody judges it.
 *
 * @param nodes all nodes, in order
 * @param minority the nodes that could not reach a majority during the split
 * @param partition the cut as people write it, such as {@code n1|n2,n3}
 * @param newLeader who led the majority at the end of the split; empty if nobody did
 * @param bankHistory what the clients of the CP keyspace saw
 * @param feedHistory what the clients of the AP keyspace saw
 * @param convergedNanos when the replicas of the AP keyspace were first seen to agree on all that
 *     the split had left, since the start of the workload; null if they never were
 * @param finalContents what the replicas of the AP keyspace held at the very end
 */
public record SplitEvidence(
    SplitSettings settings,
    List<String> nodes,
    List<String> minority,
    String partition,
    String newLeader,
    SplitTimes times,
    BankWorkload bank,
    FeedWorkload feed,
    History bankHistory,
    History feedHistory,
    @Nullable Long convergedNanos,
    ReplicaContents finalContents) {

  public SplitEvidence {
    nodes = List.copyOf(nodes);
    minority = List.copyOf(minority);
  }

  /** Returns the part of the CP history that is about single registers, each a key of its own. */
  public History registerHistory() {
    return BankJudge.registers(bankHistory);
  }

  /** Returns the nodes that could reach a majority during the split. */
  public List<String> majority() {
    return nodes.stream().filter(node -> !minority.contains(node)).toList();
  }
}
