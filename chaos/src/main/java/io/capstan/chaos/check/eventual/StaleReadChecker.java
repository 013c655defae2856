package io.capstan.chaos.check.eventual;

import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryEvent;
import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Outcome;
import io.capstan.chaos.check.Verdict;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Finds the reads that missed an acknowledged write: the write was acknowledged before the read
 * began, and the answer holds neither it nor anything that superseded it. Stateless.
 *
 * <p>Staleness is the age of what was missed: from the acknowledgement of the oldest missed write
 * to the beginning of the read. A read that met a write without receipt, which may have superseded
 * what is missing, is undetermined and not counted as stale.
 */
public final class StaleReadChecker {
  /** So many stale reads are listed; all are counted. */
  public static final int LISTED_MAX = 500_000;

  private static final double NANOS_PER_MILLI = 1e6;

  private StaleReadChecker() {}

  /**
   * A read that was behind.
   *
   * @param read the read
   * @param missedWrites how many acknowledged writes it missed (versions behind)
   * @param stalenessMillis age of the oldest of them; 0 where the history has no times
   * @param oldest the oldest of them
   */
  public record StaleRead(
      Operation read, int missedWrites, double stalenessMillis, Operation oldest) {}

  /**
   * The answer.
   *
   * @param reads successful reads that were judged
   * @param stale how many of them were behind
   * @param undetermined how many may have been
   * @param stalenessMaxMillis the worst staleness
   * @param missedWritesMax the most writes missed by one read
   * @param staleReads the first stale reads
   */
  public record Report(
      int reads,
      int stale,
      int undetermined,
      double stalenessMaxMillis,
      int missedWritesMax,
      List<StaleRead> staleReads) {
    /**
     * Whether no read was further behind than that.
     *
     * @param maxMillis the greatest age allowed of an acknowledged write that a read misses
     * @param maxVersions the most acknowledged writes that a read may miss
     */
    public Verdict within(double maxMillis, double maxVersions) {
      boolean listedAll = staleReads.size() == stale;
      List<StaleRead> beyond =
          staleReads.stream()
              .filter(s -> s.stalenessMillis() > maxMillis || s.missedWrites() > maxVersions)
              .sorted(
                  Comparator.comparingDouble(StaleRead::stalenessMillis)
                      .thenComparingInt(StaleRead::missedWrites)
                      .reversed())
              .toList();
      Verdict verdict;
      if (!beyond.isEmpty()) {
        StaleRead worst = beyond.get(0);
        verdict =
            Verdict.invalid(
                sentence(worst)
                    + (beyond.size() == 1 && listedAll
                        ? ""
                        : "; " + beyond.size() + " such reads are listed of " + stale + " stale"),
                worst.oldest().precedes(worst.read())
                    ? List.of(worst.oldest(), worst.read())
                    : List.of(worst.read()));
      } else if (undetermined > 0) {
        verdict =
            Verdict.unknown(
                undetermined
                    + " of "
                    + reads
                    + " reads met writes of unknown outcome, which may have superseded what they"
                    + " miss");
      } else if (reads == 0) {
        verdict = Verdict.unknown("no read succeeded");
      } else {
        verdict =
            Verdict.valid(
                stale == 0
                    ? "none of " + reads + " reads missed an acknowledged write"
                    : stale + " of " + reads + " reads were stale, none beyond what is allowed");
      }
      Map<String, Object> figures = new LinkedHashMap<>();
      figures.put("reads", reads);
      figures.put("staleReads", stale);
      figures.put("undeterminedReads", undetermined);
      figures.put("stalenessMaxMillis", stalenessMaxMillis);
      figures.put("missedWritesMax", missedWritesMax);
      return verdict.withFigures(figures);
    }

    private static String sentence(StaleRead stale) {
      Operation read = stale.read();
      Operation write = stale.oldest();
      return "client "
          + read.process()
          + " read "
          + HistoryValues.show(read.output())
          + (read.key() == null ? "" : " under " + HistoryValues.show(read.key()))
          + seconds(" at ", read.invokeNanos())
          + " although client "
          + write.process()
          + "'s "
          + write.f()
          + (write.input() == null ? "" : " of " + HistoryValues.show(write.input()))
          + " had been acknowledged"
          + seconds(" at ", write.completeNanos())
          + ": "
          + stale.missedWrites()
          + (stale.missedWrites() == 1 ? " version" : " versions")
          + String.format(Locale.ROOT, " and %.0f ms behind", stale.stalenessMillis());
    }

    private static String seconds(String before, long nanos) {
      return nanos == HistoryEvent.NO_TIME
          ? ""
          : before + String.format(Locale.ROOT, "%.3f s", nanos / 1e9);
    }
  }

  /** Judges every successful read. */
  public static Report check(History history) {
    return check(history, read -> true, List.of());
  }

  /**
   * Judges the successful reads that are wanted.
   *
   * @param wanted which reads to judge; all of them count as evidence
   * @param discarded writes that last-writer-wins dropped: who holds the winner has not missed the
   *     loser
   */
  public static Report check(
      History history,
      Predicate<Operation> wanted,
      Collection<ConservationChecker.Discarded> discarded) {
    Map<@Nullable Object, Map<Object, Object>> discardedByKey = new HashMap<>();
    for (ConservationChecker.Discarded entry : discarded) {
      discardedByKey
          .computeIfAbsent(entry.key(), unused -> new LinkedHashMap<>())
          .put(KeyWrites.boxed(entry.value()), KeyWrites.boxed(entry.winner()));
    }
    Tally tally = new Tally();
    history
        .operationsByKey()
        .forEach(
            (key, operations) -> {
              KeyWrites writes =
                  new KeyWrites(operations, discardedByKey.getOrDefault(key, Map.of()));
              judgeKey(writes, wanted, tally);
            });
    return tally.report();
  }

  private static void judgeKey(KeyWrites writes, Predicate<Operation> wanted, Tally tally) {
    List<BitSet> closures = writes.closures();
    for (Operation read : writes.reads) {
      if (wanted.test(read)) {
        judge(writes, closures, read, tally);
      }
    }
  }

  private static void judge(KeyWrites writes, List<BitSet> closures, Operation read, Tally tally) {
    tally.reads++;
    BitSet returned = new BitSet();
    BitSet reached = new BitSet();
    for (Object value : read.outputValues()) {
      int number = writes.numberOf(value);
      if (number >= 0) {
        returned.set(number);
        reached.or(closures.get(number));
      }
    }
    int missed = 0;
    boolean excused = false;
    Operation oldest = null;
    for (int number = 0; number < writes.acknowledged; number++) {
      Operation write = writes.writes.get(number);
      if (!write.precedes(read)) {
        break;
      }
      if (reached.get(number) || isHonoured(writes, closures, number, read, returned)) {
        continue;
      }
      if (isExcused(writes, reached, number)) {
        excused = true;
        continue;
      }
      missed++;
      oldest = oldest == null ? write : oldest;
    }
    if (oldest != null) {
      tally.addStale(read, missed, oldest);
    } else if (excused) {
      tally.undetermined++;
    }
  }

  /**
   * A delete shows by what is absent: it was honoured unless the read returned something that it
   * had superseded. And a write was honoured if a delete that may have been seen had superseded it.
   */
  private static boolean isHonoured(
      KeyWrites writes, List<BitSet> closures, int number, Operation read, BitSet returned) {
    if (KeyWrites.isDelete(writes.writes.get(number))) {
      return !closures.get(number).intersects(returned);
    }
    for (int by : writes.deletes) {
      if (writes.writes.get(by).invokePosition() < read.completePosition()
          && closures.get(by).get(number)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isExcused(KeyWrites writes, BitSet reached, int missed) {
    for (int number = writes.acknowledged; number < writes.writes.size(); number++) {
      Operation write = writes.writes.get(number);
      boolean met =
          reached.get(number) || (write.outcome() == Outcome.UNKNOWN && KeyWrites.isDelete(write));
      if (met && writes.mayHaveSuperseded(number, missed)) {
        return true;
      }
    }
    return false;
  }

  /** Counts as it goes. */
  private static final class Tally {
    private int reads;
    private int stale;
    private int undetermined;
    private double stalenessMaxMillis;
    private int missedWritesMax;
    private final List<StaleRead> staleReads = new ArrayList<>();

    void addStale(Operation read, int missed, Operation oldest) {
      boolean timed =
          read.invokeNanos() != HistoryEvent.NO_TIME
              && oldest.completeNanos() != HistoryEvent.NO_TIME;
      double millis =
          timed ? Math.max(0, read.invokeNanos() - oldest.completeNanos()) / NANOS_PER_MILLI : 0;
      stale++;
      stalenessMaxMillis = Math.max(stalenessMaxMillis, millis);
      missedWritesMax = Math.max(missedWritesMax, missed);
      if (staleReads.size() < LISTED_MAX) {
        staleReads.add(new StaleRead(read, missed, millis, oldest));
      }
    }

    Report report() {
      return new Report(
          reads, stale, undetermined, stalenessMaxMillis, missedWritesMax, List.copyOf(staleReads));
    }
  }
}
