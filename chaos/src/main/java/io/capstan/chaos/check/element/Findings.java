package io.capstan.chaos.check.element;

import io.capstan.chaos.check.HistoryEvent;
import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Verdict;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Collects violations by kind and makes a verdict of them. Not safe for several threads. */
final class Findings {
  /** So many violations are told; all are counted. */
  static final int TOLD_MAX = 20;

  private final Map<String, Object> figures = new LinkedHashMap<>();
  private final List<String> sentences = new ArrayList<>();
  private List<Operation> pinned = List.of();
  private int count;

  void figure(String name, long value) {
    figures.put(name, value);
  }

  /** Notes a violation of a kind, and the operations that show it. */
  void note(String kind, String sentence, Operation... shown) {
    count++;
    figures.merge(kind, 1L, (a, b) -> (Long) a + (Long) b);
    if (sentences.isEmpty()) {
      pinned =
          Arrays.stream(shown)
              .distinct()
              .sorted(Comparator.comparingInt(Operation::invokePosition))
              .toList();
    }
    if (sentences.size() < TOLD_MAX) {
      sentences.add(sentence);
    }
  }

  boolean isEmpty() {
    return count == 0;
  }

  /** Invalid if anything was noted, else this verdict. */
  Verdict verdict(Verdict otherwise) {
    if (count == 0) {
      return otherwise.withFigures(figures);
    }
    return Verdict.invalid(
            sentences.get(0) + (count == 1 ? "" : " (and " + (count - 1) + " more)"), pinned)
        .withStory(sentences.subList(1, sentences.size()))
        .withFigures(figures);
  }

  static boolean isRead(Operation operation) {
    return Set.of("read", "get", "r").contains(operation.f());
  }

  static String at(long nanos) {
    return nanos == HistoryEvent.NO_TIME || nanos == Operation.NEVER
        ? ""
        : String.format(Locale.ROOT, " at %.3f s", nanos / 1e9);
  }

  static String under(Operation operation) {
    return operation.key() == null ? "" : " under " + HistoryValues.show(operation.key());
  }
}
