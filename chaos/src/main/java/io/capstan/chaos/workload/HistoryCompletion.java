package io.capstan.chaos.workload;

import io.capstan.chaos.check.EventType;
import io.capstan.chaos.check.Extras;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryEvent;
import io.capstan.chaos.check.Outcome;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Completes a recorded history with what is known only at its end. Receipts name what a write
 * replaced by version; checkers want the values, and some of the writes that made them were
 * answered later. Likewise the side of a split on which a client stood is known once there was a
 * split.
 */
public final class HistoryCompletion {
  /** On a write: the version that it was given. */
  public static final String VERSION = Extras.VERSION;

  /** On a write: the versions that the receipt lists as replaced. */
  public static final String SUPERSEDED_VERSIONS = Extras.SUPERSEDED_VERSIONS;

  private HistoryCompletion() {}

  /**
   * Does all of it, and pairs the events into operations once: what writes of unknown outcome were
   * answered after their time, the values that others replaced, and the side on which each client
   * stood.
   *
   * @param recorded every event, in order
   * @param replies late ones, by process: one with an operation of unknown outcome has no later one
   * @param held what the replicas held in the end: key to values with their versions
   */
  public static History completed(
      List<HistoryEvent> recorded,
      Map<Long, Reply> replies,
      Map<String, List<StoredValue>> held,
      Sides sides) {
    List<HistoryEvent> answered = lateReplies(recorded, replies);
    return History.of(sides(supersededValues(answered, held), sides));
  }

  /**
   * Such writes stay unknown, for that is what their client went on with; but what they replaced is
   * told.
   */
  private static List<HistoryEvent> lateReplies(
      List<HistoryEvent> recorded, Map<Long, Reply> replies) {
    List<HistoryEvent> events = new ArrayList<>(recorded.size());
    for (HistoryEvent event : recorded) {
      Reply reply =
          event.isClient() && event.type() == EventType.INFO ? replies.get(event.process()) : null;
      if (reply == null || reply.outcome() == Outcome.UNKNOWN) {
        events.add(event);
        continue;
      }
      Map<String, @Nullable Object> more = new LinkedHashMap<>(event.extras());
      if (reply.isOk()) {
        more.put(Extras.LATE, Extras.LATE_OK);
        more.put(VERSION, reply.version());
        more.put(SUPERSEDED_VERSIONS, reply.superseded());
      } else {
        more.put(Extras.LATE, Extras.LATE_FAILED);
      }
      events.add(withExtras(event, more));
    }
    return events;
  }

  /** Completes a history of which only the history is known. */
  public static History withSupersededValues(History history) {
    return withSupersededValues(history, Map.of());
  }

  /**
   * Adds {@link Extras#SUPERSEDED}, as values, {@link Extras#SUPERSEDED_UNIDENTIFIED}, as versions
   * whose write never got a receipt and whose value nobody saw, and {@link Extras#VERSION} to
   * writes of unknown outcome whose value somebody saw together with its version.
   *
   * @param held what the replicas held in the end: key to values with their versions
   */
  public static History withSupersededValues(History history, Map<String, List<StoredValue>> held) {
    return History.of(supersededValues(history.events(), held));
  }

  private static List<HistoryEvent> supersededValues(
      List<HistoryEvent> recorded, Map<String, List<StoredValue>> held) {
    Map<List<String>, String> versionByWrite = versionByWrite(recorded, held);
    Map<Object, @Nullable Object> valueByVersion = new HashMap<>();
    for (HistoryEvent event : recorded) {
      String version =
          event.type() == EventType.INVOKE ? versionOfWrite(event, versionByWrite) : null;
      if (version != null) {
        valueByVersion.put(version, event.value());
      }
    }
    List<HistoryEvent> events = new ArrayList<>(recorded.size());
    for (HistoryEvent event : recorded) {
      Map<String, @Nullable Object> more = new LinkedHashMap<>(event.extras());
      if (event.extras().get(SUPERSEDED_VERSIONS) instanceof List<?> versions) {
        List<@Nullable Object> values = new ArrayList<>();
        List<Object> unidentified = new ArrayList<>();
        for (Object version : versions) {
          if (valueByVersion.containsKey(version)) {
            values.add(valueByVersion.get(version));
          } else {
            unidentified.add(version);
          }
        }
        more.put(Extras.SUPERSEDED, values);
        if (!unidentified.isEmpty()) {
          more.put(Extras.SUPERSEDED_UNIDENTIFIED, unidentified);
        }
      }
      String version =
          event.type() == EventType.INFO && event.isClient()
              ? versionOfWrite(event, versionByWrite)
              : null;
      if (version != null) {
        more.put(VERSION, version);
      }
      events.add(more.size() == event.extras().size() ? event : withExtras(event, more));
    }
    return events;
  }

  private static @Nullable String versionOfWrite(
      HistoryEvent event, Map<List<String>, String> versionByWrite) {
    return isRead(event) ? null : versionByWrite.get(write(event.key(), event.value()));
  }

  /** Values are unique on their keys, so a key and a value name a write. */
  private static List<String> write(@Nullable Object key, @Nullable Object value) {
    return List.of(String.valueOf(key), String.valueOf(value));
  }

  private static boolean isRead(HistoryEvent event) {
    return event.f().equals("read");
  }

  private static Map<List<String>, String> versionByWrite(
      List<HistoryEvent> recorded, Map<String, List<StoredValue>> held) {
    Map<List<String>, String> versions = new HashMap<>();
    for (HistoryEvent event : recorded) {
      if (event.type() == EventType.INVOKE) {
        continue;
      }
      if (event.extras().get(VERSION) instanceof String version && !version.isEmpty()) {
        versions.put(write(event.key(), event.value()), version);
      }
      List<?> values =
          event.value() instanceof List<?> list
              ? list
              : event.value() == null ? List.of() : List.of(event.value());
      if (event.type() == EventType.OK
          && isRead(event)
          && event.extras().get(Extras.VERSIONS) instanceof List<?> seen
          && seen.size() == values.size()) {
        for (int i = 0; i < values.size(); i++) {
          versions.putIfAbsent(write(event.key(), values.get(i)), String.valueOf(seen.get(i)));
        }
      }
    }
    held.forEach(
        (key, values) ->
            values.forEach(each -> versions.putIfAbsent(write(key, each.value()), each.version())));
    versions.values().removeIf(String::isEmpty);
    return versions;
  }

  /**
   * Adds {@link Extras#SIDE} to every event that names its node.
   *
   * @param minority the nodes that could not reach a majority while the links were cut
   */
  public static History withSides(History history, Set<String> minority) {
    return mapExtras(
        history,
        extras -> {
          Object node = extras.get(Extras.NODE);
          if (node == null) {
            return extras;
          }
          Map<String, @Nullable Object> more = new LinkedHashMap<>(extras);
          more.put(Extras.SIDE, minority.contains(node) ? "minority" : "majority");
          return more;
        });
  }

  /** Says on which side a node stood at a moment. */
  @FunctionalInterface
  public interface Sides {
    /**
     * @param nanos since the start of the run
     */
    String sideAt(String node, long nanos);
  }

  /** Adds {@link Extras#SIDE}, of the moment of its invocation, to every operation. */
  private static List<HistoryEvent> sides(List<HistoryEvent> recorded, Sides sides) {
    Map<Long, String> sideOfProcess = new HashMap<>();
    List<HistoryEvent> events = new ArrayList<>(recorded.size());
    for (HistoryEvent event : recorded) {
      Object node = event.extras().get(Extras.NODE);
      if (event.type() == EventType.INVOKE && node != null) {
        sideOfProcess.put(event.process(), sides.sideAt(String.valueOf(node), event.timeNanos()));
      }
      String side = sideOfProcess.get(event.process());
      if (side == null || !event.isClient()) {
        events.add(event);
        continue;
      }
      Map<String, @Nullable Object> more = new LinkedHashMap<>(event.extras());
      more.put(Extras.SIDE, side);
      events.add(withExtras(event, more));
    }
    return events;
  }

  private static HistoryEvent withExtras(HistoryEvent event, Map<String, @Nullable Object> extras) {
    return new HistoryEvent(
        event.index(),
        event.timeNanos(),
        event.process(),
        event.type(),
        event.f(),
        event.key(),
        event.value(),
        extras);
  }

  private static History mapExtras(
      History history, UnaryOperator<Map<String, @Nullable Object>> change) {
    List<HistoryEvent> events = new ArrayList<>(history.events().size());
    for (HistoryEvent event : history.events()) {
      Map<String, @Nullable Object> extras = change.apply(event.extras());
      events.add(
          new HistoryEvent(
              event.index(),
              event.timeNanos(),
              event.process(),
              event.type(),
              event.f(),
              event.key(),
              event.value(),
              extras));
    }
    return History.of(events);
  }
}
