package io.capstan.chaos.scenario;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.EventType;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryEvent;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.check.eventual.BankTotalsChecker;
import io.capstan.chaos.check.eventual.ConservationChecker;
import io.capstan.chaos.check.eventual.ConvergenceChecker;
import io.capstan.chaos.check.eventual.ReplicaStates;
import io.capstan.chaos.check.eventual.SiblingCount;
import io.capstan.chaos.check.eventual.StaleReadChecker;
import io.capstan.chaos.check.ladder.Ladder;
import io.capstan.chaos.check.ladder.Rung;
import io.capstan.chaos.check.linear.LinearizabilityChecker;
import io.capstan.chaos.check.linear.RegisterModel;
import io.capstan.chaos.check.txn.IsolationLevel;
import io.capstan.chaos.check.txn.ListAppendChecker;
import io.capstan.chaos.report.ScenarioResult.All;
import io.capstan.chaos.report.ScenarioResult.Availability;
import io.capstan.chaos.report.ScenarioResult.Consistency;
import io.capstan.chaos.report.ScenarioResult.LadderResult;
import io.capstan.chaos.report.ScenarioResult.Ops;
import io.capstan.chaos.report.ScenarioResult.RunResult;
import io.capstan.chaos.report.ScenarioResult.SideResult;
import io.capstan.chaos.report.ScenarioResult.Sides;
import io.capstan.chaos.workload.BankWorkload;
import io.capstan.chaos.workload.HistoryCompletion;
import io.capstan.chaos.workload.Workloads;
import io.capstan.client.Level;
import io.capstan.client.Mode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Judges one keyspace of a run. */
final class KeyspaceJudge {
  private static final int LISTED_MAX = 20;

  private final ScenarioEvidence run;
  private final ScenarioEvidence.KeyspaceEvidence seen;
  private final KeyspacePlan plan;
  private final Duration budget;
  private final History plain;
  private final List<ConservationChecker.Discarded> discarded;
  private @Nullable Verdict linearizable;

  KeyspaceJudge(ScenarioEvidence run, ScenarioEvidence.KeyspaceEvidence seen, Duration budget) {
    this.run = run;
    this.seen = seen;
    this.plan = seen.plan();
    this.budget = budget;
    this.plain = keyed(seen.history(), Workloads.REGISTER_PREFIX, Workloads.WALL_PREFIX);
    this.discarded = discarded();
  }

  private static History keyed(History history, String... prefixes) {
    return History.of(
        history.events().stream()
            .filter(
                event ->
                    event.key() instanceof String key
                        && List.of(prefixes).stream().anyMatch(key::startsWith))
            .toList());
  }

  private List<ConservationChecker.Discarded> discarded() {
    Map<Object, @Nullable Object> valueByVersion = new HashMap<>();
    for (HistoryEvent event : plain.events()) {
      Object version = event.extras().get(HistoryCompletion.VERSION);
      if (event.type() != EventType.INVOKE && version != null) {
        valueByVersion.put(version, event.value());
      }
    }
    List<ConservationChecker.Discarded> all = new ArrayList<>();
    for (ScenarioClients.Discarded lost : seen.discarded()) {
      all.add(
          new ConservationChecker.Discarded(
              lost.key(),
              stored(lost.key(), lost.value()),
              valueByVersion.get(lost.winnerVersion())));
    }
    return all;
  }

  /** Registers hold numbers, as the history has them; everything else is text. */
  private static @Nullable Object stored(String key, String text) {
    if (key.startsWith(Workloads.REGISTER_PREFIX)) {
      try {
        return Long.parseLong(text);
      } catch (NumberFormatException e) {
        return text;
      }
    }
    return text;
  }

  private ReplicaStates states(String... prefixes) {
    Map<String, Map<String, List<@Nullable Object>>> byReplica = new LinkedHashMap<>();
    seen.finalContents()
        .valuesByNode()
        .forEach(
            (node, values) -> {
              Map<String, List<@Nullable Object>> byKey = new LinkedHashMap<>();
              values.forEach(
                  (key, held) -> {
                    if (List.of(prefixes).stream().anyMatch(key::startsWith)) {
                      List<@Nullable Object> list = new ArrayList<>();
                      held.forEach(each -> list.add(stored(key, each.value())));
                      byKey.put(key, list);
                    }
                  });
              byReplica.put(node, byKey);
            });
    return ReplicaStates.of(byReplica);
  }

  RunResult judge() {
    StaleReadChecker.Report staleness = StaleReadChecker.check(plain, read -> true, discarded);
    ClaimSheet sheet = new ClaimSheet();
    SideCounts counts = new SideCounts(run, seen.history());
    for (ClaimKind claim : plan.claims()) {
      sheet.add(RunClaims.text(claim), judge(claim, counts));
    }
    if (run.plan().schedule().isEmpty() || run.faults().isEmpty()) {
      sheet.add(
          "some fault happened",
          Verdict.unknown("no fault happened, so nothing was put to the test"));
    }
    History.Counts ops = seen.history().counts();
    List<SideResult> sides = counts.sides(staleIds(staleness));
    return new RunResult(
        plan.mode().label(),
        plan.keyspace(),
        new Ops(ops.attempted(), ops.ok(), ops.failed(), ops.unknown()),
        new Availability(
            new All(counts.ratio(SplitMeasures.BEFORE, SplitMeasures.ALL)),
            new Sides(
                counts.ratio(SplitMeasures.DURING, SplitMeasures.MAJORITY),
                counts.ratio(SplitMeasures.DURING, SplitMeasures.MINORITY)),
            new All(counts.ratio(SplitMeasures.AFTER, SplitMeasures.ALL))),
        consistency(staleness),
        sides,
        sheet.claims(),
        sheet.overall());
  }

  /** In a linearizable history no read is stale; in another CP one how many are is not known. */
  private @Nullable Set<Integer> staleIds(StaleReadChecker.Report staleness) {
    if (plan.mode() == Mode.CP && plan.level() != Level.STALE) {
      Verdict verdict = linearizable;
      return verdict != null && verdict.isValid() ? Set.of() : null;
    }
    return staleness.staleReads().stream()
        .map(stale -> stale.read().id())
        .collect(Collectors.toSet());
  }

  private Consistency consistency(StaleReadChecker.Report staleness) {
    SiblingCount siblings = SiblingCount.of(plain);
    Set<Integer> stale = staleIds(staleness);
    boolean isAp = plan.mode() == Mode.AP;
    ConservationChecker.Report books =
        isAp && !plain.operations().isEmpty()
            ? ConservationChecker.check(
                plain, states(Workloads.REGISTER_PREFIX, Workloads.WALL_PREFIX), discarded)
            : null;
    Verdict verdict = linearizable;
    Object answer =
        verdict != null
            ? switch (verdict.status()) {
              case VALID -> true;
              case INVALID -> false;
              case UNKNOWN -> "unknown";
            }
            : siblings.reads() > 0 || staleness.stale() > 0 ? false : "unknown";
    boolean casAside =
        plan.workload().equals(Workloads.REGISTER) || plan.workload().equals(Workloads.FEED);
    Long none = verdict != null && verdict.isValid() ? 0L : null;
    return new Consistency(
        answer,
        stale == null
            ? null
            : (Long) (isAp || plan.level() == Level.STALE ? staleness.stale() : 0L),
        isAp ? (books != null && casAside ? (Long) (long) books.lost() : null) : none,
        isAp ? (Long) (long) seen.discarded().size() : Long.valueOf(0),
        (long) siblings.keys(),
        millisSinceHeal(seen.convergedNanos()),
        millis(recoveryNanos()));
  }

  private @Nullable Long millisSinceHeal(@Nullable Long nanos) {
    return nanos == null ? null : millis(nanos - run.healedNanos());
  }

  private static @Nullable Long millis(@Nullable Long nanos) {
    return nanos == null ? null : TimeUnit.NANOSECONDS.toMillis(nanos);
  }

  private @Nullable Long recoveryNanos() {
    List<String> seats =
        run.plan().seats(run.nodes()).stream()
            .distinct()
            .filter(node -> !run.gone().contains(node))
            .toList();
    return SplitMeasures.recoveryNanos(seen.history().operations(), run.healedNanos(), seats);
  }

  // ---- claims ----

  /** Judges one claim alone. */
  Verdict judge(ClaimKind claim) {
    return judge(claim, new SideCounts(run, seen.history()));
  }

  private Verdict judge(ClaimKind claim, SideCounts counts) {
    return switch (claim) {
      case LINEARIZABLE -> linearizable();
      case SEQUENTIAL -> onLadder(Rung.SEQUENTIAL);
      case CAUSAL -> onLadder(Rung.CAUSAL);
      case READ_YOUR_WRITES -> onLadder(Rung.READ_YOUR_WRITES);
      case MONOTONIC_READS -> onLadder(Rung.MONOTONIC_READS);
      case MONOTONIC_WRITES -> onLadder(Rung.MONOTONIC_WRITES);
      case WRITES_FOLLOW_READS -> onLadder(Rung.WRITES_FOLLOW_READS);
      case SERIALIZABLE ->
          ListAppendChecker.check(
                  seen.history(), IsolationLevel.STRICT_SERIALIZABLE, Budget.of(budget))
              .verdict();
      case BANK_TOTAL -> {
        BankWorkload bank = new BankWorkload(plan.keyspace());
        yield BankTotalsChecker.check(seen.history(), bank.accounts(), bank.total(), false)
            .verdict();
      }
      case COUNTER_EXACT -> new TypedChecks(seen).counters();
      case ELEMENTS_KEPT -> new TypedChecks(seen).sets();
      case UNIQUE -> TypedChecks.unique(seen.history());
      case MAJORITY_AVAILABLE -> counts.timed(counts.majorityAvailable());
      case BOTH_SIDES_AVAILABLE -> counts.timed(counts.everywhereAvailable());
      case RECOVERED -> counts.timed(recovered());
      case CONVERGED -> converged(counts);
      case NOTHING_LOST -> nothingLost();
      case NOTHING_DISCARDED -> nothingDiscarded();
    };
  }

  private Verdict linearizable() {
    Verdict verdict =
        new LinearizabilityChecker()
            .withVersions()
            .check(plain, RegisterModel.casRegister(null), Budget.of(budget))
            .pinned();
    linearizable = verdict;
    return verdict;
  }

  private Verdict onLadder(Rung rung) {
    return Ladder.judge(rung, plain, null, plainStates(), Budget.of(budget));
  }

  /**
   * Every rung of the consistency ladder; null where the workload has no registers and no walls.
   */
  @Nullable LadderResult ladder(Duration patience) {
    if (plain.operations().isEmpty()) {
      return null;
    }
    Ladder.Report report = Ladder.climb(plain, null, plainStates(), Budget.of(patience));
    Map<String, String> rungs = new LinkedHashMap<>();
    report.rungs().forEach((rung, verdict) -> rungs.put(rung.label(), verdict.status().label()));
    return new LadderResult(
        report.strongest().map(Rung::label).orElse(null),
        report.firstBroken().map(Rung::label).orElse(null),
        report.firstBroken().map(rung -> report.on(rung).why()).orElse(null),
        rungs);
  }

  private Optional<ReplicaStates> plainStates() {
    return silent() == null
        ? Optional.of(states(Workloads.REGISTER_PREFIX, Workloads.WALL_PREFIX))
        : Optional.empty();
  }

  private @Nullable String silent() {
    List<String> silent = seen.finalContents().silent();
    return silent.isEmpty()
        ? null
        : "at the end " + String.join(", ", silent) + " did not tell what it holds";
  }

  private Verdict nothingLost() {
    String silent = silent();
    return silent != null
        ? Verdict.unknown(silent)
        : ConservationChecker.check(
                plain, states(Workloads.REGISTER_PREFIX, Workloads.WALL_PREFIX), discarded)
            .verdict();
  }

  private Verdict recovered() {
    if (!run.healProblem().isEmpty()) {
      return Verdict.invalid("after the heal: " + run.healProblem());
    }
    return SplitJudge.within(
        RunClaims.RECOVERED_MAX,
        recoveryNanos(),
        "a success through every node came",
        "some node had no success");
  }

  private Verdict converged(SideCounts counts) {
    String silent = silent();
    if (silent != null) {
      return Verdict.unknown(silent);
    }
    ConvergenceChecker.Report report = ConvergenceChecker.check(seen.finalContents().states());
    if (!report.verdict().isValid()) {
      return report.verdict();
    }
    Long converged = seen.convergedNanos();
    // Without keys that are left alone the replicas are looked at when the clients have stopped.
    long since = Math.max(run.healedNanos(), hasQuietKeys() ? 0 : run.endNanos());
    Verdict inTime =
        SplitJudge.within(
            RunClaims.CONVERGED_MAX,
            converged == null ? null : Math.max(0, converged - since),
            "they were seen to hold the same",
            "the replicas did not become equal");
    return inTime.isValid()
        ? Verdict.valid(inTime.why() + ", and at the end " + report.verdict().why())
        : counts.timed(inTime);
  }

  private boolean hasQuietKeys() {
    return !Workloads.named(plan.workload(), plan.keyspace(), plan.mode()).quietKeys().isEmpty();
  }

  /** Pins a write that was acknowledged and then dropped, and the one that it lost to. */
  private Verdict nothingDiscarded() {
    Map<Object, Operation> writeByVersion = new HashMap<>();
    for (Operation operation : plain.operations()) {
      Object version = operation.extra(HistoryCompletion.VERSION);
      if (operation.isOk() && version != null) {
        writeByVersion.put(version, operation);
      }
    }
    List<String> story = new ArrayList<>();
    List<Operation> pinned = new ArrayList<>();
    int dropped = 0;
    for (ScenarioClients.Discarded lost : seen.discarded()) {
      Operation write = writeByVersion.get(lost.version());
      if (write == null) {
        continue;
      }
      dropped++;
      Operation winner = writeByVersion.get(lost.winnerVersion());
      if (pinned.isEmpty()) {
        pinned.add(write);
        if (winner != null) {
          pinned.add(winner);
        }
      }
      if (story.size() < LISTED_MAX) {
        story.add(sentence(write, winner, lost));
      }
    }
    if (dropped == 0) {
      return Verdict.valid("the ledgers list no acknowledged write of this run");
    }
    return Verdict.invalid(
            String.format(
                Locale.ROOT,
                "%,d acknowledged writes were dropped because another one was later; %s",
                dropped,
                story.get(0)),
            pinned)
        .withStory(story);
  }

  private static String sentence(
      Operation write, @Nullable Operation winner, ScenarioClients.Discarded lost) {
    return String.format(
        Locale.ROOT,
        "client %d's write of %s to %s was acknowledged at %.3f s and then dropped, %s",
        write.process(),
        write.input(),
        lost.key(),
        write.completeNanos() / 1e9,
        winner == null
            ? "for the write " + lost.winnerVersion()
            : String.format(
                Locale.ROOT,
                "for client %d's write of %s, acknowledged at %.3f s",
                winner.process(),
                winner.input(),
                winner.completeNanos() / 1e9));
  }
}
