package io.capstan.chaos.check.eventual;

import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryEvent;
import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Verdict;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the books of an available keyspace: every acknowledged write is, in the end, still there,
 * or superseded by a write that says so, or on the list of those that last-writer-wins discarded.
 * What is left is lost, and nothing may be. Stateless.
 *
 * <p>A write of unknown outcome has no receipt, unless it came late ({@link
 * io.capstan.chaos.check.Extras#LATE}); then what it superseded is not known, except where it had a
 * causal context. Where such a write took effect, or may have, and may explain an absence, the
 * absence is undetermined, and the verdict unknown.
 */
public final class ConservationChecker {
  /** So many violations of each kind are listed; all are counted. */
  public static final int LISTED_MAX = 100;

  private ConservationChecker() {}

  /**
   * A write that last-writer-wins dropped, as the ledger of the keyspace lists it.
   *
   * @param key the key
   * @param value the value that lost
   * @param winner the value that won; null if the ledger does not say
   */
  public record Discarded(@Nullable Object key, @Nullable Object value, @Nullable Object winner) {}

  /** What can be wrong with a value. */
  public enum Kind {
    /** An acknowledged write that is gone without excuse. */
    LOST,
    /** A superseded value that is there again. */
    RESURRECTED,
    /** A value whose write was refused, which means that it had no effect. */
    FAILED_BUT_THERE,
    /** A value that nobody wrote. */
    NEVER_WRITTEN,
    /** One write that is there more than once. */
    DUPLICATED
  }

  /**
   * One violation.
   *
   * @param kind what is wrong
   * @param key where
   * @param value the value
   * @param sentence the violation told to people
   */
  public record Violation(
      Kind kind, @Nullable Object key, @Nullable Object value, String sentence) {}

  /**
   * The books.
   *
   * @param verdict whether they balance
   * @param acknowledged writes that were acknowledged, deletes included; the sum of the next six
   * @param present the only value of their key, or a delete
   * @param siblings there beside others
   * @param superseded gone, and a write that took effect lists them
   * @param discarded gone, and the ledger lists them
   * @param undetermined gone, and a write without receipt may have superseded them
   * @param lost gone
   * @param counts violations by kind, all of them
   * @param violations the first of each kind
   */
  public record Report(
      Verdict verdict,
      int acknowledged,
      int present,
      int siblings,
      int superseded,
      int discarded,
      int undetermined,
      int lost,
      Map<Kind, Integer> counts,
      List<Violation> violations) {}

  /** Balances the books of a history whose written values are unique on their keys. */
  public static Report check(
      History history, ReplicaStates finalStates, Collection<Discarded> discarded) {
    Books books = new Books(finalStates);
    Map<@Nullable Object, Map<Object, Object>> discardedByKey = new HashMap<>();
    for (Discarded entry : discarded) {
      discardedByKey
          .computeIfAbsent(HistoryValues.canonical(entry.key()), unused -> new LinkedHashMap<>())
          .put(
              KeyWrites.boxed(HistoryValues.canonical(entry.value())),
              KeyWrites.boxed(HistoryValues.canonical(entry.winner())));
    }
    Map<@Nullable Object, List<Operation>> byKey = history.operationsByKey();
    Set<@Nullable Object> keys = new LinkedHashSet<>(byKey.keySet());
    keys.addAll(finalStates.keys());
    for (Object key : keys) {
      books.enter(
          key, byKey.getOrDefault(key, List.of()), discardedByKey.getOrDefault(key, Map.of()));
    }
    return books.close();
  }

  /** The books while they are being written. */
  private static final class Books {
    private final ReplicaStates finalStates;
    private final Map<Kind, Integer> counts = new LinkedHashMap<>();
    private final List<Violation> violations = new ArrayList<>();
    private @Nullable String ambiguous;
    private int acknowledged;
    private int present;
    private int siblings;
    private int superseded;
    private int discarded;
    private int undetermined;
    private int lost;

    Books(ReplicaStates finalStates) {
      this.finalStates = finalStates;
    }

    void enter(
        @Nullable Object key, List<Operation> operations, Map<Object, Object> winnerByDiscarded) {
      KeyWrites writes = new KeyWrites(operations, winnerByDiscarded);
      if (!writes.duplicates.isEmpty() && ambiguous == null) {
        ambiguous =
            "the same value was written twice"
                + under(key)
                + ", so receipts do not tell the writes apart";
      }
      Set<@Nullable Object> held = finalStates.anywhere(key);
      held.forEach(writes::noteHeld);
      judgeHeld(key, writes, held);
      for (int number = 0; number < writes.acknowledged; number++) {
        account(key, writes, number, held, winnerByDiscarded);
      }
    }

    private void account(
        @Nullable Object key,
        KeyWrites writes,
        int number,
        Set<@Nullable Object> held,
        Map<Object, Object> winnerByDiscarded) {
      acknowledged++;
      Operation write = writes.writes.get(number);
      if (KeyWrites.isDelete(write)) {
        present++;
      } else if (held.contains(write.input())) {
        if (held.size() == 1) {
          present++;
        } else {
          siblings++;
        }
      } else if (isSuperseded(writes, number)) {
        superseded++;
      } else if (winnerByDiscarded.containsKey(KeyWrites.boxed(write.input()))) {
        discarded++;
      } else if (mayBeSuperseded(writes, number)) {
        undetermined++;
      } else {
        lost++;
        note(
            Kind.LOST,
            key,
            write.input(),
            "client "
                + write.process()
                + "'s write of "
                + HistoryValues.show(write.input())
                + under(key)
                + " was acknowledged"
                + at(write.completeNanos())
                + " and is gone: on no replica, superseded by nothing, discarded by nobody");
      }
    }

    private static boolean isSuperseded(KeyWrites writes, int number) {
      for (int by = 0; by < writes.writes.size(); by++) {
        boolean tookEffect = by < writes.acknowledged || writes.hasSurfaced(by);
        if (tookEffect && writes.superseded(by).get(number)) {
          return true;
        }
      }
      return false;
    }

    private static boolean mayBeSuperseded(KeyWrites writes, int number) {
      for (int by = writes.acknowledged; by < writes.writes.size(); by++) {
        boolean namesIt = writes.superseded(by).get(number);
        if (namesIt || (writes.mayHaveTakenEffect(by) && writes.mayHaveSuperseded(by, number))) {
          return true;
        }
      }
      return false;
    }

    private void judgeHeld(@Nullable Object key, KeyWrites writes, Set<@Nullable Object> held) {
      for (Object value : held) {
        int number = writes.numberOf(value);
        if (number < 0) {
          noteUncaused(key, value, writes, "a replica holds it");
        } else {
          noteResurrected(key, value, writes, number);
        }
      }
      for (String replica : finalStates.replicas()) {
        List<@Nullable Object> there = finalStates.siblings(replica, key);
        Set<@Nullable Object> distinct = new LinkedHashSet<>();
        for (Object value : there) {
          if (!distinct.add(value)) {
            note(
                Kind.DUPLICATED,
                key,
                value,
                "replica "
                    + replica
                    + " holds "
                    + HistoryValues.show(value)
                    + under(key)
                    + " more than once");
          }
        }
      }
      Set<@Nullable Object> reported = new LinkedHashSet<>(held);
      for (Operation read : writes.reads) {
        for (Object value : read.outputValues()) {
          if (writes.numberOf(value) < 0 && reported.add(value)) {
            noteUncaused(
                key,
                value,
                writes,
                "client " + read.process() + " read it" + at(read.completeNanos()));
          }
        }
      }
    }

    private void noteResurrected(
        @Nullable Object key, @Nullable Object value, KeyWrites writes, int number) {
      for (int by = 0; by < writes.acknowledged; by++) {
        if (writes.superseded(by).get(number)) {
          Operation write = writes.writes.get(by);
          note(
              Kind.RESURRECTED,
              key,
              value,
              HistoryValues.show(value)
                  + under(key)
                  + " is back although client "
                  + write.process()
                  + "'s "
                  + write.f()
                  + (write.input() == null ? "" : " of " + HistoryValues.show(write.input()))
                  + " had superseded it"
                  + at(write.completeNanos()));
          return;
        }
      }
    }

    private void noteUncaused(
        @Nullable Object key, @Nullable Object value, KeyWrites writes, String evidence) {
      for (Operation refused : writes.failed) {
        if (Objects.equals(refused.input(), value)) {
          note(
              Kind.FAILED_BUT_THERE,
              key,
              value,
              "client "
                  + refused.process()
                  + "'s write of "
                  + HistoryValues.show(value)
                  + under(key)
                  + " had failed, which means that it had no effect, yet "
                  + evidence);
          return;
        }
      }
      note(
          Kind.NEVER_WRITTEN,
          key,
          value,
          "nobody ever wrote " + HistoryValues.show(value) + under(key) + ", yet " + evidence);
    }

    private void note(Kind kind, @Nullable Object key, @Nullable Object value, String sentence) {
      int count = counts.merge(kind, 1, Integer::sum);
      if (count <= LISTED_MAX) {
        violations.add(new Violation(kind, key, value, sentence));
      }
    }

    Report close() {
      if (present + siblings + superseded + discarded + undetermined + lost != acknowledged) {
        throw new IllegalStateException(
            "the books do not balance: a write was counted twice or not at all");
      }
      return new Report(
          verdict(),
          acknowledged,
          present,
          siblings,
          superseded,
          discarded,
          undetermined,
          lost,
          Map.copyOf(counts),
          List.copyOf(violations));
    }

    private Verdict verdict() {
      if (ambiguous != null) {
        return Verdict.unknown(ambiguous);
      }
      if (!violations.isEmpty()) {
        int all = counts.values().stream().mapToInt(Integer::intValue).sum();
        return Verdict.invalid(
            violations.get(0).sentence() + (all == 1 ? "" : " (and " + (all - 1) + " more)"));
      }
      String sum =
          acknowledged
              + " acknowledged = "
              + present
              + " present + "
              + siblings
              + " siblings + "
              + superseded
              + " superseded + "
              + discarded
              + " discarded";
      return undetermined == 0
          ? Verdict.valid(sum)
          : Verdict.unknown(
              sum + " + " + undetermined + " that a write of unknown outcome may have superseded");
    }
  }

  private static String under(@Nullable Object key) {
    return key == null ? "" : " under " + HistoryValues.show(key);
  }

  private static String at(long nanos) {
    return nanos == HistoryEvent.NO_TIME || nanos == Operation.NEVER
        ? ""
        : String.format(Locale.ROOT, " at %.1f s", nanos / 1e9);
  }
}
