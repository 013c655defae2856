package io.capstan.node.replica;

import io.capstan.node.raft.Entry;
import java.util.ArrayDeque;
import java.util.List;

/**
 * Decides where the log may be cut: it has grown beyond a number of entries or of bytes, and what
 * is cut is applied.
 *
 * <p>Counts the bytes of what was appended since the process started. What an earlier run left is
 * bounded by that run, and by its number of entries here.
 */
final class LogGrowth {

  /** The bytes are counted in steps of so many entries. */
  private static final int STEP_ENTRIES = 64;

  /** Everything up to the entry took so many bytes together. */
  private record Mark(long index, long bytes) {}

  private final SnapshotConfig config;
  private final ArrayDeque<Mark> marks = new ArrayDeque<>();
  private long appendedBytes;
  private long cutBytes;
  private long lastMarked;

  LogGrowth(SnapshotConfig config) {
    this.config = config;
  }

  void appended(long truncateFrom, List<Entry> entries) {
    if (truncateFrom > 0) {
      while (!marks.isEmpty() && marks.peekLast().index() >= truncateFrom) {
        marks.removeLast();
      }
    }
    for (Entry entry : entries) {
      appendedBytes += entry.sizeBytes();
      if (entry.index() - lastMarked >= STEP_ENTRIES || entry.index() < lastMarked) {
        lastMarked = entry.index();
        marks.addLast(new Mark(entry.index(), appendedBytes));
      }
    }
  }

  /** The log was cut up to the entry, or began anew behind it. */
  void cut(long index) {
    while (!marks.isEmpty() && marks.peekFirst().index() <= index) {
      cutBytes = marks.removeFirst().bytes();
    }
    if (marks.isEmpty()) {
      cutBytes = appendedBytes;
    }
  }

  /**
   * The last entry that is to be removed, or 0 where the log may stay as it is.
   *
   * @param firstIndex of the log
   * @param appliedIndex nothing above it is removed
   * @param neededIndex nothing above it is removed as long as the log is not very long: a follower
   *     that receives a snapshot goes on from there
   */
  long cutUpTo(long firstIndex, long appliedIndex, long neededIndex) {
    long entries = appliedIndex - firstIndex + 1;
    long bytes = appendedBytes - cutBytes;
    if (entries <= config.logEntriesMax() && bytes <= config.logBytesMax()) {
      return 0;
    }
    long target = appliedIndex - Math.min(config.logEntriesKept(), config.logEntriesMax() / 2);
    long keptBytesMax = config.logBytesMax() / 2;
    for (Mark mark : marks) {
      if (appendedBytes - mark.bytes() <= keptBytesMax) {
        break;
      }
      target = Math.max(target, Math.min(mark.index(), appliedIndex));
    }
    boolean veryLong = entries > 4 * config.logEntriesMax() || bytes > 4 * config.logBytesMax();
    if (!veryLong) {
      target = Math.min(target, neededIndex);
    }
    return target >= firstIndex ? target : 0;
  }
}
