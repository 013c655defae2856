package io.capstan.chaos.check.format;

import io.capstan.chaos.check.EventType;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryEvent;
import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Keyword;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Turns the maps of a file into a history. A history is keyed if a key is given, if tuples are
 * tagged, or if every value of every client is a pair that begins with a scalar, the pair of a
 * {@code cas} holding another pair: that is how independent histories look once their tags are
 * gone.
 */
final class EventAssembler {
  private static final Set<String> KNOWN =
      Set.of("index", "time", "process", "type", "f", "key", "value");

  private final List<String> lines;

  EventAssembler(List<String> lines) {
    this.lines = lines;
  }

  History assemble(List<RawEvent> raw) throws MalformedHistoryException {
    boolean untaggedPairs = !raw.isEmpty() && looksIndependent(raw);
    List<HistoryEvent> events = new ArrayList<>(raw.size());
    for (RawEvent event : raw) {
      events.add(event(event, events.size(), untaggedPairs));
    }
    try {
      return History.of(events);
    } catch (History.UnpairedEventException e) {
      throw malformed(raw.get(e.position()).line(), String.valueOf(e.getMessage()));
    }
  }

  private static boolean looksIndependent(List<RawEvent> raw) {
    boolean anyClient = false;
    for (RawEvent event : raw) {
      if (!(event.fields().get("process") instanceof Long)) {
        continue;
      }
      anyClient = true;
      Object value = event.fields().get("value");
      if (value instanceof EdnParser.Tuple) {
        return false;
      }
      boolean pair =
          !event.fields().containsKey("key")
              && value instanceof List<?> list
              && list.size() == 2
              && isScalar(list.get(0))
              && (!"cas".equals(name(event.fields().get("f"))) || isPair(list.get(1)));
      // What a crashed operation carries may be anything, a keyword with the error for one.
      boolean info = "info".equals(name(event.fields().get("type")));
      if (!pair && !info) {
        return false;
      }
    }
    return anyClient;
  }

  private static boolean isScalar(@Nullable Object value) {
    return value != null
        && !(value instanceof java.util.Collection<?>)
        && !(value instanceof Map<?, ?>);
  }

  private static boolean isPair(@Nullable Object value) {
    return value instanceof List<?> list && list.size() == 2;
  }

  private HistoryEvent event(RawEvent raw, int position, boolean untaggedPairs)
      throws MalformedHistoryException {
    Map<String, @Nullable Object> fields = raw.fields();
    String type = name(fields.get("type"));
    String f = name(fields.get("f"));
    if (type == null) {
      throw malformed(raw.line(), "an operation without :type");
    }
    if (f == null) {
      throw malformed(raw.line(), "an operation without :f");
    }
    long process = process(raw);
    Object key = HistoryValues.canonical(fields.get("key"));
    Object value = fields.get("value");
    if (value instanceof EdnParser.Tuple tuple) {
      key = tuple.key();
      value = tuple.value();
    } else if (value instanceof List<?> pair
        && pair.size() == 2
        && process >= 0
        && (untaggedPairs
            || (key != null && Objects.equals(key, HistoryValues.canonical(pair.get(0)))))) {
      key = pair.get(0);
      value = pair.get(1);
    }
    try {
      return new HistoryEvent(
          number(raw, "index", position),
          number(raw, "time", HistoryEvent.NO_TIME),
          process,
          EventType.ofLabel(type),
          f,
          plain(key),
          plain(value),
          extras(fields));
    } catch (IllegalArgumentException e) {
      throw malformed(raw.line(), String.valueOf(e.getMessage()));
    }
  }

  private long process(RawEvent raw) throws MalformedHistoryException {
    return switch (raw.fields().get("process")) {
      case Long number when number >= 0 -> number;
      case Keyword ignored -> HistoryEvent.NEMESIS;
      case String ignored -> HistoryEvent.NEMESIS;
      case null -> throw malformed(raw.line(), "an operation without :process");
      default -> throw malformed(raw.line(), "a :process is a number from 0 or a name");
    };
  }

  private long number(RawEvent raw, String field, long otherwise) throws MalformedHistoryException {
    return switch (raw.fields().get(field)) {
      case null -> otherwise;
      case Long number -> number;
      case Double number when number == Math.rint(number) && Math.abs(number) < 1e18 ->
          number.longValue();
      default -> throw malformed(raw.line(), ":" + field + " is a whole number");
    };
  }

  private static Map<String, @Nullable Object> extras(Map<String, @Nullable Object> fields) {
    Map<String, @Nullable Object> extras = Map.of();
    for (Map.Entry<String, @Nullable Object> field : fields.entrySet()) {
      if (!KNOWN.contains(field.getKey())) {
        if (extras.isEmpty()) {
          extras = new LinkedHashMap<>();
        }
        extras.put(field.getKey(), plain(field.getValue()));
      }
    }
    return extras;
  }

  /** Tuples deeper inside a value are pairs like others. */
  private static @Nullable Object plain(@Nullable Object value) {
    return switch (value) {
      case EdnParser.Tuple tuple -> pair(tuple);
      case List<?> list -> {
        List<@Nullable Object> copy = new ArrayList<>(list.size());
        list.forEach(element -> copy.add(plain(element)));
        yield copy;
      }
      case Map<?, ?> map -> {
        Map<@Nullable Object, @Nullable Object> copy = new LinkedHashMap<>();
        map.forEach((key, element) -> copy.put(plain(key), plain(element)));
        yield copy;
      }
      case null, default -> value;
    };
  }

  private static List<@Nullable Object> pair(EdnParser.Tuple tuple) {
    List<@Nullable Object> pair = new ArrayList<>(2);
    pair.add(plain(tuple.key()));
    pair.add(plain(tuple.value()));
    return pair;
  }

  static @Nullable String name(@Nullable Object value) {
    return switch (value) {
      case Keyword keyword -> keyword.name();
      case String text -> text.startsWith(":") ? text.substring(1) : text;
      case null, default -> null;
    };
  }

  private MalformedHistoryException malformed(int line, String why) {
    return new MalformedHistoryException(line, lines.get(line - 1), why);
  }
}
