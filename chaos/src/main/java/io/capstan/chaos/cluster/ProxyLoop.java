package io.capstan.chaos.cluster;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that moves the bytes of all links.
 *
 * <p>One thread, so that a change of mode needs no lock and is exact: it happens between two
 * events, for all named links at once, and after it not one byte passes. Sockets never block it.
 */
final class ProxyLoop implements AutoCloseable {
  /** Bytes that one direction of one connection may hold back. */
  static final int BUFFER_BYTES = 64 * 1024;

  private static final int BUFFERS_KEPT_MAX = 64;
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(10);
  private static final Logger LOGGER = LoggerFactory.getLogger(ProxyLoop.class);

  /** What happens when a channel is ready. Runs on the loop's thread. */
  interface Ready {
    void onReady() throws IOException;

    /** The channel cannot go on: {@link #onReady} threw. */
    void onFailure(Exception cause);
  }

  private record Timed(long dueNanos, Runnable task) {}

  private final Selector selector;
  private final Thread thread;
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final PriorityQueue<Timed> timed =
      new PriorityQueue<>(Comparator.comparingLong(Timed::dueNanos));
  private final ArrayDeque<ByteBuffer> spareBuffers = new ArrayDeque<>();
  private volatile boolean closed;

  private ProxyLoop(Selector selector) {
    this.selector = selector;
    this.thread = new Thread(this::run, "link-proxies");
    this.thread.setDaemon(true);
  }

  /** Starts the thread. */
  static ProxyLoop start() throws IOException {
    ProxyLoop loop = new ProxyLoop(Selector.open());
    loop.thread.start();
    return loop;
  }

  Selector selector() {
    return selector;
  }

  /**
   * Runs a task on the loop's thread and returns when it has run.
   *
   * @throws ClusterException (failed) if the loop is closed or does not get to it in time
   */
  void call(Runnable task) {
    CompletableFuture<@Nullable Void> done = new CompletableFuture<>();
    tasks.add(
        () -> {
          try {
            task.run();
            // A channel that was closed lets go of its socket only when its key is deselected.
            selector.selectNow(ProxyLoop::dispatch);
            done.complete(null);
          } catch (RuntimeException | IOException e) {
            done.completeExceptionally(e);
          }
        });
    if (closed) {
      throw ClusterException.failed("The link proxies are closed.", "");
    }
    selector.wakeup();
    try {
      done.get(CALL_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ClusterException(
          ClusterException.Kind.FAILED, "Interrupted while waiting for the link proxies.", "", e);
    } catch (ExecutionException e) {
      throw new ClusterException(
          ClusterException.Kind.FAILED, "A link proxy failed: " + e.getCause(), "", e);
    } catch (TimeoutException e) {
      throw new ClusterException(
          ClusterException.Kind.FAILED,
          "The link proxies did not answer within " + CALL_TIMEOUT.toSeconds() + " s.",
          "",
          e);
    }
  }

  /** Runs a task on the loop's thread later. Called on the loop's thread only. */
  void schedule(Duration delay, Runnable task) {
    timed.add(new Timed(System.nanoTime() + delay.toNanos(), task));
  }

  /** Returns an empty buffer of {@link #BUFFER_BYTES}. Called on the loop's thread only. */
  ByteBuffer takeBuffer() {
    ByteBuffer spare = spareBuffers.poll();
    return spare != null ? spare : ByteBuffer.allocateDirect(BUFFER_BYTES);
  }

  /** Takes a buffer back. Called on the loop's thread only. */
  void giveBuffer(ByteBuffer buffer) {
    if (spareBuffers.size() < BUFFERS_KEPT_MAX) {
      spareBuffers.add(buffer.clear());
    }
  }

  private void run() {
    try {
      while (!closed) {
        selector.select(ProxyLoop::dispatch, millisToNextTimer());
        runDueTimers();
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
          task.run();
        }
      }
    } catch (IOException | ClosedSelectorException e) {
      if (!closed) {
        LOGGER.error("the link proxies have stopped: every link is dead from here on", e);
      }
    } finally {
      closed = true;
      closeSelector();
    }
  }

  private static void dispatch(SelectionKey key) {
    Ready ready = (Ready) key.attachment();
    try {
      ready.onReady();
    } catch (IOException e) {
      ready.onFailure(e);
    } catch (RuntimeException e) {
      LOGGER.error("a connection through a link proxy failed", e);
      ready.onFailure(e);
    }
  }

  /** Returns 0, which waits for ever, only where no timer runs: tasks wake the selector up. */
  private long millisToNextTimer() {
    Timed next = timed.peek();
    if (next == null) {
      return 0;
    }
    long nanos = next.dueNanos() - System.nanoTime();
    return Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos) + 1);
  }

  private void runDueTimers() {
    long nowNanos = System.nanoTime();
    for (Timed next = timed.peek();
        next != null && next.dueNanos() - nowNanos <= 0;
        next = timed.peek()) {
      timed.poll();
      next.task().run();
    }
  }

  private void closeSelector() {
    try {
      selector.close();
    } catch (IOException e) {
      LOGGER.warn("the selector of the link proxies did not close", e);
    }
  }

  /** Ends the thread. The proxies on it must have been closed before. */
  @Override
  public void close() {
    closed = true;
    selector.wakeup();
    try {
      thread.join(CALL_TIMEOUT.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
