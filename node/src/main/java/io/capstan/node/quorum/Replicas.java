package io.capstan.node.quorum;

import java.util.ArrayList;
import java.util.List;

/** Who the replicas are at present, for all roles of this replica. */
final class Replicas {
  private final String self;
  private ReplicaSet now;
  private List<String> peers;

  Replicas(String self, ReplicaSet now) {
    this.self = self;
    this.now = now;
    this.peers = peersOf(now);
  }

  private List<String> peersOf(ReplicaSet set) {
    if (!set.contains(self)) {
      throw new IllegalArgumentException(set + " must contain the node itself, " + self);
    }
    List<String> others = new ArrayList<>(set.all());
    others.remove(self);
    return List.copyOf(others);
  }

  ReplicaSet now() {
    return now;
  }

  String self() {
    return self;
  }

  /** The others, in the order of the slots. */
  List<String> peers() {
    return peers;
  }

  void become(ReplicaSet next) {
    peers = peersOf(next);
    now = next;
  }

  /**
   * Whether what a replica says may be counted: it knows of no later configuration than this one.
   * One that does may have been read, or left behind, by replicas that this node has yet to hear
   * of.
   */
  boolean counts(long configurationIndex) {
    return configurationIndex <= now.configurationIndex();
  }
}
