package io.capstan.node.version;

import com.google.protobuf.ByteString;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.StoredSibling;
import org.jspecify.annotations.Nullable;

/**
 * One of the concurrent values of a key.
 *
 * @param dot the write that made it
 * @param writtenAt when its coordinator took the write
 * @param operation which operation of which client it was, or null where the client gave none
 * @param value the value, or null for a tombstone
 */
public record Sibling(
    Dot dot,
    HybridTimestamp writtenAt,
    @Nullable OperationId operation,
    @Nullable ByteString value) {

  public Sibling {
    if (operation != null && operation.getSession() == 0) {
      throw new IllegalArgumentException(
          "session 0 means that there is no operation id, but " + dot + " carries one with it");
    }
  }

  /** Whether this is the trace of a delete. */
  public boolean isTombstone() {
    return value == null;
  }

  StoredSibling toProto() {
    StoredSibling.Builder stored =
        StoredSibling.newBuilder().setDot(dot.toProto()).setWrittenAt(writtenAt.toProto());
    if (operation != null) {
      stored.setOperation(operation);
    }
    if (value != null) {
      stored.setValue(value);
    }
    return stored.build();
  }

  static Sibling fromProto(StoredSibling stored) {
    return new Sibling(
        Dot.fromProto(stored.getDot()),
        HybridTimestamp.fromProto(stored.getWrittenAt()),
        stored.hasOperation() ? stored.getOperation() : null,
        stored.hasValue() ? stored.getValue() : null);
  }
}
