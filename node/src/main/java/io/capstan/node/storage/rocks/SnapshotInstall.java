package io.capstan.node.storage.rocks;

import io.capstan.node.storage.LogPositions;
import io.capstan.node.storage.StorageException;
import io.capstan.node.storage.Table;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.SnapshotKeyspace;
import io.capstan.proto.store.v1.SnapshotManifest;
import java.io.IOException;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/**
 * Replaces the state of a group by the snapshot that is staged for it.
 *
 * <p>A marker was made durable first, and leaves with the old log in one batch at the end. Whatever
 * is done in between can be done again: a start that finds the marker begins at the tables, from
 * the staged files, which are given away only under second names.
 */
final class SnapshotInstall {

  private final StorageEngine engine;
  private final RowKeys keys;
  private final long groupId;
  private final Map<Long, ColumnFamilyHandle> keyspaces;

  /**
   * @param keyspaces the families of the group, which change with the install
   */
  SnapshotInstall(
      StorageEngine engine, RowKeys keys, long groupId, Map<Long, ColumnFamilyHandle> keyspaces) {
    this.engine = engine;
    this.keys = keys;
    this.groupId = groupId;
    this.keyspaces = keyspaces;
  }

  /**
   * Goes on after a crash: what was verified before it may have been damaged since.
   *
   * @throws StorageException where a staged file is not what was verified; nothing is changed then
   */
  void resume(SnapshotManifest manifest) {
    SnapshotFolder staged = engine.staging(groupId);
    String difference;
    try {
      difference = manifest.equals(staged.manifest()) ? staged.verify(manifest) : null;
    } catch (IOException e) {
      throw engine.fail("The staged files of a snapshot could not be read", e);
    }
    if (difference != null) {
      throw new StorageException(
          "A snapshot was being installed, and its files are damaged: "
              + difference
              + ". "
              + StorageEngine.REBUILD_ADVICE,
          null);
    }
    finish(manifest);
  }

  /** Does the work; the marker is durable, written perhaps by an earlier run of the process. */
  void finish(SnapshotManifest manifest) {
    SnapshotFolder staged = engine.staging(groupId);
    try {
      if (!manifest.equals(staged.manifest())) {
        throw new StorageException(
            "A snapshot was being installed, but its files in the folder snapshots are gone. "
                + StorageEngine.REBUILD_ADVICE,
            null);
      }
      replaceKeyspaces(manifest, staged);
      deleteGroupTables();
      engine.ingest(engine.metaFamily, staged.links(manifest, 0));
    } catch (IOException e) {
      throw engine.fail("The staged files of a snapshot could not be used", e);
    }
    beginLogAnew(manifest);
  }

  private void replaceKeyspaces(SnapshotManifest manifest, SnapshotFolder staged)
      throws IOException {
    TreeSet<Long> leaving = new TreeSet<>(keyspaces.keySet());
    TreeSet<Long> emptied = new TreeSet<>();
    for (SnapshotKeyspace keyspace : manifest.getKeyspacesList()) {
      long id = keyspace.getId();
      if (keyspace.getMode() == Mode.MODE_AP) {
        leaving.remove(id);
      } else if (hasLedger(id)) {
        leaving.remove(id);
        emptied.add(id);
        deleteAllButLedger(id);
      }
    }
    for (long id : leaving) {
      ColumnFamilyHandle family = keyspaces.get(id);
      if (family != null) {
        engine.dropFamily(keys.keyspaceFamily(id), family);
        keyspaces.remove(id);
      }
    }
    for (SnapshotKeyspace keyspace : manifest.getKeyspacesList()) {
      long id = keyspace.getId();
      ColumnFamilyHandle family = keyspaces.get(id);
      boolean isNew = family == null;
      if (family == null) {
        family = engine.createFamily(keys.keyspaceFamily(id));
        keyspaces.put(id, family);
      }
      if (isNew || emptied.contains(id)) {
        engine.ingest(family, staged.links(manifest, id));
      }
    }
  }

  /** What this node alone has discarded is in no snapshot, and nowhere else. */
  private boolean hasLedger(long keyspaceId) {
    ColumnFamilyHandle family = keyspaces.get(keyspaceId);
    if (family == null) {
      return false;
    }
    Table ledger = Table.ledger(keyspaceId);
    try (BoundedIterator rows =
        engine.iterator(family, keys.rowKey(ledger, new byte[0]), keys.tableEnd(ledger))) {
      rows.toFirst();
      return rows.onRow();
    }
  }

  private void deleteAllButLedger(long keyspaceId) {
    ColumnFamilyHandle family = Objects.requireNonNull(keyspaces.get(keyspaceId));
    Table ledger = Table.ledger(keyspaceId);
    try (WriteBatch batch = new WriteBatch()) {
      batch.deleteRange(family, keys.groupStart(), keys.rowKey(ledger, new byte[0]));
      batch.deleteRange(family, keys.tableEnd(ledger), keys.groupEnd());
      engine.write(batch);
    } catch (RocksDBException e) {
      throw engine.fail("The old rows of a keyspace could not be deleted for a snapshot", e);
    }
  }

  private void deleteGroupTables() {
    try (WriteBatch batch = new WriteBatch()) {
      batch.deleteRange(engine.metaFamily, keys.groupTablesStart(), keys.groupTablesEnd());
      engine.write(batch);
    } catch (RocksDBException e) {
      throw engine.fail("The old tables could not be deleted for a snapshot", e);
    }
  }

  private void beginLogAnew(SnapshotManifest manifest) {
    try (WriteBatch batch = new WriteBatch()) {
      batch.deleteRange(engine.logFamily, keys.logKey(0), keys.logEnd());
      batch.put(
          engine.metaFamily,
          keys.logStartKey(),
          SnapshotPositionRecord.encode(LogPositions.of(manifest.getPosition())));
      batch.delete(engine.metaFamily, keys.installingKey());
      engine.write(batch);
    } catch (RocksDBException e) {
      throw engine.fail("The install of a snapshot could not be finished", e);
    }
    engine.sync();
  }
}
