package io.capstan.node.raft;

/**
 * A hand-over under way (Raft dissertation, section 3.10): nothing new is proposed, the target gets
 * the rest of the log and is then told to campaign. Called off after one election timeout.
 *
 * @param target the voter that is to lead
 * @param deadlineNanos when it is called off
 */
record LeadershipTransfer(String target, long deadlineNanos) {

  boolean isOver(long nowNanos) {
    return nowNanos - deadlineNanos >= 0;
  }
}
