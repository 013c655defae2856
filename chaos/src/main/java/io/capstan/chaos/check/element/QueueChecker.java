package io.capstan.chaos.check.element;

import io.capstan.chaos.check.Extras;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Outcome;
import io.capstan.chaos.check.Verdict;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What goes into a queue comes out once: {@code enqueue v}, {@code dequeue -> v}, {@code drain ->
 * [v ...]}. An element that came out was put in before, and as often at least; one that was put in
 * is out in the end, if the queue was drained: if a dequeue that began after the last enqueue found
 * it empty ({@code ok} with nil, or {@code fail} with the error {@code empty}), or a drain did. The
 * order does not matter. Stateless.
 */
public final class QueueChecker {
  private QueueChecker() {}

  private static final class Element {
    private final List<Operation> in = new ArrayList<>();
    private final List<Operation> failedIn = new ArrayList<>();
    private final List<Operation> out = new ArrayList<>();
    private int acknowledged;
  }

  /** Judges every key of a history. */
  public static Verdict check(History history) {
    Findings findings = new Findings();
    long in = 0;
    long out = 0;
    long left = 0;
    for (List<Operation> operations : history.operationsByKey().values()) {
      Map<Object, Element> byValue = new LinkedHashMap<>();
      int lastIn = -1;
      int emptyAt = -1;
      long openTakes = 0;
      for (Operation operation : operations) {
        switch (operation.f()) {
          case "enqueue" -> {
            Element element = element(byValue, operation.input());
            if (operation.outcome() == Outcome.FAILED) {
              element.failedIn.add(operation);
            } else {
              element.in.add(operation);
              element.acknowledged += operation.isOk() ? 1 : 0;
              lastIn = Math.max(lastIn, operation.isOk() ? operation.completePosition() : -1);
            }
          }
          case "dequeue", "drain" -> {
            if (operation.outcome() == Outcome.UNKNOWN) {
              openTakes++;
            } else if (foundEmpty(operation)) {
              emptyAt = Math.max(emptyAt, operation.invokePosition());
            }
            for (Object value : taken(operation)) {
              element(byValue, value).out.add(operation);
            }
          }
          default ->
              throw new IllegalArgumentException(
                  "the claim about queues knows enqueue v, dequeue and drain, but client "
                      + operation.process()
                      + " did "
                      + operation.f());
        }
      }
      boolean drained = emptyAt > lastIn && openTakes == 0;
      for (Map.Entry<Object, Element> entry : byValue.entrySet()) {
        String value = HistoryValues.show(((Optional<?>) entry.getKey()).orElse(null));
        judge(value, entry.getValue(), drained, findings);
        in += entry.getValue().acknowledged;
        out += entry.getValue().out.size();
        left +=
            drained ? 0 : Math.max(0, entry.getValue().acknowledged - entry.getValue().out.size());
      }
    }
    findings.figure("enqueued", in);
    findings.figure("dequeued", out);
    findings.figure("notSeenAgain", left);
    return findings.verdict(
        left > 0
            ? Verdict.unknown(
                left + " elements did not come out, and nobody found the queue empty in the end")
            : Verdict.valid("all " + in + " acknowledged elements came out, each once"));
  }

  private static Element element(Map<Object, Element> byValue, @Nullable Object value) {
    return byValue.computeIfAbsent(Optional.ofNullable(value), unused -> new Element());
  }

  /** A refusal for another reason than emptiness says nothing about what is in there. */
  private static boolean foundEmpty(Operation operation) {
    if (operation.isOk()) {
      return operation.f().equals("drain") || operation.output() == null;
    }
    return String.valueOf(operation.extra(Extras.ERROR)).toLowerCase(Locale.ROOT).contains("empty");
  }

  private static Collection<?> taken(Operation operation) {
    if (!operation.isOk() || operation.output() == null) {
      return List.of();
    }
    return operation.f().equals("drain") && operation.output() instanceof Collection<?> all
        ? all
        : List.of(operation.output());
  }

  private static void judge(String value, Element element, boolean drained, Findings findings) {
    element.out.sort(Comparator.comparingInt(Operation::completePosition));
    for (int i = 0; i < element.out.size(); i++) {
      Operation take = element.out.get(i);
      long before =
          element.in.stream().filter(put -> put.invokePosition() < take.completePosition()).count();
      String who =
          "client "
              + take.process()
              + " took "
              + value
              + Findings.under(take)
              + Findings.at(take.completeNanos());
      if (before > i) {
        continue;
      }
      if (i > 0) {
        findings.note(
            "duplicated",
            who + ", which client " + element.out.get(i - 1).process() + " had already taken",
            element.out.get(i - 1),
            take);
      } else if (!element.failedIn.isEmpty()) {
        Operation failed = element.failedIn.get(0);
        findings.note(
            "unexpected",
            who
                + " although client "
                + failed.process()
                + "'s enqueue of it failed, which means that it had no effect",
            failed,
            take);
      } else {
        findings.note("unexpected", who + " although nobody had put it in", take);
      }
    }
    if (drained && element.acknowledged > element.out.size()) {
      Operation put = element.in.stream().filter(Operation::isOk).findFirst().orElseThrow();
      findings.note(
          "lost",
          "client "
              + put.process()
              + "'s enqueue of "
              + value
              + Findings.under(put)
              + " was acknowledged"
              + Findings.at(put.completeNanos())
              + " and it never came out, though the queue was found empty",
          put);
    }
  }
}
