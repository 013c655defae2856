package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.Operation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a search has placed, in order, with everything that follows from it: entries lifted out of
 * the {@link EventList}, optional operations spent, the {@link ValueBalance}. All of it is undone
 * in the opposite order. Also keeps the longest order that got nowhere, for the report.
 *
 * <p>Belongs to one search.
 *
 * @param <S> the states of the model
 */
final class Placement<S> {
  private static final int NONE = -1;
  private static final int STUCK_STATES_MAX = 8;

  private final SearchProblem<S> problem;
  private final EventList events;
  private final OptionalSupply supply;
  private final @Nullable ValueBalance balance;
  private final int count;

  /**
   * A required operation by its number; {@code ~c} for one of optional class c; the number plus
   * count for one that was covered and went for free.
   */
  private int[] path = new int[64];

  private int length;

  private int stuckAt = NONE;
  private int stuckLength = NONE;
  private int[] stuckPath = new int[0];
  private final Set<Integer> stuckStates = new LinkedHashSet<>();

  Placement(
      SearchProblem<S> problem,
      EventList events,
      OptionalSupply supply,
      @Nullable ValueBalance balance) {
    this.problem = problem;
    this.events = events;
    this.supply = supply;
    this.balance = balance;
    this.count = problem.required.length;
  }

  int length() {
    return length;
  }

  /** Places a required operation. */
  void place(int call) {
    events.lift(call);
    append(call);
    placed(call);
  }

  /** Lets a required operation that is covered go for free. */
  void letGo(int call) {
    events.lift(call);
    append(call + count);
    placed(call);
  }

  private void placed(int call) {
    if (balance != null) {
      balance.placeRequired(problem.requiredClass[call]);
    }
  }

  /** Places the next one of a class of optional operations. */
  void placeOptional(int optionalClass) {
    supply.spend(optionalClass);
    append(~optionalClass);
    if (balance != null) {
      balance.spendOptional(problem.optionalClass[optionalClass]);
    }
  }

  private void append(int step) {
    if (length == path.length) {
      path = Arrays.copyOf(path, path.length * 2);
    }
    path[length++] = step;
  }

  /** Takes back everything placed since there were so many. */
  void undoTo(int earlierLength) {
    while (length > earlierLength) {
      int step = path[--length];
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

  /**
   * Notes that the search can go no further; kept is the order that gets past the most returns, and
   * of these the longest.
   *
   * @param firstReturn the first return that still stands
   * @param state what the object holds
   */
  void noteStuck(int firstReturn, int state) {
    if (firstReturn < stuckAt) {
      return;
    }
    if (firstReturn > stuckAt) {
      stuckStates.clear();
      stuckLength = NONE;
    }
    stuckAt = firstReturn;
    if (stuckStates.size() < STUCK_STATES_MAX) {
      stuckStates.add(state);
    }
    if (length > stuckLength) {
      stuckLength = length;
      stuckPath = Arrays.copyOf(path, length);
    }
  }

  /** The operation whose return no order gets past. */
  @Nullable Operation culprit() {
    for (Operation operation : problem.required) {
      if (operation.completePosition() == stuckAt) {
        return operation;
      }
    }
    return null;
  }

  /** What the object can have held there, by the numbers of the states. */
  Set<Integer> stuckStates() {
    return stuckStates;
  }

  /** Everything placed, as an order. */
  List<LinearizationStep> order() {
    return order(Arrays.copyOf(path, length));
  }

  /** The longest order that got nowhere. */
  List<LinearizationStep> stuckOrder() {
    return order(stuckPath);
  }

  /** What went for free stands before the last blind operation placed until then. */
  private List<LinearizationStep> order(int[] placed) {
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
}
