package io.capstan.node.raft;

/**
 * Settings of one Raft group on one node. All nodes of a group should run with the same values;
 * what happens otherwise is said for each. "Size" always means {@link Entry#sizeBytes()}.
 *
 * @param nodeId id of this node, unique in the group. Two nodes with one id vote twice with one
 *     name: two leaders in a term become possible
 * @param membership members known at start. Nodes that start with different voters may elect two
 *     leaders
 * @param electionTimeoutMillis how long a node waits for its leader; the actual wait is drawn from
 *     [this, twice this). Too short (near the round trip plus the longest pause): elections without
 *     need, no progress. Too long: a dead leader is missed that much later. Very different values
 *     on the nodes: a node with a short one keeps asking and is refused, and a vote may be given
 *     while another node still trusts its leader's lease
 * @param heartbeatIntervalMillis how often an idle leader speaks. More than a third of the election
 *     timeout: one lost message starts an election. Very short: idle traffic
 * @param inflightMessagesMax unanswered appends with entries per follower. Too small: throughput is
 *     bound by the round trip. Too large: a stuck follower costs memory in queues
 * @param inflightBytesMax unanswered bytes per follower; one message may exceed it. As above
 * @param appendBytesMax entries per message; one larger entry still goes, alone. Too large:
 *     heartbeats queue behind big messages and elections start. Too small: overhead per message
 * @param uncommittedBytesMax proposals that wait for a quorum. Too small: {@code OVERLOADED} at the
 *     first slow moment. Too large: a leader cut off from its followers collects that much memory
 * @param applyBytesMax committed entries handed out per drain. Too large: the event loop applies
 *     for long stretches and misses heartbeats. Too small: overhead per drain
 * @param readsPendingMax linearizable reads that wait for confirmation; more are rejected. Too
 *     large: memory in a leader that is cut off
 * @param readRoundsMax confirmation rounds under way at once; reads that come meanwhile share the
 *     next one. One: least traffic, up to two round trips for a read. Many: more messages for less
 *     waiting
 * @param cacheBytesMax tail of the log that is kept in memory although written. Too small:
 *     replication reads from storage. Entries not yet written are held beyond it, bounded by the
 *     two limits above
 */
public record RaftConfig(
    String nodeId,
    Configuration membership,
    long electionTimeoutMillis,
    long heartbeatIntervalMillis,
    int inflightMessagesMax,
    long inflightBytesMax,
    long appendBytesMax,
    long uncommittedBytesMax,
    long applyBytesMax,
    int readsPendingMax,
    int readRoundsMax,
    long cacheBytesMax) {

  /**
   * Checks every value.
   *
   * @throws IllegalArgumentException naming the setting, its value and what is allowed
   */
  public RaftConfig {
    if (nodeId.isEmpty()) {
      throw new IllegalArgumentException("nodeId must not be empty");
    }
    atLeast("electionTimeoutMillis", electionTimeoutMillis, 2);
    atLeast("heartbeatIntervalMillis", heartbeatIntervalMillis, 1);
    if (heartbeatIntervalMillis * 2 > electionTimeoutMillis) {
      throw new IllegalArgumentException(
          "heartbeatIntervalMillis is "
              + heartbeatIntervalMillis
              + ", allowed is at most half of electionTimeoutMillis ("
              + electionTimeoutMillis
              + ")");
    }
    atLeast("inflightMessagesMax", inflightMessagesMax, 1);
    atLeast("inflightBytesMax", inflightBytesMax, 1);
    atLeast("appendBytesMax", appendBytesMax, 1);
    atLeast("uncommittedBytesMax", uncommittedBytesMax, 1);
    atLeast("applyBytesMax", applyBytesMax, 1);
    atLeast("readsPendingMax", readsPendingMax, 1);
    atLeast("readRoundsMax", readRoundsMax, 1);
    atLeast("cacheBytesMax", cacheBytesMax, 0);
  }

  /** Values for a local network and entries of a few hundred bytes. */
  public static RaftConfig defaults(String nodeId, Configuration membership) {
    return new RaftConfig(
        nodeId,
        membership,
        1_000,
        100,
        256,
        16 << 20,
        1 << 20,
        64 << 20,
        4 << 20,
        65_536,
        2,
        32 << 20);
  }

  long electionTimeoutNanos() {
    return electionTimeoutMillis * 1_000_000L;
  }

  long heartbeatIntervalNanos() {
    return heartbeatIntervalMillis * 1_000_000L;
  }

  private static void atLeast(String name, long value, long least) {
    if (value < least) {
      throw new IllegalArgumentException(
          name + " is " + value + ", allowed is " + least + " or more");
    }
  }
}
