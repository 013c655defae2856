package io.capstan.node.version;

import com.google.protobuf.ByteString;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.StoredSibling;
import io.capstan.proto.store.v1.TypedValue;
import org.jspecify.annotations.Nullable;

/**
 * One of the concurrent values of a key.
 *
 * @param dot the write that made it
 * @param writtenAt when its coordinator took the write
 * @param operation which operation of which client it was, or null where the client gave none
 * @param value the value, or null for a tombstone and where there is a typed value
 * @param typed a part of a counter or of a set, or null
 */
public record Sibling(
    Dot dot,
    HybridTimestamp writtenAt,
    @Nullable OperationId operation,
    @Nullable ByteString value,
    @Nullable TypedValue typed) {

  public Sibling {
    if (value != null && typed != null) {
      throw new IllegalArgumentException(
          dot + " carries a value and a part of a counter or set; it can be one of them only");
    }
    if (operation != null && operation.getSession() == 0) {
      throw new IllegalArgumentException(
          "session 0 means that there is no operation id, but " + dot + " carries one with it");
    }
  }

  /** A value without a type, or a tombstone. */
  public Sibling(
      Dot dot,
      HybridTimestamp writtenAt,
      @Nullable OperationId operation,
      @Nullable ByteString value) {
    this(dot, writtenAt, operation, value, null);
  }

  /** Whether this is the trace of a delete. */
  public boolean isTombstone() {
    return value == null && typed == null;
  }

  /** An estimate of the bytes of its content. */
  public long contentBytes() {
    return value != null ? value.size() : typed != null ? typed.getSerializedSize() : 0;
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
    if (typed != null) {
      stored.setTyped(typed);
    }
    return stored.build();
  }

  static Sibling fromProto(StoredSibling stored) {
    return new Sibling(
        Dot.fromProto(stored.getDot()),
        HybridTimestamp.fromProto(stored.getWrittenAt()),
        stored.hasOperation() ? stored.getOperation() : null,
        stored.hasValue() ? stored.getValue() : null,
        stored.hasTyped() ? stored.getTyped() : null);
  }
}
