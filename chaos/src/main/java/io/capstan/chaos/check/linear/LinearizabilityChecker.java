package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.SideBySide;
import io.capstan.chaos.check.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a history is linearizable (Herlihy and Wing 1990). Immutable and safe for any
 * thread.
 *
 * <p>Failed operations had no effect and are left out. An operation of unknown outcome may take
 * effect at any time after its invocation, or never; a read of unknown outcome says nothing.
 * Objects are searched one by one, in parallel if allowed, small ones first so that one hard key
 * cannot starve the others.
 */
public final class LinearizabilityChecker {
  /**
   * To explain a violation takes at most this part of the time that is left, within the bounds
   * below.
   */
  private static final int EXPLAIN_TIME_DIVISOR = 4;

  private static final Duration EXPLAIN_TIME_MIN = Duration.ofMillis(500);
  private static final Duration EXPLAIN_TIME_MAX = Duration.ofSeconds(3);

  private final int threads;
  private final boolean shrinking;
  private final boolean byVersion;

  /** A checker that uses every processor and shrinks what it finds. */
  public LinearizabilityChecker() {
    this(Runtime.getRuntime().availableProcessors(), true);
  }

  /**
   * A checker.
   *
   * @param threads so many keys are searched at once
   * @param shrinking whether a violation is reduced to the operations that matter
   */
  public LinearizabilityChecker(int threads, boolean shrinking) {
    if (threads < 1) {
      throw new IllegalArgumentException("a check needs at least one thread, not " + threads);
    }
    this.threads = threads;
    this.shrinking = shrinking;
    this.byVersion = false;
  }

  private LinearizabilityChecker(LinearizabilityChecker checker, boolean byVersion) {
    this.threads = checker.threads;
    this.shrinking = checker.shrinking;
    this.byVersion = byVersion;
  }

  /**
   * The same checker, which tries the order of the store's versions before it searches. The verdict
   * is the same, found without search wherever that order explains everything; versions that tell
   * an order which does not are said.
   */
  public LinearizabilityChecker withVersions() {
    return new LinearizabilityChecker(this, true);
  }

  /**
   * Checks a history.
   *
   * @throws Model.UnsupportedCallException if the history has calls that the model does not know
   */
  public LinearizabilityReport check(History history, Model<?> model, Budget budget) {
    long startMillis = budget.elapsedMillis();
    List<KeyReport> reports = checkKeys(split(history, model), model, budget);
    return new LinearizabilityReport(
        overall(reports, history.operations().size()),
        model.name(),
        history.counts(),
        reports,
        Duration.ofMillis(budget.elapsedMillis() - startMillis));
  }

  private static Map<@Nullable Object, List<Operation>> split(History history, Model<?> model) {
    if (model.isPerKey()) {
      return history.operationsByKey();
    }
    Map<@Nullable Object, List<Operation>> whole = new LinkedHashMap<>();
    whole.put(null, history.operations());
    return whole;
  }

  private List<KeyReport> checkKeys(
      Map<@Nullable Object, List<Operation>> byKey, Model<?> model, Budget budget) {
    List<Map.Entry<@Nullable Object, List<Operation>>> keys = new ArrayList<>(byKey.entrySet());
    List<Map.Entry<@Nullable Object, List<Operation>>> smallFirst = new ArrayList<>(keys);
    smallFirst.sort(Comparator.comparingInt(entry -> entry.getValue().size()));
    Map<@Nullable Object, KeyReport> reports = new LinkedHashMap<>();
    if (threads == 1 || keys.size() <= 1) {
      for (Map.Entry<@Nullable Object, List<Operation>> entry : smallFirst) {
        reports.put(entry.getKey(), checkKey(entry.getKey(), entry.getValue(), model, budget));
      }
    } else {
      checkInParallel(smallFirst, model, budget, reports);
    }
    List<KeyReport> ordered = new ArrayList<>(keys.size());
    for (Map.Entry<@Nullable Object, List<Operation>> entry : keys) {
      KeyReport report = reports.get(entry.getKey());
      if (report == null) {
        throw new IllegalStateException("key " + entry.getKey() + " was not checked");
      }
      ordered.add(report);
    }
    return ordered;
  }

  private void checkInParallel(
      List<Map.Entry<@Nullable Object, List<Operation>>> keys,
      Model<?> model,
      Budget budget,
      Map<@Nullable Object, KeyReport> reports) {
    List<Supplier<KeyReport>> checks = new ArrayList<>(keys.size());
    for (Map.Entry<@Nullable Object, List<Operation>> entry : keys) {
      checks.add(() -> checkKey(entry.getKey(), entry.getValue(), model, budget));
    }
    try {
      List<KeyReport> found = SideBySide.all(threads, checks);
      for (int i = 0; i < keys.size(); i++) {
        reports.put(keys.get(i).getKey(), found.get(i));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("the check was interrupted", e);
    }
  }

  private <S> KeyReport checkKey(
      @Nullable Object key, List<Operation> operations, Model<S> model, Budget budget) {
    try {
      if (byVersion) {
        return checkByVersion(key, operations, model, budget);
      }
      return checkWithoutVersions(key, operations, model, budget);
    } catch (OutOfMemoryError e) {
      return new KeyReport(
          key,
          Verdict.unknown(about(key) + "the heap was full before the search ended"),
          operations.size(),
          0,
          0,
          List.of(),
          Optional.empty());
    }
  }

  private <S> KeyReport checkByVersion(
      @Nullable Object key, List<Operation> operations, Model<S> model, Budget budget) {
    VersionOrder.Told told = VersionOrder.of(model, operations);
    if (told.steps() != null) {
      return new KeyReport(
          key,
          Verdict.valid(about(key) + "the order of the versions explains every answer"),
          operations.size(),
          0,
          told.steps().size(),
          told.steps(),
          Optional.empty());
    }
    KeyReport report = checkWithoutVersions(key, operations, model, budget);
    return told.isContradicted() ? report.contradicted(told.why()) : report;
  }

  private <S> KeyReport checkWithoutVersions(
      @Nullable Object key, List<Operation> operations, Model<S> model, Budget budget) {
    return model instanceof SetModel set
        ? checkSet(key, operations, set, budget)
        : search(key, operations, model, budget);
  }

  private KeyReport checkSet(
      @Nullable Object key, List<Operation> operations, SetModel model, Budget budget) {
    Optional<GrowOnlySetCheck.Result> decided =
        GrowOnlySetCheck.check(model.initialElements(), operations);
    return decided.isPresent()
        ? reportSet(key, operations, decided.get())
        : search(key, operations, model, budget);
  }

  private static KeyReport reportSet(
      @Nullable Object key, List<Operation> operations, GrowOnlySetCheck.Result result) {
    Optional<Explanation> explanation =
        result
            .violation()
            .map(
                violation ->
                    new Explanation(
                        violation.culprit(),
                        List.of(),
                        List.of(),
                        violation.concurrent(),
                        violation.operations(),
                        result.sentence()));
    return new KeyReport(
        key,
        explanation.isPresent()
            ? Verdict.invalid(about(key) + result.sentence())
            : Verdict.valid(about(key) + "an order explains every answer"),
        operations.size(),
        0,
        operations.size(),
        result.order().stream().map(o -> new LinearizationStep(o, "")).toList(),
        explanation);
  }

  private <S> KeyReport search(
      @Nullable Object key, List<Operation> operations, Model<S> model, Budget budget) {
    SearchProblem<S> problem = SearchProblem.of(model, operations);
    Optional<Operation> inexplicable = problem.firstInexplicable();
    // Already refuted: what is left to find is only how far an order gets.
    Budget searchBudget = inexplicable.isPresent() ? Budget.of(explainTime(budget)) : budget;
    SearchOutcome outcome = new KeySearch<>(problem, searchBudget).run();
    if (outcome.end() == SearchOutcome.End.EXHAUSTED && KeySearch.looksAhead(problem)) {
      // How far an order gets is told by a search that does not give up before it has to.
      SearchOutcome exact = new KeySearch<>(problem, Budget.of(EXPLAIN_TIME_MIN), false).run();
      outcome = outcome.withOrder(exact);
    }
    Optional<Explanation> explanation = Optional.empty();
    Verdict verdict;
    if (outcome.end() == SearchOutcome.End.FOUND) {
      verdict = Verdict.valid(about(key) + "an order explains every answer");
    } else if (outcome.end() == SearchOutcome.End.EXHAUSTED || inexplicable.isPresent()) {
      Explanation found = explain(outcome, inexplicable, operations, model, budget);
      explanation = Optional.of(found);
      verdict = Verdict.invalid(about(key) + found.sentence());
    } else {
      String reason = budget.exhausted();
      verdict =
          Verdict.unknown(
              about(key)
                  + (reason == null ? "the search was stopped" : reason)
                  + " after "
                  + outcome.steps()
                  + " steps");
    }
    return new KeyReport(
        key,
        verdict,
        operations.size(),
        outcome.configurations(),
        outcome.steps(),
        outcome.order(),
        explanation);
  }

  private static Duration explainTime(Budget budget) {
    Duration share = budget.remaining().dividedBy(EXPLAIN_TIME_DIVISOR);
    return share.compareTo(EXPLAIN_TIME_MIN) < 0
        ? EXPLAIN_TIME_MIN
        : share.compareTo(EXPLAIN_TIME_MAX) > 0 ? EXPLAIN_TIME_MAX : share;
  }

  private <S> Explanation explain(
      SearchOutcome outcome,
      Optional<Operation> inexplicable,
      List<Operation> operations,
      Model<S> model,
      Budget budget) {
    Operation culprit = outcome.culprit() == null ? inexplicable.orElse(null) : outcome.culprit();
    if (culprit == null) {
      throw new IllegalStateException(
          "a search ended without an order and without an operation in its way");
    }
    Shrinker<S> shrinker = new Shrinker<>(model, Budget.of(explainTime(budget)));
    culprit = shrinker.settle(operations, culprit);
    Shrinker.Violation violation =
        shrinking
            ? shrinker.shrink(operations, culprit)
            : new Shrinker.Violation(
                Shrinker.upTo(operations, culprit), culprit, outcome.stuckStates());
    return new Explanation(
        violation.culprit(),
        outcome.order(),
        violation.possibleStates(),
        violation.concurrent(),
        violation.operations(),
        new ViolationStory(model, operations).tell(violation));
  }

  private static String about(@Nullable Object key) {
    return key == null ? "" : "key " + HistoryValues.show(key) + ": ";
  }

  private static Verdict overall(List<KeyReport> reports, int operations) {
    Verdict verdict = Verdict.all(reports.stream().map(KeyReport::verdict).toList());
    if (!verdict.isValid()) {
      return verdict;
    }
    String contradiction =
        reports.stream()
            .filter(report -> !report.versionsContradict().isEmpty())
            .findFirst()
            .map(
                report ->
                    "; "
                        + about(report.key())
                        + "the versions tell another order: "
                        + report.versionsContradict())
            .orElse("");
    return Verdict.valid(
        (reports.size() <= 1
                ? "an order explains all " + operations + " operations"
                : "on each of "
                    + reports.size()
                    + " keys an order explains its operations, "
                    + operations
                    + " in all")
            + contradiction);
  }
}
