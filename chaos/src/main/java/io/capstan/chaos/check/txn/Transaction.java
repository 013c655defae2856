package io.capstan.chaos.check.txn;

import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Keyword;
import io.capstan.chaos.check.Operation;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One transaction with its steps: {@code [:append key element]} and {@code [:r key list]}.
 *
 * @param number place among the transactions of its history
 * @param operation where it comes from
 * @param steps what it did, in order; the lists of its reads are known only if it is acknowledged
 */
record Transaction(int number, Operation operation, List<Step> steps) {
  /**
   * One step.
   *
   * @param append an append, or else a read
   * @param key the list
   * @param element what is appended; null for a read
   * @param list what was read; empty for an append, and for a read without an answer
   */
  record Step(
      boolean append,
      @Nullable Object key,
      @Nullable Object element,
      List<@Nullable Object> list) {}

  static Transaction of(int number, Operation operation) {
    Object value = operation.isOk() ? operation.output() : operation.input();
    if (!operation.f().equals("txn") || !(value instanceof List<?> list)) {
      throw unknown(operation, value);
    }
    List<Step> steps = new ArrayList<>(list.size());
    for (Object part : list) {
      if (!(part instanceof List<?> triple) || triple.size() != 3) {
        throw unknown(operation, part);
      }
      switch (name(triple.get(0))) {
        case "append" -> steps.add(new Step(true, triple.get(1), triple.get(2), List.of()));
        case "r", "read" ->
            steps.add(new Step(false, triple.get(1), null, elements(triple.get(2))));
        default -> throw unknown(operation, part);
      }
    }
    return new Transaction(number, operation, steps);
  }

  private static List<@Nullable Object> elements(@Nullable Object read) {
    return switch (read) {
      case null -> List.of();
      case List<?> list -> Collections.unmodifiableList(list);
      default ->
          throw new IllegalArgumentException(
              "a list was expected where a transaction read " + HistoryValues.show(read));
    };
  }

  private static String name(@Nullable Object value) {
    return switch (value) {
      case Keyword keyword -> keyword.name();
      case String text -> text.startsWith(":") ? text.substring(1) : text;
      case null, default -> "";
    };
  }

  private static IllegalArgumentException unknown(Operation operation, @Nullable Object part) {
    return new IllegalArgumentException(
        "the model list-append knows txn [[:append k v] [:r k [v ...]]], but client "
            + operation.process()
            + " did "
            + operation.f()
            + " "
            + HistoryValues.show(part));
  }

  boolean isAcknowledged() {
    return operation.isOk();
  }

  /** The elements that it appends to each list, in order. */
  Map<@Nullable Object, List<@Nullable Object>> appended() {
    Map<@Nullable Object, List<@Nullable Object>> byKey = new LinkedHashMap<>();
    for (Step step : steps) {
      if (step.append()) {
        byKey.computeIfAbsent(step.key(), unused -> new ArrayList<>()).add(step.element());
      }
    }
    return byKey;
  }

  /**
   * What each list that it read held before it: the first list read, without its own appends at the
   * end.
   */
  Map<@Nullable Object, List<@Nullable Object>> externalReads() {
    Map<@Nullable Object, List<@Nullable Object>> byKey = new LinkedHashMap<>();
    Map<@Nullable Object, Integer> own = new LinkedHashMap<>();
    for (Step step : steps) {
      if (step.append()) {
        own.merge(step.key(), 1, Integer::sum);
      } else if (!byKey.containsKey(step.key())) {
        int foreign = step.list().size() - own.getOrDefault(step.key(), 0);
        byKey.put(step.key(), step.list().subList(0, Math.max(0, foreign)));
      }
    }
    return byKey;
  }

  /** "client 3's transaction 17 at 12.345 s"; the number is that of the operation. */
  String title() {
    return "client "
        + operation.process()
        + "'s transaction "
        + operation.id()
        + at(" at ", operation.invokeNanos());
  }

  static String at(String before, long nanos) {
    return nanos < 0 || nanos == Operation.NEVER
        ? ""
        : before + String.format(Locale.ROOT, "%.3f s", nanos / 1e9);
  }
}
