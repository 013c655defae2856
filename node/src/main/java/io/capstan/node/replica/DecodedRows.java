package io.capstan.node.replica;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import io.capstan.proto.store.v1.StoredValue;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Rows of keyspaces that were decoded or written lately, by their bytes: what is written is read
 * again soon, by the next operation on the key, by the answer to a peer, by the collection of what
 * it replaced. Says nothing about what is stored; only what given bytes mean. Bounded: {@value
 * #SLOTS} rows of at most {@value #ROW_MAX_BYTES} bytes.
 */
final class DecodedRows {

  /** A power of two. */
  private static final int SLOTS = 256;

  /** Larger rows are decoded each time: they would stay in memory. */
  private static final int ROW_MAX_BYTES = 4_096;

  private final byte[] @Nullable [] rows = new byte[SLOTS] @Nullable [];
  private final @Nullable StoredValue[] values = new @Nullable StoredValue[SLOTS];

  /**
   * What the row means.
   *
   * @param row not to be changed any more
   */
  StoredValue of(byte[] row) throws InvalidProtocolBufferException {
    int slot = slotOf(row);
    StoredValue known = values[slot];
    if (known != null && Arrays.equals(rows[slot], row)) {
      return known;
    }
    StoredValue value = StoredValue.parseFrom(UnsafeByteOperations.unsafeWrap(row));
    keep(slot, row, value);
    return value;
  }

  /** The value as a row. */
  byte[] encode(StoredValue value) {
    byte[] row = value.toByteArray();
    keep(slotOf(row), row, value);
    return row;
  }

  private void keep(int slot, byte[] row, StoredValue value) {
    if (row.length <= ROW_MAX_BYTES) {
      rows[slot] = row;
      values[slot] = value;
    }
  }

  private static int slotOf(byte[] row) {
    int hash = row.length <= ROW_MAX_BYTES ? Arrays.hashCode(row) : 0;
    return (hash ^ (hash >>> 8) ^ (hash >>> 16)) & (SLOTS - 1);
  }
}
