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
      long sequence, long truncateFrom, List<Entry> entries, HardState hardState) {}

  private final List<Entry> written = new ArrayList<>();
  private final List<Entry> synced = new ArrayList<>();
  private final Deque<Write> unsynced = new ArrayDeque<>();
  private HardState writtenHardState = HardState.INITIAL;
  private HardState syncedHardState = HardState.INITIAL;
  private int reads;

  void write(Output output) {
    Write write =
        new Write(
            output.writeSequence(), output.truncateFrom(), output.entries(), output.hardState());
    unsynced.addLast(write);
    apply(write, written);
    if (write.hardState() != null) {
      writtenHardState = write.hardState();
    }
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
      syncFirst();
    }
  }

  void crash(int survivingWrites) {
    for (int i = 0; i < survivingWrites; i++) {
      syncFirst();
    }
    unsynced.clear();
    written.clear();
    written.addAll(synced);
    writtenHardState = syncedHardState;
  }

  private void syncFirst() {
    Write write = unsynced.removeFirst();
    apply(write, synced);
    if (write.hardState() != null) {
      syncedHardState = write.hardState();
    }
  }

  private static void apply(Write write, List<Entry> log) {
    if (write.truncateFrom() > 0) {
      log.subList((int) write.truncateFrom() - 1, log.size()).clear();
    }
    for (Entry entry : write.entries()) {
      if (entry.index() != log.size() + 1) {
        throw new AssertionError("write leaves a gap: " + entry + " after " + log.size());
      }
      log.add(entry);
    }
  }

  HardState hardState() {
    return writtenHardState;
  }

  boolean hasSynced(Entry entry) {
    return entry.index() <= synced.size()
        && synced.get((int) entry.index() - 1).term() == entry.term();
  }

  boolean hasWritten(Entry entry) {
    return entry.index() <= written.size()
        && written.get((int) entry.index() - 1).term() == entry.term();
  }

  List<Entry> writtenEntries() {
    return written;
  }

  /** How often entries were read back, to show that normal replication reads nothing. */
  int entryReads() {
    return reads;
  }

  @Override
  public long firstIndex() {
    return 1;
  }

  @Override
  public long lastIndex() {
    return written.size();
  }

  @Override
  public long term(long index) {
    return index == 0 ? 0 : written.get((int) index - 1).term();
  }

  @Override
  public List<Entry> entries(long fromIndex, long toIndexInclusive, long sizeMaxBytes) {
    reads++;
    List<Entry> result = new ArrayList<>();
    long bytes = 0;
    for (long index = fromIndex; index <= toIndexInclusive; index++) {
      Entry entry = written.get((int) index - 1);
      bytes += entry.sizeBytes();
      if (bytes > sizeMaxBytes && !result.isEmpty()) {
        break;
      }
      result.add(entry);
    }
    return result;
  }
}
