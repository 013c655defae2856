package io.capstan.node.storage.rocks;

import io.capstan.proto.store.v1.SnapshotFile;
import io.capstan.proto.store.v1.SnapshotManifest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The snapshots of one group in the folder {@code snapshots} of the data folder: exports, which are
 * sent to others, and the one that is staged, which came from another node.
 *
 * <pre>
 * snapshots/g1-export-7f3a.../   manifest 0.sst 1.sst ...
 * snapshots/g1-staging/          manifest 0.sst 1.sst ...
 * </pre>
 *
 * <p>At most {@link #EXPORTS_MAX} exports are kept. Nothing is begun that would leave less than
 * {@link #FREE_MIN_BYTES} of the disk.
 *
 * <p>{@link #beginExport} belongs to the event loop; everything else to one other thread. What is
 * thrown here costs a retry, not the process: nothing of the state itself is touched.
 */
public final class GroupSnapshots {

  /** The newest export, and the one that a transfer under way may still read. */
  static final int EXPORTS_MAX = 2;

  /** The disk must keep so much room for the log and the tables. */
  static final long FREE_MIN_BYTES = 64L << 20;

  private final StorageEngine engine;
  private final RowKeys keys;
  private final Path folder;
  private final String exportPrefix;
  private final Path stagingFolder;
  private @Nullable SnapshotManifest reading;
  private @Nullable SnapshotManifest staging;

  GroupSnapshots(StorageEngine engine, long groupId, Path folder) {
    this.engine = engine;
    this.keys = new RowKeys(groupId);
    this.folder = folder;
    this.exportPrefix = "g" + groupId + "-export-";
    this.stagingFolder = stagingFolder(folder, groupId);
  }

  static Path stagingFolder(Path folder, long groupId) {
    return folder.resolve("g" + groupId + "-staging");
  }

  // ---- exports ----

  /** Takes a view of the state as it is now; {@link #write} makes files of it. */
  public SnapshotExport beginExport(SnapshotManifest plan) {
    return new SnapshotExport(engine, keys, plan, engine.view());
  }

  /**
   * Writes the export and gives its view up; older exports beyond the bound are deleted.
   *
   * @param cancelled asked now and then
   * @throws IOException when the disk has no room or refuses, or it was cancelled
   */
  public SnapshotManifest write(SnapshotExport export, BooleanSupplier cancelled)
      throws IOException {
    try (export) {
      deleteExports(EXPORTS_MAX - 1);
      Files.createDirectories(folder);
      requireRoom(engine.diskBytes());
      SnapshotFolder target = export(export.plan().getExportId());
      target.delete();
      boolean complete = false;
      try {
        SnapshotManifest manifest = export.write(target, cancelled);
        complete = true;
        return manifest;
      } finally {
        if (!complete) {
          target.delete();
        }
      }
    }
  }

  /**
   * Reads from an export.
   *
   * @param offset counted over all files; the range lies within one of them
   * @throws IOException when the export is gone or the disk refuses
   */
  public byte[] read(long exportId, long offset, int lengthBytes) throws IOException {
    SnapshotManifest manifest = reading;
    if (manifest == null || manifest.getExportId() != exportId) {
      manifest = export(exportId).manifest();
      if (manifest == null) {
        throw new IOException("there is no such export any more");
      }
      reading = manifest;
    }
    return export(exportId).read(manifest, offset, lengthBytes);
  }

  /** Deletes all exports. */
  public void discardExports() throws IOException {
    reading = null;
    deleteExports(0);
  }

  private SnapshotFolder export(long exportId) {
    return new SnapshotFolder(folder.resolve(exportPrefix + Long.toHexString(exportId)));
  }

  private void deleteExports(int keep) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    List<Path> oldestFirst;
    try (Stream<Path> listing = Files.list(folder)) {
      oldestFirst =
          listing
              .filter(each -> String.valueOf(each.getFileName()).startsWith(exportPrefix))
              .sorted(java.util.Comparator.comparing(each -> each.toFile().lastModified()))
              .toList();
    }
    for (Path old : oldestFirst.subList(0, Math.max(0, oldestFirst.size() - keep))) {
      new SnapshotFolder(old).delete();
    }
  }

  private void requireRoom(long neededBytes) throws IOException {
    long usable = Files.getFileStore(folder).getUsableSpace();
    if (usable - neededBytes < FREE_MIN_BYTES) {
      throw new IOException(
          "a snapshot may need "
              + neededBytes
              + " bytes, and the disk has only "
              + usable
              + " left; make room");
    }
  }

  // ---- staging ----

  /**
   * Prepares the staging place for a snapshot; keeps what is there of that very snapshot.
   *
   * @return how many bytes of it are there
   */
  public long stage(SnapshotManifest manifest) throws IOException {
    SnapshotFolder target = new SnapshotFolder(stagingFolder);
    staging = null;
    if (!manifest.equals(target.manifest())) {
      target.delete();
      target.create();
      long neededBytes = 0;
      for (SnapshotFile file : manifest.getFilesList()) {
        neededBytes += file.getSizeBytes();
      }
      requireRoom(neededBytes);
      target.writeManifest(manifest);
    }
    staging = manifest;
    return target.storedBytes(manifest);
  }

  /** Stores a piece of what is staged, not yet durable. */
  public void store(long offset, ByteBuffer data) throws IOException {
    new SnapshotFolder(stagingFolder).write(requireStaging(), offset, data);
  }

  /**
   * Makes what is staged durable and compares it with its manifest.
   *
   * @return the first difference as a sentence, or null where there is none
   */
  public @Nullable String verify() throws IOException {
    return new SnapshotFolder(stagingFolder).verify(requireStaging());
  }

  /** Deletes what is staged. */
  public void discardStaging() throws IOException {
    staging = null;
    new SnapshotFolder(stagingFolder).delete();
  }

  private SnapshotManifest requireStaging() throws IOException {
    SnapshotManifest manifest = staging;
    if (manifest == null) {
      throw new IOException("no snapshot is staged");
    }
    return manifest;
  }
}
