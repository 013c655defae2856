package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.linear.SearchOutcome.End;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The search for an order of the operations on one object. Depth first, as Wing and Gong (1993):
 * the calls and returns of the required operations form a linked list by time; any call before the
 * first return may be next; placing it lifts both its entries out, going back puts them in again.
 * Visited configurations are remembered, as Lowe (2017).
 *
 * <p>Four rules keep it small, and each loses no solution:
 *
 * <ol>
 *   <li>A read that is legal now is placed now: it changes nothing, so it stands in nobody's way.
 *   <li>Optional operations are drawn from their class by invocation, oldest first; a configuration
 *       is dropped if the same one was reached with fewer of them ({@link ConfigurationSet}).
 *   <li>What follows an optional operation must need it: if the next step were legal without and
 *       led to the same state, the way without is visited anyhow.
 *   <li>Where objects only grow (a string is appended to, a set added to), a state that already
 *       holds what the next read did not see leads nowhere, or is as good as any other if it is
 *       going to be overwritten.
 * </ol>
 *
 * <p>One search, one thread.
 *
 * @param <S> the states of the model
 */
final class KeySearch<S> {
  private static final int POLL_MASK = 0xff;
  private static final int NONE = -1;
  private static final int STUCK_STATES_MAX = 8;

  private final SearchProblem<S> problem;
  private final Budget budget;
  private final TransitionTable<S> transitions;
  private final int count;
  private final int head;
  private final int[] next;
  private final int[] previous;

  /** By required operation: how many calls stand before its return. */
  private final int[] callsBeforeReturn;

  private final OptionalSupply supply;
  private final ConfigurationSet visited;
  private final SearchStack stack = new SearchStack();

  /** What is placed: a required operation's number, or {@code ~c} for one of optional class c. */
  private int[] path = new int[64];

  private int pathLength;
  private long[] key = new long[8];
  private long steps;
  private long bookedBytes;

  private final boolean anyGrowing;
  private final boolean optionalMayReplace;
  private int stuckAt = NONE;
  private int stuckLength = NONE;
  private int[] stuckPath = new int[0];
  private final Set<Integer> stuckStates = new LinkedHashSet<>();

  KeySearch(SearchProblem<S> problem, Budget budget) {
    this.problem = problem;
    this.budget = budget;
    this.transitions = new TransitionTable<>(problem.model, problem.calls);
    this.count = problem.required.length;
    this.head = 2 * count;
    this.next = new int[2 * count + 1];
    this.previous = new int[2 * count + 1];
    this.callsBeforeReturn = new int[count];
    this.supply = new OptionalSupply(problem.optional);
    this.visited = new ConfigurationSet(supply.guards());
    boolean any = false;
    for (boolean growing : problem.growing) {
      any |= growing;
    }
    this.anyGrowing = any;
    boolean replace = false;
    for (int callClass : problem.optionalClass) {
      replace |= !problem.growing[callClass];
    }
    this.optionalMayReplace = replace;
    link();
  }

  /** Calls are the nodes 0..count-1, returns count..2*count-1; in a circle through the head. */
  private void link() {
    Integer[] nodes = new Integer[2 * count];
    Arrays.setAll(nodes, i -> i);
    Arrays.sort(nodes, Comparator.comparingInt(this::position));
    int last = head;
    int calls = 0;
    for (int node : nodes) {
      next[last] = node;
      previous[node] = last;
      last = node;
      if (node < count) {
        calls++;
      } else {
        callsBeforeReturn[node - count] = calls;
      }
    }
    next[last] = head;
    previous[head] = last;
  }

  private int position(int node) {
    return node < count
        ? problem.required[node].invokePosition()
        : problem.required[node - count].completePosition();
  }

  /** Searches until an order is found, none is left, or the budget is gone. */
  SearchOutcome run() {
    try {
      End end = search();
      return new SearchOutcome(
          end,
          order(end),
          end == End.EXHAUSTED ? culprit() : null,
          stuckStates(),
          steps,
          visited.size());
    } finally {
      budget.reserve(-bookedBytes);
      bookedBytes = 0;
    }
  }

  private End search() {
    int start = transitions.initial();
    absorbReads(start);
    if (next[head] == head) {
      return End.FOUND;
    }
    remember(start);
    stack.push(start, 0, firstReturnPosition(), next[head], NONE);
    while (!stack.isEmpty()) {
      if ((steps++ & POLL_MASK) == 0 && outOfBudget()) {
        noteStuck();
        return End.OUT_OF_BUDGET;
      }
      if (!advance()) {
        noteStuck();
        undo(stack.pathStart());
        stack.pop();
      } else if (next[head] == head) {
        return End.FOUND;
      }
    }
    return End.EXHAUSTED;
  }

  /** Takes the next step that the top of the stack has not tried; false if there is none. */
  private boolean advance() {
    int state = stack.state();
    while (stack.node() < count) {
      int call = stack.node();
      stack.setNode(next[call]);
      int callClass = problem.requiredClass[call];
      if (problem.readOnly[callClass]) {
        continue;
      }
      int target = transitions.step(state, callClass);
      if (target != TransitionTable.ILLEGAL && needsOptional(callClass, target)) {
        int pathStart = pathLength;
        lift(call);
        append(call);
        if (enter(target, pathStart, NONE)) {
          return true;
        }
      }
    }
    return advanceOptional(state);
  }

  private boolean advanceOptional(int state) {
    for (int c = stack.optional(); c < problem.optionalClass.length; c++) {
      if (!supply.isAvailable(c, stack.firstReturn())) {
        continue;
      }
      int callClass = problem.optionalClass[c];
      int target = transitions.step(state, callClass);
      if (target != TransitionTable.ILLEGAL
          && target != state
          && needsOptional(callClass, target)) {
        stack.setOptional(c + 1);
        int pathStart = pathLength;
        supply.spend(c);
        append(~c);
        if (enter(target, pathStart, state)) {
          return true;
        }
      }
    }
    stack.setOptional(problem.optionalClass.length);
    return false;
  }

  /**
   * Rule 3: whether this step is another one than it would have been without the optional operation
   * before it.
   */
  private boolean needsOptional(int callClass, int target) {
    int before = stack.stateBeforeOptional();
    return before == NONE || transitions.step(before, callClass) != target;
  }

  /** Goes on from a step just placed, unless it leads to something visited. */
  private boolean enter(int state, int pathStart, int stateBefore) {
    boolean observed = absorbReads(state);
    int goOn = next[head] == head ? state : fitForNextRead(state);
    if (goOn == NONE || (next[head] != head && !remember(goOn))) {
      undo(pathStart);
      return false;
    }
    int firstReturn = next[head] == head ? Operation.OPEN : firstReturnPosition();
    stack.push(goOn, pathStart, firstReturn, next[head], observed ? NONE : stateBefore);
    return true;
  }

  /**
   * Rule 1. One pass is enough: reads change no state, and the pass goes on past the returns that
   * it lifts.
   */
  private boolean absorbReads(int state) {
    boolean any = false;
    int node = next[head];
    while (node < count) {
      int callClass = problem.requiredClass[node];
      int before = previous[node];
      if (problem.readOnly[callClass] && transitions.step(state, callClass) == state) {
        lift(node);
        append(node);
        any = true;
        node = next[before];
      } else {
        node = next[node];
      }
    }
    return any;
  }

  /**
   * Rule 4. The next read placed is one of those called before the first of them returns. If the
   * state fits none of them, a call that does more than add has to come first: either there is
   * none, or what the state holds is of no interest.
   *
   * @return the state to go on with, or -1 if it leads nowhere
   */
  private int fitForNextRead(int state) {
    if (!anyGrowing) {
      return state;
    }
    S held = transitions.state(state);
    boolean mayBeReplaced = optionalMayReplace;
    boolean fitsAny = false;
    for (int node = next[head]; node != head; node = next[node]) {
      int callClass = problem.requiredClass[node < count ? node : node - count];
      if (problem.readOnly[callClass]) {
        boolean fits = problem.model.mayGrowInto(held, problem.calls.get(callClass));
        fitsAny |= fits;
        if (node >= count) {
          return mayBeReplaced ? (fitsAny ? state : outgrown(state)) : (fits ? state : NONE);
        }
      } else {
        mayBeReplaced |= !problem.growing[callClass];
      }
    }
    return outgrown(state);
  }

  private int outgrown(int state) {
    S outgrown = problem.model.outgrown();
    return outgrown == null ? state : transitions.number(outgrown);
  }

  /**
   * Remembers the current configuration. The required operations placed are told by the first
   * return that still stands and by those called before it that are not placed; there are never
   * more of these than clients. Close together, they are one word of bits, never negative; far
   * apart, a list of numbers, always negative.
   */
  private boolean remember(int state) {
    int first = next[head];
    int words = 1;
    int node = first;
    while (node < count) {
      node = next[node];
    }
    int before = callsBeforeReturn[node - count];
    key[0] = ((long) before << 32) | state;
    if (before - first < Long.SIZE) {
      long bits = 0;
      for (int call = first; call < count; call = next[call]) {
        bits |= 1L << (before - 1 - call);
      }
      key[words++] = bits;
    } else {
      for (int call = first; call < count; call = next[call]) {
        if (words + 1 + supply.words() > ConfigurationSet.ENTRY_MAX_WORDS) {
          throw new IllegalStateException("more than " + words + " operations at once on one key");
        }
        if (words == key.length) {
          key = Arrays.copyOf(key, key.length * 2);
        }
        key[words++] = ~call;
      }
    }
    return visited.add(key, words, supply.spent());
  }

  private int firstReturnPosition() {
    return problem.required[firstReturnOwner()].completePosition();
  }

  private int firstReturnOwner() {
    int node = next[head];
    while (node < count) {
      node = next[node];
    }
    return node - count;
  }

  private void lift(int call) {
    int end = call + count;
    next[previous[call]] = next[call];
    previous[next[call]] = previous[call];
    next[previous[end]] = next[end];
    previous[next[end]] = previous[end];
  }

  private void unlift(int call) {
    int end = call + count;
    next[previous[end]] = end;
    previous[next[end]] = end;
    next[previous[call]] = call;
    previous[next[call]] = call;
  }

  private void append(int step) {
    if (pathLength == path.length) {
      path = Arrays.copyOf(path, path.length * 2);
    }
    path[pathLength++] = step;
  }

  private void undo(int length) {
    while (pathLength > length) {
      int step = path[--pathLength];
      if (step >= 0) {
        unlift(step);
      } else {
        supply.giveBack(~step);
      }
    }
  }

  private boolean outOfBudget() {
    long bytes = visited.sizeBytes() + transitions.sizeBytes();
    budget.reserve(bytes - bookedBytes);
    bookedBytes = bytes;
    return budget.exhausted() != null;
  }

  /** Keeps the longest order found so far: the one that gets past the most returns. */
  private void noteStuck() {
    int at = stack.firstReturn();
    if (at < stuckAt) {
      return;
    }
    if (at > stuckAt) {
      stuckStates.clear();
      stuckLength = NONE;
    }
    stuckAt = at;
    if (stuckStates.size() < STUCK_STATES_MAX) {
      stuckStates.add(stack.state());
    }
    if (pathLength > stuckLength) {
      stuckLength = pathLength;
      stuckPath = Arrays.copyOf(path, pathLength);
    }
  }

  private List<LinearizationStep> order(End end) {
    int[] placed = end == End.FOUND ? Arrays.copyOf(path, pathLength) : stuckPath;
    List<LinearizationStep> order = new ArrayList<>(placed.length);
    int[] drawn = new int[problem.optional.length];
    int state = transitions.initial();
    for (int step : placed) {
      int callClass = step >= 0 ? problem.requiredClass[step] : problem.optionalClass[~step];
      Operation operation =
          step >= 0 ? problem.required[step] : problem.optional[~step][drawn[~step]++];
      state = transitions.step(state, callClass);
      order.add(new LinearizationStep(operation, problem.model.show(transitions.state(state))));
    }
    return order;
  }

  private @Nullable Operation culprit() {
    for (Operation operation : problem.required) {
      if (operation.completePosition() == stuckAt) {
        return operation;
      }
    }
    return null;
  }

  private List<String> stuckStates() {
    return stuckStates.stream().map(n -> problem.model.show(transitions.state(n))).toList();
  }
}
