package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.History;
import io.capstan.chaos.check.Verdict;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The verdict on a whole history.
 *
 * @param verdict linearizable or not, over all keys
 * @param model name of the model
 * @param counts operations by outcome
 * @param keys the verdict on each key, keys by first use
 * @param duration how long it took
 */
public record LinearizabilityReport(
    Verdict verdict, String model, History.Counts counts, List<KeyReport> keys, Duration duration) {
  /** The explanation of the first key that is not linearizable. */
  public Optional<Explanation> explanation() {
    return keys.stream().flatMap(key -> key.explanation().stream()).findFirst();
  }

  /** The verdict with what a report pins and draws from. */
  public Verdict pinned() {
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("operations", counts.attempted());
    figures.put("keys", keys.size());
    figures.put("invalidKeys", keys.stream().filter(key -> key.verdict().isInvalid()).count());
    figures.put("configurations", configurations());
    return explanation()
        .map(explanation -> verdict.withOperations(explanation.operations()))
        .orElse(verdict)
        .withFigures(figures);
  }

  /** Configurations that all searches together remembered. */
  public long configurations() {
    return keys.stream().mapToLong(KeyReport::configurations).sum();
  }
}
