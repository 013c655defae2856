package io.capstan.chaos.sim;

import io.capstan.node.raft.Entry;
import io.capstan.node.raft.HardState;
import io.capstan.node.raft.SnapshotPosition;
import io.capstan.node.storage.LogStore;
import io.capstan.node.storage.ReplicaStore;
import io.capstan.node.storage.Table;
import io.capstan.node.storage.WriteBatch;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A disk that keeps the contract of {@link ReplicaStore} and nothing more: what was written is seen
 * at once, and a crash keeps what was synced and an arbitrary prefix of what was written after.
 */
final class SimulatedDisk implements ReplicaStore {

  /** Is shown each row of a keyspace's data as it changes. */
  interface RowObserver {
    void changed(Table table, byte[] key, byte @Nullable [] after);
  }

  /** Everything on the disk at one moment. */
  private static final class Image {
    final Map<Table, NavigableMap<byte[], byte[]>> tables = new LinkedHashMap<>();
    final Set<Long> keyspaces = new TreeSet<>();
    final List<Entry> log = new ArrayList<>();
    SnapshotPosition logStart = SnapshotPosition.NONE;
    @Nullable HardState hardState;

    Image copy() {
      Image copy = new Image();
      tables.forEach(
          (table, rows) -> {
            NavigableMap<byte[], byte[]> fresh = new TreeMap<>(Arrays::compareUnsigned);
            fresh.putAll(rows);
            copy.tables.put(table, fresh);
          });
      copy.keyspaces.addAll(keyspaces);
      copy.log.addAll(log);
      copy.logStart = logStart;
      copy.hardState = hardState;
      return copy;
    }

    NavigableMap<byte[], byte[]> rows(Table table) {
      return tables.computeIfAbsent(table, t -> new TreeMap<>(Arrays::compareUnsigned));
    }

    long lastIndex() {
      return logStart.index() + log.size();
    }

    int offset(long index) {
      return (int) (index - logStart.index() - 1);
    }

    private void applyToLog(WriteBatch batch) {
      if (batch.truncateFrom() > 0) {
        log.subList(offset(batch.truncateFrom()), log.size()).clear();
      }
      for (Entry entry : batch.entries()) {
        if (entry.index() != lastIndex() + 1) {
          throw new SimulationFailure(
              "entry " + entry.index() + " was appended after " + lastIndex());
        }
        log.add(entry);
      }
      SnapshotPosition compactTo = batch.compactTo();
      if (compactTo != null) {
        log.subList(0, offset(compactTo.index() + 1)).clear();
        logStart = compactTo;
      }
      SnapshotPosition resetTo = batch.resetTo();
      if (resetTo != null) {
        log.clear();
        logStart = resetTo;
      }
    }

    void apply(WriteBatch batch, @Nullable RowObserver observer) {
      applyToLog(batch);
      if (batch.hardState() != null) {
        hardState = batch.hardState();
      }
      for (WriteBatch.Row row : batch.rows()) {
        Table table = row.table();
        if (table.keyspaceId() != Table.GROUP && !keyspaces.contains(table.keyspaceId())) {
          throw new SimulationFailure("a row was written to a table that does not exist: " + table);
        }
        byte[] value = row.value();
        if (value == null) {
          rows(table).remove(row.key());
        } else {
          rows(table).put(row.key(), value);
        }
        if (observer != null) {
          observer.changed(table, row.key(), value);
        }
      }
    }
  }

  private final RowObserver observer;
  private Image seen = new Image();
  private Image durable = new Image();
  private final ArrayDeque<WriteBatch> unsynced = new ArrayDeque<>();
  private long writes;
  private long synced;
  private final Log log = new Log();

  SimulatedDisk(RowObserver observer) {
    this.observer = observer;
  }

  // ---- what the simulator does to it ----

  /** Makes every write of this process run up to the sequence durable. */
  void sync(long writeSequence) {
    while (synced < writeSequence) {
      durable.apply(unsynced.remove(), null);
      synced++;
    }
  }

  /** The process dies: some unsynced writes may have reached the disk, in order, whole. */
  void crash(RandomGenerator random) {
    int survivors = unsynced.isEmpty() ? 0 : random.nextInt(unsynced.size() + 1);
    for (int i = 0; i < survivors; i++) {
      durable.apply(unsynced.remove(), null);
    }
    unsynced.clear();
    seen = durable.copy();
    writes = 0;
    synced = 0;
  }

  List<Entry> entries() {
    return seen.log;
  }

  NavigableMap<byte[], byte[]> rows(Table table) {
    return seen.rows(table);
  }

  // ---- ReplicaStore ----

  @Override
  public LogStore log() {
    return log;
  }

  @Override
  public byte @Nullable [] get(Table table, byte[] key) {
    return seen.rows(table).get(key);
  }

  @Override
  public void scan(Table table, byte[] from, byte @Nullable [] to, RowVisitor visitor) {
    NavigableMap<byte[], byte[]> range = seen.rows(table).tailMap(from, true);
    if (to != null) {
      range = range.headMap(to, false);
    }
    for (Map.Entry<byte[], byte[]> row : range.entrySet()) {
      if (!visitor.visit(row.getKey(), row.getValue())) {
        return;
      }
    }
  }

  @Override
  public void write(WriteBatch batch) {
    writes++;
    unsynced.add(batch);
    seen.apply(batch, observer);
  }

  /** The number of batches that this process run has written. */
  long writes() {
    return writes;
  }

  /** How many of them are durable. */
  long syncedWrites() {
    return synced;
  }

  @Override
  public void createKeyspace(long keyspaceId) {
    seen.keyspaces.add(keyspaceId);
    durable.keyspaces.add(keyspaceId);
  }

  @Override
  public void dropKeyspace(long keyspaceId) {
    for (Image image : List.of(seen, durable)) {
      image.keyspaces.remove(keyspaceId);
      image.tables.keySet().removeIf(table -> table.keyspaceId() == keyspaceId);
    }
  }

  @Override
  public long[] keyspaces() {
    return seen.keyspaces.stream().mapToLong(Long::longValue).toArray();
  }

  private final class Log implements LogStore {
    @Override
    public @Nullable HardState hardState() {
      return seen.hardState;
    }

    @Override
    public long firstIndex() {
      return seen.logStart.index() + 1;
    }

    @Override
    public SnapshotPosition snapshot() {
      return seen.logStart;
    }

    @Override
    public long lastIndex() {
      return seen.lastIndex();
    }

    @Override
    public long term(long index) {
      if (index == seen.logStart.index()) {
        return seen.logStart.term();
      }
      if (index < firstIndex() || index > lastIndex()) {
        throw new IllegalArgumentException("there is no entry " + index);
      }
      return seen.log.get(seen.offset(index)).term();
    }

    @Override
    public List<Entry> entries(long fromIndex, long toIndexInclusive, long sizeMaxBytes) {
      List<Entry> found = new ArrayList<>();
      long bytes = 0;
      for (long index = fromIndex; index <= toIndexInclusive; index++) {
        Entry entry = seen.log.get(seen.offset(index));
        bytes += entry.sizeBytes();
        if (!found.isEmpty() && bytes > sizeMaxBytes) {
          break;
        }
        found.add(entry);
      }
      return found;
    }
  }
}
