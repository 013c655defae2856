package io.capstan.node.storage.rocks;

import io.capstan.node.raft.Entry;
import io.capstan.node.raft.HardState;
import io.capstan.node.storage.LogStore;
import io.capstan.node.storage.StorageException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

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
  private long firstIndex = 1;
  private long lastIndex;
  private long lastTerm;
  private @Nullable HardState hardState;

  RocksLogStore(StorageEngine engine, RowKeys keys) {
    this.engine = engine;
    this.keys = keys;
    byte[] stored = engine.get(engine.metaFamily, keys.hardStateKey());
    hardState = stored == null ? null : HardStateRecord.decode(stored);
    findBounds();
  }

  private void findBounds() {
    try (BoundedIterator rows = engine.iterator(engine.logFamily, keys.logKey(0), keys.logEnd())) {
      rows.toFirst();
      if (!rows.onRow()) {
        return;
      }
      firstIndex = RowKeys.logIndex(rows.key());
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
    return firstIndex;
  }

  @Override
  public long lastIndex() {
    return lastIndex;
  }

  @Override
  public long term(long index) {
    if (index == 0 && firstIndex == 1) {
      return 0;
    }
    if (index < firstIndex || index > lastIndex) {
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
    if (fromIndex < firstIndex || toIndexInclusive > lastIndex || fromIndex > toIndexInclusive) {
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
   * Adds to the native batch what makes the log end with the entries.
   *
   * @throws IllegalStateException when the log would have a gap
   */
  void stage(WriteBatch batch, long truncateFrom, List<Entry> entries) throws RocksDBException {
    long kept = lastIndexKept(truncateFrom);
    if (kept < lastIndex) {
      // One range whatever its length; entries put after it in the batch are not covered by it.
      batch.deleteRange(engine.logFamily, keys.logKey(kept + 1), keys.logKey(lastIndex + 1));
    }
    long index = kept;
    for (Entry entry : entries) {
      index++;
      if (entry.index() != index) {
        throw new IllegalStateException(
            "entry " + entry.index() + " cannot follow index " + (index - 1) + " in the log");
      }
      byte[] key = keys.logKey(index);
      batch.put(engine.logFamily, key, record.encode(key, entry));
    }
  }

  /** Adds the hard state to the native batch. */
  void stage(WriteBatch batch, HardState state) throws RocksDBException {
    batch.put(engine.metaFamily, keys.hardStateKey(), HardStateRecord.encode(state));
  }

  /** Takes note of what a batch wrote. */
  void written(long truncateFrom, List<Entry> entries, @Nullable HardState state) {
    if (state != null) {
      hardState = state;
    }
    long kept = lastIndexKept(truncateFrom);
    if (!entries.isEmpty()) {
      Entry last = entries.getLast();
      lastIndex = last.index();
      lastTerm = last.term();
    } else if (kept < lastIndex) {
      // The term is read, not remembered: the new last entry is an older one.
      lastIndex = kept;
      lastTerm = kept < firstIndex ? 0 : storedTerm(kept);
    }
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
    if (truncateFrom < firstIndex) {
      throw new IllegalStateException(
          "the log begins at " + firstIndex + " and cannot be truncated from " + truncateFrom);
    }
    return truncateFrom - 1;
  }

  private IllegalArgumentException outside(long from, long to) {
    return new IllegalArgumentException(
        "entries " + from + ".." + to + " are outside the log " + firstIndex + ".." + lastIndex);
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
