package io.capstan.chaos.check.ladder;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryEvent;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.check.eventual.ConvergenceChecker;
import io.capstan.chaos.check.eventual.ReplicaStates;
import io.capstan.chaos.check.linear.LinearizabilityChecker;
import io.capstan.chaos.check.linear.RegisterModel;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The consistency ladder over registers: which rung is the strongest that holds, and which the
 * first that breaks. Reads may return one value or, as an available keyspace does, a list of values
 * beside each other. Stateless.
 */
public final class Ladder {
  private static final int LINEARIZABLE_SHARE = 2;

  private Ladder() {}

  /**
   * The answer.
   *
   * @param rungs the verdict on each rung, the strongest first
   */
  public record Report(Map<Rung, Verdict> rungs) {
    /** The strongest rung that holds for certain. */
    public Optional<Rung> strongest() {
      return rungs.keySet().stream().filter(rung -> on(rung).isValid()).findFirst();
    }

    /** The weakest rung that breaks for certain: the first from below. */
    public Optional<Rung> firstBroken() {
      return rungs.keySet().stream()
          .filter(rung -> on(rung).isInvalid())
          .reduce((stronger, weaker) -> weaker);
    }

    /** The verdict on one rung. */
    public Verdict on(Rung rung) {
      return Objects.requireNonNull(rungs.get(rung));
    }

    /**
     * The whole ladder as one verdict: that of its top, with the rungs as story and figures, and
     * what breaks the first one to pin.
     */
    public Verdict verdict() {
      Optional<Rung> broken = firstBroken();
      String why =
          strongest().map(rung -> rung.label() + " holds").orElse("no rung is sure to hold")
              + broken
                  .map(rung -> ", " + rung.label() + " breaks: " + on(rung).why())
                  .orElse(", none breaks for certain");
      List<String> story = new ArrayList<>();
      Map<String, Object> figures = new LinkedHashMap<>();
      rungs.forEach(
          (rung, verdict) -> {
            story.add(rung.label() + ": " + verdict.status().label() + ": " + verdict.why());
            figures.put(rung.label(), verdict.status().label());
          });
      return new Verdict(
          on(Rung.LINEARIZABLE).status(),
          why,
          broken.map(rung -> on(rung).operations()).orElse(List.of()),
          story,
          new LinkedHashMap<>(figures));
    }
  }

  /**
   * Judges every rung.
   *
   * @param initial what every key holds before the first write
   * @param finalStates what the replicas held in the end, if that is known
   * @throws IllegalArgumentException if the history holds other operations than read, write, delete
   *     and cas
   */
  public static Report climb(
      History history,
      @Nullable Object initial,
      Optional<ReplicaStates> finalStates,
      Budget budget) {
    Accesses accesses = new Accesses(history.operations(), initial);
    Map<Rung, Verdict> rungs = new EnumMap<>(Rung.class);
    Verdict linearizable = linearizable(history, accesses, initial, budget);
    rungs.put(Rung.LINEARIZABLE, linearizable);
    if (linearizable.isValid()) {
      imply(rungs, Rung.LINEARIZABLE);
    } else {
      CausalOrder order = new CausalOrder(accesses, budget);
      rungs.putAll(SessionChecker.check(accesses, order, budget));
      Verdict causal = Objects.requireNonNull(rungs.get(Rung.CAUSAL));
      if (causal.isInvalid()) {
        rungs.put(Rung.SEQUENTIAL, causal);
      } else {
        Verdict sequential =
            new SequentialChecker(initial).check(history.operations(), accesses, budget);
        rungs.put(Rung.SEQUENTIAL, sequential);
        if (sequential.isValid()) {
          imply(rungs, Rung.SEQUENTIAL);
        }
      }
    }
    rungs.put(
        Rung.EVENTUAL,
        finalStates
            .map(states -> ConvergenceChecker.check(states).verdict())
            .orElseGet(() -> quietReads(history)));
    return new Report(rungs);
  }

  /** The verdict on one rung alone, without what the others cost. */
  public static Verdict judge(
      Rung rung,
      History history,
      @Nullable Object initial,
      Optional<ReplicaStates> finalStates,
      Budget budget) {
    if (rung == Rung.EVENTUAL) {
      return finalStates
          .map(states -> ConvergenceChecker.check(states).verdict())
          .orElseGet(() -> quietReads(history));
    }
    Accesses accesses = new Accesses(history.operations(), initial);
    if (rung == Rung.LINEARIZABLE) {
      return linearizable(history, accesses, initial, budget);
    }
    Map<Rung, Verdict> sessions =
        SessionChecker.check(accesses, new CausalOrder(accesses, budget), budget);
    Verdict causal = Objects.requireNonNull(sessions.get(Rung.CAUSAL));
    return rung != Rung.SEQUENTIAL
        ? Objects.requireNonNull(sessions.get(rung))
        : causal.isInvalid()
            ? causal
            : new SequentialChecker(initial).check(history.operations(), accesses, budget);
  }

  private static void imply(Map<Rung, Verdict> rungs, Rung holds) {
    for (Rung rung : Rung.values()) {
      boolean implied = rung.compareTo(holds) > 0 && rung != Rung.EVENTUAL;
      if (implied) {
        rungs.put(rung, Verdict.valid("implied by " + holds.label()));
      }
    }
  }

  private static Verdict linearizable(
      History history, Accesses accesses, @Nullable Object initial, Budget budget) {
    for (Access access : accesses.all) {
      if (access.seen != null && access.seen.size() > 1) {
        return Verdict.invalid(
            access.told() + ": several values at once, which no register holds",
            List.of(access.operation));
      }
    }
    History registers = accesses.siblings ? withoutLists(history) : history;
    return new LinearizabilityChecker()
        .check(
            registers,
            RegisterModel.casRegister(initial),
            Budget.of(budget.remaining().dividedBy(LINEARIZABLE_SHARE)))
        .pinned();
  }

  /** The same history with the one value of each read in place of the list that holds it. */
  private static History withoutLists(History history) {
    List<HistoryEvent> events = new ArrayList<>(history.events().size());
    for (HistoryEvent event : history.events()) {
      boolean read = Set.of("read", "get", "r").contains(event.f());
      events.add(
          read && event.value() instanceof List<?> list
              ? new HistoryEvent(
                  event.index(),
                  event.timeNanos(),
                  event.process(),
                  event.type(),
                  event.f(),
                  event.key(),
                  list.isEmpty() ? null : list.get(0),
                  event.extras())
              : event);
    }
    return History.of(events);
  }

  /**
   * What reads say that began when all writing on their key was over: if the last one of each of
   * several clients agree, they have converged. If not, they still may.
   */
  private static Verdict quietReads(History history) {
    Map<@Nullable Object, Integer> writtenUntil = new HashMap<>();
    for (Operation operation : history.operations()) {
      boolean read = Set.of("read", "get", "r").contains(operation.f());
      if (!read && operation.completePosition() != Operation.OPEN) {
        writtenUntil.merge(operation.key(), operation.completePosition(), Math::max);
      }
    }
    Map<@Nullable Object, Map<Long, Optional<Object>>> last = new HashMap<>();
    for (Operation operation : history.operations()) {
      boolean read = Set.of("read", "get", "r").contains(operation.f());
      if (read
          && operation.isOk()
          && operation.invokePosition() > writtenUntil.getOrDefault(operation.key(), -1)) {
        Object seen =
            operation.output() instanceof List<?> list ? Set.copyOf(list) : operation.output();
        last.computeIfAbsent(operation.key(), unused -> new HashMap<>())
            .put(operation.process(), Optional.ofNullable(seen));
      }
    }
    int keys = 0;
    for (Map<Long, Optional<Object>> byClient : last.values()) {
      if (Set.copyOf(byClient.values()).size() > 1) {
        return Verdict.unknown("after the last write clients still read different values");
      }
      keys += byClient.size() > 1 ? 1 : 0;
    }
    return keys > 0 && last.size() >= writtenUntil.size()
        ? Verdict.valid("after the last write all clients read the same, on " + keys + " keys")
        : Verdict.unknown("too few reads after the last write, and no look at the replicas");
  }
}
