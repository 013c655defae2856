package io.capstan.chaos.cluster;

import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The names of the nodes of a cluster: n1, n2, ... */
final class NodeNames {
  /** More nodes than this on one machine show nothing new. */
  static final int NODES_MAX = 15;

  private NodeNames() {}

  /**
   * Returns n1 to nN.
   *
   * @throws ClusterException (usage) if there are to be fewer than one or more than {@link
   *     #NODES_MAX}
   */
  static List<String> first(int count) {
    if (count < 1 || count > NODES_MAX) {
      throw ClusterException.usage(
          "A cluster of " + count + " nodes cannot be started: 1 to " + NODES_MAX + " are allowed.",
          "Choose an odd number such as 3 or 5: a majority of it survives the loss of the rest.");
    }
    return IntStream.rangeClosed(1, count).mapToObj(number -> "n" + number).toList();
  }

  /** Returns the id for "n2" or "2", or null where there is no such node. */
  static @Nullable String find(String written, List<String> nodeIds) {
    String name = written.trim();
    if (nodeIds.contains(name)) {
      return name;
    }
    return nodeIds.contains("n" + name) ? "n" + name : null;
  }

  /**
   * Returns the id for "n2" or "2".
   *
   * @throws ClusterException (usage) if there is no such node
   */
  static String require(String written, List<String> nodeIds) {
    String found = find(written, nodeIds);
    if (found == null) {
      throw ClusterException.usage(
          "There is no node " + written.trim() + " in this cluster.",
          "The nodes are " + String.join(", ", nodeIds) + ".");
    }
    return found;
  }
}
