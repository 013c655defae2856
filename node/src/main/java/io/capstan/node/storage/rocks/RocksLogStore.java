package io.capstan.node.storage.rocks;

import io.capstan.node.raft.Entry;
import io.capstan.node.raft.HardState;
import io.capstan.node.raft.SnapshotPosition;
import io.capstan.node.storage.LogStore;
import io.capstan.node.storage.StorageException;
import io.capstan.node.storage.WriteBatch;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;

/**
 * The Raft log of one group in the column family that all groups share. Where the log begins and
 * ends is known without a read; entries are read with one iterator.
 *
 * <p>Confined to the event loop of its group.
 */
final class RocksLogStore implements LogStore {

  private final StorageEngine engine;
  private final RowKeys keys;
  private final LogRecord record = new LogRecord();
  private SnapshotPosition snapshot = SnapshotPosition.NONE;
  private long lastIndex;
  private long lastTerm;
  private @Nullable HardState hardState;

  RocksLogStore(StorageEngine engine, RowKeys keys) {
    this.engine = engine;
    this.keys = keys;
    reopen();
  }

  /** Reads anew term and vote, and where the log begins and ends. */
  final void reopen() {
    byte[] stored = engine.get(engine.metaFamily, keys.hardStateKey());
    hardState = stored == null ? null : HardStateRecord.decode(stored);
    byte[] start = engine.get(engine.metaFamily, keys.logStartKey());
    snapshot = start == null ? SnapshotPosition.NONE : SnapshotPositionRecord.decode(start);
    lastIndex = snapshot.index();
    lastTerm = snapshot.term();
    findBounds();
  }

  private void findBounds() {
    try (BoundedIterator rows =
        engine.iterator(engine.logFamily, keys.logKey(firstIndex()), keys.logEnd())) {
      rows.toFirst();
      if (!rows.onRow()) {
        return;
      }
      if (RowKeys.logIndex(rows.key()) != firstIndex()) {
        throw missing(firstIndex());
      }
      rows.toLast();
      if (rows.onRow()) {
        lastIndex = RowKeys.logIndex(rows.key());
        lastTerm = record.term(rows.key(), rows.value());
      }
    }
  }

  @Override
  public @Nullable HardState hardState() {
    return hardState;
  }

  @Override
  public long firstIndex() {
    return snapshot.index() + 1;
  }

  @Override
  public SnapshotPosition snapshot() {
    return snapshot;
  }

  @Override
  public long lastIndex() {
    return lastIndex;
  }

  @Override
  public long term(long index) {
    if (index == snapshot.index()) {
      return snapshot.term();
    }
    if (index < firstIndex() || index > lastIndex) {
      throw outside(index, index);
    }
    if (index == lastIndex) {
      return lastTerm;
    }
    byte[] key = keys.logKey(index);
    byte[] value = engine.get(engine.logFamily, key);
    if (value == null) {
      throw missing(index);
    }
    return record.term(key, value);
  }

  @Override
  public List<Entry> entries(long fromIndex, long toIndexInclusive, long sizeMaxBytes) {
    if (fromIndex < firstIndex() || toIndexInclusive > lastIndex || fromIndex > toIndexInclusive) {
      throw outside(fromIndex, toIndexInclusive);
    }
    List<Entry> entries = new ArrayList<>();
    long bytes = 0;
    try (BoundedIterator rows =
        engine.iterator(
            engine.logFamily, keys.logKey(fromIndex), keys.logKey(toIndexInclusive + 1))) {
      rows.toFirst();
      for (long index = fromIndex; index <= toIndexInclusive; index++, rows.next()) {
        if (!rows.onRow()) {
          throw missing(index);
        }
        Entry entry = record.decode(rows.key(), rows.value());
        if (entry.index() != index) {
          throw missing(index);
        }
        bytes += entry.sizeBytes();
        if (bytes > sizeMaxBytes && !entries.isEmpty()) {
          break;
        }
        entries.add(entry);
      }
    }
    return entries;
  }

  /**
   * Adds to the native batch what the batch wants of the log and the hard state.
   *
   * @throws IllegalStateException when the log would have a gap
   */
  void stage(org.rocksdb.WriteBatch nativeBatch, WriteBatch batch) throws RocksDBException {
    append(nativeBatch, batch.truncateFrom(), batch.entries());
    SnapshotPosition compactTo = batch.compactTo();
    if (compactTo != null) {
      compact(nativeBatch, compactTo, lastIndexAfter(batch));
    }
    HardState state = batch.hardState();
    if (state != null) {
      nativeBatch.put(engine.metaFamily, keys.hardStateKey(), HardStateRecord.encode(state));
    }
  }

  private void append(org.rocksdb.WriteBatch nativeBatch, long truncateFrom, List<Entry> entries)
      throws RocksDBException {
    long kept = lastIndexKept(truncateFrom);
    // Entries put after the range in the batch are not covered by it.
    remove(nativeBatch, kept + 1, lastIndex);
    long index = kept;
    for (Entry entry : entries) {
      index++;
      if (entry.index() != index) {
        throw new IllegalStateException(
            "entry " + entry.index() + " cannot follow index " + (index - 1) + " in the log");
      }
      byte[] key = keys.logKey(index);
      nativeBatch.put(engine.logFamily, key, record.encode(key, entry));
    }
  }

  private void compact(
      org.rocksdb.WriteBatch nativeBatch, SnapshotPosition position, long lastIndexAfter)
      throws RocksDBException {
    if (position.index() > lastIndexAfter || position.index() < snapshot.index()) {
      throw new IllegalStateException(
          "the log "
              + firstIndex()
              + ".."
              + lastIndexAfter
              + " cannot be compacted to "
              + position.index());
    }
    remove(nativeBatch, firstIndex(), position.index());
    start(nativeBatch, position);
  }

  /** One range, whatever its length. */
  private void remove(org.rocksdb.WriteBatch nativeBatch, long from, long toInclusive)
      throws RocksDBException {
    if (from <= toInclusive) {
      nativeBatch.deleteRange(engine.logFamily, keys.logKey(from), keys.logKey(toInclusive + 1));
    }
  }

  private void start(org.rocksdb.WriteBatch nativeBatch, SnapshotPosition position)
      throws RocksDBException {
    nativeBatch.put(engine.metaFamily, keys.logStartKey(), SnapshotPositionRecord.encode(position));
  }

  /** Takes note of what a batch wrote. */
  void written(WriteBatch batch) {
    HardState state = batch.hardState();
    if (state != null) {
      hardState = state;
    }
    long kept = lastIndexKept(batch.truncateFrom());
    if (!batch.entries().isEmpty()) {
      Entry last = batch.entries().getLast();
      lastIndex = last.index();
      lastTerm = last.term();
    } else if (kept < lastIndex) {
      // The term is read, not remembered: the new last entry is an older one.
      lastIndex = kept;
      lastTerm = kept == snapshot.index() ? snapshot.term() : storedTerm(kept);
    }
    SnapshotPosition compactTo = batch.compactTo();
    if (compactTo != null) {
      snapshot = compactTo;
    }
  }

  private long lastIndexAfter(WriteBatch batch) {
    return batch.entries().isEmpty()
        ? lastIndexKept(batch.truncateFrom())
        : batch.entries().getLast().index();
  }

  private long storedTerm(long index) {
    byte[] key = keys.logKey(index);
    byte[] value = engine.get(engine.logFamily, key);
    if (value == null) {
      throw missing(index);
    }
    return record.term(key, value);
  }

  private long lastIndexKept(long truncateFrom) {
    if (truncateFrom == 0 || truncateFrom > lastIndex) {
      return lastIndex;
    }
    if (truncateFrom < firstIndex()) {
      throw new IllegalStateException(
          "the log begins at " + firstIndex() + " and cannot be truncated from " + truncateFrom);
    }
    return truncateFrom - 1;
  }

  private IllegalArgumentException outside(long from, long to) {
    return new IllegalArgumentException(
        "entries " + from + ".." + to + " are outside the log " + firstIndex() + ".." + lastIndex);
  }

  private static StorageException missing(long index) {
    return new StorageException(
        "Entry "
            + index
            + " of the Raft log is missing on disk, though later ones are there. "
            + StorageEngine.REBUILD_ADVICE,
        null);
  }
}
