package io.capstan.node.raft;

import org.jspecify.annotations.Nullable;

/** Answer to {@link Raft#changeMembership}. */
public sealed interface MembershipResult {

  /**
   * The first configuration of the change stands in the leader's log and is in effect there. Later
   * ones follow by themselves; the change is done when {@link RaftStatus#changeOpen} says so.
   */
  record Accepted(long index, long term) implements MembershipResult {}

  /**
   * This node does not lead; nothing was changed.
   *
   * @param leaderId who leads as far as this node knows, null when it knows of nobody
   */
  record NotLeader(@Nullable String leaderId) implements MembershipResult {}

  /**
   * Nothing was changed.
   *
   * @param because a sentence that says why and what to do
   */
  record Refused(Reason reason, String because) implements MembershipResult {}

  /** Why a change was refused. */
  enum Reason {
    /** An earlier change is not finished. */
    CHANGE_OPEN,
    /** The leader is new and has not committed an entry of its own term. Ask again soon. */
    LEADER_NOT_READY,
    /** Leadership is being handed over. Ask the next leader. */
    TRANSFERRING,
    /** The change makes no sense for the present members. */
    INVALID
  }
}
