package io.capstan.node.replica;

import com.google.protobuf.ByteString;
import io.capstan.node.keyspace.Catalogue;
import io.capstan.node.keyspace.ModeSwitches;
import io.capstan.node.storage.Table;
import io.capstan.proto.peer.v1.CheckpointPage;
import io.capstan.proto.peer.v1.CheckpointRequest;
import io.capstan.proto.peer.v1.KeyedValue;
import io.capstan.proto.store.v1.KeyspaceRecord;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The state of keyspaces as their CP epochs opened, for replicas that have yet to install it: the
 * rows that are, with those that changed since as they were. Kept by every replica that held that
 * state, until the log says that all hold it; costs nothing for rows that do not change.
 */
final class Checkpoints {

  /** Rows of a page. */
  static final int PAGE_ROWS_MAX = 1_000;

  /** A page ends after so many bytes, but has at least one row. */
  static final int PAGE_BYTES_MAX = 1 << 20;

  /** Rows that are removed at once when a checkpoint is not needed any more. */
  private static final int CLEARED_AT_ONCE_MAX = 1_000;

  private final BufferedTables tables;
  private final Catalogue catalogue;
  private final TreeSet<Long> clearing = new TreeSet<>();

  Checkpoints(BufferedTables tables, Catalogue catalogue) {
    this.tables = tables;
    this.catalogue = catalogue;
  }

  /** Takes up what is stored, after a start or after a snapshot has replaced it. */
  void load() {
    clearing.clear();
    for (KeyspaceRecord keyspace : catalogue.all()) {
      retain(keyspace.getId(), ModeSwitches.openingsKept(keyspace));
    }
  }

  /** The keyspace holds now what it opens with. */
  void begin(long keyspaceId, long switchId) {
    ApTables rows = new ApTables(keyspaceId, tables);
    List<Long> kept = rows.checkpoints();
    kept.add(switchId);
    rows.writeCheckpoints(kept);
    tables.watch(keyspaceId, kept);
  }

  /** Nobody needs any but these. */
  void retain(long keyspaceId, List<Long> switchIds) {
    ApTables rows = new ApTables(keyspaceId, tables);
    List<Long> kept = rows.checkpoints();
    if (kept.retainAll(switchIds)) {
      rows.writeCheckpoints(kept);
    }
    if (kept.isEmpty()) {
      tables.unwatch(keyspaceId);
    } else {
      tables.watch(keyspaceId, kept);
    }
    clearing.add(keyspaceId);
  }

  void dropped(long keyspaceId) {
    clearing.remove(keyspaceId);
  }

  /** Whether {@link #clear} has something to do. */
  boolean hasWork() {
    return !clearing.isEmpty();
  }

  /** Removes some rows that are not needed any more. */
  void clear() {
    if (clearing.isEmpty()) {
      return;
    }
    long id = clearing.first();
    List<byte[]> keys = new ArrayList<>();
    long from = 0;
    for (long kept : new ApTables(id, tables).checkpoints()) {
      collectKeys(id, from, kept, keys);
      from = kept + 1;
    }
    collectKeys(id, from, Long.MAX_VALUE, keys);
    keys.forEach(key -> tables.delete(Table.checkpoint(id), key));
    if (keys.size() < CLEARED_AT_ONCE_MAX) {
      clearing.remove(id);
    }
  }

  /** Keys of rows that are kept for switches in the range, without its end. */
  private void collectKeys(long keyspaceId, long fromSwitch, long toSwitch, List<byte[]> keys) {
    if (keys.size() < CLEARED_AT_ONCE_MAX && fromSwitch < toSwitch) {
      tables.scan(
          Table.checkpoint(keyspaceId),
          BufferedTables.keptKey(fromSwitch, new byte[0]),
          BufferedTables.keptKey(toSwitch, new byte[0]),
          (key, value) -> {
            keys.add(key);
            return keys.size() < CLEARED_AT_ONCE_MAX;
          });
    }
  }

  /** A page of the checkpoint; null where this replica does not keep that one. */
  @Nullable CheckpointPage page(long keyspaceId, long switchId, CheckpointRequest request) {
    if (!new ApTables(keyspaceId, tables).checkpoints().contains(switchId)) {
      return null;
    }
    byte[] from = request.getFrom().toByteArray();
    TreeMap<byte[], byte[]> rows = new TreeMap<>(Arrays::compareUnsigned);
    byte[] end = collect(Table.data(keyspaceId), from, null, 0, rows);
    byte[] changedEnd =
        collect(
            Table.checkpoint(keyspaceId),
            BufferedTables.keptKey(switchId, from),
            end == null
                ? BufferedTables.keptKey(switchId + 1, new byte[0])
                : BufferedTables.keptKey(switchId, end),
            Long.BYTES,
            rows);
    if (changedEnd != null) {
      end = changedEnd;
      rows.tailMap(end, true).clear();
    }
    CheckpointPage.Builder page = CheckpointPage.newBuilder().setFrom(request.getFrom());
    if (end != null) {
      page.setMore(true).setNextFrom(ByteString.copyFrom(end));
    }
    rows.forEach(
        (key, value) -> {
          if (value.length > 0) {
            page.addRows(
                KeyedValue.newBuilder()
                    .setKey(ByteString.copyFrom(key))
                    .setValue(CpData.parse(tables, keyspaceId, key, value)));
          }
        });
    return page.build();
  }

  /**
   * Rows as they were, absent ones empty; returns where it stopped short, or null at the end.
   *
   * @param prefixBytes what stands before the keys in this table
   */
  private byte @Nullable [] collect(
      Table table,
      byte[] from,
      byte @Nullable [] to,
      int prefixBytes,
      TreeMap<byte[], byte[]> rows) {
    byte[][] stopped = new byte[1][];
    int[] taken = {0, 0};
    tables.scan(
        table,
        from,
        to,
        (stored, value) -> {
          byte[] key = Arrays.copyOfRange(stored, prefixBytes, stored.length);
          if (taken[0] == PAGE_ROWS_MAX || taken[1] >= PAGE_BYTES_MAX) {
            stopped[0] = key;
            return false;
          }
          taken[0]++;
          taken[1] += key.length + value.length;
          boolean changed = table.kind() == Table.Kind.CHECKPOINT;
          rows.put(key, changed ? Arrays.copyOfRange(value, 1, value.length) : value);
          return true;
        });
    return stopped[0];
  }
}
