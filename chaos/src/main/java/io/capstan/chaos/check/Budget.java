package io.capstan.chaos.check;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How much time and memory a check may use, shared by all threads that work on it. Searches poll it
 * from the inside and stop with the reason that it gives. Once exhausted it stays so. Safe for any
 * thread.
 */
public final class Budget {
  /**
   * The least free heap, in bytes, below which a search stops rather than take the process down.
   */
  static final long HEAP_HEADROOM_MIN_BYTES = 48L << 20;

  /** After a request to the collector, so many nanoseconds pass before the next one. */
  private static final long COLLECT_INTERVAL_NANOS = 2_000_000_000L;

  private final LongSupplier nanoClock;
  private final long startNanos;
  private final long timeNanos;
  private final long memoryBytes;
  private final AtomicLong reservedBytes = new AtomicLong();
  private final AtomicLong lastCollectNanos;
  private final AtomicReference<@Nullable String> reason = new AtomicReference<>();

  private Budget(Duration time, long memoryBytes, LongSupplier nanoClock) {
    if (time.isNegative() || memoryBytes < 0) {
      throw new IllegalArgumentException(
          "a budget cannot be negative: " + time + ", " + memoryBytes + " bytes");
    }
    this.nanoClock = nanoClock;
    this.startNanos = nanoClock.getAsLong();
    this.timeNanos = time.toNanos();
    this.memoryBytes = memoryBytes;
    this.lastCollectNanos = new AtomicLong(startNanos - COLLECT_INTERVAL_NANOS);
  }

  /** A budget that starts now: this time, and half of the heap that this process may have. */
  public static Budget of(Duration time) {
    return of(time, Runtime.getRuntime().maxMemory() / 2);
  }

  /** A budget that starts now. */
  public static Budget of(Duration time, long memoryBytes) {
    return new Budget(time, memoryBytes, System::nanoTime);
  }

  /** A budget on a clock of one's own, in nanoseconds. */
  public static Budget of(Duration time, long memoryBytes, LongSupplier nanoClock) {
    return new Budget(time, memoryBytes, nanoClock);
  }

  /** Books memory (a negative number gives it back); the next {@link #exhausted()} judges it. */
  public void reserve(long bytes) {
    reservedBytes.addAndGet(bytes);
  }

  /** Why the search has to stop now, or null if it may go on. */
  public @Nullable String exhausted() {
    String known = reason.get();
    if (known != null) {
      return known;
    }
    String found = findReason();
    if (found != null) {
      reason.compareAndSet(null, found);
      return reason.get();
    }
    return null;
  }

  private @Nullable String findReason() {
    long now = nanoClock.getAsLong();
    if (now - startNanos > timeNanos) {
      return "the time budget of " + showTime() + " ran out";
    }
    if (reservedBytes.get() > memoryBytes) {
      return "the memory budget of " + (memoryBytes >> 20) + " MiB ran out";
    }
    if (Thread.currentThread().isInterrupted()) {
      return "the check was interrupted";
    }
    if (heapHeadroomBytes() < HEAP_HEADROOM_MIN_BYTES) {
      return judgeHeap(now);
    }
    return null;
  }

  /**
   * Much of what is used may be garbage, so the collector is asked once before the heap counts as
   * full.
   */
  private @Nullable String judgeHeap(long now) {
    long last = lastCollectNanos.get();
    if (now - last < COLLECT_INTERVAL_NANOS || !lastCollectNanos.compareAndSet(last, now)) {
      return null;
    }
    System.gc();
    return heapHeadroomBytes() < HEAP_HEADROOM_MIN_BYTES
        ? "the heap of " + (Runtime.getRuntime().maxMemory() >> 20) + " MiB is full"
        : null;
  }

  private static long heapHeadroomBytes() {
    Runtime runtime = Runtime.getRuntime();
    return runtime.maxMemory() - (runtime.totalMemory() - runtime.freeMemory());
  }

  private String showTime() {
    return timeNanos % 1_000_000_000L == 0
        ? timeNanos / 1_000_000_000L + " s"
        : timeNanos / 1_000_000L + " ms";
  }

  /** Milliseconds since the budget was opened. */
  public long elapsedMillis() {
    return (nanoClock.getAsLong() - startNanos) / 1_000_000L;
  }

  /** Time that is left, zero at least. */
  public Duration remaining() {
    return Duration.ofNanos(Math.max(0, timeNanos - (nanoClock.getAsLong() - startNanos)));
  }
}
