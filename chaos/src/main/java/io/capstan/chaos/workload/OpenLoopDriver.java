package io.capstan.chaos.workload;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Makes the attempts of all clients at their times, on one thread, whatever becomes of them.
 *
 * <p>While it is quiet, attempts whose time comes are left out. The run is quiet for one attempt
 * timeout before the heal: an attempt that began in the split but may be answered after it would
 * say nothing about either.
 *
 * <p>{@link #start}, {@link #phase}, {@link #quiet} and {@link #close} belong to one thread.
 */
public final class OpenLoopDriver implements AttemptDriver {
  private static final long STOP_MAX_MILLIS = 5_000;
  private static final long DRAIN_POLL_MILLIS = 10;

  private final List<WorkloadClient> clients;
  private final Duration attemptTimeout;
  private final Thread thread;
  private volatile Phase phase = Phase.BEFORE;
  private volatile boolean isQuiet;
  private volatile boolean isStopped;
  private volatile @Nullable RuntimeException failure;

  /** A time at which a client makes an attempt. */
  private record Due(long nanos, int order, WorkloadClient client) {
    static final Comparator<Due> EARLIEST =
        Comparator.comparingLong(Due::nanos).thenComparingInt(Due::order);
  }

  /**
   * @param attemptTimeout how long each attempt may take, retries included
   */
  public OpenLoopDriver(List<WorkloadClient> clients, Duration attemptTimeout) {
    this.clients = List.copyOf(clients);
    this.attemptTimeout = attemptTimeout;
    this.thread = new Thread(this::run, "workload");
    this.thread.setDaemon(true);
  }

  /** Starts; the schedule begins now. */
  @Override
  public void start() {
    thread.start();
  }

  /** Tells the clients where the run is. */
  @Override
  public void phase(Phase next) {
    phase = next;
  }

  /** Leaves attempts out, or makes them again. */
  @Override
  public void quiet(boolean wanted) {
    isQuiet = wanted;
  }

  private void run() {
    try {
      long startNanos = System.nanoTime();
      PriorityQueue<Due> queue = new PriorityQueue<>(Due.EARLIEST);
      for (int order = 0; order < clients.size(); order++) {
        WorkloadClient client = clients.get(order);
        queue.add(new Due(client.nextAttemptNanos(), order, client));
      }
      while (!isStopped) {
        Due due = queue.poll();
        if (due == null) {
          return;
        }
        sleepUntil(startNanos + due.nanos());
        if (!isQuiet && !isStopped) {
          due.client().attempt(phase, attemptTimeout);
        }
        queue.add(new Due(due.client().nextAttemptNanos(), due.order(), due.client()));
      }
    } catch (RuntimeException e) {
      failure = e;
    }
  }

  private void sleepUntil(long nanos) {
    while (!isStopped) {
      long left = nanos - System.nanoTime();
      if (left <= 0) {
        return;
      }
      LockSupport.parkNanos(left);
    }
  }

  /**
   * Waits until no attempt is under way any more, for an attempt timeout and a little at most.
   *
   * @throws InterruptedException if the waiting thread is interrupted
   */
  @Override
  public void drain() throws InterruptedException {
    long deadlineNanos =
        System.nanoTime()
            + attemptTimeout.toNanos()
            + TimeUnit.MILLISECONDS.toNanos(STOP_MAX_MILLIS);
    while (clients.stream().anyMatch(client -> client.outstanding() > 0)
        && System.nanoTime() - deadlineNanos < 0) {
      TimeUnit.MILLISECONDS.sleep(DRAIN_POLL_MILLIS);
    }
  }

  /**
   * Makes no further attempt. Those under way end by themselves.
   *
   * @throws IllegalStateException if the driver broke down before, so that attempts are missing
   */
  @Override
  public void close() {
    isStopped = true;
    LockSupport.unpark(thread);
    try {
      thread.join(STOP_MAX_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    RuntimeException broken = failure;
    for (WorkloadClient client : clients) {
      broken = broken == null ? client.broken() : broken;
    }
    if (broken != null) {
      throw new IllegalStateException("The workload broke down: " + broken.getMessage(), broken);
    }
  }
}
