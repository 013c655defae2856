package io.capstan.chaos.sim;

import java.util.EnumSet;
import java.util.Set;
import java.util.function.LongFunction;

/**
 * Runs one seed and returns "claim|message" of what it broke, or an empty text. Speaks in types of
 * the JDK only, so that it can be called across class loaders.
 */
public final class SeedTrial implements LongFunction<String> {
  private final SimulationSettings settings;
  private final boolean leaseReads;
  private final boolean restartsUnderALease;

  /**
   * Settings by name: mode, labels of faults with commas between them, and how reads are served.
   *
   * @param restartsUnderALease whether the faults are those of {@link RestartsUnderALease}
   */
  public SeedTrial(String mode, String faults, boolean leaseReads, boolean restartsUnderALease) {
    this.leaseReads = leaseReads;
    this.restartsUnderALease = restartsUnderALease;
    Set<FaultKind> kinds = EnumSet.noneOf(FaultKind.class);
    for (String label : faults.split(",")) {
      kinds.add(FaultKind.labelled(label).orElseThrow());
    }
    // A stale read needs a reader at the right moment: on three nodes with many readers there is
    // one.
    int nodes = leaseReads ? 3 : 0;
    int operationsPerSecond = leaseReads ? 60 : 20;
    this.settings =
        new SimulationSettings(
            SimulationMode.valueOf(mode), kinds, true, nodes, operationsPerSecond);
  }

  @Override
  public String apply(long seed) {
    try {
      Schedule schedule = ScheduleGenerator.of(seed, settings);
      if (restartsUnderALease) {
        schedule = RestartsUnderALease.of(schedule);
      }
      new Simulation(leaseReads ? schedule.withLeaseReads() : schedule).run();
      return "";
    } catch (SimulationFailure failure) {
      return failure.claim() + "|" + failure.getMessage();
    }
  }
}
