package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.Verdict;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The verdict on one object.
 *
 * @param key the independent key; null if the history is not keyed
 * @param verdict linearizable or not
 * @param operations how many operations were given, failed ones included
 * @param configurations how many configurations the search remembered
 * @param steps how many steps it took
 * @param order an order that explains everything, when valid; else the longest found
 * @param explanation why not, when invalid
 * @param versionsContradict in what the versions of the history tell an order that explains
 *     nothing; empty where they do not, and where nobody asked
 */
public record KeyReport(
    @Nullable Object key,
    Verdict verdict,
    int operations,
    long configurations,
    long steps,
    List<LinearizationStep> order,
    Optional<Explanation> explanation,
    String versionsContradict) {
  KeyReport(
      @Nullable Object key,
      Verdict verdict,
      int operations,
      long configurations,
      long steps,
      List<LinearizationStep> order,
      Optional<Explanation> explanation) {
    this(key, verdict, operations, configurations, steps, order, explanation, "");
  }

  /** The same, with what the versions contradict told behind the verdict's reason. */
  KeyReport contradicted(String how) {
    String why = verdict.why() + "; the versions tell another order: " + how;
    Verdict told =
        switch (verdict.status()) {
          case VALID -> Verdict.valid(why);
          case INVALID -> Verdict.invalid(why);
          case UNKNOWN -> Verdict.unknown(why);
        };
    return new KeyReport(key, told, operations, configurations, steps, order, explanation, how);
  }
}
