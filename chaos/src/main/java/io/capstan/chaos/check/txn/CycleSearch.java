package io.capstan.chaos.check.txn;

import io.capstan.chaos.check.Budget;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds short cycles in a dependency graph: strongly connected components first (Tarjan 1972), for
 * a cycle never leaves one, then breadth first inside them. One search, one thread.
 */
final class CycleSearch {
  private static final int POLL_MASK = 0xfff;

  private final DependencyGraph graph;
  private final Budget budget;
  private long steps;

  CycleSearch(DependencyGraph graph, Budget budget) {
    this.graph = graph;
    this.budget = budget;
  }

  /** The budget ran out; what was found until then is still true. */
  static final class OutOfBudgetException extends Exception {
    private static final long serialVersionUID = 1L;
  }

  private void poll() throws OutOfBudgetException {
    if ((steps++ & POLL_MASK) == 0 && budget.exhausted() != null) {
      throw new OutOfBudgetException();
    }
  }

  /** The components of more than one node, over edges of these kinds. */
  List<int[]> components(int kinds) throws OutOfBudgetException {
    int count = graph.nodes();
    int[] index = new int[count];
    int[] low = new int[count];
    boolean[] onStack = new boolean[count];
    int[] edge = new int[count];
    int[] call = new int[count + 1];
    int[] stack = new int[count + 1];
    int stackSize = 0;
    int next = 1;
    List<int[]> found = new ArrayList<>();
    for (int root = 0; root < count; root++) {
      if (index[root] != 0) {
        continue;
      }
      int depth = 0;
      call[depth] = root;
      index[root] = low[root] = next++;
      stack[stackSize++] = root;
      onStack[root] = true;
      while (depth >= 0) {
        poll();
        int node = call[depth];
        if (edge[node] < graph.degree(node)) {
          int target = graph.target(node, edge[node]);
          boolean wanted = (graph.kinds(node, edge[node]++) & kinds) != 0;
          if (wanted && index[target] == 0) {
            index[target] = low[target] = next++;
            stack[stackSize++] = target;
            onStack[target] = true;
            call[++depth] = target;
          } else if (wanted && onStack[target]) {
            low[node] = Math.min(low[node], index[target]);
          }
          continue;
        }
        if (low[node] == index[node]) {
          int from = stackSize;
          do {
            onStack[stack[--from]] = false;
          } while (stack[from] != node);
          if (stackSize - from > 1) {
            found.add(Arrays.copyOfRange(stack, from, stackSize));
          }
          stackSize = from;
        }
        if (--depth >= 0) {
          low[call[depth]] = Math.min(low[call[depth]], low[node]);
        }
      }
    }
    return found;
  }

  /** What a cycle must be made of. */
  enum Shape {
    /** The first edge is of the wanted kind, the rest is free. */
    ANY,
    /** No two anti-dependencies side by side. */
    NONADJACENT
  }

  /**
   * The shortest cycle in a component that begins with an edge of one kind and goes on over others.
   *
   * @param first the kind of the first edge
   * @param rest the kinds of the others
   * @return the nodes in order, or null if there is none
   */
  int @Nullable [] shortest(int[] component, int first, int rest, Shape shape)
      throws OutOfBudgetException {
    boolean[] inside = new boolean[graph.nodes()];
    for (int node : component) {
      inside[node] = true;
    }
    int[] cameFrom = new int[2 * graph.nodes()];
    int[] seenIn = new int[2 * graph.nodes()];
    int round = 0;
    int[] best = null;
    for (int from : component) {
      for (int i = 0; i < graph.degree(from); i++) {
        int to = graph.target(from, i);
        if ((graph.kinds(from, i) & first) != 0 && inside[to]) {
          int limit = best == null ? Integer.MAX_VALUE : best.length;
          int[] cycle = path(to, from, rest, shape, inside, cameFrom, seenIn, ++round, limit);
          best = cycle == null ? best : cycle;
          if (best != null && best.length == 2) {
            return best;
          }
        }
      }
    }
    return best;
  }

  /**
   * The shortest way from one node to another, breadth first. A state is a node and whether the
   * edge that led there was an anti-dependency; only the shape without neighbours tells them apart.
   */
  private int @Nullable [] path(
      int from,
      int to,
      int kinds,
      Shape shape,
      boolean[] inside,
      int[] cameFrom,
      int[] seenIn,
      int round,
      int limit)
      throws OutOfBudgetException {
    int start = shape == Shape.NONADJACENT ? 2 * from + 1 : 2 * from;
    ArrayDeque<Integer> open = new ArrayDeque<>();
    open.add(start);
    seenIn[start] = round;
    cameFrom[start] = -1;
    int length = 1;
    int levelEnds = 1;
    while (!open.isEmpty() && length + 1 < limit) {
      if (levelEnds-- == 0) {
        levelEnds = open.size() - 1;
        length++;
        if (length + 1 >= limit) {
          return null;
        }
      }
      int state = open.remove();
      int node = state / 2;
      boolean afterMiss = (state & 1) == 1;
      for (int i = 0; i < graph.degree(node); i++) {
        poll();
        int target = graph.target(node, i);
        int usable = graph.kinds(node, i) & kinds;
        if (usable == 0 || !inside[target]) {
          continue;
        }
        boolean miss = false;
        if (shape == Shape.NONADJACENT) {
          int plain = usable & ~DependencyGraph.RW;
          // The cycle began with an anti-dependency, so it must not end with one.
          if (plain == 0 && (afterMiss || target == to)) {
            continue;
          }
          miss = plain == 0;
        }
        if (target == to) {
          return cycle(state, to, cameFrom);
        }
        int reached = 2 * target + (miss ? 1 : 0);
        if (seenIn[reached] != round) {
          seenIn[reached] = round;
          cameFrom[reached] = state;
          open.add(reached);
        }
      }
    }
    return null;
  }

  private static int[] cycle(int lastState, int first, int[] cameFrom) {
    List<Integer> backwards = new ArrayList<>();
    for (int state = lastState; state >= 0; state = cameFrom[state]) {
      backwards.add(state / 2);
    }
    int[] cycle = new int[backwards.size() + 1];
    cycle[0] = first;
    for (int i = 0; i < backwards.size(); i++) {
      cycle[i + 1] = backwards.get(backwards.size() - 1 - i);
    }
    return cycle;
  }
}
