package io.capstan.chaos.check.linear;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The configurations that a search has visited. A configuration is a key (what must agree: the
 * state, and the required operations that are neither placed nor covered) and a cost: how many
 * optional operations of each class were spent, and which covered operations are no longer there to
 * choose from.
 *
 * <p>Of two configurations with the same key the one that costs no more in any respect can do
 * whatever the other can, so only those that no earlier one dominates are worth a visit, and only
 * those that none dominates are kept. Counts are packed fields with a guard bit above each, so that
 * one subtraction a word compares them; the last word is a plain set of bits.
 *
 * <p>Entries lie in chunks of plain numbers, for there may be tens of millions. The first cost of a
 * key lies beside it, further ones together in an array of their own. Not safe for several threads.
 */
final class ConfigurationSet {
  private static final int CHUNK_SHIFT = 12;
  private static final int CHUNK_WORDS = 1 << CHUNK_SHIFT;
  private static final int INITIAL_BUCKETS = 64;
  private static final int HEADER_WORDS = 2;

  /** The longest key and cost together, in words. */
  static final int ENTRY_MAX_WORDS = CHUNK_WORDS - HEADER_WORDS;

  private final long[] guards;
  private final int costWords;
  private final List<long[]> chunks = new ArrayList<>();
  private final List<CostList> furtherCosts = new ArrayList<>();
  private long[] chunk = new long[0];
  private int chunkUsed = CHUNK_WORDS;
  private int[] heads = new int[INITIAL_BUCKETS];
  private int keys;
  private int added;
  private long furtherBytes;

  /** Costs of one key beyond the first. */
  private static final class CostList {
    private long[] words;
    private int used;

    CostList(int words) {
      this.words = new long[words];
    }
  }

  /**
   * An empty set.
   *
   * @param guards the guard bits of each word of counts; a cost has one word more
   */
  ConfigurationSet(long[] guards) {
    this.guards = guards;
    this.costWords = guards.length + 1;
    Arrays.fill(heads, -1);
  }

  /** How many configurations were added. */
  int size() {
    return added;
  }

  /** Bytes held, roughly. */
  long sizeBytes() {
    return 8L * CHUNK_WORDS * chunks.size() + 4L * heads.length + furtherBytes;
  }

  /**
   * Adds a configuration unless an earlier one dominates it.
   *
   * @param key the first {@code keyWords} of it count
   * @param cost the counts, then the bits
   * @return whether it is new
   */
  boolean add(long[] key, int keyWords, long[] cost) {
    int bucket = bucket(key, 0, keyWords);
    for (int entry = heads[bucket]; entry >= 0; ) {
      long[] words = chunks.get(entry >>> CHUNK_SHIFT);
      int at = entry & (CHUNK_WORDS - 1);
      if (sameKey(words, at, key, keyWords)) {
        return addCost(words, at, keyWords, cost);
      }
      entry = (int) (words[at] >> 32);
    }
    if (keys >= heads.length) {
      grow();
      bucket = bucket(key, 0, keyWords);
    }
    insert(bucket, key, keyWords, cost);
    return true;
  }

  private static boolean sameKey(long[] words, int at, long[] key, int keyWords) {
    int from = at + HEADER_WORDS;
    return (int) words[at] == keyWords
        && Arrays.equals(words, from, from + keyWords, key, 0, keyWords);
  }

  private boolean addCost(long[] words, int at, int keyWords, long[] cost) {
    int first = at + HEADER_WORDS + keyWords;
    if (dominates(words, first, cost, 0)) {
      return false;
    }
    int further = (int) words[at + 1];
    if (further >= 0 && !isMinimal(furtherCosts.get(further), cost)) {
      return false;
    }
    added++;
    if (dominates(cost, 0, words, first)) {
      System.arraycopy(cost, 0, words, first, costWords);
      return true;
    }
    if (further < 0) {
      words[at + 1] = furtherCosts.size();
      furtherCosts.add(new CostList(costWords));
      further = furtherCosts.size() - 1;
      furtherBytes += 64 + 8L * costWords;
    }
    append(furtherCosts.get(further), cost);
    return true;
  }

  /** Whether none of the list dominates the cost; if so, those that it dominates are taken out. */
  private boolean isMinimal(CostList list, long[] cost) {
    for (int i = 0; i < list.used; i += costWords) {
      if (dominates(list.words, i, cost, 0)) {
        return false;
      }
    }
    int kept = 0;
    for (int i = 0; i < list.used; i += costWords) {
      if (!dominates(cost, 0, list.words, i)) {
        System.arraycopy(list.words, i, list.words, kept, costWords);
        kept += costWords;
      }
    }
    list.used = kept;
    return true;
  }

  private void append(CostList list, long[] cost) {
    if (list.used + costWords > list.words.length) {
      furtherBytes += 8L * list.words.length;
      list.words = Arrays.copyOf(list.words, list.words.length * 2);
    }
    System.arraycopy(cost, 0, list.words, list.used, costWords);
    list.used += costWords;
  }

  private boolean dominates(long[] cheap, int cheapAt, long[] dear, int dearAt) {
    for (int i = 0; i < guards.length; i++) {
      if ((((dear[dearAt + i] | guards[i]) - cheap[cheapAt + i]) & guards[i]) != guards[i]) {
        return false;
      }
    }
    return (cheap[cheapAt + guards.length] & ~dear[dearAt + guards.length]) == 0;
  }

  private void insert(int bucket, long[] key, int keyWords, long[] cost) {
    int words = HEADER_WORDS + keyWords + costWords;
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
    chunk[chunkUsed + 1] = -1;
    System.arraycopy(key, 0, chunk, chunkUsed + HEADER_WORDS, keyWords);
    System.arraycopy(cost, 0, chunk, chunkUsed + HEADER_WORDS + keyWords, costWords);
    chunkUsed += words;
    heads[bucket] = entry;
    keys++;
    added++;
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
        int bucket = bucket(words, at + HEADER_WORDS, keyWords);
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
