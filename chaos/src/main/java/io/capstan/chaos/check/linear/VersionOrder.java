package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.Extras;
import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Outcome;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The one order that the store's own versions tell, where a history carries them: writes by their
 * version, each read behind the write that it names. The order is then held against the definition,
 * every answer and all of real time, so that it is a proof by itself: that the versions are right
 * is presumed nowhere. What does not stand the test proves nothing, and is left to the search.
 *
 * <p>Takes as long as sorting, where the search is exponential.
 *
 * @param <S> the states of the model
 */
final class VersionOrder<S> {
  private static final int NONE = -1;

  /**
   * What the versions tell.
   *
   * @param steps the order; null if they tell none
   * @param why why they tell none
   * @param isContradicted whether they tell an order, but one that does not explain the history
   */
  record Told(@Nullable List<LinearizationStep> steps, String why, boolean isContradicted) {}

  private final Model<S> model;
  private final TreeMap<Long, Operation> writes = new TreeMap<>();
  private final List<Operation> reads = new ArrayList<>();

  /** Writes of unknown outcome and without a version: in the order only if a read names them. */
  private final List<Operation> unplaced = new ArrayList<>();

  private VersionOrder(Model<S> model) {
    this.model = model;
  }

  /**
   * The order that the versions of one object's operations tell.
   *
   * @throws Model.UnsupportedCallException if the model does not know one of the calls
   */
  static <S> Told of(Model<S> model, List<Operation> operations) {
    List<Operation> took = operations.stream().filter(o -> o.outcome() != Outcome.FAILED).toList();
    VersionOrder<S> order =
        new VersionOrder<>(model.specialisedFor(took.stream().map(Call::of).toList()));
    String missing = order.collect(took);
    if (missing == null) {
      missing = order.placeSeen();
    }
    return missing != null ? new Told(null, missing, false) : order.told();
  }

  /** Sorts the operations; returns why the versions do not suffice. */
  private @Nullable String collect(List<Operation> operations) {
    for (Operation operation : operations) {
      if (model.isReadOnly(Call.of(operation))) {
        if (operation.isOk()) {
          reads.add(operation);
        }
        continue;
      }
      Long version = number(operation.extra(Extras.VERSION));
      if (version == null && operation.isOk()) {
        return show(operation) + " carries no version that is a number";
      }
      if (version == null) {
        unplaced.add(operation);
      } else if (writes.putIfAbsent(version, operation) != null) {
        return "two writes carry version " + version;
      }
    }
    return writes.isEmpty() ? "no write carries a version" : null;
  }

  /**
   * Gives the writes of unknown outcome the version that a read names together with their value.
   */
  private @Nullable String placeSeen() {
    for (Operation read : reads) {
      Long version = versionSeen(read);
      if (version == null || writes.containsKey(version) || version < writes.firstKey()) {
        continue;
      }
      Operation writer =
          unplaced.stream()
              .filter(write -> write.invokePosition() < read.completePosition())
              .filter(write -> leaves(write, read))
              .min(Comparator.comparingInt(Operation::invokePosition))
              .orElse(null);
      if (writer == null) {
        return show(read) + " names version " + version + ", which no write carries";
      }
      unplaced.remove(writer);
      writes.put(version, writer);
    }
    return null;
  }

  private boolean leaves(Operation write, Operation read) {
    Footprint left = model.footprint(Call.of(write));
    Footprint seen = model.footprint(Call.of(read));
    return left != null
        && seen != null
        && left.produces()
        && seen.observes()
        && Objects.equals(left.produced(), seen.observed());
  }

  private static @Nullable Long number(@Nullable Object version) {
    try {
      return switch (version) {
        case Long number -> number;
        case String text -> Long.valueOf(text);
        case null, default -> null;
      };
    } catch (NumberFormatException e) {
      return null;
    }
  }

  private static @Nullable Long versionSeen(Operation read) {
    List<@Nullable Object> versions = read.extraList(Extras.VERSIONS);
    return number(versions.size() == 1 ? versions.get(0) : read.extra(Extras.VERSION));
  }

  private Told told() {
    List<Long> versions = List.copyOf(writes.keySet());
    List<Operation> written = List.copyOf(writes.values());
    List<S> states = new ArrayList<>(written.size() + 1);
    states.add(model.initial());
    for (Operation write : written) {
      S after = model.step(states.get(states.size() - 1), Call.of(write));
      if (after == null) {
        return contradicted(show(write) + " is not possible behind the version before its own");
      }
      states.add(after);
    }
    int[] places = places(versions, written, states);
    List<List<Operation>> readsAt = new ArrayList<>(states.size());
    states.forEach(unused -> readsAt.add(new ArrayList<>()));
    for (int i = 0; i < places.length; i++) {
      if (places[i] == NONE) {
        return contradicted(show(reads.get(i)) + " fits nowhere between the versions");
      }
      readsAt.get(places[i]).add(reads.get(i));
    }
    List<Operation> order = new ArrayList<>(written.size() + reads.size());
    for (int place = 0; place < states.size(); place++) {
      if (place > 0) {
        order.add(written.get(place - 1));
      }
      order.addAll(readsAt.get(place));
    }
    return verified(order);
  }

  /**
   * Behind how many writes each read stands: where its version says; or, without one, at the first
   * place where its answer and the operations before and after it in time let it stand. Sorts the
   * reads by invocation.
   */
  private int[] places(List<Long> versions, List<Operation> written, List<S> states) {
    reads.sort(Comparator.comparingInt(Operation::invokePosition));
    Integer[] byEnd = new Integer[reads.size()];
    for (int i = 0; i < byEnd.length; i++) {
      byEnd[i] = i;
    }
    Arrays.sort(byEnd, Comparator.comparingInt(number -> reads.get(number).completePosition()));
    List<Integer> writesByEnd = new ArrayList<>();
    for (int i = 0; i < written.size(); i++) {
      writesByEnd.add(i);
    }
    writesByEnd.sort(Comparator.comparingInt(number -> written.get(number).completePosition()));
    int[] places = new int[reads.size()];
    int earliest = 0;
    int nextRead = 0;
    int nextWrite = 0;
    for (int i = 0; i < places.length; i++) {
      Operation read = reads.get(i);
      // Whatever ended before this read began stands before it.
      while (nextRead < byEnd.length && reads.get(byEnd[nextRead]).precedes(read)) {
        earliest = Math.max(earliest, places[byEnd[nextRead++]]);
      }
      while (nextWrite < writesByEnd.size()
          && written.get(writesByEnd.get(nextWrite)).precedes(read)) {
        earliest = Math.max(earliest, writesByEnd.get(nextWrite++) + 1);
      }
      Long version = versionSeen(read);
      places[i] =
          version == null ? firstPlace(read, earliest, written, states) : place(versions, version);
    }
    return places;
  }

  private static int place(List<Long> versions, long version) {
    int found = Collections.binarySearch(versions, version);
    return found >= 0 ? found + 1 : -found - 1;
  }

  private int firstPlace(Operation read, int from, List<Operation> written, List<S> states) {
    Call call = Call.of(read);
    for (int place = from; place < states.size(); place++) {
      if (place > from && read.precedes(written.get(place - 1))) {
        return NONE;
      }
      if (model.step(states.get(place), call) != null) {
        return place;
      }
    }
    return NONE;
  }

  /** Holds the order against the definition, whatever it was made of. */
  private Told verified(List<Operation> order) {
    List<LinearizationStep> steps = new ArrayList<>(order.size());
    S state = model.initial();
    Operation lastInvoked = null;
    for (Operation operation : order) {
      if (lastInvoked != null && operation.precedes(lastInvoked)) {
        return contradicted(
            show(operation)
                + " ended before "
                + show(lastInvoked)
                + " began, but stands behind it");
      }
      S after = model.step(state, Call.of(operation));
      if (after == null) {
        return contradicted(
            show(operation) + " should have found " + model.show(state) + " by its version");
      }
      state = after;
      steps.add(new LinearizationStep(operation, model.show(state)));
      if (lastInvoked == null || operation.invokePosition() > lastInvoked.invokePosition()) {
        lastInvoked = operation;
      }
    }
    return new Told(steps, "", false);
  }

  private static Told contradicted(String why) {
    return new Told(null, why, true);
  }

  private static String show(Operation operation) {
    Map<String, @Nullable Object> extras = operation.extras();
    Object version =
        extras.containsKey(Extras.VERSIONS)
            ? extras.get(Extras.VERSIONS)
            : extras.get(Extras.VERSION);
    return "client "
        + operation.process()
        + "'s "
        + operation.f()
        + (operation.input() == null ? "" : " of " + HistoryValues.show(operation.input()))
        + (operation.isOk() && operation.output() != null && operation.input() == null
            ? " of " + HistoryValues.show(operation.output())
            : "")
        + (version == null ? "" : " (version " + HistoryValues.show(version) + ")");
  }
}
