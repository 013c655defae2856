package io.capstan.chaos.check.linear;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The configurations that a search has visited. A configuration is a key (which required operations
 * are placed, and the state) and a vector that counts, class by class, the optional operations that
 * were spent to get there.
 *
 * <p>Of two configurations with the same key the one that spent no more of any class can do
 * whatever the other can, so only those that no earlier one dominates are worth a visit. Vectors
 * are packed fields with a guard bit above each, and one subtraction a word compares them.
 *
 * <p>Entries lie in chunks of plain numbers, for there may be tens of millions. Not safe for
 * several threads.
 */
final class ConfigurationSet {
  private static final int CHUNK_SHIFT = 12;
  private static final int CHUNK_WORDS = 1 << CHUNK_SHIFT;
  private static final int INITIAL_BUCKETS = 64;

  /** The longest key and vector together, in words. */
  static final int ENTRY_MAX_WORDS = CHUNK_WORDS - 1;

  private final long[] guards;
  private final List<long[]> chunks = new ArrayList<>();
  private long[] chunk = new long[0];
  private int chunkUsed = CHUNK_WORDS;
  private int[] heads = new int[INITIAL_BUCKETS];
  private int size;

  /**
   * An empty set.
   *
   * @param guards the guard bits of each word of the vectors
   */
  ConfigurationSet(long[] guards) {
    this.guards = guards;
    Arrays.fill(heads, -1);
  }

  /** How many configurations are kept. */
  int size() {
    return size;
  }

  /** Bytes held, roughly. */
  long sizeBytes() {
    return 8L * CHUNK_WORDS * chunks.size() + 4L * heads.length;
  }

  /**
   * Adds a configuration unless an earlier one dominates it.
   *
   * @param key the first {@code keyWords} of it count
   * @param spent as many words as there are guards
   * @return whether it is new
   */
  boolean add(long[] key, int keyWords, long[] spent) {
    int bucket = bucket(key, 0, keyWords);
    for (int entry = heads[bucket]; entry >= 0; ) {
      long[] words = chunks.get(entry >>> CHUNK_SHIFT);
      int at = entry & (CHUNK_WORDS - 1);
      if (sameKey(words, at, key, keyWords) && dominates(words, at + 1 + keyWords, spent)) {
        return false;
      }
      entry = (int) (words[at] >> 32);
    }
    if (size >= heads.length) {
      grow();
      bucket = bucket(key, 0, keyWords);
    }
    insert(bucket, key, keyWords, spent);
    return true;
  }

  private static boolean sameKey(long[] words, int at, long[] key, int keyWords) {
    return (int) words[at] == keyWords
        && Arrays.equals(words, at + 1, at + 1 + keyWords, key, 0, keyWords);
  }

  private boolean dominates(long[] words, int at, long[] spent) {
    for (int i = 0; i < guards.length; i++) {
      if ((((spent[i] | guards[i]) - words[at + i]) & guards[i]) != guards[i]) {
        return false;
      }
    }
    return true;
  }

  private void insert(int bucket, long[] key, int keyWords, long[] spent) {
    int words = 1 + keyWords + guards.length;
    if (words > CHUNK_WORDS) {
      throw new IllegalStateException(
          "a configuration of " + words + " words does not fit into a chunk");
    }
    if (chunkUsed + words > CHUNK_WORDS) {
      chunk = new long[CHUNK_WORDS];
      chunks.add(chunk);
      chunkUsed = 0;
    }
    int entry = ((chunks.size() - 1) << CHUNK_SHIFT) | chunkUsed;
    chunk[chunkUsed] = ((long) heads[bucket] << 32) | keyWords;
    System.arraycopy(key, 0, chunk, chunkUsed + 1, keyWords);
    System.arraycopy(spent, 0, chunk, chunkUsed + 1 + keyWords, guards.length);
    chunkUsed += words;
    heads[bucket] = entry;
    size++;
  }

  private void grow() {
    int[] oldHeads = heads;
    heads = new int[oldHeads.length * 2];
    Arrays.fill(heads, -1);
    for (int head : oldHeads) {
      for (int entry = head; entry >= 0; ) {
        long[] words = chunks.get(entry >>> CHUNK_SHIFT);
        int at = entry & (CHUNK_WORDS - 1);
        int next = (int) (words[at] >> 32);
        int keyWords = (int) words[at];
        int bucket = bucket(words, at + 1, keyWords);
        words[at] = ((long) heads[bucket] << 32) | keyWords;
        heads[bucket] = entry;
        entry = next;
      }
    }
  }

  private int bucket(long[] words, int from, int count) {
    long hash = count;
    for (int i = from; i < from + count; i++) {
      hash = (hash ^ words[i]) * 0x9E3779B97F4A7C15L;
      hash ^= hash >>> 29;
    }
    return (int) (hash ^ (hash >>> 32)) & (heads.length - 1);
  }
}
