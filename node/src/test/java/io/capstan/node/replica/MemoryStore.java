package io.capstan.node.replica;

import io.capstan.node.raft.Entry;
import io.capstan.node.raft.HardState;
import io.capstan.node.raft.SnapshotPosition;
import io.capstan.node.storage.LogStore;
import io.capstan.node.storage.ReplicaStore;
import io.capstan.node.storage.Table;
import io.capstan.node.storage.WriteBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A store in memory that forgets nothing. */
final class MemoryStore implements ReplicaStore {

  private final Map<Table, NavigableMap<byte[], byte[]>> tables = new HashMap<>();
  private final TreeSet<Long> keyspaces = new TreeSet<>();
  private final List<Entry> entries = new ArrayList<>();
  private SnapshotPosition snapshot = SnapshotPosition.NONE;
  private @Nullable HardState hardState;
  int batches;

  private NavigableMap<byte[], byte[]> rows(Table table) {
    return tables.computeIfAbsent(table, t -> new TreeMap<>(Arrays::compareUnsigned));
  }

  @Override
  public byte @Nullable [] get(Table table, byte[] key) {
    return rows(table).get(key);
  }

  @Override
  public void scan(Table table, byte[] from, byte @Nullable [] to, RowVisitor visitor) {
    for (Map.Entry<byte[], byte[]> row : rows(table).tailMap(from, true).entrySet()) {
      if (to != null && Arrays.compareUnsigned(row.getKey(), to) >= 0) {
        return;
      }
      if (!visitor.visit(row.getKey(), row.getValue())) {
        return;
      }
    }
  }

  @Override
  public void write(WriteBatch batch) {
    batches++;
    if (batch.truncateFrom() > 0) {
      entries.subList(position(batch.truncateFrom()), entries.size()).clear();
    }
    entries.addAll(batch.entries());
    if (batch.compactTo() != null) {
      entries.subList(0, position(batch.compactTo().index() + 1)).clear();
      snapshot = batch.compactTo();
    }
    if (batch.install() != null) {
      throw new AssertionError("a lone replica has nobody to get a snapshot from");
    }
    if (batch.hardState() != null) {
      hardState = batch.hardState();
    }
    for (WriteBatch.Row row : batch.rows()) {
      if (row.value() == null) {
        rows(row.table()).remove(row.key());
      } else {
        rows(row.table()).put(row.key(), row.value());
      }
    }
  }

  private int position(long index) {
    return (int) (index - snapshot.index() - 1);
  }

  @Override
  public void createKeyspace(long keyspaceId) {
    keyspaces.add(keyspaceId);
  }

  @Override
  public void dropKeyspace(long keyspaceId) {
    keyspaces.remove(keyspaceId);
    tables.keySet().removeIf(table -> table.keyspaceId() == keyspaceId);
  }

  @Override
  public long[] keyspaces() {
    return keyspaces.stream().mapToLong(Long::longValue).toArray();
  }

  @Override
  public LogStore log() {
    return new LogStore() {
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
        return snapshot.index() + entries.size();
      }

      @Override
      public long term(long index) {
        return index == snapshot.index() ? snapshot.term() : entries.get(position(index)).term();
      }

      @Override
      public List<Entry> entries(long from, long toInclusive, long sizeMaxBytes) {
        return List.copyOf(entries.subList(position(from), position(toInclusive) + 1));
      }
    };
  }
}
