package io.capstan.chaos.check;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes histories as they are told: one event after another, a tenth of a second apart. */
public final class HistoryScript {
  private static final long STEP_NANOS = 100_000_000L;

  private final List<HistoryEvent> events = new ArrayList<>();
  private final Map<Long, HistoryEvent> running = new HashMap<>();
  private @Nullable Object key;
  private long nowNanos;

  /** What follows happens on this key. */
  public HistoryScript on(@Nullable Object newKey) {
    key = newKey;
    return this;
  }

  /** What follows happens from here on. */
  public HistoryScript at(double seconds) {
    nowNanos = Math.round(seconds * 1e9) - STEP_NANOS;
    return this;
  }

  public HistoryScript invoke(long process, String f, @Nullable Object value) {
    return invoke(process, f, value, Map.of());
  }

  public HistoryScript invoke(
      long process, String f, @Nullable Object value, Map<String, @Nullable Object> extras) {
    HistoryEvent event = add(process, EventType.INVOKE, f, key, value, extras);
    running.put(process, event);
    return this;
  }

  public HistoryScript invoke(long process, String f) {
    return invoke(process, f, null);
  }

  /** The process's operation took effect; its value is the one that it was invoked with. */
  public HistoryScript ok(long process) {
    return end(process, EventType.OK, running.get(process).value(), Map.of());
  }

  public HistoryScript ok(long process, @Nullable Object value) {
    return end(process, EventType.OK, value, Map.of());
  }

  public HistoryScript ok(
      long process, @Nullable Object value, Map<String, @Nullable Object> extras) {
    return end(process, EventType.OK, value, extras);
  }

  public HistoryScript fail(long process) {
    return end(process, EventType.FAIL, running.get(process).value(), Map.of());
  }

  public HistoryScript info(long process) {
    return end(process, EventType.INFO, running.get(process).value(), Map.of());
  }

  public HistoryScript info(long process, Map<String, @Nullable Object> extras) {
    return end(process, EventType.INFO, running.get(process).value(), extras);
  }

  /** An operation that nothing else overlaps. */
  public HistoryScript did(long process, String f, @Nullable Object value) {
    return invoke(process, f, value).ok(process, value);
  }

  public HistoryScript read(long process, @Nullable Object value) {
    return invoke(process, "read").ok(process, value);
  }

  /** A write whose receipt lists what it superseded. */
  public HistoryScript wrote(long process, Object value, Object... superseded) {
    return invoke(process, "write", value)
        .ok(process, value, Map.of(Extras.SUPERSEDED, List.of(superseded)));
  }

  private HistoryScript end(
      long process, EventType type, @Nullable Object value, Map<String, @Nullable Object> extras) {
    HistoryEvent begun = running.remove(process);
    add(process, type, begun.f(), begun.key(), value, extras);
    return this;
  }

  private HistoryEvent add(
      long process,
      EventType type,
      String f,
      @Nullable Object eventKey,
      @Nullable Object value,
      Map<String, @Nullable Object> extras) {
    nowNanos += STEP_NANOS;
    HistoryEvent event =
        new HistoryEvent(events.size(), nowNanos, process, type, f, eventKey, value, extras);
    events.add(event);
    return event;
  }

  public History history() {
    return History.of(events);
  }
}
