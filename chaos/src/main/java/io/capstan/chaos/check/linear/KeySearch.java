package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.linear.SearchOutcome.End;
import java.util.Arrays;
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
 * <p>Rules 3, 4, 6 and 7 are {@link LookAhead}'s. One search, one thread.
 *
 * @param <S> the states of the model
 */
final class KeySearch<S> {
  private static final int POLL_MASK = 0xff;
  private static final int NONE = -1;

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
  private final @Nullable ValueBalance balance;
  private final Placement<S> placement;
  private final LookAhead<S> lookAhead;
  private long[] key = new long[8];
  private long steps;
  private long bookedBytes;

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
    this.balance = looksAhead ? ValueBalance.of(problem) : null;
    this.placement = new Placement<>(problem, events, supply, balance);
    this.lookAhead = new LookAhead<>(problem, transitions, events, supply, stack, balance);
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
          end == End.FOUND ? placement.order() : placement.stuckOrder(),
          end == End.EXHAUSTED ? placement.culprit() : null,
          placement.stuckStates().stream().map(this::show).toList(),
          steps,
          visited.size());
    } finally {
      budget.reserve(-bookedBytes);
      bookedBytes = 0;
    }
  }

  private String show(int state) {
    return problem.model.show(transitions.state(state));
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
        placement.noteStuck(stack.firstReturn(), stack.state());
        return End.OUT_OF_BUDGET;
      }
      if (!advance()) {
        placement.noteStuck(stack.firstReturn(), stack.state());
        placement.undoTo(stack.pathStart());
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
      boolean free = problem.isCovered(call, covered);
      if (target == TransitionTable.ILLEGAL
          || lookAhead.isInVain(callClass, target, problem.required[call].invokePosition())
          || (free && !lookAhead.isWorthChoosing(call, target, state))) {
        continue;
      }
      int pathStart = placement.length();
      placement.place(call);
      if (enterAfter(target, pathStart, callClass, free)) {
        return true;
      }
    }
    return advanceOptional(state);
  }

  /** Lets a covered operation whose return is due go for free. */
  private boolean expire(int state, int covered) {
    int due = events.firstToReturn();
    if (!problem.isCovered(due, covered)) {
      return false;
    }
    // Had it expired before the step that led here, that step would be possible still.
    boolean expiredBelow =
        stack.proof() != SearchStack.PROVEN
            && stack.firstReturn() == stack.firstReturnBelow()
            && problem.isCovered(due, stack.coveredBelow());
    if (expiredBelow) {
      return false;
    }
    int pathStart = placement.length();
    placement.letGo(due);
    if (lookAhead.isMissed(due, state)) {
      placement.undoTo(pathStart);
      return false;
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
          && !lookAhead.isInVain(callClass, target, supply.nextPosition(c))
          && !lookAhead.isBetterKept(c, state)
          && lookAhead.changesAnything(callClass, target, state)) {
        stack.setOptional(c + 1);
        int pathStart = placement.length();
        placement.placeOptional(c);
        if (enterAfter(target, pathStart, callClass, true)) {
          return true;
        }
      }
    }
    stack.setOptional(problem.optionalClass.length);
    return false;
  }

  private boolean enterAfter(int state, int pathStart, int callClass, boolean free) {
    int covered =
        problem.blind[callClass] ? Math.max(stack.covered(), stack.calls()) : stack.covered();
    if (lookAhead.isShort(state, callClass)) {
      placement.undoTo(pathStart);
      return false;
    }
    return enter(state, pathStart, covered, proofOf(callClass, free));
  }

  /** Goes on from a step just placed, unless it leads to something visited. */
  private boolean enter(int state, int pathStart, int covered, int proof) {
    boolean observed = absorbReads(state);
    int goOn = events.isEmpty() ? state : lookAhead.fitForNextRead(state);
    if (goOn == LookAhead.NOWHERE || (!events.isEmpty() && !remember(goOn, covered))) {
      placement.undoTo(pathStart);
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
        placement.place(node);
        any = true;
        node = events.after(before);
      } else {
        node = events.after(node);
      }
    }
    return any;
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
        if (problem.isCovered(call, covered)) {
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
        key[words++] = ~(problem.isCovered(call, covered) ? call + count : call);
      }
      cost[cost.length - 1] = 0;
    }
    return visited.add(key, words, cost);
  }

  private boolean outOfBudget() {
    long bytes = visited.sizeBytes() + transitions.sizeBytes();
    budget.reserve(bytes - bookedBytes);
    bookedBytes = bytes;
    return budget.exhausted() != null;
  }
}
