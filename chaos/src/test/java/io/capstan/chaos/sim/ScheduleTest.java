package io.capstan.chaos.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A schedule")
final class ScheduleTest {

  @ParameterizedTest
  @EnumSource(SimulationMode.class)
  @DisplayName("is the same after it was written and read")
  void survivesItsFile(SimulationMode mode) {
    for (long seed = 1; seed <= 30; seed++) {
      Schedule schedule = ScheduleGenerator.of(seed, SimulationSettings.of(mode));

      Schedule read = ScheduleText.fromJson(ScheduleText.toJson(schedule, "a \"test\""));

      assertThat(read).isEqualTo(schedule);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[]",
        "{\"version\": 2}",
        "{\"version\":1,\"seed\":1,\"mode\":\"xy\",\"nodes\":3,\"loopDelayMicros\":0,"
            + "\"faultyMillis\":1,\"healthyMillisMax\":1}",
        "{\"version\":1,\"seed\":1,\"mode\":\"cp\",\"nodes\":9,\"loopDelayMicros\":0,"
            + "\"faultyMillis\":1,\"healthyMillisMax\":1}",
        "{\"version\":1,\"seed\":1,\"mode\":\"cp\",\"nodes\":1,\"loopDelayMicros\":0,"
            + "\"faultyMillis\":1,\"healthyMillisMax\":1,\"faults\":[{\"kind\":\"cut\","
            + "\"atMillis\":0,\"forMillis\":1,\"nodes\":[\"n1\",\"n2\"],\"amount\":0}]}",
      })
  @DisplayName("that makes no sense is refused when it is read")
  void refusesNonsense(String text) {
    assertThatThrownBy(() -> ScheduleText.fromJson(text))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  @DisplayName("uses every size of cluster and every kind of fault over some hundred seeds")
  void coversItsSpace() {
    List<Integer> sizes = new ArrayList<>();
    List<FaultKind> kinds = new ArrayList<>();
    for (long seed = 1; seed <= 300; seed++) {
      Schedule schedule = ScheduleGenerator.of(seed, SimulationSettings.of(SimulationMode.CP));
      sizes.add(schedule.nodes());
      schedule.faults().forEach(fault -> kinds.add(fault.kind()));
    }

    assertThat(sizes).contains(1, 2, 3, 4, 5, 6, 7);
    assertThat(kinds).contains(FaultKind.values());
  }

  @Test
  @DisplayName("shrinks to the one fault that breaks the claim")
  void shrinks() {
    SimulatedFault downAtTheEnd = new SimulatedFault(FaultKind.CRASH, 2_600, 1_000, List.of(1), 2);
    SimulatedFault harmless = new SimulatedFault(FaultKind.DUPLICATE, 100, 500, List.of(), 100);
    List<SimulatedFault> faults = List.of(harmless, downAtTheEnd, harmless);
    Schedule failing =
        new Schedule(3, SimulationMode.CP, 3, false, 0, 3_000, 1, false, faults, List.of());
    SimulationFailure failure =
        catchThrowableOfType(SimulationFailure.class, () -> new Simulation(failing).run());
    assertThat(failure).isNotNull();

    ScheduleShrinker.Shrunk shrunk = ScheduleShrinker.shrink(failing, failure, 500, () -> false);

    assertThat(shrunk.failure().claim()).isEqualTo(failure.claim());
    assertThat(shrunk.schedule().faults()).containsExactly(downAtTheEnd);
  }
}
