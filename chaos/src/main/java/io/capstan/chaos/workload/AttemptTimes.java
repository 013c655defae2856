package io.capstan.chaos.workload;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * When one client makes its attempts: one in every interval, at a moment inside it that is drawn
 * from the seed. Not thread-safe.
 */
public final class AttemptTimes {
  private final long intervalNanos;
  private final RandomGenerator random;
  private long attempts;

  /**
   * @param interval one attempt falls into each; at least 1 ms
   * @param random used by these times only
   */
  public AttemptTimes(Duration interval, RandomGenerator random) {
    if (interval.toMillis() < 1) {
      throw new IllegalArgumentException("interval: " + interval + "; allowed is 1 ms or more");
    }
    this.intervalNanos = interval.toNanos();
    this.random = random;
  }

  /** Returns the time of the next attempt, in nanoseconds since the start of the workload. */
  public long nextNanos() {
    return attempts++ * intervalNanos + random.nextLong(intervalNanos);
  }
}
