package io.capstan.node.storage.rocks;

import com.google.protobuf.InvalidProtocolBufferException;
import io.capstan.node.storage.LogStore;
import io.capstan.node.storage.ReplicaStore;
import io.capstan.node.storage.Table;
import io.capstan.node.storage.WriteBatch;
import io.capstan.proto.store.v1.SnapshotManifest;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.RocksDBException;

/**
 * The durable state of one group within the engine of its node.
 *
 * <p>Confined to the event loop of its group; the engine alone calls {@link #closeNative}.
 */
final class RocksReplicaStore implements ReplicaStore {

  /** A native batch that has grown beyond this gives its memory back. */
  private static final long BATCH_KEPT_MAX_BYTES = 4L << 20;

  private static final int BATCH_RESERVED_BYTES = 64 << 10;

  private final StorageEngine engine;
  private final long groupId;
  private final RowKeys keys;
  private final RocksLogStore log;
  private final Map<Long, ColumnFamilyHandle> keyspaces;
  private org.rocksdb.WriteBatch nativeBatch = new org.rocksdb.WriteBatch(BATCH_RESERVED_BYTES);

  RocksReplicaStore(StorageEngine engine, long groupId) {
    this.engine = engine;
    this.groupId = groupId;
    keys = new RowKeys(groupId);
    keyspaces = engine.keyspacesOf(keys);
    finishInstall();
    log = new RocksLogStore(engine, keys);
  }

  /** Goes on where a crash interrupted the install of a snapshot. */
  private void finishInstall() {
    byte[] marker = engine.get(engine.metaFamily, keys.installingKey());
    if (marker == null) {
      return;
    }
    try {
      new SnapshotInstall(engine, keys, groupId, keyspaces)
          .resume(SnapshotManifest.parseFrom(marker));
    } catch (InvalidProtocolBufferException e) {
      throw engine.fail("The manifest of an unfinished snapshot could not be read", e);
    }
  }

  @Override
  public LogStore log() {
    return log;
  }

  @Override
  public byte @Nullable [] get(Table table, byte[] key) {
    return engine.get(family(table), keys.rowKey(table, key));
  }

  @Override
  public void scan(Table table, byte[] from, byte @Nullable [] to, RowVisitor visitor) {
    if (to != null && Arrays.compareUnsigned(from, to) >= 0) {
      return;
    }
    byte[] end = to == null ? keys.tableEnd(table) : keys.rowKey(table, to);
    try (BoundedIterator rows = engine.iterator(family(table), keys.rowKey(table, from), end)) {
      boolean goOn = true;
      for (rows.toFirst(); goOn && rows.onRow(); rows.next()) {
        byte[] stored = rows.key();
        byte[] key = Arrays.copyOfRange(stored, RowKeys.ROW_PREFIX_BYTES, stored.length);
        goOn = visitor.visit(key, rows.value());
      }
    }
  }

  @Override
  public void write(WriteBatch batch) {
    if (batch.isEmpty()) {
      return;
    }
    try {
      stage(batch);
    } catch (RocksDBException e) {
      throw engine.fail("A batch could not be built", e);
    }
    engine.write(nativeBatch);
    SnapshotManifest install = batch.install();
    if (install != null) {
      // The marker of the install is in the batch: from here on there is only one way, forward.
      engine.sync();
      new SnapshotInstall(engine, keys, groupId, keyspaces).finish(install);
      log.reopen();
    } else {
      log.written(batch);
    }
  }

  private void stage(WriteBatch batch) throws RocksDBException {
    if (nativeBatch.getDataSize() > BATCH_KEPT_MAX_BYTES) {
      nativeBatch.close();
      nativeBatch = new org.rocksdb.WriteBatch(BATCH_RESERVED_BYTES);
    } else {
      nativeBatch.clear();
    }
    log.stage(nativeBatch, batch);
    SnapshotManifest install = batch.install();
    if (install != null) {
      nativeBatch.put(engine.metaFamily, keys.installingKey(), install.toByteArray());
    }
    for (WriteBatch.Row row : batch.rows()) {
      Table table = row.table();
      byte[] key = keys.rowKey(table, row.key());
      byte[] value = row.value();
      if (value == null) {
        nativeBatch.delete(family(table), key);
      } else {
        nativeBatch.put(family(table), key, value);
      }
    }
  }

  @Override
  public void createKeyspace(long keyspaceId) {
    if (keyspaceId == Table.GROUP) {
      throw new IllegalArgumentException("no keyspace has id " + Table.GROUP);
    }
    if (!keyspaces.containsKey(keyspaceId)) {
      keyspaces.put(keyspaceId, engine.createFamily(keys.keyspaceFamily(keyspaceId)));
    }
  }

  @Override
  public void dropKeyspace(long keyspaceId) {
    ColumnFamilyHandle family = keyspaces.get(keyspaceId);
    if (family != null) {
      engine.dropFamily(keys.keyspaceFamily(keyspaceId), family);
      keyspaces.remove(keyspaceId);
    }
  }

  @Override
  public long[] keyspaces() {
    return keyspaces.keySet().stream().mapToLong(Long::longValue).toArray();
  }

  void closeNative() {
    nativeBatch.close();
  }

  private ColumnFamilyHandle family(Table table) {
    if (table.keyspaceId() == Table.GROUP) {
      return engine.metaFamily;
    }
    ColumnFamilyHandle family = keyspaces.get(table.keyspaceId());
    if (family == null) {
      throw new IllegalStateException("keyspace " + table.keyspaceId() + " has no tables here");
    }
    return family;
  }
}
