package io.capstan.node.raft;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * A disk that keeps two truths apart: what was written, which the running node reads, and what was
 * synced, which survives a crash. A crash keeps any number of the unsynced writes, always the
 * oldest ones.
 */
final class MemoryDisk implements LogReader {

  private record Write(
      long sequence,
      long truncateFrom,
      List<Entry> entries,
      HardState hardState,
      SnapshotPosition compactTo,
      SnapshotPosition install,
      long appliedIndex) {}

  /** One of the two truths. */
  private static final class Image {
    private final List<Entry> log = new ArrayList<>();
    private SnapshotPosition start = SnapshotPosition.NONE;
    private HardState hardState = HardState.INITIAL;
    private long appliedIndex;

    long lastIndex() {
      return start.index() + log.size();
    }

    Entry get(long index) {
      return log.get((int) (index - start.index() - 1));
    }

    long term(long index) {
      return index == start.index() ? start.term() : get(index).term();
    }

    /** Whether the entry is in the log, or in the snapshot before it. */
    boolean has(Entry entry) {
      return entry.index() <= start.index()
          || (entry.index() <= lastIndex() && term(entry.index()) == entry.term());
    }

    void apply(Write write) {
      if (write.truncateFrom() > 0) {
        log.subList((int) (write.truncateFrom() - start.index() - 1), log.size()).clear();
      }
      for (Entry entry : write.entries()) {
        if (entry.index() != lastIndex() + 1) {
          throw new AssertionError("write leaves a gap: " + entry + " after " + lastIndex());
        }
        log.add(entry);
      }
      if (write.compactTo() != null) {
        log.subList(0, (int) (write.compactTo().index() - start.index())).clear();
        start = write.compactTo();
      }
      if (write.install() != null) {
        log.clear();
        start = write.install();
      }
      if (write.hardState() != null) {
        hardState = write.hardState();
      }
      appliedIndex = Math.max(appliedIndex, write.appliedIndex());
    }

    void become(Image other) {
      log.clear();
      log.addAll(other.log);
      start = other.start;
      hardState = other.hardState;
      appliedIndex = other.appliedIndex;
    }
  }

  private final Image written = new Image();
  private final Image synced = new Image();
  private final Deque<Write> unsynced = new ArrayDeque<>();
  private int reads;

  void write(Output output) {
    write(output, 0);
  }

  /** As above, and the effects up to the applied index are in this write or before it. */
  void write(Output output, long appliedIndex) {
    write(
        new Write(
            output.writeSequence(),
            output.truncateFrom(),
            output.entries(),
            output.hardState(),
            output.compactTo(),
            output.install(),
            output.install() == null ? appliedIndex : output.install().index()));
  }

  void write(long sequence, long truncateFrom, List<Entry> entries) {
    write(new Write(sequence, truncateFrom, entries, null, null, null, 0));
  }

  /** Puts entries, term and vote on the disk, synced, in place of what was there. */
  void preset(List<Entry> entries, HardState hardState) {
    unsynced.clear();
    synced.become(new Image());
    written.become(synced);
    write(new Write(1, 0, entries, hardState, null, null, 0));
    sync(1);
  }

  private void write(Write write) {
    unsynced.addLast(write);
    written.apply(write);
  }

  /** Sequence of the newest write that is not synced, 0 when all are. */
  long lastUnsynced() {
    return unsynced.isEmpty() ? 0 : unsynced.getLast().sequence();
  }

  int unsyncedCount() {
    return unsynced.size();
  }

  void sync(long sequence) {
    while (!unsynced.isEmpty() && unsynced.getFirst().sequence() <= sequence) {
      synced.apply(unsynced.removeFirst());
    }
  }

  void crash(int survivingWrites) {
    for (int i = 0; i < survivingWrites; i++) {
      synced.apply(unsynced.removeFirst());
    }
    unsynced.clear();
    written.become(synced);
  }

  HardState hardState() {
    return written.hardState;
  }

  /** Up to here the effects of entries are in the stored state. */
  long appliedIndex() {
    return written.appliedIndex;
  }

  HardState syncedHardState() {
    return synced.hardState;
  }

  boolean hasSynced(Entry entry) {
    return synced.has(entry);
  }

  boolean hasWritten(Entry entry) {
    return written.has(entry);
  }

  List<Entry> writtenEntries() {
    return written.log;
  }

  /** How often entries were read back, to show that normal replication reads nothing. */
  int entryReads() {
    return reads;
  }

  @Override
  public long firstIndex() {
    return written.start.index() + 1;
  }

  @Override
  public SnapshotPosition snapshot() {
    return written.start;
  }

  @Override
  public long lastIndex() {
    return written.lastIndex();
  }

  @Override
  public long term(long index) {
    return written.term(index);
  }

  @Override
  public List<Entry> entries(long fromIndex, long toIndexInclusive, long sizeMaxBytes) {
    reads++;
    List<Entry> result = new ArrayList<>();
    long bytes = 0;
    for (long index = fromIndex; index <= toIndexInclusive; index++) {
      Entry entry = written.get(index);
      bytes += entry.sizeBytes();
      if (bytes > sizeMaxBytes && !result.isEmpty()) {
        break;
      }
      result.add(entry);
    }
    return result;
  }
}
