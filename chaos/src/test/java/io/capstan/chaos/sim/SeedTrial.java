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

  /** Settings by name: mode, and labels of faults with commas between them. */
  public SeedTrial(String mode, String faults) {
    Set<FaultKind> kinds = EnumSet.noneOf(FaultKind.class);
    for (String label : faults.split(",")) {
      kinds.add(FaultKind.labelled(label).orElseThrow());
    }
    this.settings = new SimulationSettings(SimulationMode.valueOf(mode), kinds, true, 0, 20);
  }

  @Override
  public String apply(long seed) {
    try {
      new Simulation(ScheduleGenerator.of(seed, settings)).run();
      return "";
    } catch (SimulationFailure failure) {
      return failure.claim() + "|" + failure.getMessage();
    }
  }
}
