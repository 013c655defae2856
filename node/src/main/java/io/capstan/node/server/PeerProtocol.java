package io.capstan.node.server;

import io.capstan.proto.peer.v1.Hello;
import org.jspecify.annotations.Nullable;

/** What both ends of a peer stream must agree on. */
final class PeerProtocol {

  /** Grows when an older node could not understand a newer one. */
  static final int VERSION = 1;

  /** Messages of one frame together; a single larger message travels alone. */
  static final int FRAME_MAX_BYTES = 1 << 20;

  /** Messages of one frame. */
  static final int FRAME_MESSAGES_MAX = 4_096;

  /** No message may be larger; also what a receiver accepts. */
  static final int MESSAGE_MAX_BYTES = 32 << 20;

  private PeerProtocol() {}

  /**
   * Says why the receiver must not listen to the sender, or null where it may.
   *
   * @param mine the receiver's own, as it would introduce itself to the sender
   * @param theirs as received
   * @param known whether the receiver takes the sender for a member
   * @param incarnation the only one of the sender that is listened to; 0 for any
   */
  static @Nullable String objection(Hello mine, Hello theirs, boolean known, long incarnation) {
    if (theirs.getProtocolVersion() != mine.getProtocolVersion()) {
      return "node "
          + theirs.getNodeId()
          + " speaks peer protocol "
          + theirs.getProtocolVersion()
          + ", node "
          + mine.getNodeId()
          + " speaks "
          + mine.getProtocolVersion()
          + "; run the same version of Capstan on both";
    }
    if (!theirs.getClusterName().equals(mine.getClusterName())) {
      return "node "
          + theirs.getNodeId()
          + " belongs to cluster \""
          + theirs.getClusterName()
          + "\", node "
          + mine.getNodeId()
          + " to \""
          + mine.getClusterName()
          + "\"; correct the addresses or the cluster names";
    }
    if (!theirs.getToNodeId().equals(mine.getNodeId())) {
      return "node "
          + theirs.getNodeId()
          + " meant to reach node "
          + theirs.getToNodeId()
          + " and found node "
          + mine.getNodeId()
          + "; correct the peer addresses in its configuration";
    }
    if (!known) {
      return "node "
          + theirs.getNodeId()
          + " is no member of the cluster, says node "
          + mine.getNodeId()
          + "; to make it one: capstan member add "
          + theirs.getNodeId()
          + " HOST:PORT";
    }
    if (incarnation != 0 && incarnation != theirs.getIncarnation()) {
      return "node "
          + theirs.getNodeId()
          + " has come back without its data, as another incarnation: it may have promised what it"
          + " has forgotten, so it is not listened to; to take it in anew: capstan member remove "
          + theirs.getNodeId()
          + ", then start it with the setting join and an empty data folder, then capstan member"
          + " add "
          + theirs.getNodeId()
          + " HOST:PORT";
    }
    return null;
  }
}
