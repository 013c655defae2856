package io.capstan.node.storage.rocks;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.node.raft.Entry;
import io.capstan.node.storage.ReplicaStore;
import io.capstan.node.storage.Table;
import io.capstan.node.storage.WriteBatch;
import java.io.BufferedReader;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A process is killed while it writes; what it reported as durable must be there. */
class KillNineIT {

  private static final long KEYSPACE = 3;
  private static final int ROUNDS = 3;
  private static final int SYNCED_BEFORE_DEATH = 2_000;
  // Small, so that the process is killed among flushes and changes of log files, too.
  private static final EngineOptions SIZES = new EngineOptions(1L << 20, 1L << 20, 1L << 20);

  @TempDir private Path folder;

  @Test
  @Timeout(60)
  void everyReportedBatchSurvivesWholeAndInOrder() throws Exception {
    long next = 1;
    for (int round = 1; round <= ROUNDS; round++) {
      long reported = killWhileWriting(next, next + SYNCED_BEFORE_DEATH);

      long last = lastWholeBatch();
      assertThat(last).isGreaterThanOrEqualTo(reported);
      next = last + 1;
    }
  }

  /** Returns the last batch that the process reported as durable. */
  private long killWhileWriting(long from, long until) throws Exception {
    Process writer = ChildJvm.start(Writer.class, folder.toString(), Long.toString(from));
    long reported = 0;
    try (BufferedReader reports = writer.inputReader()) {
      while (reported < until) {
        reported = Long.parseLong(reports.readLine());
      }
      // Through its handle: Process.destroyForcibly closes the stream that we still read.
      writer.toHandle().destroyForcibly();
      // What was already on its way counts too.
      for (String line = reports.readLine(); line != null; line = reports.readLine()) {
        reported = Math.max(reported, line.isEmpty() ? 0 : Long.parseLong(line));
      }
    } finally {
      writer.destroyForcibly();
      assertThat(writer.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }
    return reported;
  }

  private long lastWholeBatch() throws Exception {
    try (DataFolder data = DataFolder.open(folder, "n1", "capstan", SIZES)) {
      ReplicaStore store = data.engine().group(1);
      long last = store.log().lastIndex();
      byte[] applied = store.get(Table.META, new byte[] {1});
      assertThat(ByteBuffer.wrap(applied).getLong()).isEqualTo(last);
      for (long index = 1; index <= last; index++) {
        assertThat(store.get(Table.data(KEYSPACE), key(index))).as("row %d", index).isNotNull();
      }
      assertThat(store.get(Table.data(KEYSPACE), key(last + 1))).isNull();
      List<Entry> entries = store.log().entries(1, last, Long.MAX_VALUE);
      assertThat(entries).hasSize((int) last);
      assertThat(entries.getLast().index()).isEqualTo(last);
      return last;
    } finally {
      try (Stream<Path> files = Files.walk(folder)) {
        assertThat(files.filter(file -> file.toString().endsWith(".new"))).isEmpty();
      }
    }
  }

  private static byte[] key(long index) {
    return ByteBuffer.allocate(Long.BYTES).putLong(index).array();
  }

  /** Writes batches for ever, syncs in another thread, and reports each batch that is durable. */
  static final class Writer {

    public static void main(String[] arguments) throws Exception {
      Path folder = Path.of(arguments[0]);
      DataFolder data = DataFolder.open(folder, "n1", "capstan", SIZES);
      ReplicaStore store = data.engine().group(1);
      store.createKeyspace(KEYSPACE);
      CompletableFuture<Void> durable = CompletableFuture.completedFuture(null);
      byte[] payload = new byte[300];
      for (long index = Long.parseLong(arguments[1]); ; index++) {
        WriteBatch batch = new WriteBatch();
        batch.appendToLog(0, List.of(new Entry(index, 1, payload)));
        batch.put(Table.META, new byte[] {1}, key(index));
        batch.put(Table.data(KEYSPACE), key(index), payload);
        store.write(batch);
        if (durable.isDone()) {
          durable.join();
          long written = index;
          durable =
              CompletableFuture.runAsync(
                  () -> {
                    data.engine().sync();
                    System.out.println(written);
                    System.out.flush();
                  });
        }
      }
    }
  }
}
