package io.capstan.node.raft;

import java.util.random.RandomGenerator;

/**
 * When to campaign and when to refuse campaigns of others. Instants are nanoseconds of a monotonic
 * clock and may overflow, so they are compared by difference only.
 *
 * <p>Source: Raft dissertation, sections 3.4 (randomised timeouts), 4.2.3 and 6.4.1 (no vote while
 * a leader lives).
 */
final class ElectionTimer {
  private final long timeoutNanos;
  private final RandomGenerator random;
  private final long startedNanos;
  private long deadlineNanos;
  private long leaderContactNanos;
  private boolean startupOver;

  ElectionTimer(long timeoutNanos, RandomGenerator random, long nowNanos) {
    this.timeoutNanos = timeoutNanos;
    this.random = random;
    this.startedNanos = nowNanos;
    this.leaderContactNanos = nowNanos;
    reset(nowNanos);
  }

  /** Waits again, for a new random time of one to two timeouts. */
  void reset(long nowNanos) {
    deadlineNanos = nowNanos + timeoutNanos + random.nextLong(timeoutNanos);
  }

  /** Lets the timer run out at once. */
  void expireAt(long nowNanos) {
    deadlineNanos = nowNanos;
  }

  void heardFromLeader(long nowNanos) {
    leaderContactNanos = nowNanos;
    reset(nowNanos);
  }

  /** The caller knows that the leader is gone. */
  void forgetLeader(long nowNanos) {
    leaderContactNanos = nowNanos - timeoutNanos;
  }

  boolean hasExpired(long nowNanos) {
    return nowNanos - deadlineNanos >= 0;
  }

  long deadlineNanos() {
    return deadlineNanos;
  }

  /** Whether the leader may still believe that nobody replaces it. */
  boolean isLeaderContactRecent(long nowNanos) {
    return nowNanos - leaderContactNanos < timeoutNanos;
  }

  /**
   * Whether this node has run for less than one timeout. Before its restart it may have answered a
   * leader that still counts on that answer, so it must not help to replace it.
   */
  boolean isStartup(long nowNanos) {
    startupOver = startupOver || nowNanos - startedNanos >= timeoutNanos;
    return !startupOver;
  }
}
