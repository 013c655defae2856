package io.capstan.chaos.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes a schedule that breaks a claim smaller while it still breaks the same one: shorter, with
 * fewer faults and fewer operations (delta debugging: Zeller and Hildebrandt, 2002).
 *
 * <p>Leaving something out shifts all delays that are drawn afterwards, so each candidate is tried
 * under a few seeds of its own.
 */
public final class ScheduleShrinker {
  private static final int SEEDS_TRIED = 3;

  /**
   * A smaller schedule.
   *
   * @param schedule breaks the claim
   * @param failure how
   * @param runs how many runs it took to find
   */
  public record Shrunk(Schedule schedule, SimulationFailure failure, int runs) {}

  private final String claim;
  private final int runsMax;
  private final BooleanSupplier isTimeUp;
  private int runs;
  private Schedule best;
  private SimulationFailure failure;

  private ScheduleShrinker(
      Schedule schedule, SimulationFailure failure, int runsMax, BooleanSupplier isTimeUp) {
    this.claim = failure.claim();
    this.best = schedule;
    this.failure = failure;
    this.runsMax = runsMax;
    this.isTimeUp = isTimeUp;
  }

  /**
   * Shrinks.
   *
   * @param schedule breaks a claim
   * @param failure the claim it breaks
   * @param runsMax after so many runs the smallest one found so far is taken
   * @param isTimeUp once this holds, too
   */
  public static Shrunk shrink(
      Schedule schedule, SimulationFailure failure, int runsMax, BooleanSupplier isTimeUp) {
    ScheduleShrinker shrinker = new ScheduleShrinker(schedule, failure, runsMax, isTimeUp);
    shrinker.shrink();
    return new Shrunk(shrinker.best, shrinker.failure, shrinker.runs);
  }

  private void shrink() {
    int before;
    do {
      before = size();
      shorten();
      fewer(best.faults().size(), this::keepFaults);
      fewer(best.operations().size(), this::keepOperations);
    } while (size() < before && !isOver());
  }

  private int size() {
    return best.faults().size() + best.operations().size();
  }

  private boolean isOver() {
    return runs >= runsMax || isTimeUp.getAsBoolean();
  }

  /** Cuts off what comes after the failure, then as much before it as can be. */
  private void shorten() {
    for (int part = 1; part <= 8 && !isOver(); part++) {
      long millis = best.faultyMillis() - best.faultyMillis() / (part + 1);
      Schedule shorter = best.until(millis);
      if (shorter.faultyMillis() < best.faultyMillis() && stillFails(shorter)) {
        part = 0;
      }
    }
  }

  private interface Keep {
    @Nullable Schedule without(int from, int to);
  }

  private @Nullable Schedule keepFaults(int from, int to) {
    return to > best.faults().size() ? null : best.withFaults(without(best.faults(), from, to));
  }

  private @Nullable Schedule keepOperations(int from, int to) {
    return to > best.operations().size()
        ? null
        : best.withOperations(without(best.operations(), from, to));
  }

  private static <T> List<T> without(List<T> all, int from, int to) {
    List<T> kept = new ArrayList<>(all.subList(0, from));
    kept.addAll(all.subList(to, all.size()));
    return kept;
  }

  /** Leaves out halves, then quarters, and so on down to single ones. */
  private void fewer(int count, Keep keep) {
    int size = count;
    for (int chunk = Math.max(1, count / 2); chunk >= 1 && !isOver(); chunk /= 2) {
      int from = 0;
      while (from < size && !isOver()) {
        int to = Math.min(size, from + chunk);
        Schedule candidate = keep.without(from, to);
        if (candidate != null && stillFails(candidate)) {
          size -= to - from;
        } else {
          from = to;
        }
      }
    }
  }

  private boolean stillFails(Schedule candidate) {
    for (int i = 0; i < SEEDS_TRIED && !isOver(); i++) {
      Schedule tried =
          i == 0 ? candidate : candidate.withSeed(ScheduleGenerator.mixed(candidate.seed(), -i));
      runs++;
      try {
        new Simulation(tried).run();
      } catch (SimulationFailure broken) {
        if (broken.claim().equals(claim)) {
          best = tried;
          failure = broken;
          return true;
        }
      }
    }
    return false;
  }
}
