package io.capstan.node.raft;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The newest entries of the log in memory: a ring without gaps that grows at the back, is evicted
 * at the front and truncated at the back. Holds both what waits to be written and what is kept so
 * that replication reads no storage.
 */
final class LogTail {
  private static final int CAPACITY_INITIAL = 64;

  private @Nullable Entry[] ring = new @Nullable Entry[CAPACITY_INITIAL];
  private long firstIndex;
  private int size;
  private long sizeBytes;

  /** An empty tail whose first entry will be {@code firstIndex}. */
  LogTail(long firstIndex) {
    this.firstIndex = firstIndex;
  }

  long firstIndex() {
    return firstIndex;
  }

  /** Index of the last entry, {@code firstIndex() - 1} when empty. */
  long lastIndex() {
    return firstIndex + size - 1;
  }

  long sizeBytes() {
    return sizeBytes;
  }

  boolean contains(long index) {
    return index >= firstIndex && index <= lastIndex();
  }

  Entry get(long index) {
    Entry entry = contains(index) ? ring[slot(index)] : null;
    if (entry == null || entry.index() != index) {
      throw new RaftInvariantViolation(
          "entry " + index + " is not in the tail " + firstIndex + ".." + lastIndex());
    }
    return entry;
  }

  void append(Entry entry) {
    RaftInvariantViolation.require(
        entry.index() == lastIndex() + 1, "appended without a gap", entry.index(), lastIndex() + 1);
    if (size == ring.length) {
      grow();
    }
    ring[slot(entry.index())] = entry;
    size++;
    sizeBytes += entry.sizeBytes();
  }

  /** Removes everything from {@code index} on; the next append is {@code index}. */
  void truncateFrom(long index) {
    while (size > 0 && lastIndex() >= index) {
      int slot = slot(lastIndex());
      sizeBytes -= get(lastIndex()).sizeBytes();
      ring[slot] = null;
      size--;
    }
    if (size == 0) {
      firstIndex = index;
    }
  }

  /**
   * Drops the oldest entries up to {@code evictableIndex} while the tail is larger than {@code
   * sizeMaxBytes}.
   */
  void evict(long sizeMaxBytes, long evictableIndex) {
    while (size > 0 && sizeBytes > sizeMaxBytes && firstIndex <= evictableIndex) {
      sizeBytes -= get(firstIndex).sizeBytes();
      ring[slot(firstIndex)] = null;
      firstIndex++;
      size--;
    }
  }

  /** Drops the entries up to {@code index}, whatever their size. */
  void dropThrough(long index) {
    evict(-1, index);
  }

  /** Drops everything; the next append is {@code index}. */
  void restartAt(long index) {
    dropThrough(lastIndex());
    firstIndex = index;
  }

  /**
   * At least one entry from {@code fromIndex} on, as many up to {@code toIndexInclusive} as the
   * size allows.
   */
  List<Entry> slice(long fromIndex, long toIndexInclusive, long sizeMaxBytes) {
    List<Entry> slice = new ArrayList<>((int) Math.min(toIndexInclusive - fromIndex + 1, 256));
    long bytes = 0;
    for (long index = fromIndex; index <= toIndexInclusive; index++) {
      Entry entry = get(index);
      bytes += entry.sizeBytes();
      if (bytes > sizeMaxBytes && !slice.isEmpty()) {
        break;
      }
      slice.add(entry);
    }
    return slice;
  }

  private int slot(long index) {
    return (int) (index & (ring.length - 1));
  }

  private void grow() {
    @Nullable Entry[] old = ring;
    int oldMask = old.length - 1;
    ring = new @Nullable Entry[old.length * 2];
    for (long index = firstIndex; index <= lastIndex(); index++) {
      ring[slot(index)] = old[(int) (index & oldMask)];
    }
  }
}
