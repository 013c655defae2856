package io.capstan.chaos.scenario;

import java.util.concurrent.CompletableFuture;

/**
 * The time that a scenario lives in: that of the machine, or a virtual one in which nothing happens
 * unless somebody waits.
 */
public interface Pace {

  /** Returns nanoseconds since some moment; only differences mean something. */
  long nowNanos();

  /**
   * Waits until a moment; returns at once if it has passed.
   *
   * @throws InterruptedException if the thread is interrupted
   */
  void sleepUntil(long nanos) throws InterruptedException;

  /** Waits until a future has ended, however it does. */
  void await(CompletableFuture<?> future);

  /**
   * Does something again and again until it is closed.
   *
   * @param task must be quick, and never throws
   */
  Repeated every(long periodNanos, Runnable task);

  /** Something that is done again and again. */
  interface Repeated extends AutoCloseable {
    /** Ends it. */
    @Override
    void close();
  }

  /** Whether nothing happens in it unless somebody waits. */
  default boolean isVirtual() {
    return false;
  }

  /** Waits so long. */
  default void sleep(long nanos) throws InterruptedException {
    sleepUntil(nowNanos() + nanos);
  }
}
