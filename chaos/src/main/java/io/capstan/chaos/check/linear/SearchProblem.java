package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Outcome;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The operations on one object, made ready for the search: failed ones are gone, those that took
 * effect are <em>required</em>, those of unknown outcome are <em>optional</em>. Equal calls share a
 * number (their class), and optional operations of one class are interchangeable but for when they
 * were invoked.
 *
 * @param <S> the states of the model
 */
final class SearchProblem<S> {
  final Model<S> model;

  /** What the classes stand for. */
  final List<Call> calls;

  /** By class: whether the call leaves every state as it is. */
  final boolean[] readOnly;

  /** By class: whether the call only adds. */
  final boolean[] growing;

  /** By class: whether the call is legal in every state. */
  final boolean[] unconditional;

  /** By class: whether the call leads to the same state from every one. */
  final boolean[] blind;

  /** Operations that took effect, by invocation. */
  final Operation[] required;

  /** The class of each required operation. */
  final int[] requiredClass;

  /** The classes of optional operations that somebody may have seen. */
  final int[] optionalClass;

  /** For each entry of {@link #optionalClass}, its operations by invocation. */
  final Operation[][] optional;

  private SearchProblem(
      Model<S> model,
      List<Call> calls,
      List<Operation> required,
      Map<Integer, List<Operation>> optional) {
    this.model = model;
    this.calls = calls;
    this.readOnly = new boolean[calls.size()];
    for (int i = 0; i < readOnly.length; i++) {
      readOnly[i] = model.isReadOnly(calls.get(i));
    }
    this.growing = new boolean[calls.size()];
    this.unconditional = new boolean[calls.size()];
    this.blind = new boolean[calls.size()];
    for (int i = 0; i < growing.length; i++) {
      growing[i] = model.isGrowing(calls.get(i));
      unconditional[i] = model.isUnconditional(calls.get(i));
      blind[i] = model.isBlind(calls.get(i));
    }
    this.required = required.toArray(Operation[]::new);
    Map<Call, Integer> classes = new HashMap<>();
    for (int i = 0; i < calls.size(); i++) {
      classes.put(calls.get(i), i);
    }
    this.requiredClass = new int[this.required.length];
    for (int i = 0; i < requiredClass.length; i++) {
      requiredClass[i] = Objects.requireNonNull(classes.get(Call.of(this.required[i])));
    }
    this.optionalClass = optional.keySet().stream().mapToInt(Integer::intValue).toArray();
    this.optional =
        optional.values().stream()
            .map(list -> list.toArray(Operation[]::new))
            .toArray(Operation[][]::new);
  }

  /**
   * Prepares the operations on one object.
   *
   * @throws Model.UnsupportedCallException if the model does not know one of the calls
   */
  static <S> SearchProblem<S> of(Model<S> model, List<Operation> operations) {
    List<Operation> ordered = new ArrayList<>(operations);
    ordered.sort(Comparator.comparingInt(Operation::invokePosition));
    Map<Call, Integer> classes = new LinkedHashMap<>();
    List<Operation> required = new ArrayList<>();
    Map<Integer, List<Operation>> optional = new LinkedHashMap<>();
    for (Operation operation : ordered) {
      Call call = Call.of(operation);
      if (operation.outcome() == Outcome.FAILED
          || (operation.outcome() == Outcome.UNKNOWN && model.isReadOnly(call))) {
        continue;
      }
      int number = classes.computeIfAbsent(call, unused -> classes.size());
      if (operation.isOk()) {
        required.add(operation);
      } else {
        optional.computeIfAbsent(number, unused -> new ArrayList<>()).add(operation);
      }
    }
    List<Call> calls = List.copyOf(classes.keySet());
    Model<S> specialised = model.specialisedFor(calls);
    dropUnobserved(specialised, calls, required, optional);
    return new SearchProblem<>(specialised, calls, required, optional);
  }

  /**
   * Whether a required call counts as covered where all before this number have seen a blind call
   * placed: it is no obligation any more.
   */
  boolean isCovered(int call, int covered) {
    return call < covered && unconditional[requiredClass[call]];
  }

  /**
   * An operation of unknown outcome that nobody can have seen explains nothing: without it every
   * order of the others stays as legal as it was. Repeated, because what is dropped sees nothing
   * any more.
   */
  private static <S> void dropUnobserved(
      Model<S> model,
      List<Call> calls,
      List<Operation> required,
      Map<Integer, List<Operation>> optional) {
    int[] lastReturn = new int[calls.size()];
    Arrays.fill(lastReturn, -1);
    Map<Call, Integer> classes = new HashMap<>();
    for (int i = 0; i < calls.size(); i++) {
      classes.put(calls.get(i), i);
    }
    for (Operation operation : required) {
      int number = Objects.requireNonNull(classes.get(Call.of(operation)));
      lastReturn[number] = Math.max(lastReturn[number], operation.completePosition());
    }
    optional.keySet().forEach(number -> lastReturn[number] = Operation.OPEN);
    boolean changed = true;
    while (changed) {
      changed = false;
      for (int effect : List.copyOf(optional.keySet())) {
        int seenUntil = -1;
        for (int observer = 0; observer < calls.size(); observer++) {
          boolean other = observer != effect;
          if (other
              && lastReturn[observer] > seenUntil
              && model.canObserve(calls.get(observer), calls.get(effect))) {
            seenUntil = lastReturn[observer];
          }
        }
        int until = seenUntil;
        List<Operation> kept = Objects.requireNonNull(optional.get(effect));
        changed |= kept.removeIf(operation -> operation.invokePosition() > until);
        if (kept.isEmpty()) {
          optional.remove(effect);
          lastReturn[effect] = -1;
        }
      }
    }
  }

  /**
   * An operation whose answer nobody can have caused: it saw a value that is neither the initial
   * one nor left by any operation invoked before it ended. Found without search, for models with
   * footprints; the first by completion. Or one for which a value came back too often ({@link
   * SupplyCheck}).
   */
  Optional<Operation> firstInexplicable() {
    List<Footprint> footprints = new ArrayList<>(calls.size());
    for (Call call : calls) {
      Footprint footprint = model.footprint(call);
      if (footprint == null) {
        return Optional.empty();
      }
      footprints.add(footprint);
    }
    // The two earliest producers of each value: a call cannot be its own cause.
    Map<Object, Operation> first = new HashMap<>();
    Map<Object, Operation> second = new HashMap<>();
    for (int i = 0; i < required.length; i++) {
      noteProducer(footprints.get(requiredClass[i]), required[i], first, second);
    }
    for (int c = 0; c < optional.length; c++) {
      for (Operation operation : optional[c]) {
        noteProducer(footprints.get(optionalClass[c]), operation, first, second);
      }
    }
    Operation found = null;
    for (int i = 0; i < required.length; i++) {
      Footprint footprint = footprints.get(requiredClass[i]);
      if (!footprint.observes() || Objects.equals(footprint.observed(), model.initialValue())) {
        continue;
      }
      Object value = Optional.ofNullable(footprint.observed());
      Operation producer = first.get(value);
      if (producer == required[i]) {
        producer = second.get(value);
      }
      boolean caused =
          producer != null && producer.invokePosition() < required[i].completePosition();
      if (!caused && (found == null || required[i].completePosition() < found.completePosition())) {
        found = required[i];
      }
    }
    return found != null ? Optional.of(found) : SupplyCheck.firstUnsupplied(this, footprints);
  }

  private static void noteProducer(
      Footprint footprint,
      Operation operation,
      Map<Object, Operation> first,
      Map<Object, Operation> second) {
    if (!footprint.produces()) {
      return;
    }
    Object value = Optional.ofNullable(footprint.produced());
    Operation known = first.get(value);
    if (known == null || operation.invokePosition() < known.invokePosition()) {
      first.put(value, operation);
      if (known != null) {
        second.put(value, known);
      }
      return;
    }
    Operation knownSecond = second.get(value);
    if (knownSecond == null || operation.invokePosition() < knownSecond.invokePosition()) {
      second.put(value, operation);
    }
  }
}
