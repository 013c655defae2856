package io.capstan.chaos.check;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The values that a history can carry: null, {@link Boolean}, {@link Long}, {@link
 * java.math.BigInteger}, {@link Double}, {@link String}, {@link Keyword}, and lists, sets and maps
 * of them. All of them compare by {@code equals}, which is what the models rely on.
 */
public final class HistoryValues {
  private HistoryValues() {}

  /**
   * The canonical, immutable form of a value: every whole number that fits is a {@code Long}, so
   * that 7 read from a file equals 7 written by a program.
   *
   * @throws IllegalArgumentException for a type that a history cannot carry
   */
  public static @Nullable Object canonical(@Nullable Object value) {
    return switch (value) {
      case null -> null;
      case Long number -> number;
      case String text -> text;
      case Boolean flag -> flag;
      case Keyword keyword -> keyword;
      case Double number -> number;
      case Float number -> (double) number;
      case Integer number -> (long) number;
      case Short number -> (long) number;
      case Byte number -> (long) number;
      case java.math.BigInteger number ->
          number.bitLength() < Long.SIZE ? number.longValue() : number;
      case Character letter -> String.valueOf(letter);
      case Map<?, ?> map -> canonicalMap(map);
      case Set<?> set -> Collections.unmodifiableSet(addAll(new LinkedHashSet<>(), set));
      case Collection<?> list ->
          Collections.unmodifiableList(addAll(new ArrayList<>(list.size()), list));
      default ->
          throw new IllegalArgumentException(
              "a history cannot carry a value of type " + value.getClass().getName());
    };
  }

  /** {@link #canonical(Object)} of every key and value, in the same order. */
  public static Map<@Nullable Object, @Nullable Object> canonicalMap(Map<?, ?> map) {
    Map<@Nullable Object, @Nullable Object> copy = new LinkedHashMap<>(map.size() * 2);
    map.forEach((key, value) -> copy.put(canonical(key), canonical(value)));
    return Collections.unmodifiableMap(copy);
  }

  private static <C extends Collection<@Nullable Object>> C addAll(C target, Collection<?> source) {
    for (Object element : source) {
      target.add(canonical(element));
    }
    return target;
  }

  /** How a value is shown to people: {@code nil} for null, the rest as it prints. */
  public static String show(@Nullable Object value) {
    return switch (value) {
      case null -> "nil";
      case String text -> text.isEmpty() ? "\"\"" : text;
      case List<?> list -> list.stream().map(HistoryValues::show).toList().toString();
      case Set<?> set ->
          "{" + String.join(", ", set.stream().map(HistoryValues::show).toList()) + "}";
      case Map<?, ?> map ->
          "{"
              + String.join(
                  ", ",
                  map.entrySet().stream()
                      .map(e -> show(e.getKey()) + "=" + show(e.getValue()))
                      .toList())
              + "}";
      default -> String.valueOf(value);
    };
  }
}
