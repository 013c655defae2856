package io.capstan.chaos.workload;

import org.jspecify.annotations.Nullable;

/**
 * One client: what it asks next, and what it makes of the answers. Several attempts may be under
 * way at once and end in any order. Not thread-safe: the driver makes one call at a time.
 */
public interface ClientScript {

  /**
   * Returns a client that writes nothing without saying what it replaces, for runs in which the
   * receipts that would tell it get lost.
   */
  default ClientScript exact() {
    return this;
  }

  /** Returns the next attempt. */
  Attempt next(Phase phase);

  /**
   * Returns what the client sends next as part of the same attempt, because the reply said that
   * nothing was applied and why; null where the attempt is over.
   */
  default @Nullable Request again(Attempt attempt, Reply reply) {
    return null;
  }

  /** Takes in the last reply to an attempt and says what the history is to record about it. */
  Ending end(Attempt attempt, Reply reply);
}
