package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.Operation;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Refutes without search a history of one-value objects in which a value comes back more often than
 * anybody can have written it. Between two operations that saw the value there may be one, apart
 * from both in time, that saw or left another: then the value was written again in between, and
 * every time by another operation. Which of them can have been it is an assignment of intervals,
 * earliest end first. Says nothing about histories that it does not refute.
 */
final class SupplyCheck {
  /** Time in which the value must have been written once more, and who saw it then. */
  private record Need(int after, Operation observer) {}

  private SupplyCheck() {}

  /**
   * The first operation, by completion, for which a value was written too seldom.
   *
   * @param footprints by class
   */
  static <S> Optional<Operation> firstUnsupplied(
      SearchProblem<S> problem, List<Footprint> footprints) {
    List<Operation> byEnd = new ArrayList<>();
    Map<Operation, Footprint> footprintOf = new HashMap<>();
    Map<Object, List<Operation>> producers = new HashMap<>();
    for (int i = 0; i < problem.required.length; i++) {
      Footprint footprint = footprints.get(problem.requiredClass[i]);
      byEnd.add(problem.required[i]);
      footprintOf.put(problem.required[i], footprint);
      addProducer(producers, footprint, problem.required[i]);
    }
    for (int c = 0; c < problem.optional.length; c++) {
      for (Operation operation : problem.optional[c]) {
        addProducer(producers, footprints.get(problem.optionalClass[c]), operation);
      }
    }
    byEnd.sort(Comparator.comparingInt(Operation::completePosition));
    Map<Object, List<Need>> needs = new HashMap<>();
    Operation found = null;
    for (Map.Entry<Object, List<Need>> entry : needs(problem, byEnd, footprintOf, needs)) {
      Operation unmet = unmet(entry.getValue(), producers.getOrDefault(entry.getKey(), List.of()));
      if (unmet != null && (found == null || unmet.completePosition() < found.completePosition())) {
        found = unmet;
      }
    }
    return Optional.ofNullable(found);
  }

  private static void addProducer(
      Map<Object, List<Operation>> producers, Footprint footprint, Operation operation) {
    if (footprint.produces()) {
      producers
          .computeIfAbsent(Optional.ofNullable(footprint.produced()), unused -> new ArrayList<>())
          .add(operation);
    }
  }

  /**
   * Goes by completion. An era of a value ends once an operation of another value began after the
   * value had been seen; whoever sees it after that one has ended needs it written again.
   */
  private static <S> java.util.Set<Map.Entry<Object, List<Need>>> needs(
      SearchProblem<S> problem,
      List<Operation> byEnd,
      Map<Operation, Footprint> footprintOf,
      Map<Object, List<Need>> needs) {
    Map<Object, Operation> lastSeen = new HashMap<>();
    Map<Object, Operation> ended = new HashMap<>();
    Object initial = Optional.ofNullable(problem.model.initialValue());
    for (Operation operation : byEnd) {
      Footprint footprint = Objects.requireNonNull(footprintOf.get(operation));
      Object observed = footprint.observes() ? Optional.ofNullable(footprint.observed()) : null;
      if (observed != null) {
        Operation between = ended.get(observed);
        boolean first = !lastSeen.containsKey(observed);
        if (first && !observed.equals(initial)) {
          needs.computeIfAbsent(observed, unused -> new ArrayList<>()).add(new Need(-1, operation));
          lastSeen.put(observed, operation);
        } else if (first) {
          lastSeen.put(observed, operation);
        } else if (between != null && between.precedes(operation)) {
          needs
              .computeIfAbsent(observed, unused -> new ArrayList<>())
              .add(new Need(between.invokePosition(), operation));
          lastSeen.put(observed, operation);
          ended.remove(observed);
        }
      }
      Object other = other(footprint);
      if (other != null) {
        for (Map.Entry<Object, Operation> seen : lastSeen.entrySet()) {
          if (!seen.getKey().equals(other)
              && !seen.getKey().equals(observed)
              && !ended.containsKey(seen.getKey())
              && seen.getValue().precedes(operation)) {
            ended.put(seen.getKey(), operation);
          }
        }
      }
    }
    return needs.entrySet();
  }

  /** The value that the object surely held at one moment of the operation. */
  private static @Nullable Object other(Footprint footprint) {
    return footprint.produces()
        ? Optional.ofNullable(footprint.produced())
        : footprint.observes() ? Optional.ofNullable(footprint.observed()) : null;
  }

  private static @Nullable Operation unmet(List<Need> needs, List<Operation> producers) {
    List<Operation> left = new ArrayList<>(producers);
    for (Need need : needs) {
      Operation best = null;
      for (Operation producer : left) {
        boolean fits =
            producer != need.observer()
                && producer.invokePosition() < need.observer().completePosition()
                && producer.completePosition() > need.after();
        if (fits && (best == null || producer.completePosition() < best.completePosition())) {
          best = producer;
        }
      }
      if (best == null) {
        return need.observer();
      }
      left.remove(best);
    }
    return null;
  }
}
