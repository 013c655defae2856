package io.capstan.node.server;

import com.google.protobuf.UnsafeByteOperations;
import io.capstan.node.replica.SnapshotEffect;
import io.capstan.node.replica.SnapshotInput;
import io.capstan.node.storage.rocks.GroupSnapshots;
import io.capstan.node.storage.rocks.SnapshotExport;
import io.capstan.proto.store.v1.SnapshotManifest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads and writes snapshot files beside the event loop: one thread, in the order in which it is
 * asked. What goes wrong here is told to the replica, which tries again later; nothing of the state
 * itself is touched.
 *
 * <p>{@link #perform} belongs to the event loop, the rest to any thread.
 */
final class SnapshotThread {

  /** An answer to an effect, or nothing to answer. */
  @FunctionalInterface
  private interface Task {
    void run() throws IOException;
  }

  private static final Logger log = LoggerFactory.getLogger(SnapshotThread.class);

  private final String nodeId;
  private final GroupSnapshots snapshots;
  private final Consumer<SnapshotInput> answers;
  private final ExecutorService thread;
  private volatile boolean ending;

  /**
   * @param answers hands the answer to the event loop; must not block
   */
  SnapshotThread(
      String name, String nodeId, GroupSnapshots snapshots, Consumer<SnapshotInput> answers) {
    this.nodeId = nodeId;
    this.snapshots = snapshots;
    this.answers = answers;
    ThreadPoolExecutor executor =
        new ThreadPoolExecutor(
            1,
            1,
            10,
            TimeUnit.SECONDS,
            // Bounded by the protocol: a window of chunks for each follower.
            new LinkedBlockingQueue<>(),
            task -> {
              Thread made = new Thread(task, name);
              made.setDaemon(true);
              return made;
            });
    executor.allowCoreThreadTimeOut(true);
    this.thread = executor;
    // Exports of an earlier run: nobody will ask for them again.
    submit(() -> discard(false));
  }

  /** Begins what the replica asks for; the answer comes later. */
  void perform(SnapshotEffect effect) {
    switch (effect) {
      case SnapshotEffect.Export wanted -> {
        // Here, on the loop: the view is of the state after the batch that was just written.
        SnapshotExport export = snapshots.beginExport(wanted.plan());
        submit(() -> export(export), export::close);
      }
      case SnapshotEffect.ReadChunk wanted -> submit(() -> read(wanted));
      case SnapshotEffect.DiscardExports discard -> submit(() -> discard(false));
      case SnapshotEffect.Stage wanted -> submit(() -> stage(wanted));
      case SnapshotEffect.StoreChunk wanted -> submit(() -> store(wanted));
      case SnapshotEffect.Verify wanted -> submit(() -> verify(wanted));
      case SnapshotEffect.DiscardStaging discard -> submit(() -> discard(true));
    }
  }

  private void submit(Runnable task) {
    submit(task, () -> {});
  }

  private void submit(Runnable task, Runnable otherwise) {
    try {
      thread.execute(task);
    } catch (RejectedExecutionException ended) {
      otherwise.run();
    }
  }

  private void export(SnapshotExport export) {
    long startNanos = System.nanoTime();
    try {
      SnapshotManifest manifest = snapshots.write(export, () -> ending);
      log.atInfo()
          .addKeyValue("node", nodeId)
          .addKeyValue("index", manifest.getPosition().getIndex())
          .addKeyValue("bytes", io.capstan.node.replica.SnapshotFiles.sizeBytes(manifest))
          .addKeyValue("millis", (System.nanoTime() - startNanos) / 1_000_000)
          .log("snapshot exported");
      answers.accept(new SnapshotInput.Exported(manifest, null));
    } catch (IOException | RuntimeException e) {
      answers.accept(new SnapshotInput.Exported(export.plan(), failure("export", e)));
    }
  }

  private void read(SnapshotEffect.ReadChunk wanted) {
    try {
      byte[] data = snapshots.read(wanted.exportId(), wanted.offset(), wanted.lengthBytes());
      answers.accept(
          new SnapshotInput.ChunkRead(
              wanted.transferId(), wanted.offset(), UnsafeByteOperations.unsafeWrap(data), null));
    } catch (IOException | RuntimeException e) {
      answers.accept(
          new SnapshotInput.ChunkRead(
              wanted.transferId(),
              wanted.offset(),
              com.google.protobuf.ByteString.EMPTY,
              failure("read", e)));
    }
  }

  private void stage(SnapshotEffect.Stage wanted) {
    try {
      long nextOffset = snapshots.stage(wanted.manifest());
      log.atInfo()
          .addKeyValue("node", nodeId)
          .addKeyValue("index", wanted.manifest().getPosition().getIndex())
          .addKeyValue("bytes", io.capstan.node.replica.SnapshotFiles.sizeBytes(wanted.manifest()))
          .addKeyValue("alreadyThere", nextOffset)
          .log("snapshot arriving");
      answers.accept(new SnapshotInput.Staged(wanted.stagingId(), nextOffset, null));
    } catch (IOException | RuntimeException e) {
      answers.accept(new SnapshotInput.Staged(wanted.stagingId(), 0, failure("stage", e)));
    }
  }

  private void store(SnapshotEffect.StoreChunk wanted) {
    try {
      ByteBuffer data = wanted.data().asReadOnlyByteBuffer();
      snapshots.store(wanted.offset(), data);
      answers.accept(
          new SnapshotInput.ChunkStored(
              wanted.stagingId(), wanted.offset() + wanted.data().size(), null));
    } catch (IOException | RuntimeException e) {
      answers.accept(new SnapshotInput.ChunkStored(wanted.stagingId(), 0, failure("store", e)));
    }
  }

  private void verify(SnapshotEffect.Verify wanted) {
    String difference;
    try {
      difference = snapshots.verify();
    } catch (IOException | RuntimeException e) {
      difference = failure("verify", e);
    }
    if (difference != null) {
      log.atWarn().addKeyValue("node", nodeId).addKeyValue("why", difference).log("snapshot bad");
    }
    answers.accept(new SnapshotInput.Verified(wanted.stagingId(), difference));
  }

  private void discard(boolean staging) {
    try {
      if (staging) {
        snapshots.discardStaging();
      } else {
        snapshots.discardExports();
      }
    } catch (IOException | RuntimeException e) {
      failure("discard", e);
    }
  }

  private String failure(String what, Exception cause) {
    String why = String.valueOf(cause.getMessage());
    log.atWarn()
        .addKeyValue("node", nodeId)
        .addKeyValue("step", what)
        .addKeyValue("why", why)
        .log("snapshot failed, to be tried again");
    return why;
  }

  /**
   * Ends after the step that it is in; an export under way is cancelled.
   *
   * @return whether it ended in time
   */
  boolean end(long timeoutMillis) {
    ending = true;
    // What waits still runs: an export must give its view back. All of it is short now.
    thread.shutdown();
    try {
      return thread.awaitTermination(timeoutMillis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
