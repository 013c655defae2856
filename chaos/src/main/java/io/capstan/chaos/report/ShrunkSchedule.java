package io.capstan.chaos.report;

import java.util.List;

/**
 * The fewest faults of a schedule with which a claim is still violated, found by running it again
 * and again without some of them.
 *
 * @param mode of the keyspace whose claim it is
 * @param claim which
 * @param faultsBefore how many faults the schedule had
 * @param faults those that are left; none where the claim does not hold on a healthy cluster either
 * @param isFewest whether it was tried to leave out each of them; false where time was up before
 * @param runs how often the scenario ran for it
 * @param told all this in sentences
 * @param why how the claim is violated with these faults
 * @param replay the command that runs the shrunk scenario
 */
public record ShrunkSchedule(
    String mode,
    String claim,
    int faultsBefore,
    List<PlannedFaultResult> faults,
    boolean isFewest,
    int runs,
    String told,
    String why,
    String replay) {
  public ShrunkSchedule {
    faults = List.copyOf(faults);
  }

  /** A fault of a schedule; times since the start of the workload. */
  public record PlannedFaultResult(
      String name, String target, String strength, long startMillis, long endMillis) {}

  /** The same with this command. */
  public ShrunkSchedule withReplay(String command) {
    return new ShrunkSchedule(
        mode, claim, faultsBefore, faults, isFewest, runs, told, why, command);
  }
}
