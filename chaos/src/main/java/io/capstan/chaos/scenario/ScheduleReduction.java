package io.capstan.chaos.scenario;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.DeltaDebugging;
import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.fault.PlannedFault;
import io.capstan.chaos.report.ScenarioResult;
import io.capstan.chaos.report.ScenarioResult.ClaimResult;
import io.capstan.chaos.report.ScenarioResult.RunResult;
import io.capstan.chaos.report.ShrunkSchedule;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Finds the fewest faults with which a run in virtual time still violates a claim: it runs again
 * with the same seed and without some of them, by delta debugging, and then with those that are
 * left lasting half as long. One object is one reduction; for one thread.
 */
public final class ScheduleReduction {
  /** So often the scenario is run at most. */
  public static final int RUNS_MAX = 60;

  /** A fault is halved so often at most. */
  private static final int HALVINGS_MAX = 3;

  private static final long LENGTH_MIN_MILLIS = 200;

  private final RunPlan plan;
  private final int keyspace;
  private final ClaimKind claim;
  private final Budget budget;
  private final Duration checkBudget;
  private final Path journal;
  private int runs;
  private boolean isCutShort;
  private @Nullable InterruptedException interrupted;
  private @Nullable Verdict last;

  /**
   * A schedule that still violates the claim.
   *
   * @param plan the same run with these faults alone
   * @param told what the reduction came to
   */
  public record Reduced(RunPlan plan, ShrunkSchedule told) {}

  private ScheduleReduction(
      RunPlan plan,
      int keyspace,
      ClaimKind claim,
      Duration budget,
      Duration checkBudget,
      Path journal) {
    this.plan = plan;
    this.keyspace = keyspace;
    this.claim = claim;
    this.budget = Budget.of(budget);
    this.checkBudget = checkBudget;
    this.journal = journal;
  }

  /**
   * Reduces the schedule of a run in virtual time.
   *
   * @param result what became of its claims
   * @param budget how long it may take; what is found by then is told
   * @param checkBudget how long the judging of one run may take
   * @return nothing if no claim is violated
   * @throws InterruptedException if the thread is interrupted
   */
  public static Optional<Reduced> reduce(
      RunPlan plan, ScenarioResult result, Duration budget, Duration checkBudget)
      throws InterruptedException {
    for (int number = 0; number < result.runs().size(); number++) {
      RunResult run = result.runs().get(number);
      for (ClaimKind kind : plan.keyspaces().get(number).claims()) {
        Optional<ClaimResult> violated =
            run.claims().stream()
                .filter(each -> each.claim().equals(RunClaims.text(kind)))
                .filter(each -> each.judged().isInvalid())
                .findFirst();
        if (violated.isPresent()) {
          return Optional.of(reduce(plan, number, kind, violated.get(), budget, checkBudget));
        }
      }
    }
    return Optional.empty();
  }

  private static Reduced reduce(
      RunPlan plan,
      int keyspace,
      ClaimKind claim,
      ClaimResult violated,
      Duration budget,
      Duration checkBudget)
      throws InterruptedException {
    Path journal;
    try {
      journal = Files.createTempFile("capstan-faults-", ".jsonl");
    } catch (IOException e) {
      throw new UncheckedIOException("no temporary file for the fault journal", e);
    }
    try {
      return new ScheduleReduction(plan, keyspace, claim, budget, checkBudget, journal)
          .reduce(violated);
    } finally {
      journal.toFile().delete();
    }
  }

  private Reduced reduce(ClaimResult violated) throws InterruptedException {
    List<PlannedFault> all = plan.schedule();
    List<PlannedFault> kept =
        DeltaDebugging.reduce(all, all, removed -> without(all, removed), this::stillViolated);
    boolean isFewest = !isCutShort;
    kept = shortened(kept);
    if (interrupted != null) {
      throw interrupted;
    }
    Verdict verdict = last == null ? violated.judged() : last;
    List<ShrunkSchedule.PlannedFaultResult> faults = new ArrayList<>();
    for (PlannedFault fault : kept) {
      faults.add(
          new ShrunkSchedule.PlannedFaultResult(
              fault.type().label(),
              fault.target(),
              fault.strength(),
              fault.startMillis(),
              fault.endMillis()));
    }
    return new Reduced(
        plan.withSchedule(kept),
        new ShrunkSchedule(
            plan.keyspaces().get(keyspace).mode().label(),
            violated.claim(),
            all.size(),
            faults,
            isFewest,
            runs,
            told(all.size(), kept, isFewest),
            verdict.why(),
            ""));
  }

  private static List<PlannedFault> without(List<PlannedFault> all, List<PlannedFault> removed) {
    Set<PlannedFault> gone = new HashSet<>(removed);
    return all.stream().filter(fault -> !gone.contains(fault)).toList();
  }

  private List<PlannedFault> shortened(List<PlannedFault> faults) {
    List<PlannedFault> kept = new ArrayList<>(faults);
    for (int i = 0; i < kept.size(); i++) {
      for (int halving = 0; halving < HALVINGS_MAX; halving++) {
        PlannedFault fault = kept.get(i);
        long length = (fault.endMillis() - fault.startMillis()) / 2;
        if (length < LENGTH_MIN_MILLIS) {
          break;
        }
        List<PlannedFault> candidate = new ArrayList<>(kept);
        candidate.set(
            i,
            new PlannedFault(
                fault.type(),
                fault.target(),
                fault.startMillis(),
                fault.startMillis() + length,
                fault.quality(),
                fault.amountMillis()));
        if (!stillViolated(candidate)) {
          break;
        }
        kept = candidate;
      }
    }
    return kept;
  }

  private boolean stillViolated(List<PlannedFault> schedule) {
    if (runs >= RUNS_MAX || budget.exhausted() != null || interrupted != null) {
      isCutShort = true;
      return false;
    }
    runs++;
    RunPlan shorter = plan.withSchedule(schedule);
    try (SimSubstrate substrate = SimSubstrate.start(shorter.nodes(), shorter.seed())) {
      ScenarioEvidence evidence =
          new ScenarioRun(substrate, shorter, new RunProgress()).run(journal);
      Verdict verdict =
          new KeyspaceJudge(evidence, evidence.keyspaces().get(keyspace), checkBudget).judge(claim);
      if (verdict.isInvalid()) {
        last = verdict;
      }
      return verdict.isInvalid();
    } catch (InterruptedException e) {
      interrupted = e;
      return false;
    }
  }

  private String told(int before, List<PlannedFault> kept, boolean isFewest) {
    String tried =
        String.format(
            Locale.ROOT,
            " (%d %s%s)",
            runs,
            runs == 1 ? "run" : "runs",
            isFewest ? "" : "; there was no time to try all of them");
    if (kept.isEmpty()) {
      return "No fault is needed: on a cluster that nobody hurts the claim is violated as well"
          + tried
          + ".";
    }
    return "Of "
        + before
        + (before == 1 ? " fault " : " faults ")
        + kept.size()
        + (kept.size() == 1 ? " is" : " are")
        + " needed: "
        + kept.stream().map(ScheduleReduction::told).collect(Collectors.joining("; "))
        + tried
        + ".";
  }

  private static String told(PlannedFault fault) {
    return String.format(
        Locale.ROOT,
        "%s%s%s at %.1f s for %.1f s",
        fault.type().label(),
        fault.target().isEmpty() ? "" : " of " + fault.target(),
        fault.strength().isEmpty() ? "" : ", " + fault.strength(),
        fault.startMillis() / 1_000.0,
        (fault.endMillis() - fault.startMillis()) / 1_000.0);
  }
}
