package io.capstan.node.quorum;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which peers can be counted on when a level is judged: those whose stream is not known to be down
 * and that were heard lately. A guess that saves waiting, never a basis for safety.
 *
 * <p>After the start a peer counts as heard, until it had its time to speak.
 */
final class PeerReachability {

  private static final class Peer {
    private boolean linkDown;
    private long heardNanos;
  }

  private final Replicas replicas;
  // Looked up only; never iterated.
  private final Map<String, Peer> peers = new HashMap<>();
  private final long silentNanos;
  private boolean begun;

  PeerReachability(QuorumConfig config, Replicas replicas) {
    this.replicas = replicas;
    this.silentNanos = config.peerSilentMillis() * 1_000_000;
    for (String name : replicas.peers()) {
      peers.put(name, new Peer());
    }
  }

  /** The replicas are others now: who is new has its time to speak. */
  void replicasChanged(long nowNanos) {
    peers.keySet().retainAll(replicas.peers());
    for (String name : replicas.peers()) {
      if (!peers.containsKey(name)) {
        peers.put(name, new Peer());
        heard(name, nowNanos);
      }
    }
  }

  /** Called with every input: the first begins the time in which peers may speak. */
  void begin(long nowNanos) {
    if (!begun) {
      begun = true;
      for (String name : all()) {
        heard(name, nowNanos);
      }
    }
  }

  /** All peers, in the order of the replicas. */
  List<String> all() {
    return replicas.peers();
  }

  boolean isPeer(String name) {
    return peers.containsKey(name);
  }

  /** The peer said something about this keyspace. */
  void heard(String name, long nowNanos) {
    of(name).heardNanos = nowNanos;
  }

  void link(String name, boolean connected) {
    of(name).linkDown = !connected;
  }

  boolean isReachable(String name, long nowNanos) {
    Peer peer = of(name);
    return !peer.linkDown && nowNanos - peer.heardNanos < silentNanos;
  }

  /** Whether nobody who can be counted on is missing from the mask over the replicas. */
  boolean haveReachableAnswered(long answeredMask, StepTime time) {
    for (String name : all()) {
      boolean answered = (answeredMask & replicas.now().bit(name)) != 0;
      if (!answered && isReachable(name, time.nowNanos())) {
        return false;
      }
    }
    return true;
  }

  /** The peers that cannot be counted on, in the order of the replicas. */
  List<String> unreachable(long nowNanos) {
    List<String> missing = new ArrayList<>();
    for (String name : all()) {
      if (!isReachable(name, nowNanos)) {
        missing.add(name);
      }
    }
    return missing;
  }

  private Peer of(String name) {
    Peer peer = peers.get(name);
    if (peer == null) {
      throw new IllegalArgumentException(name + " is no peer; peers are " + all());
    }
    return peer;
  }
}
