package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.capstan.node.version.RowHash;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import org.jspecify.annotations.Nullable;

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

  private static final int BLOCK_WORDS = 128;

  // Two words a leaf, in blocks that are made once a row falls into them: most keyspaces are small.
  private final long[] @Nullable [] blocks = new long[2 * LEAVES / BLOCK_WORDS] @Nullable [];
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
    long[] block = blocks[at / BLOCK_WORDS];
    if (block == null) {
      block = new long[BLOCK_WORDS];
      blocks[at / BLOCK_WORDS] = block;
    }
    block[at % BLOCK_WORDS] ^= change.high();
    block[at % BLOCK_WORDS + 1] ^= change.low();
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
    int at = 2 * leaf;
    long[] block = blocks[at / BLOCK_WORDS];
    return block == null
        ? RowHash.ZERO
        : new RowHash(block[at % BLOCK_WORDS], block[at % BLOCK_WORDS + 1]);
  }

  /** Every leaf, one after the other, {@link RowHash#SIZE_BYTES} each. */
  ByteString leaves() {
    byte[] all = new byte[LEAVES * RowHash.SIZE_BYTES];
    LongBuffer words = ByteBuffer.wrap(all).asLongBuffer();
    for (int i = 0; i < blocks.length; i++) {
      long[] block = blocks[i];
      if (block != null) {
        words.put(i * BLOCK_WORDS, block);
      }
    }
    return UnsafeByteOperations.unsafeWrap(all);
  }
}
