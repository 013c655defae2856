package io.capstan.node.raft;

/** How a leader treats one follower. */
public enum ProgressState {
  /** The point where the logs agree is not known: one message at a time looks for it. */
  PROBE,
  /**
   * The logs agree: entries are pipelined without waiting for answers, within the in-flight limits.
   */
  REPLICATE,
  /**
   * The follower needs entries that the leader's log no longer has. It is kept in contact by empty
   * messages; only a snapshot brings it back.
   */
  SNAPSHOT
}
