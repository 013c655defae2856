package io.capstan.chaos.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.chaos.campaign.SimulationCampaign;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("The simulated cluster")
final class SimulationTest {

  /** Differs from build to build where CI names one; a failure names its seed. */
  private static final long FIRST_SEED = Long.getLong("capstan.sim.firstSeed", 1);

  /** Seeds of each mode, as long as the time lasts. */
  private static final long SEEDS = Long.getLong("capstan.sim.seeds", 1_000);

  private static final long MILLIS_MAX = Long.getLong("capstan.sim.millisMax", 35_000);
  private static final int ENOUGH_TO_SEE_EVERYTHING = 100;
  private static final int ENOUGH_TO_SEE_EVERY_PHASE = 300;
  private static final Set<Coverage.Counter> OF_CHANGES_OF_SIDES =
      EnumSet.range(Coverage.Counter.SWITCHES_TO_CP, Coverage.Counter.CRASHES_AT_ABORT);
  private static final int ENOUGH_TO_SEE_MEMBERS_COME_BACK = 500;

  @ParameterizedTest(name = "in mode {0}")
  @EnumSource(SimulationMode.class)
  @DisplayName("keeps every promise over many seeds of faults")
  void keepsEveryPromise(SimulationMode mode) throws InterruptedException {
    SimulationSettings settings = SimulationSettings.of(mode);

    SimulationCampaign.Summary summary =
        new SimulationCampaign(
                settings, FIRST_SEED, FIRST_SEED + SEEDS - 1, 1, MILLIS_MAX, soFar -> {})
            .run();

    System.out.printf(
        "%s: %d seeds from %d, %.0f times real time, %s%n",
        mode.label(), summary.seeds(), FIRST_SEED, summary.pace().speed(), summary.coverage());
    assertThat(summary.failures())
        .as("capstan sim --mode %s --seed N runs one again", mode.label())
        .isEmpty();
    assertThat(summary.seeds()).isPositive();
    if (summary.seeds() >= ENOUGH_TO_SEE_EVERYTHING) {
      assertThat(summary.neverHappened(settings.faults())).isEmpty();
      assertThat(summary.coverage().of(Coverage.Counter.ELECTIONS)).isPositive();
      assertThat(summary.coverage().of(Coverage.Counter.OPERATIONS_OK)).isPositive();
    }
    if (mode == SimulationMode.SWITCH && summary.seeds() >= ENOUGH_TO_SEE_EVERY_PHASE) {
      for (Coverage.Counter counter : OF_CHANGES_OF_SIDES) {
        assertThat(summary.coverage().of(counter)).as(counter.label()).isPositive();
      }
    }
    if (summary.seeds() >= ENOUGH_TO_SEE_MEMBERS_COME_BACK && mode == SimulationMode.CP) {
      // Leaders that remove themselves, removed nodes that talk on, nodes back with an empty disk.
      assertThat(summary.coverage().of(Coverage.Counter.LEADERS_REMOVED)).isPositive();
      assertThat(summary.coverage().of(Coverage.Counter.STRANGERS_REFUSED)).isPositive();
      assertThat(summary.coverage().of(Coverage.Counter.INCARNATIONS_REFUSED)).isPositive();
    }
  }

  @ParameterizedTest(name = "in mode {0}")
  @EnumSource(SimulationMode.class)
  @DisplayName("does the same to the byte when a seed runs twice, watched or not")
  void isDeterministic(SimulationMode mode) {
    Schedule schedule = ScheduleGenerator.of(42, SimulationSettings.of(mode));

    StringBuilder firstTrace = new StringBuilder();
    SimulationResult first = new Simulation(schedule, writing(firstTrace)).run();
    StringBuilder secondTrace = new StringBuilder();
    SimulationResult second = new Simulation(schedule, writing(secondTrace)).run();
    SimulationResult unwatched = new Simulation(schedule).run();

    assertThat(firstTrace.toString()).isNotEmpty().isEqualTo(secondTrace.toString());
    assertThat(second).isEqualTo(first);
    assertThat(unwatched).isEqualTo(first);
  }

  private static Timeline writing(StringBuilder trace) {
    return (atNanos, who, what) ->
        trace.append(atNanos).append(' ').append(who).append(' ').append(what).append('\n');
  }

  @Test
  @DisplayName("does something else when another seed runs")
  void seedsDiffer() {
    SimulationSettings settings = SimulationSettings.of(SimulationMode.MIXED);

    long first = new Simulation(ScheduleGenerator.of(1, settings)).run().traceHash();
    long second = new Simulation(ScheduleGenerator.of(2, settings)).run().traceHash();

    assertThat(second).isNotEqualTo(first);
  }

  @Test
  @DisplayName("serves nearly everything when nothing goes wrong")
  void servesWithoutFaults() {
    Schedule calm =
        ScheduleGenerator.of(7, SimulationSettings.of(SimulationMode.MIXED).withNodes(3))
            .withFaults(List.of());

    Coverage coverage = new Simulation(calm).run().coverage();

    assertThat(coverage.of(Coverage.Counter.ELECTIONS)).isEqualTo(1);
    assertThat(coverage.of(Coverage.Counter.OPERATIONS)).isEqualTo(calm.operations().size());
    // Compare-and-set conflicts are the only operations that do not end in ok.
    assertThat(coverage.of(Coverage.Counter.OPERATIONS_OK))
        .isGreaterThan(calm.operations().size() * 7L / 10);
  }

  @ParameterizedTest
  @EnumSource(FaultKind.class)
  @DisplayName("can be hit by each kind of fault")
  void everyFaultHappens(FaultKind kind) {
    Coverage coverage = new Coverage();
    AtomicLong seed = new AtomicLong(FIRST_SEED);
    SimulationSettings settings =
        new SimulationSettings(SimulationMode.CP, Set.of(kind), true, 3, 20);

    while (coverage.of(kind) == 0 && seed.get() < FIRST_SEED + 20) {
      coverage.add(
          new Simulation(ScheduleGenerator.of(seed.getAndIncrement(), settings)).run().coverage());
    }

    assertThat(coverage.of(kind)).isPositive();
  }

  @Test
  @DisplayName("that is not live in time after the faults is said to be so, with the time")
  void noticesThatItIsNotLive() {
    SimulatedFault downAtTheEnd = new SimulatedFault(FaultKind.CRASH, 2_600, 1_000, List.of(0), 2);
    Schedule impatient =
        new Schedule(
            1, SimulationMode.CP, 3, false, 0, 3_000, 1, false, List.of(downAtTheEnd), List.of());

    assertThatThrownBy(() -> new Simulation(impatient).run())
        .isInstanceOfSatisfying(
            SimulationFailure.class,
            failure -> {
              assertThat(failure.claim()).isEqualTo("live in time");
              assertThat(failure.atMillis()).isGreaterThan(3_000);
            });
  }
}
