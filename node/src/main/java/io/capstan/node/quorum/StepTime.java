package io.capstan.node.quorum;

/** The time of the running step; read once by the caller and handed in. */
final class StepTime {
  private long nowNanos;
  private long wallMillis;

  void set(long nowNanos, long wallMillis) {
    this.nowNanos = nowNanos;
    this.wallMillis = wallMillis;
  }

  /** Monotonic. An action that waited for the disk sees the time of the newest input. */
  long nowNanos() {
    return nowNanos;
  }

  long wallMillis() {
    return wallMillis;
  }
}
