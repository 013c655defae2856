package io.capstan.chaos.sim;

import io.capstan.proto.v1.Receipt;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Whose disks count: what a node confirms counts from its last loss on, unless it is given up. */
final class Disks {
  private final Map<Integer, Integer> lossesOf = new HashMap<>();
  private final Set<Integer> givenUp = new TreeSet<>();
  private final Set<Integer> left = new TreeSet<>();

  /** The node counts no more for what it has confirmed and will confirm. */
  void givesUp(int node) {
    givenUp.add(node);
    lossesOf.merge(node, 1, Integer::sum);
  }

  /** The node has left, and others hold what it held: it counts where nobody else does. */
  void left(int node) {
    left.add(node);
  }

  /** The node begins with an empty disk, and counts again. */
  void startsAnew(int node) {
    givenUp.remove(node);
    left.remove(node);
    lossesOf.merge(node, 1, Integer::sum);
  }

  /** How often each node has lost what it held, to be given to {@link #confirming}. */
  List<Integer> losses(List<SimulatedNode> nodes) {
    List<Integer> losses = new ArrayList<>();
    for (int node = 0; node < nodes.size(); node++) {
      losses.add(lossesOf.getOrDefault(node, 0));
    }
    return losses;
  }

  /** The nodes that the receipt names, without those that are lost or given up meanwhile. */
  Set<Integer> confirming(Receipt receipt, List<SimulatedNode> nodes, List<Integer> lossesAtBegin) {
    List<String> acked = receipt.getAckedList();
    List<Integer> lossesNow = losses(nodes);
    Set<Integer> disks = new TreeSet<>();
    for (int node = 0; node < nodes.size(); node++) {
      boolean kept = lossesNow.get(node).equals(lossesAtBegin.get(node));
      if (kept && !givenUp.contains(node) && acked.contains(nodes.get(node).id())) {
        disks.add(node);
      }
    }
    if (!left.containsAll(disks)) {
      disks.removeAll(left);
    }
    return disks;
  }
}
