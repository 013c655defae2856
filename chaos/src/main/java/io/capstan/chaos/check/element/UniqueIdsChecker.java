package io.capstan.chaos.check.element;

import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Verdict;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** No two clients are given the same id: {@code generate -> id}, {@code claim id}. Stateless. */
public final class UniqueIdsChecker {
  private UniqueIdsChecker() {}

  /**
   * Judges acknowledged {@code generate} by what they were answered, and {@code claim} by what they
   * asked for; ids of different keys are different ids.
   */
  public static Verdict check(History history) {
    Findings findings = new Findings();
    int given = 0;
    Map<Map.Entry<String, String>, Operation> first = new HashMap<>();
    for (Operation operation : history.operations()) {
      if (!Set.of("generate", "claim").contains(operation.f())) {
        continue;
      }
      if (!operation.isOk()) {
        continue;
      }
      given++;
      @Nullable Object id = operation.f().equals("claim") ? operation.input() : operation.output();
      Operation other =
          first.putIfAbsent(Map.entry(HistoryValues.show(operation.key()), typed(id)), operation);
      if (other != null) {
        findings.note(
            "givenTwice",
            "client "
                + operation.process()
                + " was given "
                + HistoryValues.show(id)
                + Findings.under(operation)
                + Findings.at(operation.completeNanos())
                + ", which client "
                + other.process()
                + " had been given"
                + Findings.at(other.completeNanos()),
            other,
            operation);
      }
    }
    findings.figure("given", given);
    return findings.verdict(
        given == 0
            ? Verdict.unknown("no id was given out")
            : Verdict.valid("all " + given + " ids are different"));
  }

  private static String typed(@Nullable Object id) {
    return (id == null ? "" : id.getClass().getSimpleName()) + " " + HistoryValues.show(id);
  }
}
