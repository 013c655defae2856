package io.capstan.node.version;

import com.google.protobuf.ByteString;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.StoredSibling;
import io.capstan.proto.store.v1.TypedValue;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One of the concurrent values of a key. Immutable, so safe to share between threads. */
public final class Sibling {
  private final Dot dot;
  private final HybridTimestamp writtenAt;
  private final @Nullable OperationId operation;
  private final @Nullable ByteString value;
  private final @Nullable TypedValue typed;
  // The stored form: as it was read, or as it was made when it was first asked for. It goes from
  // message to row to message.
  private final @Nullable StoredSibling read;
  private volatile @Nullable StoredSibling made;
  private volatile @Nullable Hashed hashed;

  /** It is stored under one key, and hashed with it. */
  private record Hashed(ByteString key, RowHash hash) {}

  /**
   * A value, a tombstone, or a part of a counter or of a set.
   *
   * @param dot the write that made it
   * @param writtenAt when its coordinator took the write
   * @param operation which operation of which client it was, or null where the client gave none
   * @param value the value, or null for a tombstone and where there is a typed value
   * @param typed a part of a counter or of a set, or null
   */
  public Sibling(
      Dot dot,
      HybridTimestamp writtenAt,
      @Nullable OperationId operation,
      @Nullable ByteString value,
      @Nullable TypedValue typed) {
    this(dot, writtenAt, operation, value, typed, null);
  }

  private Sibling(
      Dot dot,
      HybridTimestamp writtenAt,
      @Nullable OperationId operation,
      @Nullable ByteString value,
      @Nullable TypedValue typed,
      @Nullable StoredSibling read) {
    if (value != null && typed != null) {
      throw new IllegalArgumentException(
          dot + " carries a value and a part of a counter or set; it can be one of them only");
    }
    if (operation != null && operation.getSession() == 0) {
      throw new IllegalArgumentException(
          "session 0 means that there is no operation id, but " + dot + " carries one with it");
    }
    this.dot = dot;
    this.writtenAt = writtenAt;
    this.operation = operation;
    this.value = value;
    this.typed = typed;
    this.read = read;
  }

  /** A value without a type, or a tombstone. */
  public Sibling(
      Dot dot,
      HybridTimestamp writtenAt,
      @Nullable OperationId operation,
      @Nullable ByteString value) {
    this(dot, writtenAt, operation, value, null);
  }

  /** The write that made it. */
  public Dot dot() {
    return dot;
  }

  /** When its coordinator took the write. */
  public HybridTimestamp writtenAt() {
    return writtenAt;
  }

  /** Which operation of which client it was, or null where the client gave none. */
  public @Nullable OperationId operation() {
    return operation;
  }

  /** Whether that operation wrote it. */
  public boolean isOf(long session, long sequence) {
    return operation != null
        && operation.getSession() == session
        && operation.getSequence() == sequence;
  }

  /** The value, or null for a tombstone and where there is a typed value. */
  public @Nullable ByteString value() {
    return value;
  }

  /** A part of a counter or of a set, or null. */
  public @Nullable TypedValue typed() {
    return typed;
  }

  /** Whether this is the trace of a delete. */
  public boolean isTombstone() {
    return value == null && typed == null;
  }

  /** An estimate of the bytes of its content. */
  public long contentBytes() {
    return value != null ? value.size() : typed != null ? typed.getSerializedSize() : 0;
  }

  /** Its part of the hash of the row of that key; worked out once. */
  RowHash hash(ByteString key) {
    Hashed known = hashed;
    if (known == null || !known.key.equals(key)) {
      known = new Hashed(key, RowHash.of(key, this));
      hashed = known;
    }
    return known.hash;
  }

  StoredSibling toProto() {
    if (read != null) {
      return read;
    }
    StoredSibling known = made;
    if (known == null) {
      known = encode();
      made = known;
    }
    return known;
  }

  private StoredSibling encode() {
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

  /**
   * Reads the stored form.
   *
   * @param likely an actor that may be the one: many siblings of a row are by the same few
   * @throws IllegalArgumentException if it is none
   */
  static Sibling fromProto(StoredSibling stored, @Nullable Actor likely) {
    return new Sibling(
        Dot.fromProto(stored.getDot(), likely),
        HybridTimestamp.fromProto(stored.getWrittenAt()),
        stored.hasOperation() ? stored.getOperation() : null,
        stored.hasValue() ? stored.getValue() : null,
        stored.hasTyped() ? stored.getTyped() : null,
        isAsEncoded(stored) ? stored : null);
  }

  /** Whether {@link #encode} would give the same, without what a later version has added. */
  private static boolean isAsEncoded(StoredSibling stored) {
    return stored.hasWrittenAt()
        && stored.getUnknownFields().isEmpty()
        && stored.getWrittenAt().getUnknownFields().isEmpty()
        && stored.getDot().getUnknownFields().isEmpty()
        && stored.getDot().getActor().getUnknownFields().isEmpty();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof Sibling that
            && dot.equals(that.dot)
            && writtenAt.equals(that.writtenAt)
            && Objects.equals(operation, that.operation)
            && Objects.equals(value, that.value)
            && Objects.equals(typed, that.typed));
  }

  @Override
  public int hashCode() {
    return Objects.hash(dot, writtenAt, operation, value, typed);
  }

  @Override
  public String toString() {
    return "Sibling[dot="
        + dot
        + ", writtenAt="
        + writtenAt
        + ", operation="
        + operation
        + ", value="
        + value
        + ", typed="
        + typed
        + "]";
  }
}
