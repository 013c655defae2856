package io.capstan.chaos.scenario;

import java.time.Duration;

/** The bounds of the claims of a scenario, and their texts as result.json has them. */
final class RunClaims {
  /** CP: of the attempts of clients that can reach a majority; elections included. */
  static final double MAJORITY_AVAILABLE_MIN = 0.7;

  /** AP: of the attempts on either side. */
  static final double BOTH_SIDES_AVAILABLE_MIN = 0.95;

  /** From the last heal to a success through every node. */
  static final Duration RECOVERED_MAX = Duration.ofSeconds(10);

  /** From the last heal to equal replicas. */
  static final Duration CONVERGED_MAX = Duration.ofSeconds(10);

  /**
   * Before the first fault so many attempts have to be answered in time: where they are not, the
   * machine has no time for the cluster, and a bound that is missed says nothing about it.
   */
  static final double CALM_MIN = 0.9;

  /**
   * Of the attempts that are due before the first fault clients have to make so many, for the same
   * reason: they ask on a fixed schedule, whatever the cluster does.
   */
  static final double ASKED_MIN = 0.75;

  /** Fewer attempts before the first fault tell nothing. */
  static final int CALM_ATTEMPTS_MIN = 20;

  private RunClaims() {}

  static String text(ClaimKind claim) {
    return switch (claim) {
      case LINEARIZABLE -> "linearizable";
      case SEQUENTIAL -> "sequentially consistent";
      case CAUSAL -> "causally consistent";
      case READ_YOUR_WRITES -> "a client sees its own writes";
      case MONOTONIC_READS -> "a client never sees older than it saw";
      case MONOTONIC_WRITES -> "who sees a client's write sees its earlier ones";
      case WRITES_FOLLOW_READS -> "who sees a write sees what its client had read";
      case SERIALIZABLE -> "transactions are strictly serializable";
      case BANK_TOTAL -> "the bank's total holds in every read";
      case COUNTER_EXACT -> "every acknowledged addition counts, once";
      case ELEMENTS_KEPT -> "every element that was acknowledged is in its set";
      case UNIQUE -> "no number goes to two clients";
      case MAJORITY_AVAILABLE ->
          "available to clients that can reach a majority (at least "
              + percent(MAJORITY_AVAILABLE_MIN)
              + " of their attempts under faults, elections included)";
      case BOTH_SIDES_AVAILABLE ->
          "available on both sides (at least "
              + percent(BOTH_SIDES_AVAILABLE_MIN)
              + " of the attempts through nodes that run)";
      case RECOVERED ->
          "recovered through every node within " + RECOVERED_MAX.toSeconds() + " s after the heal";
      case CONVERGED ->
          "all replicas equal within " + CONVERGED_MAX.toSeconds() + " s after the heal";
      case NOTHING_LOST -> "no acknowledged write lost";
      case NOTHING_DISCARDED -> "no acknowledged write discarded";
    };
  }

  private static String percent(double share) {
    return Math.round(100 * share) + " %";
  }
}
