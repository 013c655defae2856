package io.capstan.node.storage.rocks;

import com.sun.management.OperatingSystemMXBean;
import io.capstan.node.raft.Entry;
import io.capstan.node.storage.ReplicaStore;
import io.capstan.node.storage.Table;
import io.capstan.node.storage.WriteBatch;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Measures what the engine costs; run by hand, with the seconds per measurement as argument.
 * Figures are of this process alone, native threads of RocksDB included.
 */
final class StorageBenchmark {

  private static final int PAYLOAD_BYTES = 256;
  private static final int KEYS = 100_000;
  private static final long KEYSPACE = 3;

  private final OperatingSystemMXBean system =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
  private final Random random = new Random(7);
  private final byte[] payload = new byte[PAYLOAD_BYTES];
  private final StorageEngine engine;
  private final ReplicaStore store;
  private final int seconds;
  private long index;

  private StorageBenchmark(StorageEngine engine, int seconds) {
    this.engine = engine;
    this.seconds = seconds;
    store = engine.group(1);
    store.createKeyspace(KEYSPACE);
    random.nextBytes(payload);
  }

  public static void main(String[] arguments) throws Exception {
    Path folder = Files.createTempDirectory("capstan-benchmark");
    int seconds = Integer.parseInt(arguments[0]);
    try (StorageEngine engine = StorageEngine.open(folder, EngineOptions.DEFAULT)) {
      StorageBenchmark benchmark = new StorageBenchmark(engine, seconds);
      benchmark.measure("warm-up: entries, batch of 64, sync each", 64, false, true);
      benchmark.measure("entries, batch of 64, sync each", 64, false, true);
      benchmark.measure("entries, batch of 64, no sync", 64, false, false);
      benchmark.measure("entries, batch of 1, sync each", 1, false, true);
      benchmark.measure("entries and their rows, batch of 64, sync each", 64, true, true);
      benchmark.measure("entries and their rows, batch of 64, no sync", 64, true, false);
      benchmark.measureReads();
    } finally {
      for (Path file : Files.list(folder).toList()) {
        Files.delete(file);
      }
      Files.delete(folder);
    }
  }

  private void measure(String what, int batchEntries, boolean withRows, boolean withSync) {
    long cpuBefore = system.getProcessCpuTime();
    long start = System.nanoTime();
    long batches = 0;
    while (System.nanoTime() - start < seconds * 1_000_000_000L) {
      store.write(batch(batchEntries, withRows));
      if (withSync) {
        engine.sync();
      }
      batches++;
    }
    report(what, batches * batchEntries, batches, cpuBefore, start);
  }

  private WriteBatch batch(int entries, boolean withRows) {
    WriteBatch batch = new WriteBatch();
    List<Entry> appended = new ArrayList<>(entries);
    for (int i = 0; i < entries; i++) {
      appended.add(new Entry(++index, 1, payload));
      if (withRows) {
        batch.put(Table.data(KEYSPACE), key(random.nextInt(KEYS)), payload);
      }
    }
    batch.appendToLog(0, appended);
    batch.put(Table.META, key(0), key((int) index));
    return batch;
  }

  private void measureReads() {
    long cpuBefore = system.getProcessCpuTime();
    long start = System.nanoTime();
    long reads = 0;
    while (System.nanoTime() - start < seconds * 1_000_000_000L) {
      if (store.get(Table.data(KEYSPACE), key(random.nextInt(KEYS))) != null) {
        reads++;
      }
    }
    report("reads of a row by key", reads, reads, cpuBefore, start);
    cpuBefore = system.getProcessCpuTime();
    start = System.nanoTime();
    long read = 0;
    long calls = 0;
    while (System.nanoTime() - start < seconds * 1_000_000_000L) {
      long from = 1 + random.nextLong(index - 64);
      read += store.log().entries(from, from + 63, Long.MAX_VALUE).size();
      calls++;
    }
    report("entries read, 64 a call", read, calls, cpuBefore, start);
  }

  private void report(String what, long items, long calls, long cpuBefore, long start) {
    double elapsedSeconds = (System.nanoTime() - start) / 1e9;
    double cpuMicros = (system.getProcessCpuTime() - cpuBefore) / 1e3 / items;
    System.out.printf(
        "%-50s %,10.0f/s  %,8.0f calls/s  %6.2f us of CPU each%n",
        what, items / elapsedSeconds, calls / elapsedSeconds, cpuMicros);
  }

  private static byte[] key(int number) {
    return ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
  }
}
