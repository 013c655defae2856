package io.capstan.chaos.sim;

import java.util.List;

/**
 * One fault of a schedule.
 *
 * @param kind what goes wrong
 * @param atMillis virtual time of its beginning, counted from the moment the clients start
 * @param forMillis how long it lasts; for faults that stop a process, how long that stays down
 * @param nodes the nodes concerned, counted from 0, as {@link FaultKind} says; empty where all are
 * @param amount how hard, as {@link FaultKind} says
 */
public record SimulatedFault(
    FaultKind kind, long atMillis, long forMillis, List<Integer> nodes, long amount) {

  public SimulatedFault {
    nodes = List.copyOf(nodes);
  }

  int node() {
    return nodes.get(0);
  }

  int other() {
    return nodes.get(1);
  }

  long endMillis() {
    return atMillis + forMillis;
  }

  SimulatedFault lasting(long millis) {
    return new SimulatedFault(kind, atMillis, millis, nodes, amount);
  }

  /**
   * Whether it names as many machines as its kind needs.
   *
   * @param clusterSize nodes that the cluster begins with
   */
  boolean fits(int clusterSize) {
    if (kind.needsPeers() && clusterSize < 2) {
      return false;
    }
    int needed =
        switch (kind) {
          case DELAY, LOSS, DUPLICATE, REORDER -> 0;
          case CUT, ONE_WAY_CUT, CLOG, FLAP, LEADER_TRANSFER, MEMBER_REPLACE -> 2;
          default -> 1;
        };
    return nodes.size() >= needed
        && nodes.stream().allMatch(node -> node >= 0 && node < Schedule.MACHINES_MAX);
  }

  /** One line for people. */
  String describe() {
    StringBuilder line = new StringBuilder(kind.label());
    for (int node : nodes) {
      line.append(" n").append(node + 1);
    }
    if (amount != 0) {
      line.append(" amount ").append(amount);
    }
    return line.append(" for ").append(forMillis).append(" ms").toString();
  }
}
