package io.capstan.client;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Runs things later, on one daemon thread that is started at the first use. What still waits when
 * it is closed runs at once, so that nobody waits for ever. Safe for use by several threads.
 */
final class Delays implements AutoCloseable {
  private final ScheduledThreadPoolExecutor executor;
  private final Set<Task> waiting = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  Delays(String threadName) {
    executor =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, threadName);
              thread.setDaemon(true);
              return thread;
            });
    executor.setRemoveOnCancelPolicy(true);
    executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  /** Something that runs once: when its time has come, or when everything is closed. */
  final class Task implements Runnable {
    private final Runnable action;
    private final AtomicBoolean done = new AtomicBoolean();
    private volatile @Nullable Future<?> scheduled;

    private Task(Runnable action) {
      this.action = action;
    }

    @Override
    public void run() {
      waiting.remove(this);
      if (done.compareAndSet(false, true)) {
        action.run();
      }
    }

    void cancel() {
      waiting.remove(this);
      done.set(true);
      Future<?> future = scheduled;
      if (future != null) {
        future.cancel(false);
      }
    }
  }

  Task after(long nanos, Runnable action) {
    Task task = new Task(action);
    waiting.add(task);
    if (closed) {
      task.run();
      return task;
    }
    try {
      task.scheduled = executor.schedule(task, Math.max(0, nanos), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // Closed in between: nothing would run it later.
      task.run();
    }
    return task;
  }

  @Override
  public void close() {
    closed = true;
    executor.shutdownNow();
    waiting.forEach(Task::run);
  }
}
