package io.capstan.chaos.scenario;

import io.capstan.chaos.check.Extras;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Outcome;
import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.report.ScenarioResult.SideResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Counts the attempts of a history by phase and side. An attempt belongs where it was invoked. One
 * that was under way while its node changed sides, or while a fault was just beginning or ending,
 * says nothing about either side and is counted apart.
 */
final class SideCounts {
  /** A client ends an attempt at its deadline; the history notes it a little later. */
  private static final Duration CLOCK_MARGIN = Duration.ofMillis(50);

  /** The phase of attempts that say nothing about either side. */
  static final String CHANGING = "changing";

  private final ScenarioEvidence run;
  private final Map<Place, List<Operation>> attempts = new LinkedHashMap<>();

  private record Place(String phase, String side) {}

  SideCounts(ScenarioEvidence run, History history) {
    this.run = run;
    for (Place place :
        List.of(
            new Place(SplitMeasures.BEFORE, SplitMeasures.ALL),
            new Place(CHANGING, SplitMeasures.ALL),
            new Place(SplitMeasures.DURING, SplitMeasures.MAJORITY),
            new Place(SplitMeasures.DURING, SplitMeasures.MINORITY),
            new Place(SplitMeasures.DURING, ReachTimeline.DOWN),
            new Place(SplitMeasures.AFTER, SplitMeasures.ALL))) {
      attempts.put(place, new ArrayList<>());
    }
    for (Operation operation : history.operations()) {
      attempts.computeIfAbsent(place(operation), unused -> new ArrayList<>()).add(operation);
    }
  }

  private Place place(Operation attempt) {
    long nanos = attempt.invokeNanos();
    String node = String.valueOf(attempt.extra(Extras.NODE));
    if (run.gone().contains(node) && nanos >= run.healedNanos()) {
      return new Place(CHANGING, SplitMeasures.ALL);
    }
    if (nanos < run.firstFaultNanos()) {
      return new Place(SplitMeasures.BEFORE, SplitMeasures.ALL);
    }
    if (nanos >= run.lastEndNanos()) {
      return new Place(SplitMeasures.AFTER, SplitMeasures.ALL);
    }
    long until = Math.min(run.lastEndNanos() - 1, nanos + RunPlan.ATTEMPT_TIMEOUT.toNanos());
    ReachTimeline reach = run.reach();
    boolean isClear =
        reach.isSteady(node, nanos, until) && (reach.isHurt(nanos) || reach.isHurt(until));
    return isClear
        ? new Place(SplitMeasures.DURING, reach.sideAt(node, nanos))
        : new Place(CHANGING, SplitMeasures.ALL);
  }

  private List<Operation> at(String phase, String side) {
    return attempts.getOrDefault(new Place(phase, side), List.of());
  }

  private static boolean isServed(Operation attempt) {
    return SplitMeasures.isAnswered(attempt)
        && attempt.completeNanos() - attempt.invokeNanos()
            <= RunPlan.ATTEMPT_TIMEOUT.plus(CLOCK_MARGIN).toNanos();
  }

  /** Attempts and how many were served. */
  private record Share(long ok, long attempted) {
    @Nullable Double ratio() {
      return attempted == 0 ? null : (double) ok / attempted;
    }

    /** Whether it is below a bound; few attempts tell nothing. */
    boolean isBelow(double min) {
      return attempted >= RunClaims.CALM_ATTEMPTS_MIN && ok < min * attempted;
    }
  }

  private Share share(String phase, String side) {
    return share(at(phase, side));
  }

  private static Share share(List<Operation> attempts) {
    return new Share(attempts.stream().filter(SideCounts::isServed).count(), attempts.size());
  }

  @Nullable Double ratio(String phase, String side) {
    return share(phase, side).ratio();
  }

  /**
   * A bound that was missed counts against the cluster where the machine lets it work: where real
   * nodes do not answer in time before anything is wrong, or clients cannot even ask when they
   * should, it is starved, and then nothing is known. The keyspaces of a run are on one machine, on
   * the same nodes: what one of them shows of it counts for all.
   */
  Verdict timed(Verdict verdict) {
    if (!verdict.isInvalid() || run.substrate().equals(SubstrateKind.SIM.label())) {
      return verdict;
    }
    List<List<Operation>> calm = new ArrayList<>();
    calm.add(at(SplitMeasures.BEFORE, SplitMeasures.ALL));
    run.keyspaces().forEach(each -> calm.add(beforeFirstFault(each.history())));
    for (List<Operation> attempts : calm) {
      Share asked = new Share(attempts.size(), dueBeforeFirstFault());
      if (asked.isBelow(RunClaims.ASKED_MIN)) {
        return starved(verdict, "clients", asked, "that were due were made", RunClaims.ASKED_MIN);
      }
      Share served = share(attempts);
      if (served.isBelow(RunClaims.CALM_MIN)) {
        return starved(verdict, "the cluster", served, "were answered in time", RunClaims.CALM_MIN);
      }
    }
    return verdict;
  }

  private List<Operation> beforeFirstFault(History history) {
    return history.operations().stream()
        .filter(operation -> operation.invokeNanos() < run.firstFaultNanos())
        .toList();
  }

  private static Verdict starved(
      Verdict verdict, String whom, Share share, String what, double min) {
    return Verdict.unknown(
        String.format(
            Locale.ROOT,
            "%s; but this machine has no time for %s: before the first fault %,d of %,d attempts"
                + " %s, and %.0f %% would have to be",
            verdict.why(),
            whom,
            share.ok(),
            share.attempted(),
            what,
            100 * min));
  }

  /** How many attempts the schedule wants of each keyspace before the first fault. */
  private long dueBeforeFirstFault() {
    return run.plan().clients() * run.firstFaultNanos() / run.plan().interval().toNanos();
  }

  Verdict majorityAvailable() {
    Share share = share(SplitMeasures.DURING, SplitMeasures.MAJORITY);
    if (share.attempted() == 0) {
      return Verdict.valid("nobody could reach a majority, so nobody was promised anything");
    }
    return judged(
        share, RunClaims.MAJORITY_AVAILABLE_MIN, "of clients that could reach a majority");
  }

  Verdict everywhereAvailable() {
    Share majority = share(SplitMeasures.DURING, SplitMeasures.MAJORITY);
    Share minority = share(SplitMeasures.DURING, SplitMeasures.MINORITY);
    if (majority.attempted() + minority.attempted() == 0) {
      return Verdict.valid("no node ran, so nobody was promised anything");
    }
    List<Verdict> verdicts = new ArrayList<>();
    if (majority.attempted() > 0) {
      verdicts.add(
          judged(majority, RunClaims.BOTH_SIDES_AVAILABLE_MIN, "with a majority in reach"));
    }
    if (minority.attempted() > 0) {
      verdicts.add(
          judged(minority, RunClaims.BOTH_SIDES_AVAILABLE_MIN, "without a majority in reach"));
    }
    Verdict all = Verdict.all(verdicts);
    return all.isValid()
        ? Verdict.valid(String.join(", ", verdicts.stream().map(Verdict::why).toList()))
        : all;
  }

  private static Verdict judged(Share share, double min, String who) {
    String why =
        String.format(
            Locale.ROOT,
            "%,d of %,d attempts %s were answered (%.1f %%)",
            share.ok(),
            share.attempted(),
            who,
            100.0 * share.ok() / share.attempted());
    return share.ok() >= min * share.attempted() ? Verdict.valid(why) : Verdict.invalid(why);
  }

  /**
   * Returns one entry for each phase and side; every attempt is in exactly one of them.
   *
   * @param staleReads ids of the reads that missed a write; null where that is not known
   */
  List<SideResult> sides(@Nullable Set<Integer> staleReads) {
    List<SideResult> sides = new ArrayList<>();
    attempts.forEach(
        (place, operations) -> {
          boolean isDown = place.side().equals(ReachTimeline.DOWN);
          if (!operations.isEmpty() || !isDown) {
            sides.add(side(place, operations, staleReads));
          }
        });
    return sides;
  }

  private SideResult side(
      Place place, List<Operation> operations, @Nullable Set<Integer> staleReads) {
    int ok = 0;
    int refused = 0;
    int unknown = 0;
    long stale = 0;
    long siblings = 0;
    List<Long> waits = new ArrayList<>();
    for (Operation operation : operations) {
      if (SplitMeasures.isAnswered(operation)) {
        ok++;
      } else if (operation.outcome() == Outcome.FAILED) {
        refused++;
      } else {
        unknown++;
      }
      stale += staleReads != null && staleReads.contains(operation.id()) ? 1 : 0;
      siblings += SplitMeasures.sawSiblings(operation) ? 1 : 0;
      if (operation.completeNanos() != Operation.NEVER) {
        waits.add(operation.completeNanos() - operation.invokeNanos());
      }
    }
    long[] sorted = waits.stream().mapToLong(Long::longValue).sorted().toArray();
    return new SideResult(
        place.phase(),
        place.side(),
        place.side().equals(SplitMeasures.ALL) ? run.nodes() : seats(operations),
        operations.size(),
        ok,
        refused,
        unknown,
        quantileMillis(sorted, 0.50),
        quantileMillis(sorted, 0.99),
        staleReads == null ? null : stale,
        siblings);
  }

  private List<String> seats(List<Operation> operations) {
    Set<String> seats = new TreeSet<>();
    operations.forEach(operation -> seats.add(String.valueOf(operation.extra(Extras.NODE))));
    return run.nodes().stream().filter(seats::contains).toList();
  }

  /** The value below or at which this share of them lies (nearest rank), in milliseconds. */
  private static @Nullable Double quantileMillis(long[] sortedNanos, double share) {
    if (sortedNanos.length == 0) {
      return null;
    }
    int rank = (int) Math.ceil(share * sortedNanos.length);
    return TimeUnit.NANOSECONDS.toMicros(sortedNanos[Math.max(0, rank - 1)]) / 1_000.0;
  }
}
