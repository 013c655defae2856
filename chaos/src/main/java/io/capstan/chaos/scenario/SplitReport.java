package io.capstan.chaos.scenario;

import io.capstan.chaos.check.History;
import io.capstan.chaos.check.eventual.StaleReadChecker;
import io.capstan.chaos.report.ClusterSample;
import io.capstan.chaos.report.Report;
import io.capstan.chaos.report.Report.Band;
import io.capstan.chaos.report.Report.RunEvidence;
import io.capstan.chaos.report.ScenarioResult;
import io.capstan.chaos.workload.Ending;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Gathers what the report of a split shows. */
public final class SplitReport {
  private static final Set<String> ANSWERS = Set.of(Ending.COMPARISON_FAILED);

  private SplitReport() {}

  /**
   * Returns the report.
   *
   * @param samples what the cluster looked like
   */
  public static Report of(
      SplitEvidence evidence, ScenarioResult result, List<ClusterSample> samples) {
    SplitStory story = new SplitStory(evidence, result);
    return new Report(
        result,
        List.of(story.whatHappened()),
        evidence.nodes(),
        result.faults().stream()
            .map(
                fault ->
                    new Band(
                        fault.name(),
                        fault.detail(),
                        fault.startMillis(),
                        fault.verifiedMillis(),
                        fault.endMillis(),
                        cutLinks(evidence)))
            .toList(),
        samples,
        List.of(
            new RunEvidence(story.ofTheBank(), evidence.bankHistory(), Map.of(), ANSWERS),
            new RunEvidence(
                story.ofTheFeed(),
                evidence.feedHistory(),
                staleMillisById(evidence.feedHistory()),
                ANSWERS)));
  }

  private static List<String> cutLinks(SplitEvidence evidence) {
    List<String> links = new ArrayList<>();
    for (String one : evidence.minority()) {
      for (String other : evidence.majority()) {
        links.add(one + ">" + other);
        links.add(other + ">" + one);
      }
    }
    return links;
  }

  private static Map<Integer, Double> staleMillisById(History history) {
    Map<Integer, Double> millisById = new HashMap<>();
    StaleReadChecker.check(history)
        .staleReads()
        .forEach(stale -> millisById.put(stale.read().id(), stale.stalenessMillis()));
    return millisById;
  }
}
