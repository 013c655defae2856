package io.capstan.chaos.scenario;

import io.capstan.chaos.check.History;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Outcome;
import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.workload.StoredValue;
import io.capstan.chaos.workload.Workloads;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What counters, sets and rolls of numbers have to hold in either mode, from what their clients
 * were told and what the replicas held at the end.
 */
final class TypedChecks {
  private final ScenarioEvidence.KeyspaceEvidence seen;

  TypedChecks(ScenarioEvidence.KeyspaceEvidence seen) {
    this.seen = seen;
  }

  private Map<String, List<Operation>> additions(String prefix) {
    Map<String, List<Operation>> byKey = new TreeMap<>();
    for (Operation operation : seen.history().operations()) {
      if (operation.f().equals("add")
          && operation.key() instanceof String key
          && key.startsWith(prefix)) {
        byKey.computeIfAbsent(key, unused -> new ArrayList<>()).add(operation);
      }
    }
    return byKey;
  }

  private List<String> silent() {
    return seen.finalContents().silent();
  }

  private static Verdict isSilent(List<String> nodes) {
    return Verdict.unknown(
        "at the end " + String.join(", ", nodes) + " did not tell what it holds");
  }

  /** Every acknowledged addition counts once, one of unknown outcome once or not at all. */
  Verdict counters() {
    if (!silent().isEmpty()) {
      return isSilent(silent());
    }
    long additions = 0;
    long open = 0;
    for (Map.Entry<String, List<Operation>> each : additions(Workloads.COUNTER_PREFIX).entrySet()) {
      long acknowledged = 0;
      long unknown = 0;
      for (Operation addition : each.getValue()) {
        long amount = addition.input() instanceof Long number ? number : 0;
        if (addition.isOk()) {
          acknowledged += amount;
          additions++;
        } else if (addition.outcome() == Outcome.UNKNOWN) {
          unknown += amount;
          open++;
        }
      }
      Verdict wrong = counter(each.getKey(), acknowledged, unknown);
      if (!wrong.isValid()) {
        return wrong;
      }
    }
    return Verdict.valid(
        String.format(
            Locale.ROOT,
            "%,d acknowledged additions count once each; %,d of unknown outcome once or not",
            additions,
            open));
  }

  private Verdict counter(String key, long acknowledged, long unknown) {
    for (Map.Entry<String, Map<String, List<StoredValue>>> replica :
        seen.finalContents().valuesByNode().entrySet()) {
      List<StoredValue> held = replica.getValue().getOrDefault(key, List.of());
      long value = held.isEmpty() ? 0 : Long.parseLong(held.get(0).value());
      if (value < acknowledged || value > acknowledged + unknown) {
        return Verdict.invalid(
            String.format(
                Locale.ROOT,
                "%s stands at %,d on %s, but acknowledged additions make %,d and those of unknown"
                    + " outcome at most %,d more",
                key,
                value,
                replica.getKey(),
                acknowledged,
                unknown));
      }
    }
    return Verdict.valid("");
  }

  /** Every acknowledged element is there, and none that nobody added. */
  Verdict sets() {
    if (!silent().isEmpty()) {
      return isSilent(silent());
    }
    long elements = 0;
    for (Map.Entry<String, List<Operation>> each : additions(Workloads.SET_PREFIX).entrySet()) {
      Map<Object, Operation> acknowledged = new HashMap<>();
      Set<Object> possible = new LinkedHashSet<>();
      for (Operation addition : each.getValue()) {
        if (addition.isOk()) {
          acknowledged.put(String.valueOf(addition.input()), addition);
        }
        if (addition.outcome() != Outcome.FAILED) {
          possible.add(String.valueOf(addition.input()));
        }
      }
      elements += acknowledged.size();
      Verdict wrong = set(each.getKey(), acknowledged, possible);
      if (!wrong.isValid()) {
        return wrong;
      }
    }
    return Verdict.valid(
        String.format(
            Locale.ROOT, "all %,d acknowledged elements are there, on every replica", elements));
  }

  private Verdict set(String key, Map<Object, Operation> acknowledged, Set<Object> possible) {
    for (Map.Entry<String, Map<String, List<StoredValue>>> replica :
        seen.finalContents().valuesByNode().entrySet()) {
      Set<Object> held = new LinkedHashSet<>();
      replica.getValue().getOrDefault(key, List.of()).forEach(each -> held.add(each.value()));
      for (Map.Entry<Object, Operation> element : acknowledged.entrySet()) {
        if (!held.contains(element.getKey())) {
          return Verdict.invalid(
              String.format(
                  Locale.ROOT,
                  "\"%s\" was added to %s and acknowledged at %.3f s, but %s does not hold it",
                  element.getKey(),
                  key,
                  element.getValue().completeNanos() / 1e9,
                  replica.getKey()),
              List.of(element.getValue()));
        }
      }
      held.removeAll(possible);
      if (!held.isEmpty()) {
        return Verdict.invalid(
            replica.getKey()
                + " holds in "
                + key
                + " what was refused or never added: \""
                + held.iterator().next()
                + "\"");
      }
    }
    return Verdict.valid("");
  }

  /** No number of a roll was given to two clients. */
  static Verdict unique(History history) {
    Map<Object, Map<Object, Operation>> taken = new HashMap<>();
    int numbers = 0;
    int twice = 0;
    String first = "";
    List<Operation> pinned = new ArrayList<>();
    for (Operation operation : history.operations()) {
      if (!operation.f().equals(Workloads.CLAIM) || !operation.isOk()) {
        continue;
      }
      Object roll = String.valueOf(operation.key());
      Object number = String.valueOf(operation.output());
      numbers++;
      Operation before =
          taken.computeIfAbsent(roll, unused -> new HashMap<>()).putIfAbsent(number, operation);
      if (before != null) {
        twice++;
        if (pinned.isEmpty()) {
          pinned.addAll(List.of(before, operation));
          first =
              String.format(
                  Locale.ROOT,
                  "client %d took %s of %s, acknowledged at %.3f s, and client %d took it too,"
                      + " acknowledged at %.3f s",
                  before.process(),
                  number,
                  roll,
                  before.completeNanos() / 1e9,
                  operation.process(),
                  operation.completeNanos() / 1e9);
        }
      }
    }
    return twice == 0
        ? Verdict.valid(String.format(Locale.ROOT, "%,d numbers were taken, each once", numbers))
        : Verdict.invalid(
            String.format(
                Locale.ROOT, "%,d of %,d numbers went out twice: %s", twice, numbers, first),
            pinned);
  }
}
