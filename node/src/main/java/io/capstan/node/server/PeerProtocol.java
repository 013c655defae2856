package io.capstan.node.server;

import io.capstan.node.replica.Effect;
import io.capstan.node.server.config.HostPort;
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

  /** Where the sender says that it is reached; empty where that is no address to connect to. */
  static String addressOf(Hello theirs) {
    try {
      HostPort address = HostPort.parse(theirs.getPeerAddress());
      return address.isWildcard() ? "" : address.toString();
    } catch (IllegalArgumentException none) {
      return "";
    }
  }

  /**
   * Says why the two do not belong together, whoever the members are, or null where they do.
   *
   * @param mine the receiver's own, as it would introduce itself to the sender
   * @param theirs as received
   */
  static @Nullable String mismatch(Hello mine, Hello theirs) {
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
    if (mine.getClusterId() != 0
        && theirs.getClusterId() != 0
        && mine.getClusterId() != theirs.getClusterId()) {
      return "node "
          + theirs.getNodeId()
          + " belongs to another cluster that is called \""
          + theirs.getClusterName()
          + "\" too, says node "
          + mine.getNodeId()
          + ": the two were begun apart; to bring it here: stop it, empty its data folder, start it"
          + " with the setting join, then capstan member add "
          + theirs.getNodeId()
          + " HOST:PORT";
    }
    return null;
  }

  /**
   * Says why the receiver does not listen to the sender, or null where it does.
   *
   * @param admission what the receiver's replica holds of the sender
   */
  static @Nullable String objection(Hello mine, Hello theirs, Effect.Admission admission) {
    return switch (admission) {
      case ADMITTED -> null;
      case STRANGER ->
          "node "
              + theirs.getNodeId()
              + " is no member of the cluster, says node "
              + mine.getNodeId()
              + "; to make it one: capstan member add "
              + theirs.getNodeId()
              + " HOST:PORT";
      case OTHER_INCARNATION ->
          "node "
              + theirs.getNodeId()
              + " is not the incarnation that the log names: it has come back without its data, or"
              + " with that of a membership that is over. What it promised is not what counts, so"
              + " it is not listened to; to take it in anew: capstan member remove "
              + theirs.getNodeId()
              + ", then start it with the setting join and an empty data folder, then capstan"
              + " member add "
              + theirs.getNodeId()
              + " HOST:PORT";
    };
  }
}
