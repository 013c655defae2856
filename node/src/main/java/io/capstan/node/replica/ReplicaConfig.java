package io.capstan.node.replica;

import java.util.List;

/**
 * The settings of one replica of one group.
 *
 * @param groupId carried by keys, log entries and messages; the first group is 1
 * @param nodeId the node that the replica lives on
 * @param incarnation random, made when the data folder was empty; with nodeId the actor of its dots
 * @param members all nodes that the group begins with, this one included; empty for a node that
 *     joins a group which exists: it belongs to none until it is added. Without meaning once the
 *     log has begun
 * @param electionTimeoutMillis a follower that hears no leader for one to two of these campaigns.
 *     Too small: elections without cause; too large: a longer pause after a leader's death
 * @param heartbeatIntervalMillis how often an idle leader is heard; at most a third of the election
 *     timeout
 * @param antiEntropyIntervalMillis how often clocks are exchanged with each peer; too large and
 *     replicas differ for longer after a heal
 * @param peerSilentMillis a peer unheard for so long counts as unreachable when a level is judged
 * @param callsMax client calls that may be open at once; more are refused
 * @param uncommittedBytesMax bytes of proposals that may wait for a majority; more are refused
 * @param sessionTtlMillis a session that was not used for so long, by the time of the log, is
 *     forgotten. Too small: a client that pauses for longer is refused and cannot know whether its
 *     last write was applied
 * @param leaseReads how a leader confirms that it leads
 * @param snapshots when the log is cut, and how snapshots travel
 */
public record ReplicaConfig(
    long groupId,
    String nodeId,
    long incarnation,
    List<String> members,
    long electionTimeoutMillis,
    long heartbeatIntervalMillis,
    long antiEntropyIntervalMillis,
    long peerSilentMillis,
    int callsMax,
    long uncommittedBytesMax,
    long sessionTtlMillis,
    LeaseReads leaseReads,
    SnapshotConfig snapshots) {

  /**
   * How the leader makes sure that it still leads before it serves a linearizable read.
   *
   * @param enabled false: it asks a majority for every batch of reads. True: it trusts the answers
   *     of less than an election timeout ago, which is wrong where clocks drift apart by more than
   *     the bound
   * @param clockDriftMaxPartsPerMillion how much faster one node's clock may run than another's
   */
  public record LeaseReads(boolean enabled, int clockDriftMaxPartsPerMillion) {
    /** No leases. */
    public static final LeaseReads OFF = new LeaseReads(false, 10_000);
  }

  /** The settings that a cluster on one machine or in one data centre is started with. */
  public static ReplicaConfig defaults(String nodeId, long incarnation, List<String> members) {
    return new ReplicaConfig(
        1,
        nodeId,
        incarnation,
        members,
        500,
        100,
        500,
        1_500,
        20_000,
        64L << 20,
        86_400_000,
        LeaseReads.OFF,
        SnapshotConfig.DEFAULT);
  }

  /** The same with another way to confirm reads. */
  public ReplicaConfig withLeaseReads(LeaseReads other) {
    return new ReplicaConfig(
        groupId,
        nodeId,
        incarnation,
        members,
        electionTimeoutMillis,
        heartbeatIntervalMillis,
        antiEntropyIntervalMillis,
        peerSilentMillis,
        callsMax,
        uncommittedBytesMax,
        sessionTtlMillis,
        other,
        snapshots);
  }

  /** The same with sessions that are forgotten after another time. */
  public ReplicaConfig withSessionTtlMillis(long other) {
    return new ReplicaConfig(
        groupId,
        nodeId,
        incarnation,
        members,
        electionTimeoutMillis,
        heartbeatIntervalMillis,
        antiEntropyIntervalMillis,
        peerSilentMillis,
        callsMax,
        uncommittedBytesMax,
        other,
        leaseReads,
        snapshots);
  }

  /** The same with other snapshots. */
  public ReplicaConfig withSnapshots(SnapshotConfig other) {
    return new ReplicaConfig(
        groupId,
        nodeId,
        incarnation,
        members,
        electionTimeoutMillis,
        heartbeatIntervalMillis,
        antiEntropyIntervalMillis,
        peerSilentMillis,
        callsMax,
        uncommittedBytesMax,
        sessionTtlMillis,
        leaseReads,
        other);
  }

  public ReplicaConfig {
    members = List.copyOf(members);
    if (!members.isEmpty() && !members.contains(nodeId)) {
      throw new IllegalArgumentException(
          "members " + members + " must contain the node itself, " + nodeId);
    }
    if (heartbeatIntervalMillis < 1 || electionTimeoutMillis < 3 * heartbeatIntervalMillis) {
      throw new IllegalArgumentException(
          "electionTimeoutMillis "
              + electionTimeoutMillis
              + " must be at least three times heartbeatIntervalMillis "
              + heartbeatIntervalMillis);
    }
  }
}
