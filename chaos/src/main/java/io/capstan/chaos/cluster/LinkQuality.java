package io.capstan.chaos.cluster;

/**
 * How well an open link carries.
 *
 * @param delayMillis every message takes so much longer, 0 to {@value #DELAY_MAX_MILLIS}
 * @param lossPercent so many of a hundred packets vanish, 0 to {@value #LOSS_MAX_PERCENT}
 */
public record LinkQuality(int delayMillis, int lossPercent) {
  /** More would be a cut. */
  public static final int DELAY_MAX_MILLIS = 5_000;

  /** With more TCP hardly ever gets through. */
  public static final int LOSS_MAX_PERCENT = 90;

  /** As good as new. */
  public static final LinkQuality PERFECT = new LinkQuality(0, 0);

  /** Refuses what is out of range. */
  public LinkQuality {
    if (delayMillis < 0 || delayMillis > DELAY_MAX_MILLIS) {
      throw new IllegalArgumentException(
          "a delay of " + delayMillis + " ms; allowed is 0 to " + DELAY_MAX_MILLIS);
    }
    if (lossPercent < 0 || lossPercent > LOSS_MAX_PERCENT) {
      throw new IllegalArgumentException(
          "a loss of " + lossPercent + " %; allowed is 0 to " + LOSS_MAX_PERCENT);
    }
  }

  /** Whether nothing is late and nothing lost. */
  public boolean isPerfect() {
    return equals(PERFECT);
  }

  /** Returns the worse of both in each respect. */
  public LinkQuality worse(LinkQuality other) {
    return new LinkQuality(
        Math.max(delayMillis, other.delayMillis), Math.max(lossPercent, other.lossPercent));
  }
}
