package io.capstan.chaos.scenario;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** The time of the machine. Stateless. */
final class MachinePace implements Pace {
  private static final long END_MAX_SECONDS = 5;

  @Override
  public long nowNanos() {
    return System.nanoTime();
  }

  @Override
  public void sleepUntil(long nanos) throws InterruptedException {
    long left = nanos - System.nanoTime();
    if (left > 0) {
      TimeUnit.NANOSECONDS.sleep(left);
    }
  }

  @Override
  public void await(CompletableFuture<?> future) {
    CompletableFuture<?> ended = future.handle((value, error) -> null);
    ended.join();
  }

  @Override
  public Repeated every(long periodNanos, Runnable task) {
    ScheduledExecutorService timer =
        Executors.newSingleThreadScheduledExecutor(
            work -> {
              Thread thread = new Thread(work, "scenario-watch");
              thread.setDaemon(true);
              return thread;
            });
    var unused = timer.scheduleWithFixedDelay(task, periodNanos, periodNanos, TimeUnit.NANOSECONDS);
    return () -> {
      timer.shutdownNow();
      try {
        if (!timer.awaitTermination(END_MAX_SECONDS, TimeUnit.SECONDS)) {
          throw new IllegalStateException("the watch of the cluster does not end");
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    };
  }
}
