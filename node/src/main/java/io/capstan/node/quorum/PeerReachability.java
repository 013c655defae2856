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

  private final List<String> names;
  // Looked up only; never iterated.
  private final Map<String, Peer> peers = new HashMap<>();
  private final long silentNanos;
  private boolean begun;

  PeerReachability(QuorumConfig config) {
    List<String> others = new ArrayList<>(config.members());
    others.remove(config.nodeId());
    this.names = List.copyOf(others);
    this.silentNanos = config.peerSilentMillis() * 1_000_000;
    for (String name : names) {
      peers.put(name, new Peer());
    }
  }

  /** Called with every input: the first begins the time in which peers may speak. */
  void begin(long nowNanos) {
    if (!begun) {
      begun = true;
      for (String name : names) {
        heard(name, nowNanos);
      }
    }
  }

  /** All peers, in the order of the members. */
  List<String> all() {
    return names;
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

  /** Whether nobody who can be counted on is missing from the mask over the members. */
  boolean haveReachableAnswered(long answeredMask, QuorumConfig config, StepTime time) {
    for (String name : names) {
      boolean answered = (answeredMask & 1L << config.members().indexOf(name)) != 0;
      if (!answered && isReachable(name, time.nowNanos())) {
        return false;
      }
    }
    return true;
  }

  /** The peers that cannot be counted on, in the order of the members. */
  List<String> unreachable(long nowNanos) {
    List<String> missing = new ArrayList<>();
    for (String name : names) {
      if (!isReachable(name, nowNanos)) {
        missing.add(name);
      }
    }
    return missing;
  }

  private Peer of(String name) {
    Peer peer = peers.get(name);
    if (peer == null) {
      throw new IllegalArgumentException(name + " is no peer; peers are " + names);
    }
    return peer;
  }
}
