package io.capstan.chaos.check.claim;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.Verdict;

/** Something that a run is held to. Stateless and safe for any thread. */
@FunctionalInterface
public interface Claim {
  /**
   * Judges a run.
   *
   * @param budget polled from the inside; when it is exhausted the verdict is unknown and says so
   * @throws IllegalArgumentException if the history holds operations that the claim does not know
   */
  Verdict judge(Evidence evidence, Budget budget);
}
