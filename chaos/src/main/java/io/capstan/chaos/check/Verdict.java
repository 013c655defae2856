package io.capstan.chaos.check;

import java.util.Collection;
import java.util.List;

/**
 * The answer to a claim, with the reason. Three-valued: a checker that could not finish says so.
 *
 * @param status the answer
 * @param why one sentence for people
 */
public record Verdict(Status status, String why) {
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

  /** The claim holds. */
  public static Verdict valid(String why) {
    return new Verdict(Status.VALID, why);
  }

  /** The claim is violated. */
  public static Verdict invalid(String why) {
    return new Verdict(Status.INVALID, why);
  }

  /** It could not be decided. */
  public static Verdict unknown(String why) {
    return new Verdict(Status.UNKNOWN, why);
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
