package io.capstan.chaos.check.element;

import static io.capstan.chaos.check.element.Findings.at;
import static io.capstan.chaos.check.element.Findings.under;

import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Outcome;
import io.capstan.chaos.check.Verdict;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What became of the elements of a set: {@code add e}, {@code remove e}, {@code read -> [e ...]}.
 * An element is <em>lost</em> if it was acknowledged and every later look finds it missing;
 * <em>stale</em> if a look misses it and a later one does not, which only counts if fresh reads are
 * claimed; <em>resurrected</em> if its removal was acknowledged and a later look finds it, nobody
 * having added it again; <em>duplicated</em> if one look finds it twice; <em>unexpected</em> if
 * nobody can have added it. Stateless.
 */
public final class SetElementsChecker {
  private SetElementsChecker() {}

  private static final class Element {
    private final Object value;
    private final List<Operation> adds = new ArrayList<>();
    private final List<Operation> removes = new ArrayList<>();

    private Element(Object value) {
      this.value = value;
    }

    private String show() {
      return HistoryValues.show(((Optional<?>) value).orElse(null));
    }
  }

  /**
   * Judges every key of a history.
   *
   * @param fresh whether an acknowledged element has to show in every read that begins later
   */
  public static Verdict check(History history, boolean fresh) {
    Findings findings = new Findings();
    int elements = 0;
    int looks = 0;
    int undetermined = 0;
    for (List<Operation> operations : history.operationsByKey().values()) {
      Map<Object, Element> byValue = new LinkedHashMap<>();
      List<Operation> reads = new ArrayList<>();
      List<Set<Object>> seen = new ArrayList<>();
      Map<Object, Operation> failedAdds = new HashMap<>();
      for (Operation operation : operations) {
        take(operation, byValue, reads, failedAdds);
      }
      reads.sort(Comparator.comparingInt(Operation::invokePosition));
      for (Operation read : reads) {
        seen.add(look(read, byValue, failedAdds, findings));
      }
      for (Element element : byValue.values()) {
        undetermined += judge(element, reads, seen, fresh, findings);
      }
      elements += byValue.size();
      looks += reads.size();
    }
    findings.figure("elements", elements);
    findings.figure("reads", looks);
    findings.figure("neverLookedFor", undetermined);
    return findings.verdict(
        looks == 0
            ? Verdict.unknown("no read succeeded")
            : undetermined > 0
                ? Verdict.unknown(
                    undetermined
                        + " of "
                        + elements
                        + " elements were acknowledged after the last read began")
                : Verdict.valid(
                    "no element of "
                        + elements
                        + " is lost, doubled, resurrected or unexpected in "
                        + looks
                        + " reads"));
  }

  private static void take(
      Operation operation,
      Map<Object, Element> byValue,
      List<Operation> reads,
      Map<Object, Operation> failedAdds) {
    Object value = Optional.ofNullable(operation.input());
    if (Findings.isRead(operation)) {
      if (operation.isOk()) {
        reads.add(operation);
      }
      return;
    }
    if (!Set.of("add", "remove").contains(operation.f())) {
      throw new IllegalArgumentException(
          "the claim about elements knows add e, remove e and read, but client "
              + operation.process()
              + " did "
              + operation.f());
    }
    boolean add = operation.f().equals("add");
    if (operation.outcome() == Outcome.FAILED) {
      if (add) {
        failedAdds.putIfAbsent(value, operation);
      }
      return;
    }
    Element element = byValue.computeIfAbsent(value, Element::new);
    (add ? element.adds : element.removes).add(operation);
  }

  private static Set<Object> look(
      Operation read,
      Map<Object, Element> byValue,
      Map<Object, Operation> failedAdds,
      Findings findings) {
    Set<Object> found = new HashSet<>();
    Collection<?> shown = read.output() instanceof Collection<?> list ? list : List.of();
    for (Object raw : shown) {
      Object value = Optional.ofNullable(raw);
      String which = HistoryValues.show(raw) + under(read);
      String who = "client " + read.process() + " read " + which + at(read.invokeNanos());
      if (!found.add(value)) {
        findings.note("duplicated", who + " more than once in one answer", read);
        continue;
      }
      Element element = byValue.get(value);
      boolean possible =
          element != null
              && element.adds.stream()
                  .anyMatch(add -> add.invokePosition() < read.completePosition());
      Operation failed = failedAdds.get(value);
      if (!possible && failed != null) {
        findings.note(
            "unexpected",
            who
                + " although client "
                + failed.process()
                + "'s add of it failed, which means that it had no effect",
            failed,
            read);
      } else if (!possible) {
        findings.note("unexpected", who + " although nobody had added it", read);
      }
    }
    return found;
  }

  /** Judges one element; 1 if nobody looked after it was acknowledged. */
  private static int judge(
      Element element,
      List<Operation> reads,
      List<Set<Object>> seen,
      boolean fresh,
      Findings findings) {
    Operation acknowledged =
        element.adds.stream()
            .filter(Operation::isOk)
            .min(Comparator.comparingInt(Operation::completePosition))
            .orElse(null);
    judgeRemoved(element, reads, seen, findings);
    if (acknowledged == null || !element.removes.isEmpty()) {
      return 0;
    }
    Operation missing = null;
    boolean looked = false;
    for (int i = 0; i < reads.size(); i++) {
      if (!acknowledged.precedes(reads.get(i))) {
        continue;
      }
      looked = true;
      if (seen.get(i).contains(element.value)) {
        if (missing != null && fresh) {
          findings.note("stale", missed(element, acknowledged, missing), acknowledged, missing);
        }
        missing = null;
        if (!fresh) {
          continue;
        }
      } else if (missing == null) {
        missing = reads.get(i);
      }
    }
    if (missing != null) {
      findings.note(
          "lost",
          missed(element, acknowledged, missing) + ", nor does any later read show it",
          acknowledged,
          missing);
    }
    return looked ? 0 : 1;
  }

  private static String missed(Element element, Operation add, Operation read) {
    return "client "
        + read.process()
        + " did not read "
        + element.show()
        + under(read)
        + at(read.invokeNanos())
        + " although client "
        + add.process()
        + "'s add of it had been acknowledged"
        + at(add.completeNanos());
  }

  /** After a removal that is sure, and that follows every add, nobody may find the element. */
  private static void judgeRemoved(
      Element element, List<Operation> reads, List<Set<Object>> seen, Findings findings) {
    for (Operation remove : element.removes) {
      boolean last = remove.isOk() && element.adds.stream().allMatch(add -> add.precedes(remove));
      if (!last) {
        continue;
      }
      for (int i = 0; i < reads.size(); i++) {
        Operation read = reads.get(i);
        if (remove.precedes(read) && seen.get(i).contains(element.value)) {
          findings.note(
              "resurrected",
              "client "
                  + read.process()
                  + " read "
                  + element.show()
                  + under(read)
                  + at(read.invokeNanos())
                  + " although client "
                  + remove.process()
                  + "'s remove of it had been acknowledged"
                  + at(remove.completeNanos()),
              remove,
              read);
          return;
        }
      }
    }
  }
}
