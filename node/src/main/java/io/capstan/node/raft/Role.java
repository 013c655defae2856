package io.capstan.node.raft;

/**
 * The role that a node plays at this moment (Raft dissertation, figure 3.3, with the pre-vote of
 * section 9.6).
 */
public enum Role {
  /** Follows a leader or waits for one. */
  FOLLOWER,
  /** Asks whether it could win an election, without disturbing anybody: no term has changed yet. */
  PRE_CANDIDATE,
  /** Asks for votes in a new term. */
  CANDIDATE,
  /** Orders proposals and replicates them. */
  LEADER
}
