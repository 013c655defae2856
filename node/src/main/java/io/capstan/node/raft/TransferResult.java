package io.capstan.node.raft;

import org.jspecify.annotations.Nullable;

/** Answer to {@link Raft#transferLeadership}. */
public sealed interface TransferResult {

  /**
   * The hand-over began. It succeeded when {@link Output#roleChange} names the target as leader; it
   * was called off when this node still leads one election timeout later.
   */
  record Started(String target) implements TransferResult {}

  /**
   * This node does not lead.
   *
   * @param leaderId who leads as far as this node knows, null when it knows of nobody
   */
  record NotLeader(@Nullable String leaderId) implements TransferResult {}

  /**
   * Nothing was begun.
   *
   * @param because a sentence that says why and what to do
   */
  record Refused(String because) implements TransferResult {}
}
