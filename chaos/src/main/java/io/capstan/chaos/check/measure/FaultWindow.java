package io.capstan.chaos.check.measure;

/**
 * When the network was split, in nanoseconds since the start of the run. What is invoked while cuts
 * are being made, or are only partly in place, belongs to no phase.
 *
 * @param cutBeginsNanos the first cut is about to be made
 * @param cutVerifiedNanos every cut is verified
 * @param healNanos the first cut is about to be undone
 * @param healedNanos every cut is undone
 */
public record FaultWindow(
    long cutBeginsNanos, long cutVerifiedNanos, long healNanos, long healedNanos) {
  /** Refuses times that are out of order. */
  public FaultWindow {
    if (cutBeginsNanos > cutVerifiedNanos
        || cutVerifiedNanos > healNanos
        || healNanos > healedNanos) {
      throw new IllegalArgumentException(
          "a split begins, is verified, ends and is healed in this order, not at "
              + cutBeginsNanos
              + ", "
              + cutVerifiedNanos
              + ", "
              + healNanos
              + ", "
              + healedNanos);
    }
  }
}
