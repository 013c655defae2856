package io.capstan.node.raft;

/**
 * Tells when a learner is close enough to vote (Raft dissertation, section 4.2.1). Replication to
 * it is split into rounds, each up to where the log ended when the round began; a round that takes
 * less than an election timeout shows that the learner would not hold up commits for longer than
 * that.
 */
final class CatchUp {
  private final String learner;
  private final long timeoutNanos;
  private long roundEndIndex;
  private long roundStartNanos;

  /** Begins the first round. */
  CatchUp(String learner, long timeoutNanos, long lastIndex, long nowNanos) {
    this.learner = learner;
    this.timeoutNanos = timeoutNanos;
    this.roundEndIndex = lastIndex;
    this.roundStartNanos = nowNanos;
  }

  String learner() {
    return learner;
  }

  /** Whether a round has just ended quickly; begins the next one when it ended slowly. */
  boolean isComplete(Progress progress, long lastIndex, long nowNanos) {
    if (progress.matchIndex() < roundEndIndex) {
      return false;
    }
    if (nowNanos - roundStartNanos < timeoutNanos
        && nowNanos - progress.contactNanos() < timeoutNanos) {
      return true;
    }
    roundEndIndex = lastIndex;
    roundStartNanos = nowNanos;
    return false;
  }
}
