package io.capstan.node.quorum;

import io.capstan.node.version.Actor;
import io.capstan.node.version.Dot;
import io.capstan.node.version.NodeClock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which dots every replica of the keyspace is known to have, so that nobody needs to be told of
 * them any more.
 *
 * <p>Of each peer the newest clock counts that the own one contains whole. So when a dot is called
 * stable, this replica has seen not only the dot everywhere but also all that any replica wrote
 * before it had the dot: nothing is on its way that was written without knowing it.
 *
 * <p>Knows nothing after a start, until every peer was heard; a peer that is away holds everything
 * up that it has not confirmed.
 */
final class Stability {

  private static final class Peer {
    private @Nullable NodeClock confirmed;
    // Received, and not yet contained in the own clock.
    private @Nullable NodeClock awaited;
    private @Nullable NodeClock newest;
  }

  private final Map<String, Peer> peers = new LinkedHashMap<>();
  private final NodeClock own;
  private final Replicas replicas;
  private long changes;

  /**
   * @param own the live clock of this replica
   */
  Stability(NodeClock own, Replicas replicas) {
    this.own = own;
    this.replicas = replicas;
    replicasChanged();
  }

  /**
   * The replicas are others now. Nobody waits any more for one that has left; nothing is stable
   * until one that is new was heard.
   */
  void replicasChanged() {
    List<String> names = replicas.peers();
    changes++;
    peers.keySet().retainAll(names);
    for (String name : names) {
      peers.computeIfAbsent(name, n -> new Peer());
    }
  }

  /**
   * A peer has sent its clock: everything in it is on the peer's disk. Not counted while the peer
   * knows of replicas that this one has yet to hear of: they may have begun with what it held
   * before ({@link FirstLook}), and what it has since they have to confirm too.
   */
  void heard(String from, NodeClock clock, long configurationIndex) {
    Peer peer = peers.get(from);
    if (peer == null || !replicas.counts(configurationIndex)) {
      return;
    }
    peer.newest = clock;
    if (peer.awaited == null) {
      peer.awaited = clock;
    }
    if (own.containsAll(peer.awaited)) {
      boolean newestToo = clock == peer.awaited || own.containsAll(clock);
      NodeClock confirmed = newestToo ? clock : peer.awaited;
      if (peer.confirmed != confirmed) {
        changes++;
      }
      peer.confirmed = confirmed;
      peer.awaited = newestToo ? null : clock;
    }
  }

  /** Whether every replica is known to have the dot. */
  boolean contains(Dot dot) {
    if (!own.contains(dot)) {
      return false;
    }
    for (Peer peer : peers.values()) {
      if (peer.confirmed == null || !peer.confirmed.contains(dot)) {
        return false;
      }
    }
    return true;
  }

  /**
   * A number that changes whenever a base has risen, except where there are no peers. What peers
   * have confirmed lies in the own clock: beside them the own clock alone raises no base.
   */
  long changes() {
    return changes;
  }

  boolean hasPeers() {
    return !peers.isEmpty();
  }

  /** The counter up to which every replica is known to have every dot of the actor. */
  long baseOf(Actor actor) {
    long base = own.baseOf(actor);
    for (Peer peer : peers.values()) {
      base = Math.min(base, peer.confirmed == null ? 0 : peer.confirmed.baseOf(actor));
    }
    return base;
  }

  /**
   * How many dots of the own clock are not known to be everywhere: whatever was deleted with them
   * stays stored.
   */
  long unconfirmedDots() {
    long dots = 0;
    for (Actor actor : own.actors()) {
      dots += own.baseOf(actor) - baseOf(actor);
    }
    return dots;
  }

  /** The peers of which the own clock has a dot that they have not confirmed. */
  List<String> behind() {
    List<String> behind = new ArrayList<>();
    peers.forEach(
        (name, peer) -> {
          if (peer.confirmed == null || !peer.confirmed.containsAll(own)) {
            behind.add(name);
          }
        });
    return behind;
  }
}
