package io.capstan.node.storage.rocks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.node.storage.ReplicaStore;
import io.capstan.node.storage.StorageException;
import io.capstan.node.storage.Table;
import io.capstan.node.storage.WriteBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.WALRecoveryMode;

/**
 * What is cut and what is refused at the end of the log. Every story damages the same log: batches
 * 1 to 20 of about 300 bytes, and as batch 21 one that spans three blocks.
 */
class WalTailTest {

  private static final int SMALL_BATCHES = 20;
  private static final int BATCHES = SMALL_BATCHES + 1;
  private static final int LARGE_VALUE_BYTES = 70_000;
  private static final int HEADER_BYTES = 7;

  @TempDir private Path temporary;
  private Path folder;
  private Path wal;
  private byte[] intact;
  // Where each batch ends in the log; ends[0] is where the first one begins.
  private final List<Integer> ends = new ArrayList<>();

  @BeforeEach
  void aLogAsAKilledProcessLeavesIt() throws IOException {
    Path running = temporary.resolve("running");
    folder = temporary.resolve("found");
    try (StorageEngine engine = StorageEngine.open(running, EngineOptions.DEFAULT)) {
      ends.add((int) Files.size(newestWal(running)));
      for (int i = 1; i <= BATCHES; i++) {
        writeBatch(engine.group(1), i, i == BATCHES ? LARGE_VALUE_BYTES : 256);
        ends.add((int) Files.size(newestWal(running)));
      }
      engine.sync();
      copy(running, folder);
    }
    wal = newestWal(folder);
    intact = Files.readAllBytes(wal);
  }

  @Test
  void anIntactLogIsKeptWhole() {
    assertThat(batchesAfterOpening()).isEqualTo(BATCHES);
  }

  @Test
  void aLogCutAnywhereInASmallBatchLosesThatBatchAlone() throws IOException {
    for (int size = ends.get(4) + 1; size < ends.get(5); size += 7) {
      damaged(Arrays.copyOf(intact, size));

      assertThat(batchesAfterOpening()).as("cut at %d", size).isEqualTo(4);
    }
  }

  @ParameterizedTest(name = "{0} bytes from the end")
  @ValueSource(ints = {1, 6, 7, 100, 32_768, 40_000, 65_536, 69_000})
  void aLogCutAnywhereInABatchOfSeveralBlocksLosesThatBatchAlone(int missing) throws IOException {
    damaged(Arrays.copyOf(intact, intact.length - missing));

    assertThat(batchesAfterOpening()).isEqualTo(SMALL_BATCHES);
  }

  @Test
  void aLogCutBetweenBatchesLosesNothingElse() throws IOException {
    damaged(Arrays.copyOf(intact, ends.get(9)));

    assertThat(batchesAfterOpening()).isEqualTo(9);
  }

  @ParameterizedTest(name = "{0} zeros")
  @ValueSource(ints = {1, 7, 4_096, 32_768, 200_000})
  void zerosBehindTheLastBatchAreCut(int zeros) throws IOException {
    damaged(Arrays.copyOf(intact, intact.length + zeros));

    assertThat(batchesAfterOpening()).isEqualTo(BATCHES);
  }

  @Test
  void aBatchOfWhichZerosRemainIsCutWhereverTheyBegin() throws IOException {
    for (int from = ends.get(4) + 1; from < ends.get(5); from += 11) {
      damaged(zeroed(Arrays.copyOf(intact, ends.get(5) + 4_096), from));

      assertThat(batchesAfterOpening()).as("zeros from %d", from).isEqualTo(4);
    }
  }

  @ParameterizedTest(name = "zeros from {0} bytes before the end")
  @ValueSource(ints = {1, 100, 32_768, 50_000, 69_000})
  void aBatchOfSeveralBlocksOfWhichZerosRemainIsCut(int zeros) throws IOException {
    damaged(zeroed(intact.clone(), intact.length - zeros));

    assertThat(batchesAfterOpening()).isEqualTo(SMALL_BATCHES);
  }

  @Test
  void anyByteFlippedInTheLastBatchIsRefused() throws IOException {
    byte[] endsSmall = Arrays.copyOf(intact, ends.get(SMALL_BATCHES));
    for (int at = ends.get(SMALL_BATCHES - 1); at < endsSmall.length; at++) {
      assertRefused(flipped(endsSmall, at, 0xFF));
    }
  }

  @Test
  void anyBitOfTheHeaderOfTheLastBatchFlippedIsRefused() throws IOException {
    byte[] endsSmall = Arrays.copyOf(intact, ends.get(SMALL_BATCHES));
    int start = ends.get(SMALL_BATCHES - 1);
    for (int bit = 0; bit < HEADER_BYTES * 8; bit++) {
      assertRefused(flipped(endsSmall, start + bit / 8, 1 << bit % 8));
    }
  }

  @Test
  void aFlippedByteInTheMiddleIsRefused() throws IOException {
    for (int at = ends.get(2); at < ends.get(3); at += 3) {
      assertRefused(flipped(intact, at, 0x10));
    }
    for (int at = ends.get(SMALL_BATCHES); at < intact.length; at += 4_999) {
      assertRefused(flipped(intact, at, 0x10));
    }
  }

  @Test
  void aBlockOfZerosInTheMiddleIsRefused() throws IOException {
    byte[] log = intact.clone();
    Arrays.fill(log, ends.get(3), 32_768, (byte) 0);

    assertRefused(log);
  }

  @Test
  void theRefusalNamesTheFileThePlaceAndWhatToDo() throws IOException {
    damaged(flipped(intact, ends.get(7) + 50, 0x01));

    assertThatThrownBy(() -> StorageEngine.open(folder, EngineOptions.DEFAULT))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining(wal.toString())
        .hasMessageContaining("at byte " + ends.get(7))
        .hasMessageContaining("move its data folder away");
  }

  @Test
  void aRefusedLogIsLeftAsItWas() throws IOException {
    byte[] log = flipped(intact, ends.get(7) + 50, 0x01);

    assertRefused(log);

    assertThat(Files.readAllBytes(wal)).isEqualTo(log);
  }

  @Test
  void aTornEndIsFoundBehindANewerFileWithoutRecords() throws IOException {
    damaged(Arrays.copyOf(intact, intact.length - 10));
    Files.write(folder.resolve("999999.log"), new byte[0]);

    assertThat(batchesAfterOpening()).isEqualTo(SMALL_BATCHES);
  }

  @Test
  void aTornEndBeforeANewerFileWithRecordsIsRefused() throws IOException {
    damaged(Arrays.copyOf(intact, intact.length - 10));
    Files.write(folder.resolve("999999.log"), Arrays.copyOf(intact, ends.get(3)));

    assertThatThrownBy(() -> StorageEngine.open(folder, EngineOptions.DEFAULT))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("move its data folder away");
  }

  @Test
  void whatWasCutStaysCutAndNewBatchesFollow() throws IOException {
    damaged(Arrays.copyOf(intact, intact.length - 10));
    try (StorageEngine engine = StorageEngine.open(folder, EngineOptions.DEFAULT)) {
      writeBatch(engine.group(1), BATCHES, 100);
    }

    assertThat(batchesAfterOpening()).isEqualTo(BATCHES);
  }

  @Test
  @DisplayName(
      "why RocksDB's own modes do not do: tolerating a tail loses a batch whose length was damaged")
  void toleratingATailLosesABatchWhoseLengthWasDamaged() throws Exception {
    byte[] endsSmall = Arrays.copyOf(intact, ends.get(SMALL_BATCHES));
    damaged(flipped(endsSmall, ends.get(SMALL_BATCHES - 1) + 4, 0x80));

    assertThat(batchesIn(WALRecoveryMode.TolerateCorruptedTailRecords))
        .isEqualTo(SMALL_BATCHES - 1);
  }

  @Test
  @DisplayName("why RocksDB's own modes do not do: point in time loses all from a damaged batch on")
  void pointInTimeLosesAllFromADamagedBatchOn() throws Exception {
    damaged(flipped(intact, ends.get(7) + 50, 0x01));

    assertThat(batchesIn(WALRecoveryMode.PointInTimeRecovery)).isEqualTo(7);
  }

  @Test
  @DisplayName("why RocksDB's own modes do not do: absolute consistency refuses every torn end")
  void absoluteConsistencyRefusesATornEnd() throws Exception {
    damaged(Arrays.copyOf(intact, intact.length - 10));

    assertThatThrownBy(() -> batchesIn(WALRecoveryMode.AbsoluteConsistency))
        .isInstanceOf(RocksDBException.class);
  }

  private void assertRefused(byte[] log) throws IOException {
    damaged(log);
    assertThatThrownBy(() -> StorageEngine.open(folder, EngineOptions.DEFAULT))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("is damaged");
  }

  private void damaged(byte[] log) throws IOException {
    restoreFolder();
    Files.write(wal, log);
  }

  /** Opening moves the log's rows to table files: every damage begins with the log again. */
  private void restoreFolder() throws IOException {
    Path running = temporary.resolve("template");
    for (Path file : list(folder)) {
      Files.delete(file);
    }
    for (Path file : list(running)) {
      Files.copy(file, folder.resolve(file.getFileName()));
    }
  }

  /** How many batches there are, which must be the first ones and whole. */
  private int batchesAfterOpening() {
    try (StorageEngine engine = StorageEngine.open(folder, EngineOptions.DEFAULT)) {
      ReplicaStore store = engine.group(1);
      int batches = 0;
      while (store.get(Table.META, key(batches + 1)) != null) {
        batches++;
        assertThat(store.get(Table.SESSIONS, key(batches))).isNotNull();
      }
      for (int i = batches + 1; i <= BATCHES; i++) {
        assertThat(store.get(Table.META, key(i))).isNull();
        assertThat(store.get(Table.SESSIONS, key(i))).isNull();
      }
      return batches;
    }
  }

  private int batchesIn(WALRecoveryMode mode) throws RocksDBException {
    List<ColumnFamilyHandle> handles = new ArrayList<>();
    try (NativeOptions options = new NativeOptions(EngineOptions.DEFAULT)) {
      options.database.setWalRecoveryMode(mode);
      List<ColumnFamilyDescriptor> families =
          Stream.of("default", RowKeys.LOG_FAMILY, RowKeys.META_FAMILY)
              .map(name -> new ColumnFamilyDescriptor(name.getBytes(), options.rows))
              .toList();
      try (RocksDB database =
          RocksDB.open(options.database, folder.toString(), families, handles)) {
        int batches = 0;
        while (database.get(handles.get(2), new RowKeys(1).rowKey(Table.META, key(batches + 1)))
            != null) {
          batches++;
        }
        handles.forEach(ColumnFamilyHandle::close);
        return batches;
      }
    }
  }

  private static void writeBatch(ReplicaStore store, int number, int valueBytes) {
    WriteBatch batch = new WriteBatch();
    batch.put(Table.SESSIONS, key(number), new byte[] {1});
    // Zeros, so that only the mark at its end tells a whole batch from a zero-filled one.
    batch.put(Table.META, key(number), new byte[valueBytes]);
    store.write(batch);
  }

  private static byte[] key(int number) {
    return ByteBuffer.allocate(4).putInt(number).array();
  }

  private static byte[] flipped(byte[] log, int at, int mask) {
    byte[] copy = log.clone();
    copy[at] ^= (byte) mask;
    return copy;
  }

  private static byte[] zeroed(byte[] log, int from) {
    Arrays.fill(log, from, log.length, (byte) 0);
    return log;
  }

  private void copy(Path from, Path to) throws IOException {
    Path template = Files.createDirectories(temporary.resolve("template"));
    Files.createDirectories(to);
    for (Path file : list(from)) {
      Files.copy(file, to.resolve(file.getFileName()));
      Files.copy(file, template.resolve(file.getFileName()));
    }
  }

  private static Path newestWal(Path folder) throws IOException {
    return list(folder).stream()
        .filter(file -> file.toString().endsWith(".log"))
        .max(Comparator.comparing(Path::getFileName))
        .orElseThrow();
  }

  private static List<Path> list(Path folder) throws IOException {
    try (Stream<Path> listing = Files.list(folder)) {
      return listing.toList();
    }
  }
}
