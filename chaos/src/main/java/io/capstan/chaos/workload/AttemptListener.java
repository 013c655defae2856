package io.capstan.chaos.workload;

import io.capstan.chaos.check.EventType;

/** Hears of every attempt that ended, on the thread that ended it; must be quick. */
@FunctionalInterface
public interface AttemptListener {

  /**
   * Hears of the end of an attempt.
   *
   * @param answered whether the cluster did what was asked, or answered that a comparison failed
   */
  void ended(String keyspace, String nodeId, EventType type, boolean answered);
}
