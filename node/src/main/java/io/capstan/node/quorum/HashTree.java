package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.capstan.node.version.RowHash;
import java.nio.ByteBuffer;

/**
 * The hashes of all rows of a keyspace, summed by XOR: in leaves by a hash of the key, and all
 * leaves in the root. Two replicas that hold the same rows have the same tree, in whatever order
 * the rows came; where they differ, so do the few leaves in which the rows lie. Merkle's tree with
 * sums instead of hashes of hashes: a change of a row costs the same however many there are.
 */
final class HashTree {

  /** Of the whole tree: 64 KiB of hashes. A million rows are 250 a leaf. */
  static final int LEAVES = 4_096;

  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;

  // Two words a leaf.
  private final long[] words = new long[2 * LEAVES];
  private RowHash root = RowHash.ZERO;
  private long rows;

  /** The leaf of the key; the same in every process. */
  static int leafOf(ByteString key) {
    long hash = FNV_OFFSET;
    for (int i = 0; i < key.size(); i++) {
      hash = (hash ^ (key.byteAt(i) & 0xff)) * FNV_PRIME;
    }
    // The upper bits of a product depend on all lower ones.
    return (int) ((hash * 0x9E3779B97F4A7C15L) >>> 52);
  }

  /** The row changed from one hash to another; {@link RowHash#ZERO} where nothing is live. */
  void replace(ByteString key, RowHash before, RowHash after) {
    if (before.equals(after)) {
      return;
    }
    RowHash change = before.xor(after);
    int at = 2 * leafOf(key);
    words[at] ^= change.high();
    words[at + 1] ^= change.low();
    root = root.xor(change);
    rows += (after.equals(RowHash.ZERO) ? 0 : 1) - (before.equals(RowHash.ZERO) ? 0 : 1);
  }

  /** All rows together. */
  RowHash root() {
    return root;
  }

  /** How many rows are live. */
  long rows() {
    return rows;
  }

  /** The rows of one leaf together. */
  RowHash leaf(int leaf) {
    return new RowHash(words[2 * leaf], words[2 * leaf + 1]);
  }

  /** Every leaf, one after the other, {@link RowHash#SIZE_BYTES} each. */
  ByteString leaves() {
    byte[] all = new byte[LEAVES * RowHash.SIZE_BYTES];
    ByteBuffer.wrap(all).asLongBuffer().put(words);
    return UnsafeByteOperations.unsafeWrap(all);
  }
}
