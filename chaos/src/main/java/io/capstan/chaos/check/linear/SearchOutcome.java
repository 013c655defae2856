package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.Operation;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a search leaves behind once its memory is given back.
 *
 * @param end how it ended
 * @param order the order found, or as far as any order got
 * @param culprit when exhausted: the operation that no order gets past
 * @param stuckStates what the object can have held there
 * @param steps steps taken
 * @param configurations configurations remembered
 */
record SearchOutcome(
    End end,
    List<LinearizationStep> order,
    @Nullable Operation culprit,
    List<String> stuckStates,
    long steps,
    long configurations) {
  /** The same end, told with the order that another search of the same history got to. */
  SearchOutcome withOrder(SearchOutcome other) {
    return new SearchOutcome(
        end,
        other.order,
        other.culprit == null ? culprit : other.culprit,
        other.stuckStates,
        steps,
        configurations);
  }

  /** How a search ended. */
  enum End {
    /** An order was found. */
    FOUND,
    /** There is none. */
    EXHAUSTED,
    /** Nobody knows. */
    OUT_OF_BUDGET
  }
}
