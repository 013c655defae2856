package io.capstan.node.server;

import com.google.protobuf.Message;
import io.capstan.proto.v1.ErrorDetail;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Carries the answers of one batch from the event loop to a thread of the client port, which
 * encodes and sends them: one hand-over a batch, and no encoding on the loop. Confined to the loop.
 */
final class Answers {

  private record Answer(
      PendingCall call, @Nullable Message response, @Nullable ErrorDetail error) {}

  private final String nodeId;
  private final Executor executor;
  private List<Answer> batch = new ArrayList<>();

  /**
   * @param nodeId the node that the receipts name as the receiver
   * @param executor runs the encoding; ends with the client port
   */
  Answers(String nodeId, Executor executor) {
    this.nodeId = nodeId;
    this.executor = executor;
  }

  void add(PendingCall call, Message response) {
    batch.add(new Answer(call, response, null));
  }

  void add(PendingCall call, ErrorDetail error) {
    batch.add(new Answer(call, null, error));
  }

  /** Hands over what was added since the last time. */
  void send() {
    if (batch.isEmpty()) {
      return;
    }
    List<Answer> answers = batch;
    batch = new ArrayList<>(Math.min(answers.size(), 1_024));
    try {
      executor.execute(() -> deliver(answers));
    } catch (RejectedExecutionException e) {
      // The client port is closed, and closed its calls: nobody is left to answer.
    }
  }

  private void deliver(List<Answer> answers) {
    for (Answer answer : answers) {
      if (answer.response != null) {
        answer.call.answer(answer.response, nodeId);
      } else if (answer.error != null) {
        answer.call.fail(answer.error, nodeId);
      }
    }
  }
}
