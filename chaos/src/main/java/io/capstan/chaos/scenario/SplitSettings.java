package io.capstan.chaos.scenario;

import java.time.Duration;

/**
 * What a run of the split scenario is made of.
 *
 * @param seed every choice of the clients, and when they make it, follows from it
 * @param duration of the workload; the cut comes after {@link #CUT_SHARE} of it, the heal after
 *     {@link #HEAL_SHARE}
 * @param clientsPerNode so many clients of each keyspace are bound to each node
 * @param interval each client makes one attempt in each
 * @param attemptTimeout how long an attempt may take, retries included
 */
public record SplitSettings(
    long seed, Duration duration, int clientsPerNode, Duration interval, Duration attemptTimeout) {
  /** A shorter run has no time for an election inside the split. */
  public static final Duration DURATION_MIN = Duration.ofSeconds(6);

  /** A longer run is a soak test, whose histories need another checker. */
  public static final Duration DURATION_MAX = Duration.ofMinutes(10);

  /** The part of the duration before the cut. */
  public static final double CUT_SHARE = 0.25;

  /** The part of the duration before the heal. */
  public static final double HEAL_SHARE = 0.70;

  /** The split must be longer than an attempt, and is not half of the run. */
  private static final int PHASES_PER_ATTEMPT = 4;

  private static final int CLIENTS_PER_NODE = 2;

  /** More nodes have more clients, each of which asks less often: the load stays the same. */
  private static final Duration INTERVAL_PER_NODE = Duration.ofMillis(14);

  private static final Duration ATTEMPT_TIMEOUT = Duration.ofSeconds(1);

  /** Refuses settings under which no attempt fits into a phase. */
  public SplitSettings {
    if (clientsPerNode < 1
        || interval.toMillis() < 1
        || attemptTimeout.multipliedBy(PHASES_PER_ATTEMPT).compareTo(duration) > 0) {
      throw new IllegalArgumentException(
          "no run: "
              + clientsPerNode
              + " clients per node, an attempt each "
              + interval.toMillis()
              + " ms that may take "
              + attemptTimeout.toMillis()
              + " ms, for "
              + duration.toMillis()
              + " ms");
    }
  }

  /**
   * Returns the settings of the demo.
   *
   * @param nodes how many the cluster has
   * @throws IllegalArgumentException if the duration is too short or too long
   */
  public static SplitSettings of(long seed, Duration duration, int nodes) {
    if (duration.compareTo(DURATION_MIN) < 0 || duration.compareTo(DURATION_MAX) > 0) {
      throw new IllegalArgumentException(
          "duration is "
              + duration.toMillis()
              + " ms; allowed is "
              + DURATION_MIN.toSeconds()
              + "s to "
              + DURATION_MAX.toMinutes()
              + "m");
    }
    return new SplitSettings(
        seed, duration, CLIENTS_PER_NODE, INTERVAL_PER_NODE.multipliedBy(nodes), ATTEMPT_TIMEOUT);
  }

  /** Returns when the cut is to begin, since the start of the workload. */
  public long cutMillis() {
    return Math.round(duration.toMillis() * CUT_SHARE);
  }

  /** Returns when the heal is to come, since the start of the workload. */
  public long healMillis() {
    return Math.round(duration.toMillis() * HEAL_SHARE);
  }
}
