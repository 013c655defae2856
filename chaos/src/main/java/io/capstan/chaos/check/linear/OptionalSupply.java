package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.Operation;

/**
 * How many optional operations of each class a search has spent, packed into words so that {@link
 * ConfigurationSet} can compare all classes at once: each class has a field wide enough for its
 * count, and a guard bit above it.
 */
final class OptionalSupply {
  private final int[][] invokePositions;
  private final int[] used;
  private final int[] word;
  private final int[] shift;
  private final long[] cost;
  private final long[] guards;
  private final long[] clipped;

  OptionalSupply(Operation[][] optional) {
    int classes = optional.length;
    invokePositions = new int[classes][];
    used = new int[classes];
    word = new int[classes];
    shift = new int[classes];
    int currentWord = 0;
    int bit = 0;
    int[] guardBit = new int[classes];
    for (int c = 0; c < classes; c++) {
      invokePositions[c] = new int[optional[c].length];
      for (int i = 0; i < optional[c].length; i++) {
        invokePositions[c][i] = optional[c][i].invokePosition();
      }
      int width = Integer.SIZE - Integer.numberOfLeadingZeros(optional[c].length) + 1;
      if (bit + width > Long.SIZE) {
        currentWord++;
        bit = 0;
      }
      word[c] = currentWord;
      shift[c] = bit;
      guardBit[c] = bit + width - 1;
      bit += width;
    }
    guards = new long[classes == 0 ? 0 : currentWord + 1];
    cost = new long[guards.length + 1];
    clipped = new long[cost.length];
    for (int c = 0; c < classes; c++) {
      guards[word[c]] |= 1L << guardBit[c];
    }
  }

  long[] guards() {
    return guards;
  }

  /** The counts, and a last word that is the caller's. */
  long[] cost() {
    return cost;
  }

  /**
   * The counts, where a class of which enough is at hand counts as unspent.
   *
   * @param due the operation whose return is the first that still stands
   */
  long[] cost(ValueBalance balance, SearchProblem<?> problem, int due) {
    System.arraycopy(cost, 0, clipped, 0, cost.length);
    int position = problem.required[due].completePosition();
    for (int c = 0; c < used.length; c++) {
      int[] positions = invokePositions[c];
      int wanted = balance.useMax(problem.optionalClass[c]);
      int last = used[c] + wanted - 1;
      if (used[c] > 0 && (wanted == 0 || (last < positions.length && positions[last] < position))) {
        clipped[word[c]] -= (long) used[c] << shift[c];
      }
    }
    return clipped;
  }

  /** Whether one of the class is left that was invoked before this position. */
  boolean isAvailable(int optionalClass, int position) {
    int next = used[optionalClass];
    return next < invokePositions[optionalClass].length
        && invokePositions[optionalClass][next] < position;
  }

  /** When the next one of the class was invoked; there must be one. */
  int nextPosition(int optionalClass) {
    return invokePositions[optionalClass][used[optionalClass]];
  }

  void spend(int optionalClass) {
    used[optionalClass]++;
    cost[word[optionalClass]] += 1L << shift[optionalClass];
  }

  void giveBack(int optionalClass) {
    used[optionalClass]--;
    cost[word[optionalClass]] -= 1L << shift[optionalClass];
  }
}
