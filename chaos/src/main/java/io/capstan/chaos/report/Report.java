package io.capstan.chaos.report;

import io.capstan.chaos.check.History;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Everything that report.html shows. Plain data: whoever ran something fills it in, and {@link
 * ReportPage} makes the page of it. Times are since the start of the workload.
 *
 * @param result the verdicts and numbers, as result.json has them
 * @param whatHappened sentences about what was done to the cluster
 * @param nodes ids of all nodes, in order
 * @param bands faults on the time axis
 * @param samples what the cluster looked like, in the order of time; empty where nobody looked
 * @param runs one for each of {@code result.runs()}, in the same order
 */
public record Report(
    ScenarioResult result,
    List<String> whatHappened,
    List<String> nodes,
    List<Band> bands,
    List<ClusterSample> samples,
    List<RunEvidence> runs) {

  /** Refuses evidence that belongs to other runs. */
  public Report {
    whatHappened = List.copyOf(whatHappened);
    nodes = List.copyOf(nodes);
    bands = List.copyOf(bands);
    samples = List.copyOf(samples);
    runs = List.copyOf(runs);
    if (runs.size() != result.runs().size()) {
      throw new IllegalArgumentException(
          "evidence of " + runs.size() + " runs for " + result.runs().size() + " results");
    }
  }

  /**
   * A fault on the time axis.
   *
   * @param startMillis it began to act
   * @param verifiedMillis it was seen to act
   * @param endMillis it was undone
   * @param cutLinks directed links that it cut, as {@code n1>n2}; shown where no sample tells
   */
  public record Band(
      String name,
      String detail,
      long startMillis,
      long verifiedMillis,
      long endMillis,
      List<String> cutLinks) {
    public Band {
      cutLinks = List.copyOf(cutLinks);
    }
  }

  /**
   * What the clients of one keyspace saw.
   *
   * @param story sentences for somebody who meets this for the first time
   * @param history all of it; {@link io.capstan.chaos.check.Extras} name node, side and client
   * @param staleMillisById for each stale read, by the id of its operation, the age of the oldest
   *     acknowledged write that it missed
   * @param answers values of the extra {@code error} that are answers although the operation
   *     failed, such as a comparison that was not so: they count as available
   */
  public record RunEvidence(
      List<String> story,
      History history,
      Map<Integer, Double> staleMillisById,
      Set<String> answers) {
    public RunEvidence {
      story = List.copyOf(story);
      staleMillisById = Map.copyOf(staleMillisById);
      answers = Set.copyOf(answers);
    }
  }
}
