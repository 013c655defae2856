package io.capstan.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The state of the node behind one endpoint, or why there is none.
 *
 * @param endpoint as it was given to the client
 * @param node null where the endpoint did not answer
 * @param error null where it did
 */
public record NodeStatus(String endpoint, @Nullable Node node, @Nullable CapstanException error) {

  public boolean reachable() {
    return node != null;
  }

  /**
   * What a node says of itself.
   *
   * @param address where clients reach it
   * @param role "leader", "follower", "candidate" or "learner"
   * @param leader empty where none is known to it
   * @param hintsWaiting writes kept for replicas that were away
   * @param diskBytes of its data folder
   * @param incarnation random, made when its data folder was empty
   * @param cpuMicros CPU time of its process so far, user and system
   * @param queued requests that wait in its event loop
   */
  public record Node(
      String id,
      String address,
      String role,
      long term,
      String leader,
      long commitIndex,
      long appliedIndex,
      long lastLogIndex,
      List<Keyspace> keyspaces,
      long hintsWaiting,
      long diskBytes,
      String version,
      long incarnation,
      List<Peer> peers,
      long uptimeMillis,
      long cpuMicros,
      int queued) {

    public Node {
      keyspaces = List.copyOf(keyspaces);
      peers = List.copyOf(peers);
    }
  }

  /**
   * A node as another one sees it.
   *
   * @param reachable whether anything was heard from it lately
   * @param matchIndex how far its log is known to agree; only a leader knows
   */
  public record Peer(String id, String address, boolean reachable, long matchIndex) {}
}
