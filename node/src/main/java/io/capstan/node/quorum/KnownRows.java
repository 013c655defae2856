package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.VersionVector;
import io.capstan.proto.store.v1.StoredValue;
import org.jspecify.annotations.Nullable;

/**
 * Keys as they were read or stored lately, whole: what is written is read again soon, by the next
 * write, by the answer to a peer, by the collection of what it replaced. Says nothing about what is
 * stored; only what a stored row means here. Bounded: {@value #SLOTS} rows, of which those over
 * about {@value #SMALL_MAX_BYTES} bytes have {@value #LARGE_TOTAL_MAX_BYTES} bytes together.
 */
final class KnownRows {

  /** A power of two. */
  private static final int SLOTS = 256;

  private static final int SMALL_MAX_BYTES = 4_096;

  /** Larger rows are decoded each time. */
  private static final int ROW_MAX_BYTES = 2 << 20;

  private static final int LARGE_TOTAL_MAX_BYTES = 2 << 20;

  private record Row(ByteString key, StoredValue stored, DottedVersionVectorSet whole) {}

  private final @Nullable Row[] rows = new @Nullable Row[SLOTS];
  private final SlotBudget budget =
      new SlotBudget(SLOTS, SMALL_MAX_BYTES, ROW_MAX_BYTES, LARGE_TOTAL_MAX_BYTES);

  /**
   * The row whole, as {@link DottedVersionVectorSet#fromStored} says.
   *
   * @param bases of the clock as it is now; they never fall
   */
  DottedVersionVectorSet whole(ByteString key, StoredValue stored, VersionVector bases) {
    Row row = rows[slotOf(key)];
    if (row == null || row.stored != stored || !row.key.equals(key)) {
      DottedVersionVectorSet whole = DottedVersionVectorSet.fromStored(stored, bases);
      stored(key, stored, whole);
      return whole;
    }
    DottedVersionVectorSet whole = row.whole.knowing(bases);
    if (whole != row.whole) {
      rows[slotOf(key)] = new Row(key, stored, whole);
    }
    return whole;
  }

  /** The row was stored in this form. */
  void stored(ByteString key, StoredValue stored, DottedVersionVectorSet whole) {
    int slot = slotOf(key);
    boolean isKept =
        budget.admit(slot, whole.sizeBytes() + key.size(), other -> rows[other] = null);
    rows[slot] = isKept ? new Row(key, stored, whole) : null;
  }

  static int slotOf(ByteString key) {
    int hash = key.hashCode();
    return (hash ^ (hash >>> 8) ^ (hash >>> 16)) & (SLOTS - 1);
  }
}
