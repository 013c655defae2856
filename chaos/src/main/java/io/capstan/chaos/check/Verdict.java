package io.capstan.chaos.check;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The answer to a claim, with the reason. Three-valued: a checker that could not finish says so.
 * Immutable.
 *
 * @param status the answer
 * @param why one sentence for people
 * @param operations the fewest operations found that show a violation, by invocation; for a report
 *     to pin. Empty unless invalid
 * @param story further sentences, one a line: a cycle step by step, what else was found
 * @param figures what was counted or measured, by name, units last ({@code reads}, {@code
 *     stalenessMaxMillis}); values as {@link HistoryValues} has them
 */
public record Verdict(
    Status status,
    String why,
    List<Operation> operations,
    List<String> story,
    Map<String, @Nullable Object> figures) {
  /** Valid, invalid, or not decided. */
  public enum Status {
    VALID,
    INVALID,
    UNKNOWN;

    /** The name as result files spell it: {@code valid}, {@code invalid}, {@code unknown}. */
    public String label() {
      return switch (this) {
        case VALID -> "valid";
        case INVALID -> "invalid";
        case UNKNOWN -> "unknown";
      };
    }
  }

  /** Copies the collections and brings the figures into their canonical form. */
  public Verdict {
    operations = List.copyOf(operations);
    story = List.copyOf(story);
    Map<String, @Nullable Object> canonical = new LinkedHashMap<>();
    figures.forEach((name, value) -> canonical.put(name, HistoryValues.canonical(value)));
    figures = Collections.unmodifiableMap(canonical);
  }

  private static Verdict of(Status status, String why) {
    return new Verdict(status, why, List.of(), List.of(), Map.of());
  }

  /** The claim holds. */
  public static Verdict valid(String why) {
    return of(Status.VALID, why);
  }

  /** The claim is violated. */
  public static Verdict invalid(String why) {
    return of(Status.INVALID, why);
  }

  /** The claim is violated, and these operations show it. */
  public static Verdict invalid(String why, List<Operation> operations) {
    return new Verdict(Status.INVALID, why, operations, List.of(), Map.of());
  }

  /** It could not be decided. */
  public static Verdict unknown(String why) {
    return of(Status.UNKNOWN, why);
  }

  /** The same with this to pin. */
  public Verdict withOperations(List<Operation> pinned) {
    return new Verdict(status, why, pinned, story, figures);
  }

  /** The same with these further sentences. */
  public Verdict withStory(List<String> sentences) {
    return new Verdict(status, why, operations, sentences, figures);
  }

  /** The same with these figures. */
  public Verdict withFigures(Map<String, ? extends @Nullable Object> counted) {
    return new Verdict(status, why, operations, story, new LinkedHashMap<>(counted));
  }

  /** Whether the claim holds for certain. */
  public boolean isValid() {
    return status == Status.VALID;
  }

  /** Whether the claim is violated for certain. */
  public boolean isInvalid() {
    return status == Status.INVALID;
  }

  /**
   * The verdict on all of them together: invalid if one is, else unknown if one is, else valid;
   * with the reason of the first that decides.
   */
  public static Verdict all(Collection<Verdict> verdicts) {
    for (Status status : List.of(Status.INVALID, Status.UNKNOWN)) {
      for (Verdict verdict : verdicts) {
        if (verdict.status == status) {
          return verdict;
        }
      }
    }
    return verdicts.isEmpty() ? valid("nothing was claimed") : verdicts.iterator().next();
  }
}
