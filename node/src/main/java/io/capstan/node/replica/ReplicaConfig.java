package io.capstan.node.replica;

import java.util.List;

/**
 * The settings of one replica of one group.
 *
 * @param groupId carried by keys, log entries and messages; the first group is 1
 * @param nodeId the node that the replica lives on
 * @param incarnation random, made when the data folder was empty; with nodeId the actor of its dots
 * @param members all nodes of the group, this one included, in the same order everywhere
 * @param electionTimeoutMillis a follower that hears no leader for one to two of these campaigns.
 *     Too small: elections without cause; too large: a longer pause after a leader's death
 * @param heartbeatIntervalMillis how often an idle leader is heard; at most a third of the election
 *     timeout
 * @param antiEntropyIntervalMillis how often clocks are exchanged with each peer; too large and
 *     replicas differ for longer after a heal
 * @param peerSilentMillis a peer unheard for so long counts as unreachable when a level is judged
 * @param callsMax client calls that may be open at once; more are refused
 * @param uncommittedBytesMax bytes of proposals that may wait for a majority; more are refused
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
    long uncommittedBytesMax) {

  /** The settings that a cluster on one machine or in one data centre is started with. */
  public static ReplicaConfig defaults(String nodeId, long incarnation, List<String> members) {
    return new ReplicaConfig(
        1, nodeId, incarnation, members, 500, 100, 500, 1_500, 20_000, 64L << 20);
  }

  public ReplicaConfig {
    members = List.copyOf(members);
    if (!members.contains(nodeId)) {
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
