package io.capstan.chaos.check;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One line of a history: a client invoked an operation, or an operation ended; Jepsen's operation
 * map.
 *
 * @param index place in the history, from 0; -1 where the source gave none
 * @param timeNanos nanoseconds since the start of the run; {@link #NO_TIME} where the source gave
 *     none
 * @param process the client's number; {@link #NEMESIS} for events that are no client's
 * @param type what is said
 * @param f the function: {@code read}, {@code write}, {@code cas}, {@code transfer} ...
 * @param key the independent key that the event belongs to; null in a history that is not keyed
 * @param value the argument at the invocation and the answer at the completion, canonical as {@link
 *     HistoryValues} says
 * @param extras whatever else is known (node, side, level, superseded ...), in a stable order
 */
public record HistoryEvent(
    long index,
    long timeNanos,
    long process,
    EventType type,
    String f,
    @Nullable Object key,
    @Nullable Object value,
    Map<String, @Nullable Object> extras) {

  /** The process of events that belong to the fault injector or to nobody. */
  public static final long NEMESIS = -1;

  /** The time of an event whose source does not say when it happened. */
  public static final long NO_TIME = -1;

  /** Brings key, value and extras into their canonical, immutable form. */
  public HistoryEvent {
    key = HistoryValues.canonical(key);
    value = HistoryValues.canonical(value);
    extras = Extras.canonical(extras);
  }

  /** An event without extras. */
  public static HistoryEvent of(
      long index,
      long timeNanos,
      long process,
      EventType type,
      String f,
      @Nullable Object key,
      @Nullable Object value) {
    return new HistoryEvent(index, timeNanos, process, type, f, key, value, Map.of());
  }

  /** The same event at another place. */
  public HistoryEvent withIndex(long newIndex) {
    return new HistoryEvent(newIndex, timeNanos, process, type, f, key, value, extras);
  }

  /** Whether a client is behind it. */
  public boolean isClient() {
    return process >= 0;
  }
}
