package io.capstan.chaos.scenario;

import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.report.ScenarioResult.ClaimResult;
import java.util.ArrayList;
import java.util.List;

/** The claims of one keyspace with their verdicts, in order. Not thread-safe. */
final class ClaimSheet {
  private final List<ClaimResult> claims = new ArrayList<>();
  private final List<Verdict> verdicts = new ArrayList<>();

  ClaimSheet add(String claim, Verdict verdict) {
    claims.add(ClaimResult.of(claim, verdict));
    verdicts.add(verdict);
    return this;
  }

  List<ClaimResult> claims() {
    return List.copyOf(claims);
  }

  /** Returns the verdict over all of them: valid, invalid or unknown. */
  String overall() {
    return Verdict.all(verdicts).status().label();
  }
}
