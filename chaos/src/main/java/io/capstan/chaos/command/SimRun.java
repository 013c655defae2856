package io.capstan.chaos.command;

import io.capstan.chaos.campaign.SimulationCampaign;
import io.capstan.chaos.sim.FaultKind;
import io.capstan.chaos.sim.Schedule;
import io.capstan.chaos.sim.ScheduleGenerator;
import io.capstan.chaos.sim.ScheduleShrinker;
import io.capstan.chaos.sim.ScheduleText;
import io.capstan.chaos.sim.Simulation;
import io.capstan.chaos.sim.SimulationFailure;
import io.capstan.chaos.sim.SimulationResult;
import io.capstan.chaos.sim.SimulationSettings;
import io.capstan.cli.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/** What {@code capstan sim} does, once its options are understood. */
final class SimRun {
  private static final int SHRINK_RUNS_MAX = 2_000;
  private static final long SHRINK_MILLIS_MAX = 60_000;

  /** From so many seeds on, a kind of fault that never happened is no chance. */
  private static final long SEEDS_THAT_COVER_EVERYTHING = 200;

  private final SimScreen screen;

  SimRun(SimScreen screen) {
    this.screen = screen;
  }

  /** Where the schedule of a failing seed is written. */
  interface FileNames {
    Path of(Schedule failing, long seed);
  }

  /** One schedule; returns the exit code. */
  int one(Schedule schedule, boolean trace) {
    long startNanos = System.nanoTime();
    Simulation simulation = new Simulation(schedule, trace ? screen.timeline() : null);
    try {
      SimulationResult result = simulation.run();
      screen.held(schedule, result, millisSince(startNanos));
      return ExitCode.OK;
    } catch (SimulationFailure failure) {
      screen.broken(schedule, failure, millisSince(startNanos));
      return ExitCode.CLAIM_VIOLATED;
    }
  }

  private static long millisSince(long startNanos) {
    return (System.nanoTime() - startNanos) / 1_000_000;
  }

  /**
   * A range of seeds; returns the exit code.
   *
   * @param named whether the kinds of fault were named, so that each must happen
   */
  int range(
      SimulationSettings settings, long first, long last, int jobs, boolean named, FileNames files)
      throws IOException, InterruptedException {
    SimulationCampaign campaign =
        new SimulationCampaign(
            settings,
            first,
            last,
            jobs,
            Long.MAX_VALUE,
            soFar -> screen.progress(soFar, last - first + 1));
    SimulationCampaign.Summary summary = campaign.run();
    Set<FaultKind> never = summary.neverHappened(settings.faults());
    screen.summary(summary, never);
    if (!summary.failures().isEmpty()) {
      shrink(settings, summary.failures().get(0), files);
      return ExitCode.CLAIM_VIOLATED;
    }
    boolean mustHappen = named || last - first + 1 >= SEEDS_THAT_COVER_EVERYTHING;
    if (!never.isEmpty() && mustHappen) {
      screen.neverHappened(never);
      return ExitCode.ERROR;
    }
    return ExitCode.OK;
  }

  private void shrink(
      SimulationSettings settings, SimulationCampaign.Failure failure, FileNames files)
      throws IOException {
    long startNanos = System.nanoTime();
    Schedule schedule = ScheduleGenerator.of(failure.seed(), settings);
    screen.shrinking(failure);
    ScheduleShrinker.Shrunk shrunk =
        ScheduleShrinker.shrink(
            schedule,
            failure.cause(),
            SHRINK_RUNS_MAX,
            () -> millisSince(startNanos) >= SHRINK_MILLIS_MAX);
    Path file = files.of(schedule, failure.seed());
    String why = String.valueOf(shrunk.failure().getMessage());
    Files.writeString(file, ScheduleText.toJson(shrunk.schedule(), why));
    screen.shrunk(schedule, shrunk, file);
  }
}
