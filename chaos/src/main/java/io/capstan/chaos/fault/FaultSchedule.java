package io.capstan.chaos.fault;

import java.util.List;

/**
 * Which fault begins and ends when.
 *
 * @param faults by their beginning
 */
public record FaultSchedule(List<Planned> faults) {

  /**
   * One fault and its time.
   *
   * @param startMillis when it is to begin, since the start of the workload
   * @param endMillis when it is to be healed, since the start of the workload
   */
  public record Planned(Fault fault, long startMillis, long endMillis) {
    /** Refuses a fault that ends before it begins. */
    public Planned {
      if (startMillis < 0 || endMillis <= startMillis) {
        throw new IllegalArgumentException(
            "a fault from "
                + startMillis
                + " ms to "
                + endMillis
                + " ms; it must begin at 0 or later and end after that");
      }
    }
  }

  /** Refuses faults that are not in order, or that overlap: links have one owner at a time. */
  public FaultSchedule {
    faults = List.copyOf(faults);
    for (int i = 1; i < faults.size(); i++) {
      if (faults.get(i).startMillis() < faults.get(i - 1).endMillis()) {
        throw new IllegalArgumentException(
            "fault " + (i + 1) + " begins before the one before it has ended");
      }
    }
  }
}
