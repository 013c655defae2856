package io.capstan.node.storage.rocks;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.node.raft.Configuration;
import io.capstan.node.raft.Entry;
import io.capstan.node.raft.SnapshotPosition;
import io.capstan.node.storage.ReplicaStore;
import io.capstan.node.storage.Table;
import io.capstan.node.storage.WriteBatch;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A keyspace of constant size that is overwritten for ever")
class LogSpaceTest {

  private static final EngineOptions SMALL = new EngineOptions(4L << 20, 4L << 20, 8L << 20);
  private static final long KEYSPACE = 1;
  private static final int KEYS = 1_000;
  private static final int VALUE_BYTES = 256;
  private static final int BATCH_ENTRIES = 100;
  private static final long CUT_ENTRIES = 10_000;

  @TempDir private Path folder;

  /** Overwrites, cuts the log as a replica would, and returns the most that the disk ever held. */
  static long peakDiskBytes(Path folder, EngineOptions sizes, long overwrites) {
    long peak = 0;
    try (StorageEngine engine = StorageEngine.open(folder, sizes)) {
      ReplicaStore store = engine.group(1);
      store.createKeyspace(KEYSPACE);
      Configuration members = Configuration.ofVoters("n1");
      byte[] value = new byte[VALUE_BYTES];
      for (long index = 1; index <= overwrites; index += BATCH_ENTRIES) {
        WriteBatch batch = new WriteBatch();
        List<Entry> entries = new ArrayList<>();
        for (long i = index; i < index + BATCH_ENTRIES; i++) {
          byte[] changed = value.clone();
          ByteBuffer.wrap(changed).putLong(i * 0x9E3779B97F4A7C15L);
          entries.add(new Entry(i, 1, changed));
          batch.put(
              Table.data(KEYSPACE), ByteBuffer.allocate(8).putLong(i % KEYS).array(), changed);
        }
        batch.appendToLog(0, entries);
        long last = index + BATCH_ENTRIES - 1;
        if (last - store.log().firstIndex() >= 2 * CUT_ENTRIES) {
          batch.compactLog(new SnapshotPosition(last - CUT_ENTRIES, 1, members));
        }
        store.write(batch);
        if (index % 10_000 == 1) {
          peak = Math.max(peak, engine.diskBytes());
        }
      }
    }
    return peak;
  }

  @Test
  @DisplayName("takes a bounded part of the disk, since its log is cut and RocksDB frees the space")
  void takesABoundedPartOfTheDisk() {
    long overwrites = 400_000;

    long peak = peakDiskBytes(folder, SMALL, overwrites);

    // Every value is written twice, to the log and to the data. How far RocksDB's compaction lags
    // behind depends on the machine, so the bound is a fraction of that and not the usual peak.
    assertThat(2 * overwrites * VALUE_BYTES).isGreaterThan(192L << 20);
    assertThat(peak).isLessThan(64L << 20);
  }

  /** A million overwrites with the sizes of production; prints the peak. */
  public static void main(String[] arguments) {
    long overwrites = Long.parseLong(arguments[1]);
    long peak = peakDiskBytes(Path.of(arguments[0]), EngineOptions.DEFAULT, overwrites);
    System.out.println(overwrites + " overwrites, at most " + (peak >> 20) + " MiB on disk");
  }
}
