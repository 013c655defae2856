package io.capstan.node.replica;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.capstan.node.storage.ReplicaStore;
import io.capstan.node.storage.Table;
import io.capstan.node.storage.WriteBatch;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The store's tables with the writes of the running step on top: what one input wrote the next one
 * reads, although all of them reach the store as one batch at the flush.
 */
final class BufferedTables {

  private record Pending(byte[] key, byte @Nullable [] value) {}

  private final ReplicaStore store;
  private final DecodedRows decoded = new DecodedRows();
  // Insertion order makes the batch a function of the inputs.
  private final Map<Table, Map<ByteString, Pending>> pending = new LinkedHashMap<>();
  private int rows;
  // By keyspace, the openings since which its rows are kept as they were before they changed.
  private final Map<Long, List<Long>> watched = new HashMap<>();

  BufferedTables(ReplicaStore store) {
    this.store = store;
  }

  /** What rows of keyspaces mean. */
  DecodedRows decoded() {
    return decoded;
  }

  byte @Nullable [] get(Table table, byte[] key) {
    Map<ByteString, Pending> writes = pending.get(table);
    if (writes != null) {
      Pending write = writes.get(UnsafeByteOperations.unsafeWrap(key));
      if (write != null) {
        return write.value();
      }
    }
    return store.get(table, key);
  }

  /**
   * From now on the rows of the keyspace's data are kept as they are before they change.
   *
   * @param openings for each of these once, under a key that begins with it
   */
  void watch(long keyspaceId, List<Long> openings) {
    watched.put(keyspaceId, List.copyOf(openings));
  }

  void unwatch(long keyspaceId) {
    watched.remove(keyspaceId);
  }

  /** Where the row is kept as it was when that change opened. */
  static byte[] keptKey(long opening, byte[] key) {
    return ByteBuffer.allocate(Long.BYTES + key.length).putLong(opening).put(key).array();
  }

  private void keepBefore(Table table, byte[] changed) {
    for (long opening : watched.getOrDefault(table.keyspaceId(), List.of())) {
      keepBefore(table, changed, keptKey(opening, changed));
    }
  }

  private void keepBefore(Table table, byte[] changed, byte[] key) {
    Table kept = Table.checkpoint(table.keyspaceId());
    if (get(kept, key) != null) {
      return;
    }
    byte[] before = get(table, changed);
    byte[] row = new byte[before == null ? 1 : before.length + 1];
    if (before != null) {
      row[0] = 1;
      System.arraycopy(before, 0, row, 1, before.length);
    }
    stage(kept, new Pending(key, row));
  }

  void put(Table table, byte[] key, byte[] value) {
    if (table.kind() == Table.Kind.DATA && watched.containsKey(table.keyspaceId())) {
      keepBefore(table, key);
    }
    stage(table, new Pending(key, value));
  }

  void delete(Table table, byte[] key) {
    if (table.kind() == Table.Kind.DATA && watched.containsKey(table.keyspaceId())) {
      keepBefore(table, key);
    }
    stage(table, new Pending(key, null));
  }

  private void stage(Table table, Pending write) {
    pending
        .computeIfAbsent(table, t -> new LinkedHashMap<>())
        .put(UnsafeByteOperations.unsafeWrap(write.key()), write);
    rows++;
  }

  /** Visits stored and pending rows together, in ascending unsigned byte order. */
  void scan(Table table, byte[] from, byte @Nullable [] to, ReplicaStore.RowVisitor visitor) {
    List<Pending> writes = pendingBetween(table, from, to);
    if (writes.isEmpty()) {
      store.scan(table, from, to, visitor);
      return;
    }
    Merge merge = new Merge(writes, visitor);
    store.scan(table, from, to, merge);
    merge.finish();
  }

  private List<Pending> pendingBetween(Table table, byte[] from, byte @Nullable [] to) {
    Map<ByteString, Pending> writes = pending.get(table);
    if (writes == null) {
      return List.of();
    }
    List<Pending> inRange = new ArrayList<>();
    for (Pending write : writes.values()) {
      if (Arrays.compareUnsigned(write.key(), from) >= 0
          && (to == null || Arrays.compareUnsigned(write.key(), to) < 0)) {
        inRange.add(write);
      }
    }
    inRange.sort((a, b) -> Arrays.compareUnsigned(a.key(), b.key()));
    return inRange;
  }

  /** Moves every pending row to the batch. */
  void drainTo(WriteBatch batch) {
    for (Map.Entry<Table, Map<ByteString, Pending>> table : pending.entrySet()) {
      for (Pending write : table.getValue().values()) {
        byte[] value = write.value();
        if (value == null) {
          batch.delete(table.getKey(), write.key());
        } else {
          batch.put(table.getKey(), write.key(), value);
        }
      }
    }
    pending.clear();
    rows = 0;
  }

  /** Forgets pending rows of tables of a keyspace that is being dropped. */
  void forget(long keyspaceId) {
    watched.remove(keyspaceId);
    pending.keySet().removeIf(table -> table.keyspaceId() == keyspaceId);
  }

  boolean isEmpty() {
    return rows == 0;
  }

  private static final class Merge implements ReplicaStore.RowVisitor {
    private final List<Pending> writes;
    private final ReplicaStore.RowVisitor visitor;
    private int next;
    private boolean stopped;

    Merge(List<Pending> writes, ReplicaStore.RowVisitor visitor) {
      this.writes = writes;
      this.visitor = visitor;
    }

    @Override
    public boolean visit(byte[] key, byte[] value) {
      while (next < writes.size()) {
        int order = Arrays.compareUnsigned(writes.get(next).key(), key);
        if (order > 0) {
          break;
        }
        if (!emit(writes.get(next++))) {
          return false;
        }
        if (order == 0) {
          return true;
        }
      }
      stopped = !visitor.visit(key, value);
      return !stopped;
    }

    void finish() {
      while (!stopped && next < writes.size()) {
        emit(writes.get(next++));
      }
    }

    private boolean emit(Pending write) {
      byte[] value = write.value();
      if (value != null && !visitor.visit(write.key(), value)) {
        stopped = true;
      }
      return !stopped;
    }
  }
}
