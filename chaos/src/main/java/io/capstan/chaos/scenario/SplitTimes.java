package io.capstan.chaos.scenario;

import io.capstan.chaos.check.measure.FaultWindow;

/**
 * When what happened, in nanoseconds since the start of the workload.
 *
 * @param cutNanos the first link was about to be cut
 * @param verifiedNanos every cut was verified: the split counts from here
 * @param healNanos the first link was about to be healed: the split counts until here
 * @param healedNanos every link carried again
 * @param endNanos the last attempt of the schedule had been made
 */
public record SplitTimes(
    long cutNanos, long verifiedNanos, long healNanos, long healedNanos, long endNanos) {
  /** Refuses times that are out of order. */
  public SplitTimes {
    if (cutNanos < 0 || endNanos < healedNanos) {
      throw new IllegalArgumentException("a run from 0 to " + endNanos + " that was not whole");
    }
    // The window refuses the rest.
    new FaultWindow(cutNanos, verifiedNanos, healNanos, healedNanos);
  }

  /** Returns the split as the checkers take it. */
  FaultWindow window() {
    return new FaultWindow(cutNanos, verifiedNanos, healNanos, healedNanos);
  }
}
