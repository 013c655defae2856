package io.capstan.node.storage.rocks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.node.storage.ReplicaStore;
import io.capstan.node.storage.ReplicaStoreContract;
import io.capstan.node.storage.StorageException;
import io.capstan.node.storage.Table;
import io.capstan.node.storage.WriteBatch;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StorageEngineTest extends ReplicaStoreContract {

  private static final EngineOptions SMALL = new EngineOptions(4L << 20, 4L << 20, 8L << 20);

  @TempDir private Path folder;
  private StorageEngine engine;

  @BeforeEach
  void open() {
    engine = StorageEngine.open(folder, SMALL);
  }

  @AfterEach
  void close() {
    engine.close();
  }

  @Override
  protected ReplicaStore store() {
    return engine.group(1);
  }

  @Override
  protected ReplicaStore otherGroup() {
    return engine.group(2);
  }

  @Override
  protected void sync() {
    engine.sync();
  }

  @Override
  protected void restart() {
    engine.close();
    open();
  }

  @Test
  void whatWasWrittenWithoutASyncIsThereAfterAStopInGoodOrder() {
    for (int i = 1; i <= 100; i++) {
      append(0, entries(i, i, 1));
    }

    restart();

    assertThat(store().log().entries(1, 100, Long.MAX_VALUE)).isEqualTo(entries(1, 100, 1));
  }

  @Test
  void syncsRunWhileTheEventLoopGoesOnWriting() {
    AtomicBoolean stop = new AtomicBoolean();
    CompletableFuture<Integer> syncs =
        CompletableFuture.supplyAsync(
            () -> {
              int count = 0;
              while (!stop.get() || count == 0) {
                engine.sync();
                count++;
              }
              return count;
            });

    for (int i = 1; i <= 5_000; i++) {
      append(0, entries(i, i, 1));
    }
    stop.set(true);

    assertThat(syncs.join()).isPositive();
    assertThat(store().log().lastIndex()).isEqualTo(5_000);
  }

  @Test
  void aLogBeyondItsBoundIsMovedToTableFilesAndRemoved() throws IOException {
    byte[] value = new byte[64 << 10];
    for (int i = 0; i < 1_000; i++) {
      WriteBatch batch = new WriteBatch();
      batch.put(Table.META, bytes("key " + i % 50), value);
      store().write(batch);
    }

    restart();

    assertThat(walBytes()).isLessThan(2 * SMALL.walBytesMax());
    assertThat(store().get(Table.META, bytes("key 7"))).hasSize(64 << 10);
  }

  @Test
  void aStoreThatIsClosedRefuses() {
    ReplicaStore store = store();

    engine.close();

    assertThatThrownBy(() -> store.get(Table.META, bytes("k")))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("is closed");
    assertThatThrownBy(() -> append(0, entries(1, 1, 1))).isInstanceOf(StorageException.class);
    assertThatThrownBy(() -> engine.sync()).isInstanceOf(StorageException.class);
  }

  @Test
  void aFailureIsFinal() {
    StorageException first = engine.fail("The disk said no", new IOException("EIO"));

    assertThat(first)
        .hasMessageStartingWith("The disk said no: EIO.")
        .hasMessageContaining("peers");
    assertThat(engine.fail("Later", new IOException("ENOSPC"))).isSameAs(first);
    assertThatThrownBy(() -> engine.sync()).hasMessageContaining("The disk said no: EIO");
    assertThatThrownBy(() -> engine.group(1)).isInstanceOf(StorageException.class);
  }

  @Test
  void afterAFailureTheStoreRefusesToReadAndToWrite() {
    ReplicaStore store = store();
    WriteBatch batch = new WriteBatch();
    batch.put(Table.META, bytes("k"), bytes("v"));

    engine.fail("The disk said no", new IOException("EIO"));

    assertThatThrownBy(() -> store.write(batch)).isInstanceOf(StorageException.class);
    assertThatThrownBy(() -> store.get(Table.META, bytes("k")))
        .isInstanceOf(StorageException.class);
  }

  @Test
  void aDamagedTableFileIsRefusedAtTheStart() throws IOException {
    for (int i = 0; i < 200; i++) {
      put(Table.META, "key " + i, "value " + i);
    }
    engine.close();
    // A start after a stop moves the log's rows to a table file.
    open();
    engine.close();
    for (Path table : files(".sst")) {
      flipByte(table, 20);
    }

    assertThatThrownBy(this::open)
        .isInstanceOf(StorageException.class)
        .hasMessageContaining(folder.toString())
        .hasMessageContaining("to rebuild this node from its peers");
  }

  @Test
  void aLogEntryThatChangedUnnoticedByRocksDbIsNoticed() {
    LogRecord record = new LogRecord();
    byte[] key = new RowKeys(1).logKey(7);
    byte[] value = record.encode(key, entries(7, 7, 3).getFirst());
    value[value.length - 1] ^= 1;

    assertThatThrownBy(() -> record.decode(key, value))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("Entry 7");
  }

  @Test
  void aLogEntryInTheWrongPlaceIsNoticed() {
    LogRecord record = new LogRecord();
    byte[] value = record.encode(new RowKeys(1).logKey(7), entries(7, 7, 3).getFirst());

    assertThatThrownBy(() -> record.decode(new RowKeys(1).logKey(8), value))
        .isInstanceOf(StorageException.class);
    assertThatThrownBy(() -> record.decode(new RowKeys(2).logKey(7), value))
        .isInstanceOf(StorageException.class);
  }

  @Test
  void theInformationLogsOfManyStartsAreBounded() throws IOException {
    for (int i = 0; i < 6; i++) {
      restart();
    }

    try (Stream<Path> listing = Files.list(folder)) {
      assertThat(listing.filter(file -> file.getFileName().toString().startsWith("LOG")))
          .hasSizeLessThanOrEqualTo(5);
    }
  }

  @Test
  void diskBytesCountsTheFiles() {
    long before = engine.diskBytes();
    WriteBatch batch = new WriteBatch();
    batch.put(Table.META, bytes("k"), new byte[1 << 20]);

    store().write(batch);

    assertThat(engine.diskBytes()).isGreaterThanOrEqualTo(before + (1 << 20));
  }

  @Test
  void aGroupIdThatDoesNotFitTheKeysIsRefused() {
    assertThatThrownBy(() -> engine.group(0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> engine.group(1L << 32)).isInstanceOf(IllegalArgumentException.class);
    assertThat(engine.group((1L << 32) - 1).log().lastIndex()).isZero();
  }

  private long walBytes() throws IOException {
    long bytes = 0;
    for (Path file : files(".log")) {
      bytes += Files.size(file);
    }
    return bytes;
  }

  private List<Path> files(String ending) throws IOException {
    try (Stream<Path> listing = Files.list(folder)) {
      return listing.filter(file -> file.toString().endsWith(ending)).toList();
    }
  }

  private static void flipByte(Path file, long position) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      java.nio.ByteBuffer one = java.nio.ByteBuffer.allocate(1);
      channel.read(one, position);
      one.put(0, (byte) (one.get(0) ^ 0xFF)).rewind();
      channel.write(one, position);
    }
  }
}
