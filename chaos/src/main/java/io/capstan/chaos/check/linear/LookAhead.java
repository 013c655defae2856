package io.capstan.chaos.check.linear;

import org.jspecify.annotations.Nullable;

/**
 * What a search need not try, because it leads nowhere or nowhere new: rules 3, 4, 6 and 7 of
 * {@link KeySearch}. Reads the search's configuration and changes nothing but its own notes.
 *
 * <p>Belongs to one search.
 *
 * @param <S> the states of the model
 */
final class LookAhead<S> {
  /** Of a state: whatever comes, it leads nowhere. */
  static final int NOWHERE = -1;

  private static final int NONE = -1;

  private final SearchProblem<S> problem;
  private final TransitionTable<S> transitions;
  private final EventList events;
  private final OptionalSupply supply;
  private final SearchStack stack;
  private final @Nullable ValueBalance balance;
  private final boolean anyGrowing;
  private final boolean optionalMayReplace;

  /**
   * For one search.
   *
   * @param balance null to leave out rule 7, and of rule 6 what needs it
   */
  LookAhead(
      SearchProblem<S> problem,
      TransitionTable<S> transitions,
      EventList events,
      OptionalSupply supply,
      SearchStack stack,
      @Nullable ValueBalance balance) {
    this.problem = problem;
    this.transitions = transitions;
    this.events = events;
    this.supply = supply;
    this.stack = stack;
    this.balance = balance;
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
  }

  /**
   * Rule 3: whether this step makes the one before it one that might as well not have been taken.
   */
  boolean isInVain(int callClass, int target, int invokePosition) {
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

  /**
   * A covered operation is only a choice: of equal ones the first to expire, and none that changes
   * nothing.
   */
  boolean isWorthChoosing(int call, int target, int state) {
    int callClass = problem.requiredClass[call];
    for (int other = events.first(); events.isCall(other); other = events.after(other)) {
      if (problem.requiredClass[other] == callClass
          && problem.isCovered(other, stack.covered())
          && events.returnPosition(other) < events.returnPosition(call)) {
        return false;
      }
    }
    return target != state || (problem.blind[callClass] && coversAnything(call));
  }

  /** Whether an optional call would leave anything that was not so before. */
  boolean changesAnything(int callClass, int target, int state) {
    return target != state || (problem.blind[callClass] && coversAnything(NONE));
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

  /**
   * Rule 6: whether a required call does the same, or an optional one that can do it from this
   * state alone. Whoever uses that one later can have this one then.
   */
  boolean isBetterKept(int optionalClass, int state) {
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
   * Rule 7: whether the value that was left or the one that came is written too seldom from now.
   */
  boolean isShort(int state, int callClass) {
    ValueBalance values = balance;
    if (values == null) {
      return false;
    }
    values.reached(state, callClass);
    if (events.isEmpty()) {
      return false;
    }
    int left = values.value(stack.state());
    int come = values.value(state);
    return values.isShort(come, true, events)
        || (left != come && values.isShort(left, false, events));
  }

  /** Rule 7 for a covered operation that was just let go: whether its value is missed later. */
  boolean isMissed(int call, int state) {
    if (balance == null || events.isEmpty()) {
      return false;
    }
    int gone = balance.produced(problem.requiredClass[call]);
    return balance.isShort(gone, gone == balance.value(state), events);
  }

  /**
   * Rule 4. The next read placed is one of those called before the first of them returns. If the
   * state fits none of them, a call that does more than add has to come first: either there is
   * none, or what the state holds is of no interest.
   *
   * @return the state to go on with, or {@link #NOWHERE}
   */
  int fitForNextRead(int state) {
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
          return mayBeReplaced ? (fitsAny ? state : outgrown(state)) : (fits ? state : NOWHERE);
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
}
