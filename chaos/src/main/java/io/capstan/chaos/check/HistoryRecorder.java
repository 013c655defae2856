package io.capstan.chaos.check;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Collects the events of a running workload. Safe for any thread: an event is placed and timed
 * under one lock, so the order of the history is an order in which things really happened, provided
 * that a client records its invocation before it sends and its completion after it received.
 */
public final class HistoryRecorder {
  /**
   * So many events are kept; the recorder refuses more, for a history that lost its middle proves
   * nothing.
   */
  public static final int EVENTS_MAX = 20_000_000;

  private final LongSupplier nanoClock;
  private final long startNanos;
  private final Object lock = new Object();
  private final List<HistoryEvent> events = new ArrayList<>();

  /**
   * Starts at the current time of the clock, which becomes time 0.
   *
   * @param nanoClock a monotonic clock in nanoseconds, such as {@code System::nanoTime}
   */
  public HistoryRecorder(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
    this.startNanos = nanoClock.getAsLong();
  }

  /** Records that a client is about to send. */
  public HistoryEvent invoke(
      long process,
      String f,
      @Nullable Object key,
      @Nullable Object value,
      Map<String, @Nullable Object> extras) {
    return record(process, EventType.INVOKE, f, key, value, extras);
  }

  /** Records how the operation that this invocation began has ended. */
  public HistoryEvent complete(
      HistoryEvent invocation,
      EventType type,
      @Nullable Object value,
      Map<String, @Nullable Object> extras) {
    if (type == EventType.INVOKE) {
      throw new IllegalArgumentException(
          "an operation ends with ok, fail or info, not with invoke");
    }
    return record(invocation.process(), type, invocation.f(), invocation.key(), value, extras);
  }

  /** Records something that is no client's doing: a fault, a heal. */
  public HistoryEvent nemesis(String f, @Nullable Object value) {
    return record(HistoryEvent.NEMESIS, EventType.INFO, f, null, value, Map.of());
  }

  private HistoryEvent record(
      long process,
      EventType type,
      String f,
      @Nullable Object key,
      @Nullable Object value,
      Map<String, @Nullable Object> extras) {
    synchronized (lock) {
      if (events.size() >= EVENTS_MAX) {
        throw new IllegalStateException("a history holds at most " + EVENTS_MAX + " events");
      }
      HistoryEvent event =
          new HistoryEvent(
              events.size(),
              nanoClock.getAsLong() - startNanos,
              process,
              type,
              f,
              key,
              value,
              extras);
      events.add(event);
      return event;
    }
  }

  /** Nanoseconds since the start. */
  public long elapsedNanos() {
    return nanoClock.getAsLong() - startNanos;
  }

  /** What was recorded so far; operations that still run are open in it. */
  public History history() {
    return History.of(events());
  }

  /** The same as mere events. */
  public List<HistoryEvent> events() {
    synchronized (lock) {
      return List.copyOf(events);
    }
  }
}
