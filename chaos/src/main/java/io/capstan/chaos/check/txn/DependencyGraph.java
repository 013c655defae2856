package io.capstan.chaos.check.txn;

import java.util.Arrays;

/**
 * Who has to come before whom, and why. Nodes are numbers; between two nodes there may be several
 * edges. Not safe for several threads while it is built.
 */
final class DependencyGraph {
  /** The later one appended right behind an element of the earlier one. */
  static final int WW = 1;

  /** The later one read what the earlier one had appended last. */
  static final int WR = 2;

  /** The earlier one did not see what the later one appended next. */
  static final int RW = 4;

  /** The earlier one ended before the later one began. */
  static final int REALTIME = 8;

  private final int[][] targets;
  private final byte[][] kinds;
  private final int[] degree;
  private int edges;

  DependencyGraph(int nodes) {
    targets = new int[nodes][];
    kinds = new byte[nodes][];
    degree = new int[nodes];
    Arrays.fill(targets, new int[0]);
    Arrays.fill(kinds, new byte[0]);
  }

  int nodes() {
    return degree.length;
  }

  int edges() {
    return edges;
  }

  /** Adds an edge; a node never depends on itself. */
  void add(int from, int to, int kind) {
    if (from == to) {
      return;
    }
    int last = degree[from] - 1;
    if (last >= 0 && targets[from][last] == to) {
      kinds[from][last] |= (byte) kind;
      return;
    }
    if (degree[from] == targets[from].length) {
      int size = Math.max(4, degree[from] * 2);
      targets[from] = Arrays.copyOf(targets[from], size);
      kinds[from] = Arrays.copyOf(kinds[from], size);
    }
    targets[from][degree[from]] = to;
    kinds[from][degree[from]++] = (byte) kind;
    edges++;
  }

  int degree(int node) {
    return degree[node];
  }

  int target(int node, int edge) {
    return targets[node][edge];
  }

  int kinds(int node, int edge) {
    return kinds[node][edge];
  }
}
