package io.capstan.chaos.check;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Reduces operations, or faults, that violate a claim to fewer that still do (Zeller and
 * Hildebrandt 2002). It knows nothing of the claim: whoever uses it says what can be left out
 * together without turning a good history into a bad one. Stateless.
 */
public final class DeltaDebugging {
  private DeltaDebugging() {}

  /**
   * Leaves out ever smaller groups of units as long as the rest still fails.
   *
   * @param operations what fails: operations of clients, or faults of a schedule
   * @param units what may be left out: operations, values, clients
   * @param without the operations that are left without these units
   * @param stillFails whether operations still violate the claim; false too when time is up
   */
  public static <T, U> List<T> reduce(
      List<T> operations,
      List<U> units,
      Function<List<U>, List<T>> without,
      Predicate<List<T>> stillFails) {
    List<T> best = operations;
    List<U> removed = new ArrayList<>();
    List<U> left = new ArrayList<>(units);
    for (int size = left.size(); size >= 1; size = size == 1 ? 0 : (size + 1) / 2) {
      List<U> kept = new ArrayList<>();
      for (int from = 0; from < left.size(); from += size) {
        List<U> group = left.subList(from, Math.min(left.size(), from + size));
        List<U> attempt = new ArrayList<>(removed);
        attempt.addAll(group);
        List<T> candidate = without.apply(attempt);
        if (candidate.size() < best.size() && stillFails.test(candidate)) {
          best = candidate;
          removed = attempt;
        } else {
          kept.addAll(group);
        }
      }
      left = kept;
    }
    return best;
  }
}
