package io.capstan.chaos.sim;

import io.capstan.node.replica.Effect;
import io.capstan.node.replica.Input;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Whom one run of a process speaks to and listens to: what links and the peer port do around the
 * replica. Every message carries its sender's introduction, as the first frame of a stream does.
 */
final class SimulatedPeers {

  /** A stranger tries again after so long; what it says meanwhile is not heard at all. */
  private static final long KNOCK_INTERVAL_NANOS = 100 * SimulatedClient.MILLI;

  /** Nodes of one cluster. */
  static final int SPEAKERS_MAX = 16;

  private final Speaker self;
  private final Set<String> settings;
  private final Coverage coverage;
  private final Consumer<Input.PeerSeen> introductions;
  private final @Nullable Speaker[] heard = new @Nullable Speaker[SPEAKERS_MAX];
  private final @Nullable Speaker[] introduced = new @Nullable Speaker[SPEAKERS_MAX];
  private final long[] nextKnockNanos = new long[SPEAKERS_MAX];
  private Set<String> linked;
  private Effect.Peers peers;

  /**
   * @param member whether the settings make the process one of those that the cluster begins with
   * @param others the nodes that its settings name
   * @param introductions is told who is let in for the first time, and who knocks
   */
  SimulatedPeers(
      Speaker self,
      boolean member,
      Collection<String> others,
      Coverage coverage,
      Consumer<Input.PeerSeen> introductions) {
    this.self = self;
    this.settings = new HashSet<>(others);
    this.linked = settings;
    this.peers = Effect.Peers.ofSettings(member, others);
    this.coverage = coverage;
    this.introductions = introductions;
  }

  Speaker self() {
    return self;
  }

  /** The replica tells whom to speak and to listen to. */
  void changed(Effect.Peers now) {
    peers = now;
    self.belongsTo(now.clusterId(), now.joinedIndex());
    java.util.Arrays.fill(heard, null);
    Set<String> next = new HashSet<>();
    for (Effect.Peer peer : now.linked()) {
      if (settings.contains(peer.id()) || !peer.peerAddress().isEmpty()) {
        next.add(peer.id());
      }
    }
    if (!now.member()) {
      next.addAll(settings);
    }
    linked = next;
  }

  /** Whether there is a link to the node; what is sent where there is none is dropped. */
  boolean linksTo(String id) {
    return linked.contains(id);
  }

  /** Whether what the process says is listened to. */
  boolean hears(Speaker from, long nowNanos) {
    int number = from.number();
    if (heard[number] == from) {
      return true;
    }
    if (peers.clusterId() != 0 && from.clusterId() != 0 && peers.clusterId() != from.clusterId()) {
      return false;
    }
    switch (peers.admission(from.id(), from.incarnation())) {
      case ADMITTED -> {
        heard[number] = from;
        if (introduced[number] != from) {
          introduced[number] = from;
          introductions.accept(introduction(from));
        }
        return true;
      }
      case STRANGER -> {
        coverage.count(Coverage.Counter.STRANGERS_REFUSED);
        knock(from, nowNanos);
        return false;
      }
      case OTHER_INCARNATION -> {
        coverage.count(Coverage.Counter.INCARNATIONS_REFUSED);
        knock(from, nowNanos);
        return false;
      }
    }
    throw new IllegalStateException("an admission without a meaning");
  }

  private void knock(Speaker from, long nowNanos) {
    if (nowNanos >= nextKnockNanos[from.number()]) {
      nextKnockNanos[from.number()] = nowNanos + KNOCK_INTERVAL_NANOS;
      introductions.accept(introduction(from));
    }
  }

  private static Input.PeerSeen introduction(Speaker from) {
    return new Input.PeerSeen(
        from.id(), from.incarnation(), from.peerAddress(), from.clusterId(), from.joinedIndex());
  }
}
