package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.DeltaDebugging;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Outcome;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Reduces a history that is not linearizable to few operations that still are not, by delta
 * debugging (Zeller and Hildebrandt 2002). Every reduction is sound, that is, it turns no
 * linearizable history into one that is not:
 *
 * <ul>
 *   <li>cutting the history off after the culprit's completion, what still ran then being open;
 *   <li>leaving out reads;
 *   <li>for objects whose state is one value: leaving out a value altogether, with all who wrote
 *       it, all who saw it, and what those left in turn; and a write that nobody saw.
 * </ul>
 *
 * <p>A write whose value was read is never left out alone: that would accuse the innocent read.
 *
 * @param <S> the states of the model
 */
final class Shrinker<S> {
  private static final int ROUNDS_MAX = 8;

  private final Model<S> model;
  private final Budget budget;

  Shrinker(Model<S> model, Budget budget) {
    this.model = model;
    this.budget = budget;
  }

  /**
   * Operations that cannot be explained.
   *
   * @param operations all of them, by invocation
   * @param culprit the one that no order gets past
   * @param possibleStates what the object can have held there
   */
  record Violation(List<Operation> operations, Operation culprit, List<String> possibleStates) {
    /** The operations that overlap the culprit. */
    List<Operation> concurrent() {
      return operations.stream()
          .filter(o -> o.id() != culprit.id() && !o.precedes(culprit) && !culprit.precedes(o))
          .toList();
    }
  }

  /**
   * The history as it stood when the culprit completed; failed operations, which had no effect,
   * left out.
   */
  static List<Operation> upTo(List<Operation> operations, Operation culprit) {
    int end = culprit.completePosition();
    List<Operation> kept = new ArrayList<>();
    for (Operation operation : operations) {
      if (operation.outcome() == Outcome.FAILED || operation.invokePosition() > end) {
        continue;
      }
      kept.add(operation.completePosition() > end ? operation.asUnknown() : operation);
    }
    return kept;
  }

  /**
   * Reduces as far as the budget allows; with none left, the history up to the culprit comes back.
   */
  Violation shrink(List<Operation> operations, Operation culprit) {
    Violation smallest = new Violation(upTo(operations, culprit), culprit, List.of());
    for (int round = 0; round < ROUNDS_MAX; round++) {
      Optional<Violation> checked = checkAndSettle(smallest.operations());
      if (checked.isEmpty()) {
        return smallest;
      }
      Violation current = checked.get();
      List<Operation> reduced = upTo(current.operations(), current.culprit());
      reduced = withoutReads(reduced);
      reduced = withoutValues(reduced);
      reduced = withoutUnseenWrites(reduced);
      boolean progress = reduced.size() < smallest.operations().size();
      smallest = checkAndSettle(reduced).orElse(current);
      if (!progress) {
        break;
      }
    }
    return smallest;
  }

  /**
   * The operation whose completion makes the history inexplicable. Where objects only grow, and
   * where there are many operations, the search looks ahead and stops too early to tell; then the
   * shortest failing prefix is sought, by doubling and halving. If there is no time for that, the
   * operation that ends last, which is no lie.
   */
  Operation settle(List<Operation> operations, Operation noticed) {
    if (operations.stream().noneMatch(o -> model.isGrowing(Call.of(o)))
        && !KeySearch.looksAhead(SearchProblem.of(model, operations))) {
      return noticed;
    }
    List<Operation> ends =
        operations.stream()
            .filter(o -> o.isOk() && o.completePosition() >= noticed.completePosition())
            .sorted(Comparator.comparingInt(Operation::completePosition))
            .toList();
    int linearizable = -1;
    int failing = 0;
    for (int step = 1; !stillFails(upTo(operations, ends.get(failing))); step *= 2) {
      if (failing == ends.size() - 1 || budget.exhausted() != null) {
        return ends.get(ends.size() - 1);
      }
      linearizable = failing;
      failing = Math.min(ends.size() - 1, failing + step);
    }
    while (failing - linearizable > 1) {
      int middle = (failing + linearizable) >>> 1;
      if (stillFails(upTo(operations, ends.get(middle)))) {
        failing = middle;
      } else {
        linearizable = middle;
      }
    }
    return ends.get(failing);
  }

  private Optional<Violation> check(List<Operation> operations) {
    SearchProblem<S> problem = SearchProblem.of(model, operations);
    Optional<Operation> inexplicable = problem.firstInexplicable();
    if (inexplicable.isPresent()) {
      return inexplicable.map(culprit -> new Violation(operations, culprit, List.of()));
    }
    SearchOutcome outcome = new KeySearch<>(problem, budget).run();
    Operation culprit = outcome.culprit();
    return culprit == null
        ? Optional.empty()
        : Optional.of(new Violation(operations, culprit, outcome.stuckStates()));
  }

  private Optional<Violation> checkAndSettle(List<Operation> operations) {
    return check(operations)
        .map(v -> new Violation(operations, settle(operations, v.culprit()), v.possibleStates()));
  }

  private boolean stillFails(List<Operation> operations) {
    return budget.exhausted() == null && check(operations).isPresent();
  }

  private List<Operation> withoutReads(List<Operation> operations) {
    List<Operation> reads = operations.stream().filter(o -> model.isReadOnly(Call.of(o))).toList();
    return reduce(operations, reads, removed -> minus(operations, removed));
  }

  private List<Operation> withoutValues(List<Operation> operations) {
    Set<Optional<Object>> values = new LinkedHashSet<>();
    for (Operation operation : operations) {
      Footprint footprint = model.footprint(Call.of(operation));
      if (footprint == null) {
        return operations;
      }
      if (footprint.produces()) {
        values.add(Optional.ofNullable(footprint.produced()));
      }
    }
    return reduce(operations, List.copyOf(values), removed -> minusValues(operations, removed));
  }

  /**
   * Without these values: nobody who wrote them, nobody who saw them, nobody who saw what those
   * left.
   */
  private List<Operation> minusValues(
      List<Operation> operations, Collection<Optional<Object>> removed) {
    Set<Optional<Object>> gone = new HashSet<>(removed);
    Set<Operation> dropped = new HashSet<>();
    boolean changed = true;
    while (changed) {
      changed = false;
      for (Operation operation : operations) {
        Footprint footprint = footprint(operation);
        if (footprint.observes()
            && gone.contains(Optional.ofNullable(footprint.observed()))
            && dropped.add(operation)
            && footprint.produces()) {
          gone.add(Optional.ofNullable(footprint.produced()));
          changed = true;
        }
      }
    }
    List<Operation> kept = new ArrayList<>();
    for (Operation operation : operations) {
      Footprint footprint = footprint(operation);
      boolean unseenWrite =
          footprint.produces()
              && !footprint.observes()
              && gone.contains(Optional.ofNullable(footprint.produced()));
      if (!unseenWrite && !dropped.contains(operation)) {
        kept.add(operation);
      }
    }
    return kept;
  }

  private List<Operation> withoutUnseenWrites(List<Operation> operations) {
    Set<Optional<Object>> seen = new HashSet<>();
    for (Operation operation : operations) {
      Footprint footprint = model.footprint(Call.of(operation));
      if (footprint == null) {
        return operations;
      }
      if (footprint.observes()) {
        seen.add(Optional.ofNullable(footprint.observed()));
      }
    }
    List<Operation> unseen =
        operations.stream()
            .filter(
                o ->
                    footprint(o).produces()
                        && !seen.contains(Optional.ofNullable(footprint(o).produced())))
            .toList();
    return reduce(operations, unseen, removed -> minus(operations, removed));
  }

  private Footprint footprint(Operation operation) {
    return Objects.requireNonNull(model.footprint(Call.of(operation)));
  }

  private static List<Operation> minus(List<Operation> operations, Collection<Operation> removed) {
    Set<Operation> gone = new HashSet<>(removed);
    return operations.stream().filter(o -> !gone.contains(o)).toList();
  }

  private <U> List<Operation> reduce(
      List<Operation> operations, List<U> units, Function<List<U>, List<Operation>> without) {
    return DeltaDebugging.reduce(operations, units, without, this::stillFails);
  }
}
