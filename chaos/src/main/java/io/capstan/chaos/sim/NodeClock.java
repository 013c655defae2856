package io.capstan.chaos.sim;

import io.capstan.node.replica.Moment;

/** The clocks of one node: a monotonic one that runs at its own rate, and a wall clock. */
final class NodeClock {
  private static final long MILLI = 1_000_000L;
  private static final long WALL_START_MILLIS = 1_700_000_000_000L;
  private static final double MILLION = 1_000_000;

  /** No clock is further off than this, whatever faults come together. */
  static final int RATE_PPM_MAX = 60_000;

  private final EventQueue events;
  private final long ownRatePpm;
  private final long ownOffsetMillis;
  private double rate;
  private long faultPpm;
  private long faultMillis;
  // The rate holds since this moment of virtual time, at which the node's own clock stood so.
  private long sinceNanos;
  private long sinceLocalNanos;

  NodeClock(EventQueue events, long ratePpm, long offsetMillis) {
    this.events = events;
    this.ownRatePpm = ratePpm;
    this.ownOffsetMillis = offsetMillis;
    this.rate = 1 + ratePpm / MILLION;
  }

  long localNanos() {
    return sinceLocalNanos + (long) ((events.nowNanos() - sinceNanos) * rate);
  }

  /** How long, in virtual time, until the node's clock shows that moment. */
  long untilLocal(long nanos) {
    double exactly = (nanos - localNanos()) / rate;
    long whole = (long) exactly;
    return exactly > whole ? whole + 1 : whole;
  }

  Moment now() {
    long local = localNanos();
    return new Moment(local, WALL_START_MILLIS + local / MILLI + ownOffsetMillis + faultMillis);
  }

  void addRate(long change) {
    sinceLocalNanos = localNanos();
    sinceNanos = events.nowNanos();
    faultPpm += change;
    long ppm = Math.clamp(ownRatePpm + faultPpm, -RATE_PPM_MAX, RATE_PPM_MAX);
    rate = 1 + ppm / MILLION;
  }

  void addWallOffset(long millis) {
    faultMillis += millis;
  }
}
