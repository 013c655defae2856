package io.capstan.chaos.cluster;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Bounded waits for things that nobody announces, such as another process that comes up. */
final class Waiting {
  private static final Duration PAUSE = Duration.ofMillis(50);

  private Waiting() {}

  /**
   * Looks again and again until there is nothing left to wait for.
   *
   * @param timeout how long at most
   * @param obstacle says what is still missing; empty once nothing is
   * @return what was still missing when the time was up; empty on success
   * @throws ClusterException (failed) if the thread is interrupted
   */
  static String untilNothingIsMissing(Duration timeout, Supplier<String> obstacle) {
    long deadlineNanos = System.nanoTime() + timeout.toNanos();
    while (true) {
      String missing = obstacle.get();
      if (missing.isEmpty() || System.nanoTime() - deadlineNanos >= 0) {
        return missing;
      }
      LockSupport.parkNanos(PAUSE.toNanos());
      if (Thread.currentThread().isInterrupted()) {
        throw ClusterException.failed("Interrupted while waiting: " + missing + ".", "");
      }
    }
  }
}
