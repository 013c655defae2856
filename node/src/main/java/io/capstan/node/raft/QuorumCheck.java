package io.capstan.node.raft;

import java.util.Map;

/**
 * Tells whether a leader still hears from a quorum. One that does not steps down, so that clients
 * are refused instead of kept waiting, and so that nobody protects it against an election (Raft
 * dissertation, section 6.2).
 */
final class QuorumCheck {
  private final String nodeId;
  private final long timeoutNanos;

  QuorumCheck(String nodeId, long timeoutNanos) {
    this.nodeId = nodeId;
    this.timeoutNanos = timeoutNanos;
  }

  /** Whether a quorum, the leader included, answered within the last election timeout. */
  boolean holds(Configuration configuration, Map<String, Progress> followers, long nowNanos) {
    return configuration.isQuorum(
        voter -> {
          if (voter.equals(nodeId)) {
            return true;
          }
          Progress progress = followers.get(voter);
          return progress != null && nowNanos - progress.contactNanos() < timeoutNanos;
        });
  }
}
