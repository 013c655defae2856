package io.capstan.node.storage.rocks;

import io.capstan.node.storage.ReplicaStore;
import io.capstan.node.storage.StorageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.IngestExternalFileOptions;
import org.rocksdb.Options;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Snapshot;
import org.rocksdb.WriteBatch;

/**
 * The one RocksDB instance of a node, shared by all its groups.
 *
 * <p>Thread-safety: {@link #sync}, {@link #diskBytes}, {@link #group} and {@link #close} may be
 * called from any thread; a store that {@link #group} returns belongs to the event loop of its
 * group. Writes and syncs run in parallel by design. Close the engine only after every event loop
 * has stopped: a store that is used afterwards refuses, but one that is used meanwhile races.
 *
 * <p>After a failed write, sync or read the engine is failed: every later call throws the first
 * failure again. Nothing is retried, because after a failed sync the kernel may have dropped the
 * very pages that it could not write (Rebello et al., "Can Applications Recover from fsync
 * Failures?", 2020).
 */
public final class StorageEngine implements AutoCloseable {

  private static final String REBUILD_STEPS =
      "'capstan member remove' this node, move its data folder away, start it with 'join' instead"
          + " of 'members', and 'capstan member add' it (docs/repair.md).";

  static final String REBUILD_ADVICE =
      "Nothing was changed. Check the disk; to rebuild this node from its peers: " + REBUILD_STEPS;

  /**
   * So much of table files is read whole at every start, at about a second a gigabyte. Of a larger
   * store a damaged block is found when it is read, by a client, a compaction or an export.
   */
  private static final long TABLES_CHECKED_MAX_BYTES = 1L << 30;

  /**
   * Ends every record of RocksDB's log. It is not zero, so that a record which ends in zeros was
   * not written to its end; see {@link WalTail}.
   */
  static final byte[] RECORD_END = {WalTail.RECORD_END_BYTE};

  private static final byte[] OWNER_KEY = "owner".getBytes(StandardCharsets.US_ASCII);

  private final Path folder;
  private final Path snapshotsFolder;
  private final NativeOptions options;
  private final RocksDB database;
  private final ColumnFamilyHandle defaultFamily;
  final ColumnFamilyHandle logFamily;
  final ColumnFamilyHandle metaFamily;
  // Held by what may not run while the engine closes, never by reads and writes.
  private final ReentrantLock lifecycle = new ReentrantLock();
  private final Map<String, ColumnFamilyHandle> keyspaceFamilies;
  private final Map<Long, RocksReplicaStore> groups = new TreeMap<>();
  private volatile @Nullable StorageException failure;
  private volatile boolean closed;

  private StorageEngine(
      Path folder,
      Path snapshotsFolder,
      NativeOptions options,
      RocksDB database,
      Map<String, ColumnFamilyHandle> families) {
    this.folder = folder;
    this.snapshotsFolder = snapshotsFolder;
    this.options = options;
    this.database = database;
    keyspaceFamilies = new TreeMap<>(families);
    defaultFamily = take(new String(RocksDB.DEFAULT_COLUMN_FAMILY, StandardCharsets.UTF_8));
    logFamily = take(RowKeys.LOG_FAMILY);
    metaFamily = take(RowKeys.META_FAMILY);
  }

  private ColumnFamilyHandle take(String name) {
    ColumnFamilyHandle handle = keyspaceFamilies.remove(name);
    if (handle == null) {
      throw new IllegalStateException("RocksDB opened without the column family " + name);
    }
    return handle;
  }

  /**
   * Opens the engine, creating it in an empty folder. A log that was torn by a crash is cut to its
   * last whole record first.
   *
   * @param folder the engine's own folder; nothing else may be in it
   * @throws StorageException when the folder cannot be used or its content is damaged
   */
  public static StorageEngine open(Path folder, EngineOptions sizes) {
    return open(folder, folder.resolve("snapshots"), sizes);
  }

  /**
   * As {@link #open(Path, EngineOptions)}.
   *
   * @param snapshotsFolder where snapshots are made and gathered; on the disk of the engine
   */
  static StorageEngine open(Path folder, Path snapshotsFolder, EngineOptions sizes) {
    NativeLibrary.load();
    try {
      Files.createDirectories(folder);
      WalTail.cutTorn(folder);
    } catch (IOException e) {
      throw new StorageException("The folder " + folder + " cannot be used: " + e + ".", e);
    }
    NativeOptions options = new NativeOptions(sizes);
    try {
      return openDatabase(folder, snapshotsFolder, options);
    } catch (RocksDBException e) {
      options.close();
      String table = TableCheck.firstDamaged(folder);
      throw new StorageException(
          "The store in "
              + folder
              + " could not be opened: "
              + (table == null ? e.getMessage() : table)
              + ". "
              + REBUILD_ADVICE,
          e);
    }
  }

  private static StorageEngine openDatabase(
      Path folder, Path snapshotsFolder, NativeOptions options) throws RocksDBException {
    List<ColumnFamilyDescriptor> descriptors = new ArrayList<>();
    for (String name : familyNames(folder)) {
      ColumnFamilyOptions family = name.equals(RowKeys.LOG_FAMILY) ? options.log : options.rows;
      descriptors.add(new ColumnFamilyDescriptor(name.getBytes(StandardCharsets.UTF_8), family));
    }
    List<ColumnFamilyHandle> handles = new ArrayList<>();
    RocksDB database = RocksDB.open(options.database, folder.toString(), descriptors, handles);
    try {
      checkTables(database);
    } catch (RocksDBException damaged) {
      handles.forEach(ColumnFamilyHandle::close);
      database.close();
      throw damaged;
    }
    Map<String, ColumnFamilyHandle> families = new TreeMap<>();
    for (ColumnFamilyHandle handle : handles) {
      families.put(new String(handle.getName(), StandardCharsets.UTF_8), handle);
    }
    return new StorageEngine(folder, snapshotsFolder, options, database, families);
  }

  /**
   * RocksDB checks a block when it reads it, and would meet damage in a cold row months later, when
   * the peers that could rebuild the node may be gone.
   */
  private static void checkTables(RocksDB database) throws RocksDBException {
    if (database.getAggregatedLongProperty("rocksdb.total-sst-files-size")
        <= TABLES_CHECKED_MAX_BYTES) {
      database.verifyChecksum();
    }
  }

  private static List<String> familyNames(Path folder) throws RocksDBException {
    String defaultName = new String(RocksDB.DEFAULT_COLUMN_FAMILY, StandardCharsets.UTF_8);
    List<String> names =
        new ArrayList<>(List.of(defaultName, RowKeys.LOG_FAMILY, RowKeys.META_FAMILY));
    if (Files.exists(folder.resolve("CURRENT"))) {
      try (Options none = new Options()) {
        for (byte[] name : RocksDB.listColumnFamilies(none, folder.toString())) {
          String text = new String(name, StandardCharsets.UTF_8);
          if (!names.contains(text)) {
            names.add(text);
          }
        }
      }
    }
    return names;
  }

  /**
   * The store of a group; the same one at every call.
   *
   * @throws IllegalArgumentException when the id does not fit the keys on disk
   */
  public ReplicaStore group(long groupId) {
    lifecycle.lock();
    try {
      requireUsable();
      return groups.computeIfAbsent(groupId, id -> new RocksReplicaStore(this, id));
    } finally {
      lifecycle.unlock();
    }
  }

  /**
   * Makes every batch durable that was written before the call. Runs in parallel with writes.
   *
   * @throws StorageException when the disk refuses; the engine is failed then
   */
  public void sync() {
    lifecycle.lock();
    try {
      requireUsable();
      database.syncWal();
    } catch (RocksDBException e) {
      throw fail("The write-ahead log in " + folder + " could not be made durable", e);
    } finally {
      lifecycle.unlock();
    }
  }

  /** Bytes that the engine's files take on disk now. */
  public long diskBytes() {
    lifecycle.lock();
    try {
      requireUsable();
      long bytes = 0;
      List<Path> files;
      try (Stream<Path> listing = Files.list(folder)) {
        files = listing.toList();
      }
      for (Path file : files) {
        bytes += sizeOf(file);
      }
      return bytes;
    } catch (IOException | UncheckedIOException e) {
      throw fail("The folder " + folder + " could not be read", e);
    } finally {
      lifecycle.unlock();
    }
  }

  private static long sizeOf(Path file) throws IOException {
    try {
      return Files.size(file);
    } catch (NoSuchFileException compactedAway) {
      return 0;
    }
  }

  /** The incarnation that {@link #writeOwner} wrote, or 0 where it never did. */
  long owner() {
    byte[] value = get(defaultFamily, OWNER_KEY);
    return value == null ? 0 : ByteBuffer.wrap(value).getLong();
  }

  /** Writes down, durably, which incarnation of the data folder the store belongs to. */
  void writeOwner(long incarnation) {
    byte[] value = ByteBuffer.allocate(Long.BYTES).putLong(incarnation).array();
    try (WriteBatch batch = new WriteBatch()) {
      batch.put(defaultFamily, OWNER_KEY, value);
      write(batch);
    } catch (RocksDBException e) {
      throw fail("The owner of " + folder + " could not be written", e);
    }
    sync();
  }

  byte @Nullable [] get(ColumnFamilyHandle family, byte[] key) {
    requireUsable();
    try {
      return database.get(family, options.read, key);
    } catch (RocksDBException e) {
      throw fail("A row in " + folder + " could not be read", e);
    }
  }

  /** An iterator within the bounds; the caller closes it. */
  BoundedIterator iterator(ColumnFamilyHandle family, byte[] from, byte[] to) {
    requireUsable();
    return new BoundedIterator(this, database, family, from, to);
  }

  /** Writes the batch as one record of the log, not yet durable. */
  void write(WriteBatch batch) {
    requireUsable();
    try {
      batch.putLogData(RECORD_END);
      database.write(options.write, batch);
    } catch (RocksDBException e) {
      throw fail("A batch could not be written to " + folder, e);
    }
  }

  Map<Long, ColumnFamilyHandle> keyspacesOf(RowKeys keys) {
    Map<Long, ColumnFamilyHandle> found = new TreeMap<>();
    for (Map.Entry<String, ColumnFamilyHandle> family : keyspaceFamilies.entrySet()) {
      Long keyspaceId = keys.keyspaceOf(family.getKey());
      if (keyspaceId != null) {
        found.put(keyspaceId, family.getValue());
      }
    }
    return found;
  }

  ColumnFamilyHandle createFamily(String name) {
    lifecycle.lock();
    try {
      requireUsable();
      byte[] encoded = name.getBytes(StandardCharsets.UTF_8);
      ColumnFamilyHandle handle =
          database.createColumnFamily(new ColumnFamilyDescriptor(encoded, options.rows));
      keyspaceFamilies.put(name, handle);
      return handle;
    } catch (RocksDBException e) {
      throw fail("The column family " + name + " could not be created in " + folder, e);
    } finally {
      lifecycle.unlock();
    }
  }

  void dropFamily(String name, ColumnFamilyHandle handle) {
    // The drop is durable at once. What was written before it must not be less durable than it, or
    // a
    // crash would bring back rows that refer to tables which are gone.
    sync();
    lifecycle.lock();
    try {
      requireUsable();
      database.dropColumnFamily(handle);
      keyspaceFamilies.remove(name);
      handle.close();
    } catch (RocksDBException e) {
      throw fail("The column family " + name + " could not be dropped from " + folder, e);
    } finally {
      lifecycle.unlock();
    }
  }

  // ---- snapshots ----

  /**
   * The snapshots of a group on this disk.
   *
   * @throws IllegalArgumentException when the id does not fit the keys on disk
   */
  public GroupSnapshots snapshots(long groupId) {
    return new GroupSnapshots(this, groupId, snapshotsFolder);
  }

  SnapshotFolder staging(long groupId) {
    return new SnapshotFolder(GroupSnapshots.stagingFolder(snapshotsFolder, groupId));
  }

  /** A view of everything as it is now; to be given back by {@link #release}. */
  Snapshot view() {
    requireUsable();
    return database.getSnapshot();
  }

  void release(Snapshot view) {
    lifecycle.lock();
    try {
      if (!closed) {
        database.releaseSnapshot(view);
      }
    } finally {
      lifecycle.unlock();
    }
  }

  /** Options for files that {@link #ingest} takes; the caller closes them. */
  Options fileOptions() {
    return new Options(options.database, options.rows);
  }

  /**
   * An iterator for another thread than the loop; the caller closes it.
   *
   * @throws StorageException where the family was dropped meanwhile
   */
  RocksIterator exportIterator(String family, ReadOptions read) {
    lifecycle.lock();
    try {
      requireUsable();
      ColumnFamilyHandle handle =
          family.equals(RowKeys.META_FAMILY) ? metaFamily : keyspaceFamilies.get(family);
      if (handle == null) {
        throw new StorageException("The keyspace was dropped meanwhile.", null);
      }
      return database.newIterator(handle, read);
    } finally {
      lifecycle.unlock();
    }
  }

  /** Takes sorted files into a family, whose rows they win over; the files are gone afterwards. */
  void ingest(ColumnFamilyHandle family, List<String> files) {
    if (files.isEmpty()) {
      return;
    }
    lifecycle.lock();
    try (IngestExternalFileOptions moving =
        new IngestExternalFileOptions().setMoveFiles(true).setWriteGlobalSeqno(false)) {
      requireUsable();
      database.ingestExternalFile(family, files, moving);
    } catch (RocksDBException e) {
      throw fail("The files of a snapshot could not be taken into " + folder, e);
    } finally {
      lifecycle.unlock();
    }
  }

  /** Marks the engine failed and returns what to throw: the first failure there was. */
  StorageException fail(String what, Exception cause) {
    StorageException first = failure;
    if (first == null) {
      first =
          new StorageException(
              what
                  + ": "
                  + cause.getMessage()
                  + ". It is unknown what is on disk, so the node must stop. Check the disk and"
                  + " start it again; if it then refuses, rebuild it from its peers: "
                  + REBUILD_STEPS,
              cause);
      failure = first;
    }
    return first;
  }

  private void requireUsable() {
    StorageException first = failure;
    if (first != null) {
      throw new StorageException("The store has failed before: " + first.getMessage(), first);
    }
    if (closed) {
      throw new StorageException("The store in " + folder + " is closed.", null);
    }
  }

  /**
   * Makes what was written durable, unless the engine is failed, and releases every native object.
   * Does nothing the second time.
   *
   * @throws StorageException when the last sync failed; everything is released all the same
   */
  @Override
  public void close() {
    lifecycle.lock();
    try {
      if (closed) {
        return;
      }
      try {
        if (failure == null) {
          sync();
        }
      } finally {
        closed = true;
        groups.values().forEach(RocksReplicaStore::closeNative);
        keyspaceFamilies.values().forEach(ColumnFamilyHandle::close);
        metaFamily.close();
        logFamily.close();
        defaultFamily.close();
        database.close();
        options.close();
      }
    } finally {
      lifecycle.unlock();
    }
  }
}
