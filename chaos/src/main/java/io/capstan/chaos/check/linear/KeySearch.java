package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.linear.SearchOutcome.End;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The search for an order of the operations on one object. Depth first, as Wing and Gong (1993): of
 * the calls and returns by time, any call before the first return may be next; placing it lifts
 * both its entries out of the {@link EventList}, going back puts them in again. Visited
 * configurations are remembered, as Lowe (2017).
 *
 * <p>Seven rules keep it small, and each loses no solution:
 *
 * <ol>
 *   <li>A read that is legal now is placed now: it changes nothing, so it stands in nobody's way.
 *   <li>Optional operations are drawn from their class by invocation, oldest first; a configuration
 *       is dropped if the same one was reached at less cost ({@link ConfigurationSet}).
 *   <li>A step must be needed by what follows: if the next one could have come instead and leads to
 *       the same state, the way without is visited anyhow.
 *   <li>Where objects only grow (a string is appended to, a set added to), a state that already
 *       holds what the next read did not see leads nowhere, or is as good as any other if it is
 *       going to be overwritten.
 *   <li>An unconditional operation that could have been placed when a blind one was is
 *       <em>covered</em>: it may count as having come just before that one and left no trace. So it
 *       is no obligation any more, only a choice, and when its return is due it may go for free.
 *   <li>Of calls that lead to the same state, one that has to be placed anyhow goes before an
 *       optional one, and a compare-and-set before a write, which can do more.
 *   <li>Where the state is one value, what has spent the writes that it is going to need leads
 *       nowhere; and whoever has more of them than there are observers has enough ({@link
 *       ValueBalance}).
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

  /** Up to so many operations a search does not look ahead. */
  private static final int EXACT_MAX_OPERATIONS = 24;

  /** Calls further apart than this are listed one by one in the key of a configuration. */
  private static final int WINDOW_BITS = 63;

  private final SearchProblem<S> problem;
  private final Budget budget;
  private final TransitionTable<S> transitions;
  private final int count;
  private final EventList events;
  private final OptionalSupply supply;
  private final ConfigurationSet visited;
  private final SearchStack stack = new SearchStack();
  private final boolean anyGrowing;
  private final boolean optionalMayReplace;
  private final @Nullable ValueBalance balance;

  /**
   * What is placed: a required operation by its number; {@code ~c} for one of optional class c; the
   * number plus count for one that was covered and went for free.
   */
  private int[] path = new int[64];

  private int pathLength;
  private long[] key = new long[8];
  private long steps;
  private long bookedBytes;

  private int stuckAt = NONE;
  private int stuckLength = NONE;
  private int[] stuckPath = new int[0];
  private final Set<Integer> stuckStates = new LinkedHashSet<>();

  KeySearch(SearchProblem<S> problem, Budget budget) {
    this(problem, budget, looksAhead(problem));
  }

  /**
   * A search.
   *
   * @param looksAhead whether what will run short is given up before it does: quicker, but then an
   *     operation that an order can get past may be the culprit
   */
  KeySearch(SearchProblem<S> problem, Budget budget, boolean looksAhead) {
    this.problem = problem;
    this.budget = budget;
    this.transitions = new TransitionTable<>(problem.model, problem.calls);
    this.count = problem.required.length;
    this.events = new EventList(problem.required);
    this.supply = new OptionalSupply(problem.optional);
    this.visited = new ConfigurationSet(supply.guards());
    boolean grows = false;
    for (boolean growing : problem.growing) {
      grows |= growing;
    }
    this.anyGrowing = grows;
    boolean replaces = false;
    for (int callClass : problem.optionalClass) {
      replaces |= !problem.growing[callClass];
    }
    this.optionalMayReplace = replaces;
    this.balance = looksAhead ? ValueBalance.of(problem) : null;
  }

  /**
   * Whether to look ahead in it: where there is much to search, or where there is not, to tell
   * exactly how far an order gets.
   */
  static boolean looksAhead(SearchProblem<?> problem) {
    int operations = problem.required.length;
    for (Operation[] interchangeable : problem.optional) {
      operations += interchangeable.length;
    }
    return operations > EXACT_MAX_OPERATIONS;
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
    if (events.isEmpty()) {
      return End.FOUND;
    }
    remember(start, 0);
    push(start, 0, 0, SearchStack.PROVEN);
    while (!stack.isEmpty()) {
      if ((steps++ & POLL_MASK) == 0 && outOfBudget()) {
        noteStuck();
        return End.OUT_OF_BUDGET;
      }
      if (!advance()) {
        noteStuck();
        undo(stack.pathStart());
        stack.pop();
      } else if (events.isEmpty()) {
        return End.FOUND;
      }
    }
    return End.EXHAUSTED;
  }

  private void push(int state, int pathStart, int covered, int proof) {
    boolean done = events.isEmpty();
    int due = done ? NONE : events.firstToReturn();
    stack.push(
        state,
        pathStart,
        done ? Operation.OPEN : events.returnPosition(due),
        done ? count : events.callsBeforeReturn(due),
        covered,
        proof,
        events.first());
  }

  /** Takes the next step that the top of the stack has not tried; false if there is none. */
  private boolean advance() {
    int state = stack.state();
    int covered = stack.covered();
    if (stack.startsHere() && expire(state, covered)) {
      return true;
    }
    while (events.isCall(stack.node())) {
      int call = stack.node();
      stack.setNode(events.after(call));
      int callClass = problem.requiredClass[call];
      if (problem.readOnly[callClass]) {
        continue;
      }
      int target = transitions.step(state, callClass);
      boolean free = isCovered(call, covered);
      if (target == TransitionTable.ILLEGAL
          || isInVain(callClass, target, problem.required[call].invokePosition())
          || (free && !isWorthChoosing(call, target, state))) {
        continue;
      }
      int pathStart = pathLength;
      events.lift(call);
      append(call);
      if (enterAfter(target, pathStart, callClass, free)) {
        return true;
      }
    }
    return advanceOptional(state);
  }

  /** Lets a covered operation whose return is due go for free. */
  private boolean expire(int state, int covered) {
    int due = events.firstToReturn();
    if (!isCovered(due, covered)) {
      return false;
    }
    // Had it expired before the step that led here, that step would be possible still.
    boolean expiredBelow =
        stack.proof() != SearchStack.PROVEN
            && stack.firstReturn() == stack.firstReturnBelow()
            && isCovered(due, stack.coveredBelow());
    if (expiredBelow) {
      return false;
    }
    int pathStart = pathLength;
    events.lift(due);
    append(due + count);
    if (balance != null) {
      int gone = balance.produced(problem.requiredClass[due]);
      if (!events.isEmpty() && balance.isShort(gone, gone == balance.value(state), events)) {
        undo(pathStart);
        return false;
      }
    }
    return enter(state, pathStart, covered, SearchStack.PROVEN);
  }

  private boolean advanceOptional(int state) {
    for (int c = stack.optional(); c < problem.optionalClass.length; c++) {
      if (!supply.isAvailable(c, stack.firstReturn())) {
        continue;
      }
      int callClass = problem.optionalClass[c];
      int target = transitions.step(state, callClass);
      if (target != TransitionTable.ILLEGAL
          && !isInVain(callClass, target, supply.nextPosition(c))
          && !isBetterKept(c, state)
          && (target != state || (problem.blind[callClass] && coversAnything(NONE)))) {
        stack.setOptional(c + 1);
        int pathStart = pathLength;
        supply.spend(c);
        append(~c);
        if (enterAfter(target, pathStart, callClass, true)) {
          return true;
        }
      }
    }
    stack.setOptional(problem.optionalClass.length);
    return false;
  }

  /**
   * Rule 6: whether a required call does the same, or an optional one that can do it from this
   * state alone. Whoever uses that one later can have this one then.
   */
  private boolean isBetterKept(int optionalClass, int state) {
    int callClass = problem.optionalClass[optionalClass];
    for (int call = events.first(); events.isCall(call); call = events.after(call)) {
      if (problem.requiredClass[call] == callClass) {
        return true;
      }
    }
    if (balance == null || !problem.blind[callClass] || coversAnything(NONE)) {
      return false;
    }
    int value = balance.value(state);
    for (int c = 0; c < problem.optionalClass.length; c++) {
      if (supply.isAvailable(c, stack.firstReturn())
          && balance.leadsFrom(value, problem.optionalClass[c], callClass)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Rule 3: whether this step makes the one before it one that might as well not have been taken.
   */
  private boolean isInVain(int callClass, int target, int invokePosition) {
    int proof = stack.proof();
    return proof != SearchStack.PROVEN
        && (proof == SearchStack.SKIPPABLE || problem.blind[callClass])
        && invokePosition < stack.firstReturnBelow()
        && !coversMoreThanBelow(callClass)
        && transitions.step(stack.stateBelow(), callClass) == target;
  }

  /**
   * Whether a blind call of this class would cover what it could not have covered one step earlier.
   */
  private boolean coversMoreThanBelow(int callClass) {
    if (!problem.blind[callClass] || stack.calls() == stack.callsBelow()) {
      return false;
    }
    for (int call = events.first(); events.isCall(call); call = events.after(call)) {
      if (call >= stack.callsBelow() && problem.unconditional[problem.requiredClass[call]]) {
        return true;
      }
    }
    return false;
  }

  private boolean isCovered(int call, int covered) {
    return call < covered && problem.unconditional[problem.requiredClass[call]];
  }

  /**
   * A covered operation is only a choice: of equal ones the first to expire, and none that changes
   * nothing.
   */
  private boolean isWorthChoosing(int call, int target, int state) {
    int callClass = problem.requiredClass[call];
    for (int other = events.first(); events.isCall(other); other = events.after(other)) {
      if (problem.requiredClass[other] == callClass
          && isCovered(other, stack.covered())
          && events.returnPosition(other) < events.returnPosition(call)) {
        return false;
      }
    }
    return target != state || (problem.blind[callClass] && coversAnything(call));
  }

  /** Whether a blind call placed now would cover an operation that is not covered yet. */
  private boolean coversAnything(int except) {
    for (int call = events.first(); events.isCall(call); call = events.after(call)) {
      if (call != except
          && call >= stack.covered()
          && problem.unconditional[problem.requiredClass[call]]) {
        return true;
      }
    }
    return false;
  }

  private boolean enterAfter(int state, int pathStart, int callClass, boolean free) {
    int covered =
        problem.blind[callClass] ? Math.max(stack.covered(), stack.calls()) : stack.covered();
    if (balance != null && isShort(state, callClass)) {
      undo(pathStart);
      return false;
    }
    return enter(state, pathStart, covered, proofOf(callClass, free));
  }

  /**
   * Rule 7: whether the value that was left or the one that came is written too seldom from now.
   */
  private boolean isShort(int state, int callClass) {
    ValueBalance values = Objects.requireNonNull(balance);
    values.reached(state, callClass);
    if (events.isEmpty()) {
      return false;
    }
    int left = values.value(stack.state());
    int come = values.value(state);
    return values.isShort(come, true, events)
        || (left != come && values.isShort(left, false, events));
  }

  /** Goes on from a step just placed, unless it leads to something visited. */
  private boolean enter(int state, int pathStart, int covered, int proof) {
    boolean observed = absorbReads(state);
    int goOn = events.isEmpty() ? state : fitForNextRead(state);
    if (goOn == NONE || (!events.isEmpty() && !remember(goOn, covered))) {
      undo(pathStart);
      return false;
    }
    push(goOn, pathStart, covered, observed ? SearchStack.PROVEN : proof);
    return true;
  }

  private int proofOf(int callClass, boolean free) {
    if (free && !problem.blind[callClass]) {
      return SearchStack.SKIPPABLE;
    }
    return problem.unconditional[callClass] ? SearchStack.OVERWRITABLE : SearchStack.PROVEN;
  }

  /**
   * Rule 1. One pass is enough: reads change no state, and the pass goes on past the returns that
   * it lifts.
   */
  private boolean absorbReads(int state) {
    boolean any = false;
    int node = events.first();
    while (events.isCall(node)) {
      int callClass = problem.requiredClass[node];
      int before = events.before(node);
      if (problem.readOnly[callClass] && transitions.step(state, callClass) == state) {
        events.lift(node);
        append(node);
        any = true;
        node = events.after(before);
      } else {
        node = events.after(node);
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
    for (int node = events.first(); !events.isEnd(node); node = events.after(node)) {
      int callClass = problem.requiredClass[events.owner(node)];
      if (problem.readOnly[callClass]) {
        boolean fits = problem.model.mayGrowInto(held, problem.calls.get(callClass));
        fitsAny |= fits;
        if (!events.isCall(node)) {
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
   * Remembers the current configuration. It is told by the first return that still stands and by
   * the calls before it that are not placed; there are never more of these than clients. Those that
   * are covered are choices, so to have fewer of them is a cost; the others have to agree. Close
   * together, calls are one word of bits, never negative; far apart, a list of numbers, always
   * negative.
   */
  private boolean remember(int state, int covered) {
    int due = events.firstToReturn();
    int calls = events.callsBeforeReturn(due);
    int first = events.first();
    long[] cost = balance == null ? supply.cost() : supply.cost(balance, problem, due);
    int words = 1;
    key[0] = ((long) due << 32) | state;
    if (calls - first <= WINDOW_BITS) {
      long obligations = 0;
      long choices = 0;
      for (int call = first; events.isCall(call); call = events.after(call)) {
        long bit = 1L << (calls - 1 - call);
        if (isCovered(call, covered)) {
          choices |= bit;
        } else {
          obligations |= bit;
        }
      }
      key[words++] = obligations;
      cost[cost.length - 1] = ~choices;
    } else {
      for (int call = first; events.isCall(call); call = events.after(call)) {
        if (words + 1 + cost.length > ConfigurationSet.ENTRY_MAX_WORDS) {
          throw new IllegalStateException("more than " + words + " operations at once on one key");
        }
        if (words == key.length) {
          key = Arrays.copyOf(key, key.length * 2);
        }
        key[words++] = ~(isCovered(call, covered) ? call + count : call);
      }
      cost[cost.length - 1] = 0;
    }
    return visited.add(key, words, cost);
  }

  private void append(int step) {
    if (pathLength == path.length) {
      path = Arrays.copyOf(path, path.length * 2);
    }
    path[pathLength++] = step;
    if (balance != null) {
      if (step < 0) {
        balance.spendOptional(problem.optionalClass[~step]);
      } else {
        balance.placeRequired(problem.requiredClass[step < count ? step : step - count]);
      }
    }
  }

  private void undo(int length) {
    while (pathLength > length) {
      int step = path[--pathLength];
      if (step < 0) {
        supply.giveBack(~step);
        if (balance != null) {
          balance.giveBackOptional(problem.optionalClass[~step]);
        }
        continue;
      }
      int call = step < count ? step : step - count;
      events.unlift(call);
      if (balance != null) {
        balance.takeBackRequired(problem.requiredClass[call]);
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

  /**
   * The path as an order: what went for free stands before the last blind operation placed until
   * then.
   */
  private List<LinearizationStep> order(End end) {
    int[] placed = end == End.FOUND ? Arrays.copyOf(path, pathLength) : stuckPath;
    List<Operation> order = new ArrayList<>(placed.length);
    int[] drawn = new int[problem.optional.length];
    int lastBlind = NONE;
    for (int step : placed) {
      if (step >= count) {
        order.add(lastBlind++, problem.required[step - count]);
        continue;
      }
      int callClass = step >= 0 ? problem.requiredClass[step] : problem.optionalClass[~step];
      lastBlind = problem.blind[callClass] ? order.size() : lastBlind;
      order.add(step >= 0 ? problem.required[step] : problem.optional[~step][drawn[~step]++]);
    }
    List<LinearizationStep> steps = new ArrayList<>(order.size());
    S state = problem.model.initial();
    for (Operation operation : order) {
      S after = problem.model.step(state, Call.of(operation));
      if (after == null) {
        throw new IllegalStateException(
            "the order found is not legal at operation " + operation.id());
      }
      state = after;
      steps.add(new LinearizationStep(operation, problem.model.show(state)));
    }
    return steps;
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
