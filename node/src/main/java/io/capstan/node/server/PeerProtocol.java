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
   * @param known whether the receiver's configuration names the sender
   */
  static @Nullable String objection(Hello mine, Hello theirs, boolean known) {
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
          + mine.getNodeId()
          + " has no peer "
          + theirs.getNodeId()
          + " in its configuration; add it, with the same list of peers on every node";
    }
    return null;
  }
}
