package io.capstan.node.raft;

import org.jspecify.annotations.Nullable;

/**
 * A linearizable read that will not be confirmed here. Nothing was read, so asking again is always
 * safe.
 *
 * @param requestId the id given to {@link Raft#readIndex}
 * @param reason why
 * @param leaderId who leads as far as this node knows, null when it knows of nobody
 */
public record ReadRejection(long requestId, Reason reason, @Nullable String leaderId) {

  /** Why a read was refused. */
  public enum Reason {
    /** This node does not lead, or stopped leading before a quorum confirmed it. */
    NOT_LEADER,
    /** As many reads as allowed are waiting already. */
    OVERLOADED
  }
}
