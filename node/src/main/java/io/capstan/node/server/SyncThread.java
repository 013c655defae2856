package io.capstan.node.server;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;

/**
 * Makes writes durable beside the event loop.
 *
 * <p>One sync serves every write that was asked for before it began; what is written meanwhile
 * waits for the next one. A sync that fails is never tried again, because nobody knows what it left
 * on the disk: it stops the server, and nothing that waited for it is ever answered.
 *
 * <p>Thread-safe.
 */
final class SyncThread {

  /** Makes everything that was written so far durable; throws where the disk refuses. */
  @FunctionalInterface
  interface Disk {
    void sync() throws Exception;
  }

  private final Disk disk;
  private final LongConsumer durable;
  private final FailStop failStop;
  private final Thread thread;

  private final AtomicBoolean parked = new AtomicBoolean();
  private volatile long requested;
  private volatile boolean stopping;

  /**
   * Makes a thread that does not run yet.
   *
   * @param durable is told the newest sequence that is durable, on this thread
   */
  SyncThread(String name, Disk disk, LongConsumer durable, FailStop failStop) {
    this.disk = disk;
    this.durable = durable;
    this.failStop = failStop;
    this.thread = new Thread(this::run, name);
    this.thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  /** Asks for everything up to the sequence to be made durable. From the event loop only. */
  void request(long writeSequence) {
    requested = writeSequence;
    if (parked.get() && parked.compareAndSet(true, false)) {
      LockSupport.unpark(thread);
    }
  }

  /**
   * Ends the thread after the sync that it is in; what was asked for since is not synced.
   *
   * @return whether it ended in time
   */
  boolean end(long timeoutMillis) {
    stopping = true;
    LockSupport.unpark(thread);
    if (thread == Thread.currentThread() || thread.getState() == Thread.State.NEW) {
      return true;
    }
    try {
      return thread.join(Duration.ofMillis(timeoutMillis));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void run() {
    long synced = 0;
    while (!stopping) {
      // Read before the sync begins: a later request may have been written after it.
      long target = requested;
      if (target == synced) {
        park(synced);
        continue;
      }
      try {
        disk.sync();
        durable.accept(target);
      } catch (Throwable e) {
        failStop.stop(
            "a sync failed: it is unknown what is on the disk, and it is not tried again", e);
        return;
      }
      synced = target;
    }
  }

  private void park(long synced) {
    parked.set(true);
    if (requested == synced && !stopping) {
      LockSupport.park(this);
    }
    parked.set(false);
  }
}
