package io.capstan.node.replica;

import com.google.protobuf.Message;
import io.capstan.node.quorum.QuorumOutput;
import io.capstan.proto.peer.v1.PeerMessage;
import io.capstan.proto.peer.v1.QuorumMessage;
import io.capstan.proto.v1.ErrorDetail;

/** Wraps what a keyspace says into the effects of the replica. */
final class KeyspaceOutput implements QuorumOutput {
  private final long groupId;
  private final Outbox outbox;
  private boolean answersWait;

  KeyspaceOutput(long groupId, Outbox outbox) {
    this.groupId = groupId;
    this.outbox = outbox;
  }

  /**
   * Nobody is answered before what has been done so far is on this disk: the epoch that answers
   * name, above all, which a node that lost power would otherwise not know any more.
   */
  KeyspaceOutput answersOnceDurable() {
    answersWait = true;
    outbox.whenDurable(() -> answersWait = false);
    return this;
  }

  @Override
  public void send(String to, QuorumMessage message) {
    outbox.emit(
        new Effect.Send(
            to, PeerMessage.newBuilder().setGroupId(groupId).setQuorum(message).build()));
  }

  @Override
  public void whenDurable(Runnable action) {
    outbox.whenDurable(action);
  }

  @Override
  public void reply(long callId, Message response) {
    answer(new Effect.Reply(callId, response));
  }

  @Override
  public void fail(long callId, ErrorDetail error) {
    answer(new Effect.Fail(callId, error));
  }

  private void answer(Effect answer) {
    if (answersWait) {
      outbox.whenDurable(() -> outbox.emit(answer));
    } else {
      outbox.emit(answer);
    }
  }
}
