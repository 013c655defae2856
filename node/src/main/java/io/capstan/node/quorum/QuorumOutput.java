package io.capstan.node.quorum;

import com.google.protobuf.Message;
import io.capstan.proto.peer.v1.QuorumMessage;
import io.capstan.proto.v1.ErrorDetail;

/** What leaderless replication asks of the replica around it. */
public interface QuorumOutput {

  /** Sends at once. */
  void send(String to, QuorumMessage message);

  /**
   * Runs the action within a later step, once everything that was written up to now (this step
   * included) is on disk; at the end of this step where nothing waits. A crash forgets it. Actions
   * run in the order in which they were given.
   */
  void whenDurable(Runnable action);

  /** Answers the client call, at once. */
  void reply(long callId, Message response);

  /** Answers the client call with an error, at once. */
  void fail(long callId, ErrorDetail error);
}
