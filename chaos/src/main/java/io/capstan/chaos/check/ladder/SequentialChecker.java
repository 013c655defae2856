package io.capstan.chaos.check.ladder;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.DeltaDebugging;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides sequential consistency (Lamport 1979) by search, and reduces what breaks it: reads are
 * left out, and values together with all who wrote them and all who saw them. Stateless.
 */
final class SequentialChecker {
  private static final Duration REDUCE_TIME_MAX = Duration.ofSeconds(5);
  private static final int SHOWN_MAX = 12;

  private final @Nullable Object initial;

  SequentialChecker(@Nullable Object initial) {
    this.initial = initial;
  }

  Verdict check(List<Operation> operations, Accesses accesses, Budget budget) {
    for (Access access : accesses.all) {
      if (access.seen != null && access.seen.size() > 1) {
        return Verdict.invalid(
            access.told() + ": several values at once, which no register holds",
            List.of(access.operation));
      }
    }
    Optional<Accesses.Uncaused> uncaused = accesses.uncaused();
    if (uncaused.isPresent()) {
      return Verdict.invalid(uncaused.get().sentence(), uncaused.get().operations());
    }
    return switch (SequentialSearch.search(accesses, budget)) {
      case FOUND ->
          Verdict.valid("one order of all operations explains every answer and what clients did");
      case OUT_OF_BUDGET ->
          Verdict.unknown(budget.exhausted() + " before all orders were looked at");
      case NONE -> explain(operations, budget);
    };
  }

  private Verdict explain(List<Operation> operations, Budget budget) {
    Duration share = budget.remaining().dividedBy(4);
    Budget reduceBudget = Budget.of(share.compareTo(REDUCE_TIME_MAX) < 0 ? share : REDUCE_TIME_MAX);
    List<Operation> kept =
        new ArrayList<>(
            new Accesses(operations, initial).all.stream().map(a -> a.operation).toList());
    int before;
    do {
      before = kept.size();
      kept = withoutReads(kept, reduceBudget);
      kept = withoutValues(kept, reduceBudget);
    } while (kept.size() < before && reduceBudget.exhausted() == null);
    List<String> told =
        new Accesses(kept, initial).all.stream().map(Access::told).limit(SHOWN_MAX).toList();
    return Verdict.invalid(
            "no one order explains what each client saw in its own order: "
                + String.join("; ", told)
                + (kept.size() > SHOWN_MAX ? "; and " + (kept.size() - SHOWN_MAX) + " more" : ""),
            kept)
        .withStory(told);
  }

  private boolean stillFails(List<Operation> operations, Budget budget) {
    if (budget.exhausted() != null) {
      return false;
    }
    Accesses accesses = new Accesses(operations, initial);
    return accesses.uncaused().isEmpty()
        && SequentialSearch.search(accesses, budget) == SequentialSearch.End.NONE;
  }

  private List<Operation> withoutReads(List<Operation> operations, Budget budget) {
    List<Operation> reads =
        new Accesses(operations, initial)
            .all.stream().filter(a -> !a.writes).map(a -> a.operation).toList();
    return DeltaDebugging.reduce(
        operations,
        reads,
        removed -> {
          Set<Operation> gone = new HashSet<>(removed);
          return operations.stream().filter(o -> !gone.contains(o)).toList();
        },
        rest -> stillFails(rest, budget));
  }

  private List<Operation> withoutValues(List<Operation> operations, Budget budget) {
    List<Access> all = new Accesses(operations, initial).all;
    Set<List<Object>> values = new LinkedHashSet<>();
    for (Access access : all) {
      if (access.writes) {
        values.add(value(access, access.written));
      }
    }
    return DeltaDebugging.reduce(
        operations,
        List.copyOf(values),
        removed -> minusValues(all, removed),
        rest -> stillFails(rest, budget));
  }

  private static List<Object> value(Access access, @Nullable Object value) {
    return List.of(Optional.ofNullable(access.key()), Optional.ofNullable(value));
  }

  /** Without these values, without whoever saw them, and without what those left. */
  private List<Operation> minusValues(List<Access> all, List<List<Object>> removed) {
    Set<List<Object>> gone = new HashSet<>(removed);
    boolean changed = true;
    while (changed) {
      changed = false;
      for (Access access : all) {
        boolean sawGone =
            access.seen != null
                && access.seen.stream().anyMatch(v -> gone.contains(value(access, v)));
        if (sawGone && access.writes) {
          changed |= gone.add(value(access, access.written));
        }
      }
    }
    List<Operation> kept = new ArrayList<>();
    for (Access access : all) {
      boolean dropped =
          (access.writes && gone.contains(value(access, access.written)))
              || (access.seen != null
                  && access.seen.stream().anyMatch(v -> gone.contains(value(access, v))));
      if (!dropped) {
        kept.add(access.operation);
      }
    }
    return kept;
  }
}
