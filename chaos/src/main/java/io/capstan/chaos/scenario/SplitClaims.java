package io.capstan.chaos.scenario;

import java.time.Duration;

/** What the split scenario claims, with its bounds; the texts stand in result.json. */
final class SplitClaims {
  /**
   * CP: of the attempts of clients that can reach a majority; an election may still be under way.
   */
  static final double MAJORITY_AVAILABLE_MIN = 0.7;

  /** AP: of the attempts on either side. */
  static final double BOTH_SIDES_AVAILABLE_MIN = 0.95;

  /** CP: from the heal to a success through every node. */
  static final Duration RECOVERED_MAX = Duration.ofSeconds(10);

  /** AP: from the heal to equal replicas. */
  static final Duration CONVERGED_MAX = Duration.ofSeconds(5);

  static final String LINEARIZABLE = "linearizable";
  static final String TOTAL = "the bank's total holds in every read";
  static final String MAJORITY_AVAILABLE =
      "available to clients that can reach a majority (at least "
          + percent(MAJORITY_AVAILABLE_MIN)
          + " of their attempts during the verified split, the end of an election included)";
  static final String RECOVERED =
      "recovered through every node within " + RECOVERED_MAX.toSeconds() + " s after the heal";
  static final String BOTH_SIDES_AVAILABLE =
      "available on both sides at level one (at least "
          + percent(BOTH_SIDES_AVAILABLE_MIN)
          + " of the attempts on each during the split)";
  static final String CONVERGED =
      "all replicas equal within " + CONVERGED_MAX.toSeconds() + " s after the heal";
  static final String NOTHING_LOST = "no acknowledged write lost";

  private SplitClaims() {}

  private static String percent(double share) {
    return Math.round(100 * share) + " %";
  }
}
