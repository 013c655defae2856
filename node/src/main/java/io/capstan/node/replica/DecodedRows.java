package io.capstan.node.replica;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import io.capstan.node.quorum.SlotBudget;
import io.capstan.proto.store.v1.StoredValue;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Rows of keyspaces that were decoded or written lately, by their keys: what is written is read
 * again soon, by the next operation on the key, by the answer to a peer, by the collection of what
 * it replaced. Says nothing about what is stored; only what given bytes mean. Bounded: {@value
 * #SLOTS} rows, of which those over {@value #SMALL_MAX_BYTES} bytes, such as sets of many elements,
 * have {@value #LARGE_TOTAL_MAX_BYTES} bytes together.
 */
final class DecodedRows {

  /** A power of two. */
  private static final int SLOTS = 256;

  private static final int SMALL_MAX_BYTES = 4_096;

  /** Larger rows are decoded each time. */
  private static final int ROW_MAX_BYTES = 2 << 20;

  private static final int LARGE_TOTAL_MAX_BYTES = 4 << 20;

  private final byte[] @Nullable [] rows = new byte[SLOTS] @Nullable [];
  private final @Nullable StoredValue[] values = new @Nullable StoredValue[SLOTS];
  private final SlotBudget budget =
      new SlotBudget(SLOTS, SMALL_MAX_BYTES, ROW_MAX_BYTES, LARGE_TOTAL_MAX_BYTES);

  /**
   * What the row means.
   *
   * @param key where it stands; it says where to look, and nothing about the row
   * @param row not to be changed any more
   */
  StoredValue of(long keyspaceId, byte[] key, byte[] row) throws InvalidProtocolBufferException {
    int slot = slotOf(keyspaceId, key);
    StoredValue known = values[slot];
    if (known != null && Arrays.equals(rows[slot], row)) {
      return known;
    }
    StoredValue value = StoredValue.parseFrom(UnsafeByteOperations.unsafeWrap(row));
    keep(slot, row, value);
    return value;
  }

  /** The value as a row under this key. */
  byte[] encode(long keyspaceId, byte[] key, StoredValue value) {
    byte[] row = value.toByteArray();
    keep(slotOf(keyspaceId, key), row, value);
    return row;
  }

  private void keep(int slot, byte[] row, StoredValue value) {
    boolean isKept = budget.admit(slot, row.length, this::empty);
    rows[slot] = isKept ? row : null;
    values[slot] = isKept ? value : null;
  }

  private void empty(int slot) {
    rows[slot] = null;
    values[slot] = null;
  }

  private static int slotOf(long keyspaceId, byte[] key) {
    int hash = 31 * Arrays.hashCode(key) + Long.hashCode(keyspaceId);
    return (hash ^ (hash >>> 8) ^ (hash >>> 16)) & (SLOTS - 1);
  }
}
