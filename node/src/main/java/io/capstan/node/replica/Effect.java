package io.capstan.node.replica;

import com.google.protobuf.Message;
import io.capstan.proto.peer.v1.PeerMessage;
import io.capstan.proto.v1.ErrorDetail;
import java.util.List;

/** Everything that a replica can ask of the world. */
public sealed interface Effect
    permits Effect.Send, Effect.Reply, Effect.Fail, Effect.Stop, Effect.Peers, SnapshotEffect {

  /** Hand the message to the stream to that peer; it may be dropped where the queue is full. */
  record Send(String to, PeerMessage message) implements Effect {}

  /** Answer the client call with the response message that belongs to its request. */
  record Reply(long callId, Message response) implements Effect {}

  /** Answer the client call with an error; its outcome says FAILED or UNKNOWN. */
  record Fail(long callId, ErrorDetail error) implements Effect {}

  /**
   * The other members, or what is known of them, have changed.
   *
   * @param member whether this node belongs to the group
   * @param others by id
   */
  record Peers(boolean member, List<Peer> others) implements Effect {
    public Peers {
      others = List.copyOf(others);
    }
  }

  /**
   * Another member.
   *
   * @param peerAddress host:port; empty where only the node's own settings say
   * @param clientAddress host:port; empty where not known
   * @param incarnation the only one that is to be listened to; 0 for any
   */
  record Peer(String id, String peerAddress, String clientAddress, long incarnation) {}

  /** An invariant is broken or the node must not go on: stop the process with this last line. */
  record Stop(String reason) implements Effect {}
}
