package io.capstan.chaos.workload;

/** Where a run is: a split has a before, a during and an after. */
public enum Phase {
  /** Every link carries. */
  BEFORE,
  /** Links are cut, or are just being cut. */
  DURING,
  /** Every link carries again. */
  AFTER
}
