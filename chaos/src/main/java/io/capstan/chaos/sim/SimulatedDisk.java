package io.capstan.chaos.sim;

import io.capstan.node.raft.Entry;
import io.capstan.node.raft.HardState;
import io.capstan.node.raft.SnapshotPosition;
import io.capstan.node.storage.LogPositions;
import io.capstan.node.storage.LogStore;
import io.capstan.node.storage.ReplicaStore;
import io.capstan.node.storage.Table;
import io.capstan.node.storage.WriteBatch;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.SnapshotKeyspace;
import io.capstan.proto.store.v1.SnapshotManifest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A disk that keeps the contract of {@link ReplicaStore} and nothing more: what was written is seen
 * at once, and a crash keeps what was synced and an arbitrary prefix of what was written after.
 */
final class SimulatedDisk implements ReplicaStore {

  /** Is shown what changes, as it becomes visible to its node. */
  interface Observer {
    void changed(Table table, byte[] key, byte @Nullable [] after);

    void logged(long truncateFrom, List<Entry> entries);

    void compacts(SnapshotPosition position);

    void installs(SnapshotPosition position);
  }

  /** Stands around each write; may throw, and then the process is dead. */
  interface WriteGate {
    void before(WriteBatch batch);

    void after();
  }

  /** The tables on the disk at one moment. */
  private static final class Tables {
    final Map<Table, NavigableMap<byte[], byte[]>> tables = new LinkedHashMap<>();
    final Set<Long> keyspaces = new TreeSet<>();

    Tables copy() {
      Tables copy = new Tables();
      tables.forEach((table, rows) -> copy.rows(table).putAll(rows));
      copy.keyspaces.addAll(keyspaces);
      return copy;
    }

    NavigableMap<byte[], byte[]> rows(Table table) {
      NavigableMap<byte[], byte[]> rows = tables.get(table);
      if (rows == null) {
        rows = new TreeMap<>(Arrays::compareUnsigned);
        tables.put(table, rows);
      }
      return rows;
    }

    boolean exists(Table table) {
      return table.keyspaceId() == Table.GROUP || keyspaces.contains(table.keyspaceId());
    }

    void drop(long keyspaceId) {
      keyspaces.remove(keyspaceId);
      tables.keySet().removeIf(table -> table.keyspaceId() == keyspaceId);
    }

    /** Changes the rows; returns what stood there before, in the same order. */
    byte[] @Nullable [] apply(List<WriteBatch.Row> changes) {
      byte[] @Nullable [] before = new byte[changes.size()] @Nullable [];
      for (int i = 0; i < before.length; i++) {
        WriteBatch.Row row = changes.get(i);
        if (!exists(row.table())) {
          throw orphaned(row.table());
        }
        before[i] = set(row.table(), row.key(), row.value());
      }
      return before;
    }

    void undo(List<WriteBatch.Row> changes, byte[] @Nullable [] before) {
      for (int i = before.length - 1; i >= 0; i--) {
        WriteBatch.Row row = changes.get(i);
        if (exists(row.table())) {
          set(row.table(), row.key(), before[i]);
        }
      }
    }

    private byte @Nullable [] set(Table table, byte[] key, byte @Nullable [] value) {
      return value == null ? rows(table).remove(key) : rows(table).put(key, value);
    }

    void install(SnapshotManifest manifest, byte[] snapshot) {
      Set<Long> named = new TreeSet<>();
      Set<Long> kept = new TreeSet<>();
      for (SnapshotKeyspace keyspace : manifest.getKeyspacesList()) {
        named.add(keyspace.getId());
        if (keyspace.getMode() == Mode.MODE_AP) {
          kept.add(keyspace.getId());
        }
      }
      tables
          .keySet()
          .removeIf(
              table ->
                  !kept.contains(table.keyspaceId())
                      && !(named.contains(table.keyspaceId())
                          && table.kind() == Table.Kind.LEDGER));
      keyspaces.clear();
      keyspaces.addAll(named);
      SimulatedSnapshots.read(snapshot, (table, key, value) -> rows(table).put(key, value));
    }
  }

  private static SimulationFailure orphaned(Table table) {
    return new SimulationFailure(
        "contract of the disk", "a row was written to a table that does not exist: " + table);
  }

  /** The log, and what is stored beside it, at one moment. */
  private static final class LogImage {
    final List<Entry> log = new ArrayList<>();
    SnapshotPosition logStart = SnapshotPosition.NONE;
    @Nullable HardState hardState;

    LogImage copy() {
      LogImage copy = new LogImage();
      copy.log.addAll(log);
      copy.logStart = logStart;
      copy.hardState = hardState;
      return copy;
    }

    long lastIndex() {
      return logStart.index() + log.size();
    }

    int offset(long index) {
      return (int) (index - logStart.index() - 1);
    }

    /** Term of an entry, or of the one in front of the first; 0 where that is not known. */
    long term(long index) {
      if (index == logStart.index()) {
        return logStart.term();
      }
      int offset = offset(index);
      return offset < 0 || offset >= log.size() ? 0 : log.get(offset).term();
    }

    void apply(WriteBatch batch, @Nullable Observer observer) {
      if (batch.truncateFrom() > 0) {
        log.subList(offset(batch.truncateFrom()), log.size()).clear();
      }
      for (Entry entry : batch.entries()) {
        if (entry.index() != lastIndex() + 1) {
          throw new SimulationFailure(
              "contract of the disk",
              "entry " + entry.index() + " was appended after " + lastIndex());
        }
        log.add(entry);
      }
      SnapshotPosition compactTo = batch.compactTo();
      if (compactTo != null) {
        if (observer != null) {
          observer.compacts(compactTo);
        }
        log.subList(0, offset(compactTo.index() + 1)).clear();
        logStart = compactTo;
      }
      if (batch.hardState() != null) {
        hardState = batch.hardState();
      }
      SnapshotManifest manifest = batch.install();
      if (manifest != null) {
        log.clear();
        logStart = LogPositions.of(manifest.getPosition());
      }
    }
  }

  /** One batch that is not synced yet, and how to undo what it did to the tables. */
  private static final class Write {
    final WriteBatch batch;
    byte[] @Nullable [] before = new byte[0] @Nullable [];
    // Where it installs a snapshot: the tables as they were.
    @Nullable Tables replaced;

    Write(WriteBatch batch) {
      this.batch = batch;
    }

    void undo(SimulatedDisk disk) {
      if (replaced == null) {
        disk.tables.undo(batch.rows(), before);
      } else {
        disk.tables = replaced;
      }
    }
  }

  private final Observer observer;
  private final WriteGate gate;
  // As written. What is durable of it, the writes that are not can tell.
  private Tables tables = new Tables();
  private LogImage seen = new LogImage();
  private LogImage durable = new LogImage();
  private final ArrayDeque<Write> unsynced = new ArrayDeque<>();
  private final List<Flipped> flipped = new ArrayList<>();
  private long writes;
  private long synced;
  private final SimulatedSnapshots snapshots = new SimulatedSnapshots(table -> rows(table));
  private final Log log = new Log();

  SimulatedDisk(Observer observer, WriteGate gate) {
    this.observer = observer;
    this.gate = gate;
  }

  // ---- what the simulator does to it ----

  /** Makes every write of this process run up to the sequence durable. */
  void sync(long writeSequence) {
    while (synced < writeSequence) {
      nowDurable(unsynced.remove());
      synced++;
    }
  }

  private void nowDurable(Write write) {
    durable.apply(write.batch, null);
  }

  /** How many writes would be lost if power failed now. */
  int unsyncedWrites() {
    return unsynced.size();
  }

  /**
   * The process is gone; the next one finds what was synced, and the first so many of the writes
   * after that, whole: an incomplete record at the end is cut when it is found.
   */
  void restart(int survivors) {
    for (int i = 0; i < survivors; i++) {
      nowDurable(unsynced.remove());
    }
    while (!unsynced.isEmpty()) {
      unsynced.removeLast().undo(this);
    }
    seen = durable.copy();
    writes = 0;
    synced = 0;
  }

  // ---- damage at rest ----

  /**
   * A record of which a bit has flipped, and the checksum that it was written with; all others
   * match theirs.
   *
   * @param index of the log entry, 0 for a row of a table
   * @param content what a start reads
   */
  private record Flipped(String name, long index, int checksum, Supplier<byte[]> content) {}

  /** Whether the log has a record in front of its last one. */
  boolean hasBitsToFlip() {
    return durable.log.size() > 1;
  }

  /**
   * One bit of the durable log, its last record left out, or of a table is not as written. Nobody
   * sees it before the next start, which refuses.
   */
  void flipBit(SplittableRandom random) {
    List<Table> written = new ArrayList<>(tables.tables.keySet());
    written.removeIf(table -> tables.rows(table).isEmpty());
    if (!written.isEmpty() && random.nextInt(4) == 0) {
      Table table = written.get(random.nextInt(written.size()));
      NavigableMap<byte[], byte[]> rows = tables.rows(table);
      byte[] key = new ArrayList<>(rows.keySet()).get(random.nextInt(rows.size()));
      byte[] row = Objects.requireNonNull(rows.get(key));
      byte[] damaged = withFlippedBit(row, random);
      flipped.add(new Flipped("a row of " + table, 0, checksum(row), () -> damaged));
    } else {
      int at = random.nextInt(durable.log.size() - 1);
      Entry entry = durable.log.get(at);
      List<Entry> log = durable.log;
      byte[] damaged = withFlippedBit(entry.payload(), random);
      flipped.add(
          new Flipped(
              "log entry " + entry.index(),
              entry.index(),
              checksum(entry.payload()),
              () -> log.get(at).payload()));
      log.set(at, new Entry(entry.index(), entry.term(), entry.kind(), damaged));
    }
  }

  /** The bit may be the one that says how long the record is: of an empty one there is no other. */
  private static byte[] withFlippedBit(byte[] intact, SplittableRandom random) {
    if (intact.length == 0) {
      return new byte[1];
    }
    byte[] damaged = intact.clone();
    damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
    return damaged;
  }

  private static int checksum(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }

  /** The first record that does not match its checksum, null where all do: read at each start. */
  @Nullable String damage() {
    for (Flipped record : flipped) {
      if (checksum(record.content().get()) != record.checksum()) {
        return record.name() + " does not match its checksum";
      }
    }
    return null;
  }

  SimulatedSnapshots snapshots() {
    return snapshots;
  }

  /**
   * What would survive a loss of power of a row, as the node wrote it; null where there is none.
   * That a bit of it has flipped since is for the next start to find, and makes nothing untrue that
   * the node had said before.
   */
  byte @Nullable [] durableRow(Table table, byte[] key) {
    for (Write write : unsynced) {
      if (write.replaced != null) {
        return write.replaced.rows(table).get(key);
      }
      List<WriteBatch.Row> changes = write.batch.rows();
      for (int i = 0; i < changes.size(); i++) {
        if (changes.get(i).table().equals(table) && Arrays.equals(changes.get(i).key(), key)) {
          return write.before[i];
        }
      }
    }
    return tables.rows(table).get(key);
  }

  /** Term of an entry that would survive a loss of power, or 0 where there is none. */
  long durableTerm(long index) {
    return durable.term(index);
  }

  /** Term and vote that would survive a loss of power. */
  HardState durableHardState() {
    HardState state = durable.hardState;
    return state == null ? HardState.INITIAL : state;
  }

  /** Term of a written entry, or 0 where there is none. */
  long writtenTerm(long index) {
    return seen.term(index);
  }

  /** Index of the newest entry that changes members, or of the one before the log's first. */
  long lastConfigurationIndex() {
    for (int i = seen.log.size() - 1; i >= 0; i--) {
      if (seen.log.get(i).kind() == Entry.Kind.CONFIGURATION) {
        return seen.log.get(i).index();
      }
    }
    return seen.logStart.index();
  }

  NavigableMap<byte[], byte[]> rows(Table table) {
    return tables.rows(table);
  }

  // ---- ReplicaStore ----

  @Override
  public LogStore log() {
    return log;
  }

  @Override
  public byte @Nullable [] get(Table table, byte[] key) {
    return tables.rows(table).get(key);
  }

  @Override
  public void scan(Table table, byte[] from, byte @Nullable [] to, RowVisitor visitor) {
    NavigableMap<byte[], byte[]> range = tables.rows(table).tailMap(from, true);
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
    gate.before(batch);
    writes++;
    Write write = new Write(batch);
    unsynced.add(write);
    if (batch.truncateFrom() > 0 || !batch.entries().isEmpty()) {
      observer.logged(batch.truncateFrom(), batch.entries());
    }
    seen.apply(batch, observer);
    SnapshotManifest manifest = batch.install();
    if (manifest == null) {
      write.before = tables.apply(batch.rows());
    } else {
      write.replaced = tables.copy();
      tables.apply(batch.rows());
      observer.installs(LogPositions.of(manifest.getPosition()));
      tables.install(manifest, snapshots.staged(manifest));
    }
    observe(batch.rows(), true);
    observe(batch.rows(), false);
    gate.after();
  }

  /** Clocks first: what rows leave out of their contexts is in the clock of the same batch. */
  private void observe(List<WriteBatch.Row> changes, boolean clocks) {
    for (int i = 0; i < changes.size(); i++) {
      WriteBatch.Row row = changes.get(i);
      if ((row.table().kind() == Table.Kind.CLOCK) == clocks) {
        observer.changed(row.table(), row.key(), row.value());
      }
    }
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
    tables.keyspaces.add(keyspaceId);
    for (Write write : unsynced) {
      if (write.replaced != null) {
        write.replaced.keyspaces.add(keyspaceId);
      }
    }
  }

  /** A drop is durable at once, and so is what was written before it. */
  @Override
  public void dropKeyspace(long keyspaceId) {
    sync(writes);
    tables.drop(keyspaceId);
  }

  @Override
  public long[] keyspaces() {
    return tables.keyspaces.stream().mapToLong(Long::longValue).toArray();
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
      if (index < seen.logStart.index() || index > lastIndex()) {
        throw new IllegalArgumentException("there is no entry " + index);
      }
      return seen.term(index);
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
