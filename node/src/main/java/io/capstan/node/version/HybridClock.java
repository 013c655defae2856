package io.capstan.node.version;

/**
 * A hybrid logical clock with a bound on how far others may push it (Kulkarni et al., 2014, section
 * 6). Pure: the wall clock is handed in. Not thread-safe.
 *
 * <p>Readings strictly ascend. A received timestamp that leads the local wall clock by more than
 * the bound is not taken over, so one node whose wall clock runs ahead cannot drag the others with
 * it; its data still merges, only the clock ignores it.
 */
public final class HybridClock {

  private final long driftMaxMillis;
  private HybridTimestamp latest = HybridTimestamp.ZERO;

  /**
   * @param driftMaxMillis how far a received timestamp may lead the local wall clock and still be
   *     taken over. Too small: causally later writes may carry earlier timestamps where clocks
   *     differ; too large: a fast clock elsewhere becomes the time here
   */
  public HybridClock(long driftMaxMillis) {
    if (driftMaxMillis < 0) {
      throw new IllegalArgumentException("driftMaxMillis " + driftMaxMillis + " is negative");
    }
    this.driftMaxMillis = driftMaxMillis;
  }

  /**
   * A timestamp for a local event: later than every earlier one and than every received one that
   * was taken over.
   */
  public HybridTimestamp next(long wallMillis) {
    if (wallMillis > latest.physicalMillis()) {
      latest = new HybridTimestamp(wallMillis, 0);
    } else {
      latest = latest.successor();
    }
    return latest;
  }

  /**
   * Takes a received timestamp into account.
   *
   * @return whether it lay within the bound
   */
  public boolean observe(HybridTimestamp received, long wallMillis) {
    if (received.physicalMillis() - driftMaxMillis > wallMillis) {
      return false;
    }
    if (received.compareTo(latest) > 0) {
      latest = received;
    }
    return true;
  }

  /** The newest reading given out or taken over. */
  public HybridTimestamp latest() {
    return latest;
  }
}
