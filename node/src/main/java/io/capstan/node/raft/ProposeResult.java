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
   * Too many bytes wait for their commit; nothing was appended. Propose again later.
   *
   * @param uncommittedBytes bytes waiting now
   * @param uncommittedBytesMax the configured bound
   */
  record Overloaded(long uncommittedBytes, long uncommittedBytesMax) implements ProposeResult {}
}
