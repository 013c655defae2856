package io.capstan.chaos.check.measure;

import io.capstan.chaos.check.Extras;
import io.capstan.chaos.check.HistoryEvent;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Outcome;
import io.capstan.chaos.check.Verdict;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Judges the share of attempts that one side was served in one phase of a split, and measures how
 * long the others were left waiting for their refusal. Stateless.
 */
public final class AvailabilityClaim {
  private static final long WAIT_MAX_MICROS = 3_600_000_000L;

  private AvailabilityClaim() {}

  /**
   * Judges.
   *
   * @param side {@code majority}, {@code minority} or {@code all} for both together
   * @param phase {@code before}, {@code during} or {@code after} the split
   * @param min the least share served, 0 to 1
   */
  public static Verdict judge(
      Collection<Operation> attempts, FaultWindow window, String side, String phase, double min) {
    List<Operation> wanted = new ArrayList<>();
    for (Operation attempt : attempts) {
      if (Availability.counts(attempt)
          && phase.equals(Availability.phaseLabel(attempt, window))
          && (side.equals(Availability.ALL) || side.equals(attempt.extra(Extras.SIDE)))) {
        wanted.add(attempt);
      }
    }
    String who = side.equals(Availability.ALL) ? "all clients" : "the " + side;
    if (wanted.isEmpty()) {
      return Verdict.unknown("nobody among " + who + " attempted anything " + phase + " the split");
    }
    List<Operation> unserved =
        wanted.stream().filter(a -> !Availability.isServed(a, Availability.DEADLINE)).toList();
    int served = wanted.size() - unserved.size();
    double ratio = (double) served / wanted.size();
    String why =
        String.format(
            Locale.ROOT,
            "%,d of %,d attempts of %s %s the split were answered (%.1f %%), at least %.1f %% were"
                + " claimed",
            served,
            wanted.size(),
            who,
            phase,
            100 * ratio,
            100 * min);
    Verdict verdict =
        ratio >= min
            ? Verdict.valid(why)
            : Verdict.invalid(why, unserved.subList(0, Math.min(unserved.size(), 10)));
    return verdict.withFigures(figures(wanted, unserved));
  }

  private static Map<String, @Nullable Object> figures(
      List<Operation> wanted, List<Operation> unserved) {
    Map<String, @Nullable Object> figures = new LinkedHashMap<>();
    figures.put("attempted", wanted.size());
    figures.put("served", wanted.size() - unserved.size());
    Histogram waits = new Histogram(WAIT_MAX_MICROS, 3);
    for (Operation attempt : unserved) {
      boolean timed =
          attempt.invokeNanos() != HistoryEvent.NO_TIME
              && attempt.completeNanos() != HistoryEvent.NO_TIME
              && attempt.completeNanos() != Operation.NEVER;
      if (timed && attempt.outcome() == Outcome.FAILED) {
        waits.recordValue(
            Math.clamp(
                (attempt.completeNanos() - attempt.invokeNanos()) / 1_000, 0, WAIT_MAX_MICROS));
      }
    }
    figures.put("refused", waits.getTotalCount());
    if (waits.getTotalCount() > 0) {
      figures.put("refusedP50Micros", waits.getValueAtPercentile(50));
      figures.put("refusedP99Micros", waits.getValueAtPercentile(99));
      figures.put("refusedMaxMicros", waits.getMaxValue());
    }
    return figures;
  }
}
