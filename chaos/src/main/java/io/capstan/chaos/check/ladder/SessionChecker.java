package io.capstan.chaos.check.ladder;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Verdict;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Judges causal consistency and the four session guarantees in one pass over what each client did.
 * Of the writes of one chain that a read should have known only the last matters: what is older
 * than an earlier one is older than that, too.
 */
final class SessionChecker {
  private static final List<Rung> JUDGED =
      List.of(
          Rung.CAUSAL,
          Rung.READ_YOUR_WRITES,
          Rung.MONOTONIC_READS,
          Rung.MONOTONIC_WRITES,
          Rung.WRITES_FOLLOW_READS);

  private final Accesses accesses;
  private final CausalOrder order;
  private final Budget budget;
  private final Map<Integer, List<Access>> byChain = new LinkedHashMap<>();
  private final Map<@Nullable Object, Map<Integer, List<Access>>> writes = new HashMap<>();
  private final Map<@Nullable Object, Map<Integer, List<Access>>> reads = new HashMap<>();
  private final Map<Rung, Verdict> firstViolation = new EnumMap<>(Rung.class);
  private final Map<Rung, Integer> violations = new EnumMap<>(Rung.class);
  private int judgedReads;

  /** A write that a reader should have known, and how it came to. */
  private record Known(Access write, List<Access> through) {}

  /** What one client has come to know so far. */
  private static final class Session {
    /** By key, by chain: the last write that it read itself. */
    private final Map<@Nullable Object, Map<Integer, Known>> read = new HashMap<>();

    /** By chain: the last write that it read under any key, and the read. */
    private final Map<Integer, Known> met = new HashMap<>();

    /** By key, by chain: the last write that was read by those whose later writes it met. */
    private final Map<@Nullable Object, Map<Integer, Known>> readByOthers = new HashMap<>();

    /** By key, by chain: how many of the reads there have been looked at for that. */
    private final Map<@Nullable Object, Map<Integer, Integer>> readsTaken = new HashMap<>();
  }

  private SessionChecker(Accesses accesses, CausalOrder order, Budget budget) {
    this.accesses = accesses;
    this.order = order;
    this.budget = budget;
    for (Access access : accesses.all) {
      byChain.computeIfAbsent(access.chain, unused -> new ArrayList<>()).add(access);
      if (access.writes) {
        into(writes, access);
      }
      if (access.seen != null) {
        into(reads, access);
      }
    }
  }

  private static void into(Map<@Nullable Object, Map<Integer, List<Access>>> map, Access access) {
    map.computeIfAbsent(access.key(), unused -> new HashMap<>())
        .computeIfAbsent(access.chain, unused -> new ArrayList<>())
        .add(access);
  }

  /** The verdict on each of the five rungs. */
  static Map<Rung, Verdict> check(Accesses accesses, CausalOrder order, Budget budget) {
    SessionChecker checker = new SessionChecker(accesses, order, budget);
    if (order.circular.isEmpty() && order.gaveUp == null) {
      checker.run();
    }
    Map<Rung, Verdict> verdicts = new EnumMap<>(Rung.class);
    JUDGED.forEach(rung -> verdicts.put(rung, checker.verdict(rung)));
    return verdicts;
  }

  private Verdict verdict(Rung rung) {
    Verdict violated = firstViolation.get(rung);
    if (violated == null && rung == Rung.CAUSAL) {
      violated = circleOrUncaused();
    }
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("reads", judgedReads);
    figures.put("violations", violations.getOrDefault(rung, 0));
    figures.put("ambiguousReads", order.ambiguousReads);
    Verdict verdict;
    String exhausted = order.gaveUp == null ? budget.exhausted() : order.gaveUp;
    if (violated != null) {
      verdict = violated;
    } else if (exhausted != null) {
      verdict = Verdict.unknown(exhausted + " before every read was judged");
    } else if (!order.circular.isEmpty()) {
      verdict = Verdict.unknown("some operations causally precede themselves");
    } else if (judgedReads == 0) {
      verdict = Verdict.unknown("no read succeeded");
    } else if (order.ambiguousReads > 0) {
      verdict =
          Verdict.unknown(
              order.ambiguousReads
                  + " of "
                  + judgedReads
                  + " reads returned a value that was written more than once, so that who wrote it"
                  + " is not known");
    } else {
      verdict = Verdict.valid("none of " + judgedReads + " reads breaks it");
    }
    return verdict.withFigures(figures);
  }

  private @Nullable Verdict circleOrUncaused() {
    if (!order.circular.isEmpty()) {
      List<String> steps = order.circular.stream().map(Access::told).toList();
      return Verdict.invalid(
          String.join(", before ", steps) + ", before " + steps.get(0), operations(order.circular));
    }
    return accesses
        .uncaused()
        .map(uncaused -> Verdict.invalid(uncaused.sentence(), uncaused.operations()))
        .orElse(null);
  }

  private void run() {
    for (List<Access> chain : byChain.values()) {
      Session session = new Session();
      for (Access access : chain) {
        if (access.seen == null) {
          continue;
        }
        if (budget.exhausted() != null) {
          return;
        }
        judgedReads++;
        judge(session, access);
        learn(session, access);
      }
    }
  }

  private void judge(Session session, Access read) {
    Map<Integer, List<Access>> writesHere = writes.getOrDefault(read.key(), Map.of());
    Access own = lastBefore(writesHere.get(read.chain), read.place);
    if (own != null && misses(read, own)) {
      note(
          Rung.READ_YOUR_WRITES,
          read,
          new Known(own, List.of()),
          "it had itself done its " + noun(own) + Access.at(own.operation.completeNanos()));
    }
    session
        .read
        .getOrDefault(read.key(), Map.of())
        .values()
        .forEach(
            known -> {
              if (misses(read, known.write())) {
                note(
                    Rung.MONOTONIC_READS,
                    read,
                    known,
                    "it had already read client "
                        + known.write().operation.process()
                        + "'s "
                        + noun(known.write())
                        + Access.at(known.through().get(0).operation.completeNanos()));
              }
            });
    judgeByOthers(session, read, writesHere);
    for (Map.Entry<Integer, List<Access>> entry : writesHere.entrySet()) {
      Access last = lastBefore(entry.getValue(), order.known(read, entry.getKey()));
      if (last != null && last != read && misses(read, last)) {
        noteCausal(read, last);
      }
    }
  }

  private void judgeByOthers(Session session, Access read, Map<Integer, List<Access>> writesHere) {
    Map<Integer, List<Access>> readsHere = reads.getOrDefault(read.key(), Map.of());
    Map<Integer, Known> readByOthers =
        session.readByOthers.computeIfAbsent(read.key(), unused -> new HashMap<>());
    Map<Integer, Integer> taken =
        session.readsTaken.computeIfAbsent(read.key(), unused -> new HashMap<>());
    session.met.forEach(
        (chain, met) -> {
          Access earlier = lastBefore(writesHere.get(chain), met.write().place);
          if (earlier != null && misses(read, earlier)) {
            note(
                Rung.MONOTONIC_WRITES,
                read,
                new Known(earlier, List.of(met.write(), met.through().get(0))),
                "it had already seen "
                    + met.write().told()
                    + ", before which that client had done its "
                    + noun(earlier));
          }
          List<Access> others = readsHere.getOrDefault(chain, List.of());
          int next = taken.getOrDefault(chain, 0);
          while (next < others.size() && others.get(next).place < met.write().place) {
            Access other = others.get(next++);
            for (Access write : writersOf(other)) {
              keepLast(
                  readByOthers,
                  new Known(write, List.of(other, met.write(), met.through().get(0))));
            }
          }
          taken.put(chain, next);
        });
    readByOthers
        .values()
        .forEach(
            known -> {
              if (misses(read, known.write())) {
                note(
                    Rung.WRITES_FOLLOW_READS,
                    read,
                    known,
                    "it had already seen "
                        + known.through().get(1).told()
                        + ", before which that client had read client "
                        + known.write().operation.process()
                        + "'s "
                        + noun(known.write()));
              }
            });
  }

  private void learn(Session session, Access read) {
    for (Access write : writersOf(read)) {
      Known known = new Known(write, List.of(read));
      keepLast(session.read.computeIfAbsent(read.key(), unused -> new HashMap<>()), known);
      if (write.chain != read.chain) {
        keepLast(session.met, known);
      }
    }
  }

  private static void keepLast(Map<Integer, Known> byChain, Known known) {
    byChain.merge(
        known.write().chain,
        known,
        (old, fresh) -> fresh.write().place > old.write().place ? fresh : old);
  }

  /** The writes that a read can be traced to. */
  private List<Access> writersOf(Access read) {
    List<Access> found = new ArrayList<>(1);
    for (Access cause : order.causes(read)) {
      boolean readIt =
          read.seen != null
              && cause.writes
              && java.util.Objects.equals(cause.key(), read.key())
              && read.seen.contains(cause.written);
      if (readIt) {
        found.add(cause);
      }
    }
    return found;
  }

  private static @Nullable Access lastBefore(@Nullable List<Access> chain, int place) {
    if (chain == null) {
      return null;
    }
    int low = 0;
    int high = chain.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (chain.get(middle).place < place) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low == 0 ? null : chain.get(low - 1);
  }

  /** Whether everything that the read returned is older than this write, whoever left it there. */
  private boolean misses(Access read, Access write) {
    if (read.seen == null) {
      return false;
    }
    for (Object value : read.seen) {
      List<Access> candidates = accesses.candidates(read, value);
      if (candidates.isEmpty() && !accesses.isInitial(value)) {
        return false;
      }
      for (Access candidate : candidates) {
        if (candidate == write
            || !(order.precedes(candidate, write) || write.surelyReplaced(candidate))) {
          return false;
        }
      }
    }
    return true;
  }

  private static String noun(Access write) {
    return write.operation.f()
        + (write.operation.input() == null
            ? ""
            : " of " + HistoryValues.show(write.operation.input()))
        + (write.key() == null ? "" : " under " + HistoryValues.show(write.key()));
  }

  private void note(Rung rung, Access read, Known known, String although) {
    violations.merge(rung, 1, Integer::sum);
    if (firstViolation.containsKey(rung)) {
      return;
    }
    List<Access> shown = new ArrayList<>(known.through());
    shown.add(known.write());
    shown.add(read);
    firstViolation.put(
        rung, Verdict.invalid(read.told() + " although " + although, operations(shown)));
  }

  private void noteCausal(Access read, Access missed) {
    violations.merge(Rung.CAUSAL, 1, Integer::sum);
    if (firstViolation.containsKey(Rung.CAUSAL)) {
      return;
    }
    List<Access> way = way(missed, read);
    StringBuilder sentence =
        new StringBuilder(read.told())
            .append(" although ")
            .append(missed.told())
            .append(" causally precedes it");
    List<String> steps = new ArrayList<>();
    for (int i = 1; i < way.size(); i++) {
      boolean sameClient = way.get(i).before == way.get(i - 1);
      steps.add(
          (sameClient ? "after that, the same client: " : "which was read: ") + way.get(i).told());
    }
    firstViolation.put(
        Rung.CAUSAL, Verdict.invalid(sentence.toString(), operations(way)).withStory(steps));
  }

  /** The shortest way from a write to a read that it causally precedes. */
  private List<Access> way(Access from, Access to) {
    Map<Access, Access> towards = new HashMap<>();
    ArrayDeque<Access> open = new ArrayDeque<>();
    open.add(to);
    while (!open.isEmpty() && !towards.containsKey(from)) {
      Access at = open.remove();
      for (Access cause : order.causes(at)) {
        if (cause == from || (order.precedes(from, cause) && !towards.containsKey(cause))) {
          towards.putIfAbsent(cause, at);
          open.add(cause);
        }
      }
    }
    List<Access> way = new ArrayList<>();
    for (Access at = from; at != null && at != to; at = towards.get(at)) {
      way.add(at);
    }
    way.add(to);
    return way;
  }

  private static List<Operation> operations(List<Access> shown) {
    return shown.stream()
        .map(access -> access.operation)
        .distinct()
        .sorted(Comparator.comparingInt(Operation::invokePosition))
        .toList();
  }
}
