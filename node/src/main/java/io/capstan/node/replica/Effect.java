package io.capstan.node.replica;

import com.google.protobuf.Message;
import io.capstan.proto.peer.v1.PeerMessage;
import io.capstan.proto.v1.ErrorDetail;

/** Everything that a replica can ask of the world. */
public sealed interface Effect
    permits Effect.Send, Effect.Reply, Effect.Fail, Effect.Stop, SnapshotEffect {

  /** Hand the message to the stream to that peer; it may be dropped where the queue is full. */
  record Send(String to, PeerMessage message) implements Effect {}

  /** Answer the client call with the response message that belongs to its request. */
  record Reply(long callId, Message response) implements Effect {}

  /** Answer the client call with an error; its outcome says FAILED or UNKNOWN. */
  record Fail(long callId, ErrorDetail error) implements Effect {}

  /** An invariant is broken or the node must not go on: stop the process with this last line. */
  record Stop(String reason) implements Effect {}
}
