package io.capstan.chaos.scenario;

import io.capstan.chaos.check.History;
import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.check.eventual.ConservationChecker;
import io.capstan.chaos.check.eventual.ConvergenceChecker;
import io.capstan.chaos.check.eventual.ReplicaStates;
import io.capstan.chaos.check.eventual.SiblingCount;
import io.capstan.chaos.check.eventual.StaleReadChecker;
import io.capstan.chaos.report.ScenarioResult.Consistency;
import io.capstan.chaos.report.ScenarioResult.Ops;
import io.capstan.chaos.report.ScenarioResult.RunResult;
import io.capstan.chaos.report.ScenarioResult.SideResult;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Judges the AP keyspace. */
final class FeedJudge {
  private final SplitEvidence evidence;
  private final History history;

  FeedJudge(SplitEvidence evidence) {
    this.evidence = evidence;
    this.history = evidence.feedHistory();
  }

  RunResult judge() {
    ReplicaStates finalStates = evidence.finalContents().states();
    ConservationChecker.Report books = ConservationChecker.check(history, finalStates, List.of());
    StaleReadChecker.Report staleness = StaleReadChecker.check(history);
    SiblingCount siblings = SiblingCount.of(history);
    SplitJudge.Shares shares = SplitJudge.shares(history, evidence);
    Long recoveryNanos =
        SplitMeasures.recoveryNanos(
            history.operations(), evidence.times().healedNanos(), evidence.nodes());
    ClaimSheet sheet =
        new ClaimSheet()
            .add(SplitClaims.BOTH_SIDES_AVAILABLE, bothSidesAvailable(shares))
            .add(SplitClaims.CONVERGED, converged(ConvergenceChecker.check(finalStates)))
            .add(SplitClaims.NOTHING_LOST, books.verdict());
    History.Counts counts = history.counts();
    return new RunResult(
        evidence.feed().mode().label(),
        evidence.feed().keyspace(),
        new Ops(counts.attempted(), counts.ok(), counts.failed(), counts.unknown()),
        shares.ratios(),
        new Consistency(
            linearizable(siblings, staleness),
            (long) staleness.stale(),
            (long) books.lost(),
            (long) books.discarded(),
            (long) siblings.keys(),
            SplitJudge.millisOrNull(convergenceNanos()),
            SplitJudge.millisOrNull(recoveryNanos)),
        sides(staleness),
        sheet.claims(),
        sheet.overall());
  }

  private List<SideResult> sides(StaleReadChecker.Report staleness) {
    Set<Integer> staleReads =
        staleness.staleReads().stream().map(stale -> stale.read().id()).collect(Collectors.toSet());
    return new SplitMeasures(
            history.operations(),
            evidence.times(),
            evidence.nodes(),
            evidence.minority(),
            staleReads)
        .sides();
  }

  private Verdict bothSidesAvailable(SplitJudge.Shares shares) {
    double min = SplitClaims.BOTH_SIDES_AVAILABLE_MIN;
    Verdict minority = SplitJudge.available(shares.minority(), evidence.minority(), min);
    Verdict majority = SplitJudge.available(shares.majority(), evidence.majority(), min);
    return minority.isValid() && majority.isValid()
        ? Verdict.valid(minority.why() + ", " + majority.why())
        : Verdict.all(List.of(minority, majority));
  }

  private @Nullable Long convergenceNanos() {
    Long converged = evidence.convergedNanos();
    return converged == null ? null : converged - evidence.times().healedNanos();
  }

  private Verdict converged(ConvergenceChecker.Report report) {
    List<String> silent = evidence.finalContents().silent();
    if (!silent.isEmpty()) {
      return Verdict.unknown(
          "at the end " + String.join(", ", silent) + " did not tell what it holds");
    }
    if (!report.verdict().isValid()) {
      return report.verdict();
    }
    Verdict inTime =
        SplitJudge.within(
            SplitClaims.CONVERGED_MAX,
            convergenceNanos(),
            "they were seen to hold the same",
            "the replicas did not become equal");
    return inTime.isValid()
        ? Verdict.valid(inTime.why() + ", and at the end " + report.verdict().why())
        : inTime;
  }

  /** A read of several values, or of an old one, is a proof; without any nothing is proven. */
  private static Object linearizable(SiblingCount siblings, StaleReadChecker.Report staleness) {
    if (siblings.reads() > 0 || staleness.stale() > 0) {
      return false;
    }
    return "unknown";
  }
}
