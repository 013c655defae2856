package io.capstan.node.storage.rocks;

import io.capstan.node.storage.StorageException;
import io.capstan.node.storage.Table;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.SnapshotFile;
import io.capstan.proto.store.v1.SnapshotKeyspace;
import io.capstan.proto.store.v1.SnapshotManifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import org.rocksdb.EnvOptions;
import org.rocksdb.Options;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Slice;
import org.rocksdb.Snapshot;
import org.rocksdb.SstFileWriter;

/**
 * Writes the state of a group, as it was at one moment, into sorted files.
 *
 * <p>Made on the event loop, at the moment whose state is wanted; {@link #write} and {@link #close}
 * are called by one other thread.
 */
public final class SnapshotExport implements AutoCloseable {

  /** A file ends when it has grown so far; a writer keeps the index of its file in memory. */
  private static final long FILE_MAX_BYTES = 64L << 20;

  private final StorageEngine engine;
  private final RowKeys keys;
  private final SnapshotManifest plan;
  private final Snapshot view;
  private boolean closed;

  SnapshotExport(StorageEngine engine, RowKeys keys, SnapshotManifest plan, Snapshot view) {
    this.engine = engine;
    this.keys = keys;
    this.plan = plan;
    this.view = view;
  }

  /** What the manifest says but for the files. */
  public SnapshotManifest plan() {
    return plan;
  }

  /**
   * Writes the files and then the manifest, durably.
   *
   * @param cancelled asked now and then
   * @return the complete manifest
   * @throws IOException when the disk has no room or refuses, a keyspace was dropped meanwhile, or
   *     the export was cancelled; the folder is of no use then
   */
  SnapshotManifest write(SnapshotFolder folder, BooleanSupplier cancelled) throws IOException {
    SnapshotManifest.Builder manifest = plan.toBuilder().clearFiles();
    folder.create();
    try (Target target = new Target(folder, manifest, cancelled)) {
      target.copy(0, RowKeys.META_FAMILY, keys.groupTablesStart(), keys.groupTablesEnd());
      for (SnapshotKeyspace keyspace : plan.getKeyspacesList()) {
        if (keyspace.getMode() == Mode.MODE_CP) {
          // All but the ledger: what a node has discarded is its own story.
          String family = keys.keyspaceFamily(keyspace.getId());
          Table ledger = Table.ledger(keyspace.getId());
          target.copy(
              keyspace.getId(), family, keys.groupStart(), keys.rowKey(ledger, new byte[0]));
          target.copy(keyspace.getId(), family, keys.tableEnd(ledger), keys.groupEnd());
        }
      }
    } catch (RocksDBException e) {
      throw new IOException("the snapshot could not be written: " + e.getMessage(), e);
    } catch (StorageException e) {
      throw new IOException("the snapshot could not be read: " + e.getMessage(), e);
    }
    SnapshotManifest complete = manifest.build();
    folder.writeManifest(complete);
    return complete;
  }

  /** Gives the view up. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      engine.release(view);
    }
  }

  /** The files as they are written. */
  private final class Target implements AutoCloseable {
    private final SnapshotFolder folder;
    private final SnapshotManifest.Builder manifest;
    private final BooleanSupplier cancelled;
    private final EnvOptions environment = new EnvOptions();
    private final Options options = engine.fileOptions();

    Target(SnapshotFolder folder, SnapshotManifest.Builder manifest, BooleanSupplier cancelled) {
      this.folder = folder;
      this.manifest = manifest;
      this.cancelled = cancelled;
    }

    void copy(long keyspaceId, String family, byte[] from, byte[] to)
        throws RocksDBException, IOException {
      try (Slice lower = new Slice(from);
          Slice upper = new Slice(to);
          ReadOptions read =
              new ReadOptions()
                  .setSnapshot(view)
                  .setVerifyChecksums(true)
                  .setFillCache(false)
                  .setIterateLowerBound(lower)
                  .setIterateUpperBound(upper);
          RocksIterator rows = engine.exportIterator(family, read)) {
        rows.seekToFirst();
        while (rows.isValid()) {
          writeFile(keyspaceId, rows);
        }
        rows.status();
      }
    }

    private void writeFile(long keyspaceId, RocksIterator rows)
        throws RocksDBException, IOException {
      Path file = folder.file(manifest.getFilesCount());
      try (SstFileWriter writer = new SstFileWriter(environment, options)) {
        writer.open(file.toString());
        long rawBytes = 0;
        while (rows.isValid() && rawBytes < FILE_MAX_BYTES) {
          byte[] key = rows.key();
          byte[] value = rows.value();
          writer.put(key, value);
          rawBytes += key.length + value.length;
          rows.next();
          if (cancelled.getAsBoolean()) {
            throw new IOException("the export was cancelled");
          }
        }
        rows.status();
        writer.finish();
      }
      manifest.addFiles(
          SnapshotFile.newBuilder()
              .setKeyspaceId(keyspaceId)
              .setCrc32C(SnapshotFolder.checksumDurably(file))
              .setSizeBytes(Files.size(file)));
    }

    @Override
    public void close() {
      options.close();
      environment.close();
    }
  }
}
