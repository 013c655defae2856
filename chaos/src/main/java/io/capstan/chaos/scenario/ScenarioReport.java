package io.capstan.chaos.scenario;

import io.capstan.chaos.check.History;
import io.capstan.chaos.check.eventual.StaleReadChecker;
import io.capstan.chaos.cluster.DirectedLink;
import io.capstan.chaos.fault.FaultInForce;
import io.capstan.chaos.report.Report;
import io.capstan.chaos.report.Report.Band;
import io.capstan.chaos.report.Report.RunEvidence;
import io.capstan.chaos.report.ScenarioResult;
import io.capstan.chaos.workload.Ending;
import io.capstan.client.Mode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Gathers what the report of a scenario shows. */
public final class ScenarioReport {
  private static final Set<String> ANSWERS = Set.of(Ending.COMPARISON_FAILED);

  private ScenarioReport() {}

  /** Returns the report. */
  public static Report of(ScenarioEvidence evidence, ScenarioResult result) {
    List<Band> bands = new ArrayList<>();
    for (FaultInForce fault : evidence.faults()) {
      bands.add(
          new Band(
              fault.plan().type().label(),
              fault.detail(),
              millis(fault.startNanos()),
              millis(fault.verifiedNanos()),
              millis(Objects.requireNonNullElse(fault.healedNanos(), evidence.endNanos())),
              fault.links().stream().sorted().map(DirectedLink::toString).toList()));
    }
    List<RunEvidence> runs = new ArrayList<>();
    for (int i = 0; i < evidence.keyspaces().size(); i++) {
      ScenarioEvidence.KeyspaceEvidence seen = evidence.keyspaces().get(i);
      runs.add(
          new RunEvidence(
              ScenarioStory.of(seen, result.runs().get(i)),
              seen.history(),
              seen.plan().mode() == Mode.AP ? staleMillisById(seen.history()) : Map.of(),
              ANSWERS));
    }
    return new Report(
        result,
        ScenarioStory.whatHappened(evidence),
        evidence.nodes(),
        bands,
        evidence.samples(),
        runs);
  }

  private static Map<Integer, Double> staleMillisById(History history) {
    Map<Integer, Double> millisById = new HashMap<>();
    History plain =
        History.of(
            history.events().stream()
                .filter(
                    event ->
                        event.key() instanceof String key
                            && (key.startsWith("register/") || key.startsWith("wall/")))
                .toList());
    Map<String, Integer> idOfPart = new HashMap<>();
    history
        .operations()
        .forEach(
            operation ->
                idOfPart.put(operation.process() + " " + operation.invokeNanos(), operation.id()));
    StaleReadChecker.check(plain)
        .staleReads()
        .forEach(
            stale -> {
              Integer id = idOfPart.get(stale.read().process() + " " + stale.read().invokeNanos());
              if (id != null) {
                millisById.put(id, stale.stalenessMillis());
              }
            });
    return millisById;
  }

  private static long millis(long nanos) {
    return TimeUnit.NANOSECONDS.toMillis(nanos);
  }

  static String seconds(long nanos) {
    return String.format(Locale.ROOT, "%.1f s", nanos / 1e9);
  }
}
