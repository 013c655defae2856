package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.Operation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * For objects whose whole state is one value: how often each value can still be written, and how
 * often it must be. A value that somebody saw, that another operation took the place of, and that
 * is seen again after that one, was written once more in between. A search that has spent the
 * writes which it will need for that need not go on; and one that has more of them than anybody
 * will ever look at has enough, however many it spent.
 *
 * <p>Belongs to one search.
 */
final class ValueBalance {
  static final int NONE = -1;

  /** By class of calls: the number of the value that it needs to find, or none. */
  private final int[] observed;

  /** By class of calls: the number of the value that it leaves, or none. */
  private final int[] produced;

  /** By value: operations not placed that would leave it, optional ones included. */
  private final int[] supply;

  /** By value: required operations not placed that need to find it. */
  private final int[] demand;

  /** By value: optional operations that need to find it, whether they were spent or not. */
  private final int[] optionalDemand;

  private final int[] requiredClass;
  private final Operation[] required;
  private final Returns[] returnsByValue;
  private int[] valueByState = new int[64];

  private ValueBalance(SearchProblem<?> problem, List<Footprint> footprints, int[] numbers) {
    int values = numbers[numbers.length - 1];
    this.observed = new int[footprints.size()];
    this.produced = new int[footprints.size()];
    this.supply = new int[values];
    this.demand = new int[values];
    this.optionalDemand = new int[values];
    this.required = problem.required;
    this.requiredClass = problem.requiredClass;
    for (int i = 0; i < observed.length; i++) {
      observed[i] = numbers[2 * i];
      produced[i] = numbers[2 * i + 1];
    }
    for (int callClass : requiredClass) {
      add(supply, produced[callClass], 1);
      add(demand, observed[callClass], 1);
    }
    for (int c = 0; c < problem.optionalClass.length; c++) {
      add(supply, produced[problem.optionalClass[c]], problem.optional[c].length);
      add(optionalDemand, observed[problem.optionalClass[c]], problem.optional[c].length);
    }
    this.returnsByValue = returnsByValue(values);
    Arrays.fill(valueByState, NONE);
  }

  private static void add(int[] counts, int value, int by) {
    if (value != NONE) {
      counts[value] += by;
    }
  }

  /** The balance of a search; null where the state is more than one value. */
  static @Nullable ValueBalance of(SearchProblem<?> problem) {
    List<Footprint> footprints = new ArrayList<>();
    for (Call call : problem.calls) {
      Footprint footprint = problem.model.footprint(call);
      if (footprint == null) {
        return null;
      }
      footprints.add(footprint);
    }
    Map<Object, Integer> numberByValue = new HashMap<>();
    int initial = number(numberByValue, problem.model.initialValue());
    int[] numbers = new int[2 * footprints.size() + 1];
    for (int i = 0; i < footprints.size(); i++) {
      Footprint footprint = footprints.get(i);
      numbers[2 * i] = footprint.observes() ? number(numberByValue, footprint.observed()) : NONE;
      numbers[2 * i + 1] =
          footprint.produces() ? number(numberByValue, footprint.produced()) : NONE;
    }
    numbers[numbers.length - 1] = numberByValue.size();
    ValueBalance balance = new ValueBalance(problem, footprints, numbers);
    balance.valueByState[0] = initial;
    return balance;
  }

  private static int number(Map<Object, Integer> numbers, @Nullable Object value) {
    return numbers.computeIfAbsent(Optional.ofNullable(value), unused -> numbers.size());
  }

  void placeRequired(int callClass) {
    add(supply, produced[callClass], -1);
    add(demand, observed[callClass], -1);
  }

  void takeBackRequired(int callClass) {
    add(supply, produced[callClass], 1);
    add(demand, observed[callClass], 1);
  }

  void spendOptional(int callClass) {
    add(supply, produced[callClass], -1);
  }

  void giveBackOptional(int callClass) {
    add(supply, produced[callClass], 1);
  }

  /** The value that a call leaves, or none. */
  int produced(int callClass) {
    return produced[callClass];
  }

  /** Notes which value a state stands for: it is the one that a call of this class has left. */
  void reached(int state, int callClass) {
    if (state >= valueByState.length) {
      int length = valueByState.length;
      valueByState = Arrays.copyOf(valueByState, Math.max(state + 1, 2 * length));
      Arrays.fill(valueByState, length, valueByState.length, NONE);
    }
    if (produced[callClass] != NONE) {
      valueByState[state] = produced[callClass];
    }
  }

  int value(int state) {
    return valueByState[state];
  }

  /** Whether the call replaces this value by the one that the other call leaves. */
  boolean leadsFrom(int value, int callClass, int otherClass) {
    return observed[callClass] == value && produced[callClass] == produced[otherClass];
  }

  /**
   * For how many calls that leave what this one leaves anybody can have use: each is of use only if
   * the value is seen before the next.
   */
  int useMax(int callClass) {
    int value = produced[callClass];
    return demand[value] + optionalDemand[value];
  }

  /**
   * Whether a value has to be written more often from here on than it can be.
   *
   * @param isHeld whether the object holds it now
   */
  boolean isShort(int value, boolean isHeld, EventList events) {
    if (value == NONE || demand[value] == 0) {
      return false;
    }
    if (supply[value] == 0 && !isHeld) {
      return true;
    }
    Returns returns = returnsByValue[value];
    if (returns.countMax() + 1 <= supply[value]) {
      return false;
    }
    int now = events.returnPosition(events.firstToReturn());
    if (isHeld) {
      return returns.countAfter(now) > supply[value];
    }
    int firstSeen = returns.firstEndAfter(now);
    for (int call = events.first(); events.isCall(call); call = events.after(call)) {
      if (observed[requiredClass[call]] == value) {
        firstSeen = Math.min(firstSeen, required[call].completePosition());
      }
    }
    return firstSeen != Operation.OPEN && 1 + returns.countAfter(firstSeen) > supply[value];
  }

  // ---- what is known before the search ----

  private Returns[] returnsByValue(int values) {
    Integer[] byEnd = new Integer[required.length];
    Arrays.setAll(byEnd, i -> i);
    Arrays.sort(byEnd, Comparator.comparingInt(i -> required[i].completePosition()));
    List<List<Integer>> observersByValue = new ArrayList<>();
    for (int value = 0; value < values; value++) {
      observersByValue.add(new ArrayList<>());
    }
    for (int number : byEnd) {
      int value = observed[requiredClass[number]];
      if (value != NONE) {
        observersByValue.get(value).add(number);
      }
    }
    LatestStarts starts = new LatestStarts(byEnd);
    Returns[] all = new Returns[values];
    for (int value = 0; value < values; value++) {
      all[value] = new Returns(value, observersByValue.get(value), starts);
    }
    return all;
  }

  /** Of the operations that ended before a position, when the last of another value began. */
  private final class LatestStarts {
    private final int[] ends;
    private final int[] start;
    private final int[] valueThere;
    private final int[] startOfOther;

    LatestStarts(Integer[] byEnd) {
      int count = byEnd.length;
      ends = new int[count];
      start = new int[count + 1];
      valueThere = new int[count + 1];
      startOfOther = new int[count + 1];
      start[0] = startOfOther[0] = valueThere[0] = NONE;
      for (int i = 0; i < count; i++) {
        Operation operation = required[byEnd[i]];
        int callClass = requiredClass[byEnd[i]];
        int value = produced[callClass] != NONE ? produced[callClass] : observed[callClass];
        int invoked = operation.invokePosition();
        ends[i] = operation.completePosition();
        start[i + 1] = start[i];
        valueThere[i + 1] = valueThere[i];
        startOfOther[i + 1] = startOfOther[i];
        if (value == NONE) {
          continue;
        }
        if (invoked > start[i]) {
          startOfOther[i + 1] = value == valueThere[i] ? startOfOther[i] : start[i];
          start[i + 1] = invoked;
          valueThere[i + 1] = value;
        } else if (value != valueThere[i]) {
          startOfOther[i + 1] = Math.max(startOfOther[i], invoked);
        }
      }
    }

    int before(int position, int value) {
      int found = Arrays.binarySearch(ends, position);
      int count = found < 0 ? -found - 1 : found;
      return valueThere[count] == value ? startOfOther[count] : start[count];
    }
  }

  /**
   * When one value comes back: how often at least it is written after a moment at which it was
   * seen.
   */
  private final class Returns {
    /**
     * Sorted: the moments until which it may have been seen for this many operations to be returns.
     */
    private final int[] seenUntil;

    /** The one of them that ends first, by how many they are. */
    private final int[] firstToEnd;

    /** By observer: how often the value comes back after it. */
    private final int[] countBehind;

    private final int[] ends;
    private final int[] begins;
    private final int[] firstEndFrom;

    /**
     * @param observers by end
     */
    Returns(int value, List<Integer> observers, LatestStarts starts) {
      int count = observers.size();
      ends = new int[count];
      Integer[] byMoment = new Integer[count];
      int[] moment = new int[count];
      for (int i = 0; i < count; i++) {
        Operation observer = required[observers.get(i)];
        ends[i] = observer.completePosition();
        moment[i] = starts.before(observer.invokePosition(), value);
        byMoment[i] = i;
      }
      Arrays.sort(byMoment, Comparator.comparingInt(i -> moment[i]));
      seenUntil = new int[count];
      firstToEnd = new int[count];
      int first = NONE;
      for (int i = count - 1; i >= 0; i--) {
        seenUntil[i] = moment[byMoment[i]];
        first = first == NONE || byMoment[i] < first ? byMoment[i] : first;
        firstToEnd[i] = first;
      }
      countBehind = new int[count];
      for (int i = count - 1; i >= 0; i--) {
        countBehind[i] = countAfter(ends[i]);
      }
      Integer[] byBegin = new Integer[count];
      Arrays.setAll(byBegin, i -> i);
      Arrays.sort(
          byBegin, Comparator.comparingInt(i -> required[observers.get(i)].invokePosition()));
      begins = new int[count];
      firstEndFrom = new int[count + 1];
      firstEndFrom[count] = Operation.OPEN;
      for (int i = count - 1; i >= 0; i--) {
        begins[i] = required[observers.get(byBegin[i])].invokePosition();
        firstEndFrom[i] = Math.min(firstEndFrom[i + 1], ends[byBegin[i]]);
      }
    }

    int countMax() {
      return ends.length;
    }

    /** How often at least it comes back once it was seen at this position. */
    int countAfter(int position) {
      int from = firstAbove(seenUntil, position);
      return from == seenUntil.length ? 0 : 1 + countBehind[firstToEnd[from]];
    }

    /** Where the first of those that begin after this position ends. */
    int firstEndAfter(int position) {
      return firstEndFrom[firstAbove(begins, position)];
    }

    private static int firstAbove(int[] sorted, int position) {
      int low = 0;
      int high = sorted.length;
      while (low < high) {
        int middle = (low + high) >>> 1;
        if (sorted[middle] > position) {
          high = middle;
        } else {
          low = middle + 1;
        }
      }
      return low;
    }
  }
}
