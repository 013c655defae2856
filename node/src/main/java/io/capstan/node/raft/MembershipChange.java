package io.capstan.node.raft;

/**
 * A change of the group's membership, asked for by {@link Raft#changeMembership}. Whatever touches
 * voters passes through a joint configuration (Raft dissertation, section 4.3), and a node becomes
 * a voter only after it has received the log as a learner (section 4.2.1).
 */
public sealed interface MembershipChange {

  /** Adds a node that receives the log and counts nowhere. It stays so until {@link AddVoter}. */
  record AddLearner(String nodeId) implements MembershipChange {}

  /**
   * Adds a voter: the node joins as a learner, unless it is one, and is promoted by itself once it
   * has caught up. The change is open until then; {@link Remove} of that node calls it off.
   */
  record AddVoter(String nodeId) implements MembershipChange {}

  /** Removes a voter or a learner. A leader that removes itself leads until that is committed. */
  record Remove(String nodeId) implements MembershipChange {}

  /**
   * Exchanges one voter for another node in one step: {@code added} learns, and once it has caught
   * up the same joint configuration brings it in and takes {@code removed} out.
   */
  record Replace(String removed, String added) implements MembershipChange {}

  /** Leaves the joint configuration. Only needed where {@link RaftConfig#automaticLeave} is off. */
  record LeaveJoint() implements MembershipChange {}
}
