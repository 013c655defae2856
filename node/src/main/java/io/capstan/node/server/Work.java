package io.capstan.node.server;

import io.capstan.node.replica.Input;
import io.capstan.proto.peer.v1.PeerMessage;
import io.capstan.proto.v1.StatusResponse;
import java.util.List;
import java.util.function.Consumer;

/** What waits in the inbox of an event loop. */
sealed interface Work permits PendingCall, Work.Given, Work.FromPeer, Work.StatusQuery {

  /** An input that is handed on as it is. */
  record Given(Input input) implements Work {}

  /** The messages of one frame. */
  record FromPeer(String from, List<PeerMessage> messages) implements Work {}

  /** Asks for the replica's state; the receiver runs on the loop and must not block. */
  record StatusQuery(Consumer<StatusResponse.Builder> receiver) implements Work {}
}
