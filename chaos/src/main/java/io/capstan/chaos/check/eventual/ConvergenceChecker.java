package io.capstan.chaos.check.eventual;

import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Verdict;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Do all replicas hold the same? Stateless. */
public final class ConvergenceChecker {
  /** So many differing keys are listed; all are counted. */
  public static final int DIFFERENCES_LISTED_MAX = 100;

  private ConvergenceChecker() {}

  /**
   * A key on which replicas differ.
   *
   * @param key the key
   * @param siblings what each replica holds there
   */
  public record Difference(@Nullable Object key, Map<String, List<@Nullable Object>> siblings) {}

  /**
   * The answer.
   *
   * @param verdict converged or not
   * @param keys how many keys any replica holds
   * @param differingKeys on how many of them replicas differ
   * @param differences the first of these
   */
  public record Report(
      Verdict verdict, int keys, int differingKeys, List<Difference> differences) {}

  /** Compares the replicas key by key; the order of siblings does not matter, their number does. */
  public static Report check(ReplicaStates states) {
    if (states.replicas().isEmpty()) {
      return new Report(Verdict.unknown("no replica was asked"), 0, 0, List.of());
    }
    List<Difference> differences = new ArrayList<>();
    Set<@Nullable Object> keys = states.keys();
    int differing = 0;
    for (Object key : keys) {
      Map<String, List<@Nullable Object>> siblings = new LinkedHashMap<>();
      for (String replica : states.replicas()) {
        siblings.put(replica, states.siblings(replica, key));
      }
      if (siblings.values().stream().map(ConvergenceChecker::multiset).distinct().count() > 1) {
        differing++;
        if (differences.size() < DIFFERENCES_LISTED_MAX) {
          differences.add(new Difference(key, siblings));
        }
      }
    }
    return new Report(
        verdict(states, keys.size(), differing, differences), keys.size(), differing, differences);
  }

  private static Map<@Nullable Object, Integer> multiset(List<@Nullable Object> siblings) {
    Map<@Nullable Object, Integer> counts = new LinkedHashMap<>();
    siblings.forEach(value -> counts.merge(value, 1, Integer::sum));
    return counts;
  }

  private static Verdict verdict(
      ReplicaStates states, int keys, int differing, List<Difference> differences) {
    if (differing == 0) {
      return Verdict.valid(
          "all "
              + states.replicas().size()
              + " replicas hold the same under all "
              + keys
              + " keys");
    }
    Difference first = differences.get(0);
    String held =
        first.siblings().entrySet().stream()
            .map(entry -> entry.getKey() + " holds " + HistoryValues.show(entry.getValue()))
            .collect(Collectors.joining(", "));
    return Verdict.invalid(
        "replicas differ on "
            + differing
            + " of "
            + keys
            + " keys: under "
            + HistoryValues.show(first.key())
            + " "
            + held);
  }
}
