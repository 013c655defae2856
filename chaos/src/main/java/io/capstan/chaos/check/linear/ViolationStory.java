package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.HistoryEvent;
import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Outcome;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Tells a violation in one sentence: who saw what, and what had been promised before. */
final class ViolationStory {
  private static final double NANOS_PER_SECOND = 1e9;

  private final Model<?> model;
  private final List<Operation> all;

  /**
   * A teller.
   *
   * @param all every operation on the object, failed ones included
   */
  ViolationStory(Model<?> model, List<Operation> all) {
    this.model = model;
    this.all = all;
  }

  String tell(Shrinker.Violation violation) {
    Operation culprit = violation.culprit();
    Footprint footprint = model.footprint(Call.of(culprit));
    boolean oneValue = all.stream().allMatch(o -> model.footprint(Call.of(o)) != null);
    if (oneValue && footprint != null && footprint.observes()) {
      Optional<String> known = tellValue(violation, culprit, footprint.observed());
      if (known.isPresent()) {
        return known.get();
      }
    }
    return tellMissing(violation, culprit).orElseGet(() -> tellStates(violation, culprit));
  }

  /**
   * For objects that grow: something acknowledged before the read began does not show in what it
   * read.
   */
  private Optional<String> tellMissing(Shrinker.Violation violation, Operation culprit) {
    Call read = Call.of(culprit);
    if (!model.isReadOnly(read)) {
      return Optional.empty();
    }
    return violation.operations().stream()
        .filter(o -> o.isOk() && o.precedes(culprit) && model.isGrowing(Call.of(o)))
        .filter(o -> !model.canObserve(read, Call.of(o)))
        .max(Comparator.comparingInt(Operation::completePosition))
        .map(missing -> tellAcknowledged(culprit, missing));
  }

  private String tellAcknowledged(Operation culprit, Operation write) {
    return act(culprit)
        + at(culprit.invokeNanos(), write.completeNanos())
        + " although client "
        + write.process()
        + "'s "
        + noun(write)
        + " had been acknowledged"
        + at(write.completeNanos(), culprit.invokeNanos());
  }

  private Optional<String> tellValue(
      Shrinker.Violation violation, Operation culprit, @Nullable Object seen) {
    if (!Objects.equals(seen, model.initialValue()) && !isCaused(culprit, seen)) {
      return Optional.of(tellUncaused(culprit, seen));
    }
    Optional<Operation> overwritten =
        violation.operations().stream()
            .filter(o -> o.isOk() && o.precedes(culprit) && leavesAnother(o, seen))
            .max(Comparator.comparingInt(Operation::completePosition));
    if (overwritten.isPresent()) {
      return Optional.of(tellAcknowledged(culprit, overwritten.get()));
    }
    return violation.operations().stream()
        .filter(o -> o.isOk() && o.precedes(culprit) && model.isReadOnly(Call.of(o)))
        .filter(o -> !Objects.equals(o.output(), culprit.output()))
        .max(Comparator.comparingInt(Operation::completePosition))
        .map(
            read ->
                act(culprit)
                    + at(culprit.invokeNanos(), read.completeNanos())
                    + " although client "
                    + read.process()
                    + " had already read "
                    + HistoryValues.show(read.output())
                    + at(read.completeNanos(), culprit.invokeNanos()));
  }

  private boolean isCaused(Operation culprit, @Nullable Object seen) {
    return all.stream()
        .anyMatch(
            o ->
                o.id() != culprit.id()
                    && o.outcome() != Outcome.FAILED
                    && o.invokePosition() < culprit.completePosition()
                    && leaves(o, seen));
  }

  private String tellUncaused(Operation culprit, @Nullable Object seen) {
    String act = act(culprit) + at(culprit.completeNanos(), HistoryEvent.NO_TIME);
    Optional<Operation> failed =
        all.stream()
            .filter(o -> o.outcome() == Outcome.FAILED && leaves(o, seen))
            .min(Comparator.comparingInt(Operation::invokePosition));
    if (failed.isPresent()) {
      return act
          + " although client "
          + failed.get().process()
          + "'s "
          + noun(failed.get())
          + (failed.get().precedes(culprit) ? " had failed" : " failed")
          + at(failed.get().completeNanos(), culprit.completeNanos())
          + ", which means that it had no effect";
    }
    return all.stream()
        .filter(o -> o.id() != culprit.id() && leaves(o, seen))
        .min(Comparator.comparingInt(Operation::invokePosition))
        .map(
            o ->
                act
                    + " before client "
                    + o.process()
                    + " began its "
                    + noun(o)
                    + at(o.invokeNanos(), culprit.completeNanos()))
        .orElse(act + " although nobody had ever written " + HistoryValues.show(seen));
  }

  private String tellStates(Shrinker.Violation violation, Operation culprit) {
    String act = act(culprit) + at(culprit.completeNanos(), HistoryEvent.NO_TIME);
    Optional<Operation> rival =
        violation.concurrent().stream()
            .filter(o -> o.isOk() && o.f().equals(culprit.f()))
            .findFirst();
    if (culprit.f().equals("cas") && rival.isPresent()) {
      return act
          + " and so did client "
          + rival.get().process()
          + "'s "
          + noun(rival.get())
          + ", but no order lets both find the value that they expected";
    }
    // A search that looks ahead stops before the culprit, so its states would tell nothing.
    boolean lookedAhead = all.stream().anyMatch(o -> model.isGrowing(Call.of(o)));
    if (lookedAhead || violation.possibleStates().isEmpty()) {
      return act
          + " and no order of the "
          + violation.operations().size()
          + " operations until then explains it";
    }
    return act
        + " although the "
        + model.name()
        + " can only have held "
        + String.join(" or ", violation.possibleStates())
        + " by then";
  }

  private boolean leaves(Operation operation, @Nullable Object value) {
    Footprint footprint = model.footprint(Call.of(operation));
    return footprint != null && footprint.produces() && Objects.equals(footprint.produced(), value);
  }

  private boolean leavesAnother(Operation operation, @Nullable Object value) {
    Footprint footprint = model.footprint(Call.of(operation));
    return footprint != null
        && footprint.produces()
        && !Objects.equals(footprint.produced(), value);
  }

  private String act(Operation operation) {
    String client = "client " + operation.process();
    return model.isReadOnly(Call.of(operation))
        ? client + " read " + HistoryValues.show(operation.output())
        : client + "'s " + noun(operation) + " succeeded";
  }

  private static String noun(Operation operation) {
    if (operation.f().equals("cas")
        && operation.input() instanceof List<?> pair
        && pair.size() == 2) {
      return "cas from "
          + HistoryValues.show(pair.get(0))
          + " to "
          + HistoryValues.show(pair.get(1));
    }
    return operation.f()
        + (operation.input() == null ? "" : " of " + HistoryValues.show(operation.input()));
  }

  /**
   * " at 12.3 s", with as many digits as tell it from the other time; nothing if the time is not
   * known.
   */
  static String at(long nanos, long otherNanos) {
    if (nanos == HistoryEvent.NO_TIME || nanos == Operation.NEVER) {
      return "";
    }
    for (String format : List.of("%.1f", "%.3f")) {
      String text = String.format(Locale.ROOT, format, nanos / NANOS_PER_SECOND);
      if (!text.equals(String.format(Locale.ROOT, format, otherNanos / NANOS_PER_SECOND))) {
        return " at " + text + " s";
      }
    }
    return " at " + String.format(Locale.ROOT, "%.6f", nanos / NANOS_PER_SECOND) + " s";
  }
}
