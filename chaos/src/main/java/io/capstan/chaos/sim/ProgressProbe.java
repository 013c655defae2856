package io.capstan.chaos.sim;

import com.google.protobuf.ByteString;
import io.capstan.proto.v1.KeyspaceRef;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.PutResponse;

/**
 * Somebody who writes through one node until that is confirmed. Nodes that agree on a leader and
 * hold the same may still be stuck: a healed cluster must make progress, whichever node is asked.
 */
final class ProgressProbe {
  private static final long ANSWER_NANOS = 500 * SimulatedClient.MILLI;

  private final EventQueue events;
  private final SimulatedNode node;
  private boolean asked;
  private long askedNanos;
  private boolean confirmed;

  ProgressProbe(EventQueue events, SimulatedNode node) {
    this.events = events;
    this.node = node;
  }

  /** Whether a write was confirmed; asks again where the answer to the last one is overdue. */
  boolean isConfirmed() {
    if (!confirmed && (!asked || events.nowNanos() - askedNanos > ANSWER_NANOS)) {
      asked = true;
      askedNanos = events.nowNanos();
      node.call(
          PutRequest.newBuilder()
              .setKeyspace(KeyspaceRef.newBuilder().setName(SimulatedClient.CP_KEYSPACE))
              .setKey(ByteString.copyFromUtf8("progress-" + node.id()))
              .setValue(ByteString.copyFromUtf8("made"))
              .build(),
          ANSWER_NANOS,
          answer -> confirmed |= answer instanceof PutResponse);
    }
    return confirmed;
  }
}
