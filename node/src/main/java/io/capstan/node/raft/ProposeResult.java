package io.capstan.node.raft;

import org.jspecify.annotations.Nullable;

/** Answer to {@link Raft#propose}. */
public sealed interface ProposeResult {

  /**
   * The entry stands in the leader's log. It took effect if an entry with this index <em>and</em>
   * this term is among the committed ones, and definitely did not if another term's entry is
   * committed at this index.
   */
  record Accepted(long index, long term) implements ProposeResult {}

  /**
   * This node does not lead; nothing was appended.
   *
   * @param leaderId who leads as far as this node knows, null when it knows of nobody
   */
  record NotLeader(@Nullable String leaderId) implements ProposeResult {}

  /**
   * Too much waits already; nothing was appended. Propose again later.
   *
   * @param limit which bound was met
   * @param current what waits now, in the unit of the limit
   * @param max the configured bound
   */
  record Overloaded(Limit limit, long current, long max) implements ProposeResult {}

  /**
   * Leadership is being handed over; nothing was appended. Propose again within an election
   * timeout, to whoever leads then.
   *
   * @param target the node that is to lead
   */
  record Transferring(String target) implements ProposeResult {}

  /** Bounds on what a leader takes in. */
  enum Limit {
    /** {@link RaftConfig#uncommittedBytesMax}: a majority is slow or out of reach. */
    UNCOMMITTED_BYTES,
    /** {@link RaftConfig#applyLagBytesMax}: the state machine does not keep up. */
    APPLY_LAG_BYTES,
    /** {@link RaftConfig#applyLagEntriesMax}: as before, counted in entries. */
    APPLY_LAG_ENTRIES
  }
}
