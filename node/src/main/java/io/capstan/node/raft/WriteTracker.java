package io.capstan.node.raft;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Knows which entries of the log <em>as it is now</em> are on disk, although writes are reported
 * durable later and by number only.
 *
 * <p>Appended, truncated and appended again, one index can stand for two entries whose writes are
 * both under way. A late report for the first must not count for the second (the ABA problem), so
 * each write remembers up to which index it still vouches for, and a truncation clips that for all
 * of them.
 */
final class WriteTracker {

  /** One write that is not yet durable; vouches for all entries up to {@code lastIndex}. */
  private static final class PendingWrite {
    private final long sequence;
    private long lastIndex;

    PendingWrite(long sequence, long lastIndex) {
      this.sequence = sequence;
      this.lastIndex = lastIndex;
    }
  }

  private final Deque<PendingWrite> pending = new ArrayDeque<>();
  private long durableIndex;

  WriteTracker(long durableIndex) {
    this.durableIndex = durableIndex;
  }

  /** Every entry of the current log up to here is on disk. Falls only by truncation. */
  long durableIndex() {
    return durableIndex;
  }

  /** Entries up to {@code lastIndex} are on disk once the write {@code sequence} is. */
  void written(long sequence, long lastIndex) {
    pending.addLast(new PendingWrite(sequence, lastIndex));
  }

  void truncatedFrom(long index) {
    durableIndex = Math.min(durableIndex, index - 1);
    for (PendingWrite write : pending) {
      write.lastIndex = Math.min(write.lastIndex, index - 1);
    }
  }

  /**
   * The write {@code sequence} replaces the log by a snapshot that ends at {@code index}; what
   * earlier writes vouch for is gone with it.
   */
  void replaced(long sequence, long index, long stillDurable) {
    pending.clear();
    durableIndex = Math.min(durableIndex, stillDurable);
    written(sequence, index);
  }

  /** Every write up to {@code sequence} is on disk. */
  void durable(long sequence) {
    for (PendingWrite write = pending.peekFirst();
        write != null && write.sequence <= sequence;
        write = pending.peekFirst()) {
      durableIndex = Math.max(durableIndex, write.lastIndex);
      pending.removeFirst();
    }
  }
}
