package io.capstan.chaos.scenario;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.check.eventual.BankTotalsChecker;
import io.capstan.chaos.check.linear.LinearizabilityChecker;
import io.capstan.chaos.check.linear.LinearizabilityReport;
import io.capstan.chaos.check.linear.RegisterModel;
import io.capstan.chaos.report.ScenarioResult.Consistency;
import io.capstan.chaos.report.ScenarioResult.Ops;
import io.capstan.chaos.report.ScenarioResult.RunResult;
import io.capstan.chaos.report.ScenarioResult.SideResult;
import io.capstan.chaos.workload.BankWorkload;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Judges the CP keyspace. */
final class BankJudge {
  private final SplitEvidence evidence;
  private final Duration budget;

  BankJudge(SplitEvidence evidence, Duration budget) {
    this.evidence = evidence;
    this.budget = budget;
  }

  RunResult judge() {
    History history = evidence.bankHistory();
    LinearizabilityReport linearizability =
        new LinearizabilityChecker()
            .check(registers(history), RegisterModel.casRegister(null), Budget.of(budget));
    List<SideResult> sides =
        new SplitMeasures(
                history.operations(),
                evidence.times(),
                evidence.nodes(),
                evidence.minority(),
                linearizability.verdict().isValid() ? Set.of() : null)
            .sides();
    SplitJudge.Shares shares = SplitJudge.shares(history, evidence);
    Long recoveryNanos =
        SplitMeasures.recoveryNanos(
            history.operations(), evidence.times().healedNanos(), evidence.nodes());
    ClaimSheet sheet =
        new ClaimSheet()
            .add(SplitClaims.LINEARIZABLE, linearizability.pinned())
            .add(
                SplitClaims.TOTAL,
                BankTotalsChecker.check(
                        history, evidence.bank().accounts(), evidence.bank().total(), false)
                    .verdict())
            .add(
                SplitClaims.MAJORITY_AVAILABLE,
                SplitJudge.available(
                    shares.majority(), evidence.majority(), SplitClaims.MAJORITY_AVAILABLE_MIN))
            .add(
                SplitClaims.RECOVERED,
                SplitJudge.within(
                    SplitClaims.RECOVERED_MAX,
                    recoveryNanos,
                    "a success through every node came",
                    "some node had no success"));
    History.Counts counts = history.counts();
    return new RunResult(
        evidence.bank().mode().label(),
        evidence.bank().keyspace(),
        new Ops(counts.attempted(), counts.ok(), counts.failed(), counts.unknown()),
        shares.ratios(),
        consistency(linearizability.verdict(), recoveryNanos),
        sides,
        sheet.claims(),
        sheet.overall());
  }

  /** Returns the part of the history that is about single registers. */
  static History registers(History history) {
    return History.of(
        history.events().stream()
            .filter(
                event ->
                    event.key() instanceof String key
                        && key.startsWith(BankWorkload.REGISTER_PREFIX))
            .toList());
  }

  /**
   * In a linearizable history no read is stale and no write lost; in another one how many are is
   * not known.
   */
  private static Consistency consistency(Verdict linearizable, @Nullable Long recoveryNanos) {
    Object answer =
        switch (linearizable.status()) {
          case VALID -> true;
          case INVALID -> false;
          case UNKNOWN -> "unknown";
        };
    Long none = linearizable.isValid() ? 0L : null;
    return new Consistency(
        answer, none, none, 0L, 0L, null, SplitJudge.millisOrNull(recoveryNanos));
  }
}
