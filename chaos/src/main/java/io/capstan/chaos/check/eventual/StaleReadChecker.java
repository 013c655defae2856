package io.capstan.chaos.check.eventual;

import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryEvent;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Outcome;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
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
  public static final int LISTED_MAX = 1_000;

  private static final double NANOS_PER_MILLI = 1e6;

  private StaleReadChecker() {}

  /**
   * A read that was behind.
   *
   * @param read the read
   * @param missedWrites how many acknowledged writes it missed (versions behind)
   * @param stalenessMillis age of the oldest of them; 0 where the history has no times
   */
  public record StaleRead(Operation read, int missedWrites, double stalenessMillis) {}

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
      List<StaleRead> staleReads) {}

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
      if (isExcused(writes, reached, write)) {
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

  private static boolean isExcused(KeyWrites writes, BitSet reached, Operation missed) {
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
        staleReads.add(new StaleRead(read, missed, millis));
      }
    }

    Report report() {
      return new Report(
          reads, stale, undetermined, stalenessMaxMillis, missedWritesMax, List.copyOf(staleReads));
    }
  }
}
