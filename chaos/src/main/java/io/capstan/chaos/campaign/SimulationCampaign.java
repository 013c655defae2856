package io.capstan.chaos.campaign;

import io.capstan.chaos.sim.Coverage;
import io.capstan.chaos.sim.FaultKind;
import io.capstan.chaos.sim.ScheduleGenerator;
import io.capstan.chaos.sim.Simulation;
import io.capstan.chaos.sim.SimulationFailure;
import io.capstan.chaos.sim.SimulationSettings;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Runs the seeds of a range, on as many threads as asked for: each run is one thread's, and the
 * outcome does not depend on their number.
 */
public final class SimulationCampaign {
  /** After so many failures no further seed begins. */
  private static final int FAILURES_MAX = 10;

  private static final long WARM_UP_MILLIS = 10_000;
  private static final long MILLI = 1_000_000L;

  /** A seed that broke a claim. */
  public record Failure(long seed, SimulationFailure cause) {}

  /** Is told how far it has come, from any of the threads, one at a time. */
  public interface Progress {
    /** Another seed has been run. */
    void ran(Summary soFar);
  }

  /**
   * What was run and how it ended.
   *
   * @param seeds seeds run
   * @param failures those that broke a claim, in order of seeds
   * @param coverage what all runs together went through
   * @param pace how fast it went
   * @param warmPace how fast it went after the first {@value #WARM_UP_MILLIS} ms, in which the
   *     virtual machine compiles; null where it was over before
   */
  public record Summary(
      long seeds, List<Failure> failures, Coverage coverage, Pace pace, @Nullable Pace warmPace) {

    /** Those of the enabled kinds of fault that never had an effect. */
    public Set<FaultKind> neverHappened(Set<FaultKind> enabled) {
      Set<FaultKind> never = EnumSet.noneOf(FaultKind.class);
      for (FaultKind kind : enabled) {
        if (coverage.of(kind) == 0) {
          never.add(kind);
        }
      }
      return never;
    }
  }

  private final SimulationSettings settings;
  private final long lastSeed;
  private final int jobs;
  private final long wallMillisMax;
  private final Progress progress;
  private final long startNanos = System.nanoTime();
  private final Coverage coverage = new Coverage();
  private final List<Failure> failures = new ArrayList<>();
  private long nextSeed;
  private long seeds;
  private long cpuNanosSpent;
  private final long processStartNanos = processCpuNanos();
  private @Nullable Pace atWarmUp;

  /**
   * Prepares the run of the seeds from the first to the last.
   *
   * @param wallMillisMax after so much real time no further seed begins
   */
  public SimulationCampaign(
      SimulationSettings settings,
      long firstSeed,
      long lastSeed,
      int jobs,
      long wallMillisMax,
      Progress progress) {
    if (lastSeed < firstSeed || jobs < 1) {
      throw new IllegalArgumentException(
          "seeds " + firstSeed + ".." + lastSeed + " on " + jobs + " threads is nothing to run");
    }
    this.settings = settings;
    this.nextSeed = firstSeed;
    this.lastSeed = lastSeed;
    this.jobs = jobs;
    this.wallMillisMax = wallMillisMax;
    this.progress = progress;
  }

  /** Runs them; ends early after {@value #FAILURES_MAX} failures. */
  public Summary run() throws InterruptedException {
    try (ExecutorService threads = Executors.newFixedThreadPool(jobs)) {
      List<Future<?>> working = new ArrayList<>();
      for (int i = 0; i < jobs; i++) {
        working.add(threads.submit(this::work));
      }
      for (Future<?> each : working) {
        try {
          each.get();
        } catch (ExecutionException e) {
          throw new IllegalStateException("a simulating thread failed", e.getCause());
        }
      }
    }
    return summary();
  }

  private void work() {
    for (Long seed = takeSeed(); seed != null; seed = takeSeed()) {
      long startCpuNanos = threadCpuNanos();
      Simulation simulation = new Simulation(ScheduleGenerator.of(seed, settings));
      SimulationFailure failure = null;
      try {
        simulation.run();
      } catch (SimulationFailure broken) {
        failure = broken;
      }
      ran(seed, simulation.coverage(), failure, threadCpuNanos() - startCpuNanos);
    }
  }

  /** What the whole process has used, its compiler and garbage collector included. */
  private static long processCpuNanos() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? system.getProcessCpuTime()
        : 0;
  }

  private static long threadCpuNanos() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  private synchronized @Nullable Long takeSeed() {
    boolean over =
        nextSeed > lastSeed || failures.size() >= FAILURES_MAX || wallMillis() >= wallMillisMax;
    return over ? null : nextSeed++;
  }

  private synchronized void ran(
      long seed, Coverage went, @Nullable SimulationFailure failure, long cpuNanos) {
    seeds++;
    cpuNanosSpent += cpuNanos;
    coverage.add(went);
    if (failure != null) {
      failures.add(new Failure(seed, failure));
      failures.sort(Comparator.comparingLong(Failure::seed));
    }
    if (atWarmUp == null && wallMillis() >= WARM_UP_MILLIS) {
      atWarmUp = pace();
    }
    progress.ran(summary());
  }

  private long wallMillis() {
    return (System.nanoTime() - startNanos) / MILLI;
  }

  private synchronized Summary summary() {
    Coverage copy = new Coverage();
    copy.add(coverage);
    Pace pace = pace();
    Pace before = atWarmUp;
    boolean warm = before != null && before.virtualMillis() < pace.virtualMillis();
    return new Summary(
        seeds,
        List.copyOf(failures),
        copy,
        pace,
        warm && before != null ? pace.since(before) : null);
  }

  private Pace pace() {
    return new Pace(
        coverage.of(Coverage.Counter.VIRTUAL_MILLIS),
        coverage.of(Coverage.Counter.EVENTS),
        wallMillis(),
        cpuNanosSpent / MILLI,
        (processCpuNanos() - processStartNanos) / MILLI);
  }
}
