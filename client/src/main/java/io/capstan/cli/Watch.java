package io.capstan.cli;

import io.capstan.client.CapstanException;
import io.capstan.client.ErrorCode;
import io.capstan.client.Outcome;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waits for something that goes on in the cluster by itself. */
final class Watch {

  private static final long LOOK_INTERVAL_MILLIS = 100;

  private Watch() {}

  /**
   * Looks until it is done.
   *
   * @param what goes on, for the sentence that says that it still does
   * @param done asks the cluster; that it cannot be asked for a moment is no end
   * @throws CapstanException (outcome unknown) where the patience runs out first, or the thread is
   *     interrupted
   */
  static void until(String what, Duration patience, String hint, BooleanSupplier done) {
    long deadlineNanos = System.nanoTime() + patience.toNanos();
    while (true) {
      try {
        if (done.getAsBoolean()) {
          return;
        }
      } catch (CapstanException e) {
        if (!isPassing(e.code())) {
          throw e;
        }
      }
      if (System.nanoTime() - deadlineNanos >= 0) {
        throw new CapstanException(
            ErrorCode.TIMEOUT,
            Outcome.UNKNOWN,
            what + " has not come to its end within " + patience.toSeconds() + " s; it goes on.",
            hint,
            null);
      }
      try {
        Thread.sleep(LOOK_INTERVAL_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new CapstanException(
            ErrorCode.CANCELLED,
            Outcome.UNKNOWN,
            what + " goes on; the command was interrupted.",
            hint,
            null);
      }
    }
  }

  /** A look that failed so says nothing of what goes on: it was begun before. */
  private static boolean isPassing(String code) {
    return switch (code) {
      case ErrorCode.NO_LEADER,
          ErrorCode.NO_QUORUM,
          ErrorCode.UNREACHABLE,
          ErrorCode.TIMEOUT,
          ErrorCode.CONNECTION_LOST,
          ErrorCode.OVERLOADED ->
          true;
      default -> false;
    };
  }
}
