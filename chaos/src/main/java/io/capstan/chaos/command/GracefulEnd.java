package io.capstan.chaos.command;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Turns Ctrl-C (and SIGTERM) into an interrupt of the thread that made this object, and keeps the
 * JVM up until that thread has cleaned up and closes it, for a bounded time.
 */
final class GracefulEnd implements AutoCloseable {
  private static final long CLEAN_UP_MAX_SECONDS = 20;

  private final Thread worker = Thread.currentThread();
  private final CountDownLatch cleanedUp = new CountDownLatch(1);
  private final Thread hook = new Thread(this::interrupted, "graceful-end");

  GracefulEnd() {
    Runtime.getRuntime().addShutdownHook(hook);
  }

  private void interrupted() {
    worker.interrupt();
    try {
      if (!cleanedUp.await(CLEAN_UP_MAX_SECONDS, TimeUnit.SECONDS)) {
        System.err.println("capstan: the cluster did not stop in time; temporary data may stay.");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    cleanedUp.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The JVM ends already, which is what the hook was for.
    }
  }
}
