package io.capstan.chaos.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.chaos.fault.FaultType;
import io.capstan.chaos.fault.PlannedFault;
import io.capstan.client.Level;
import io.capstan.client.Mode;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;

@DisplayName("A scenario file")
class ScenarioFileTest {
  private static final List<String> LIBRARY = ScenarioLibrary.NAMES;

  private static Scenario parse(String text) {
    return ScenarioFile.parse(text, "mine.yaml");
  }

  @ParameterizedTest
  @FieldSource("LIBRARY")
  @DisplayName("of the library can be read, says what it shows, and runs on some substrate")
  void libraryIsWhole(String name) {
    Scenario scenario = ScenarioLibrary.named(name);

    assertThat(scenario.name()).isEqualTo(name);
    assertThat(scenario.summary()).isNotBlank();
    assertThat(scenario.faultTypes()).isNotEmpty();
    assertThat(SubstrateKind.values())
        .anyMatch(kind -> kind.impossible(scenario).isEmpty() || scenario.random() != null);
  }

  @Test
  @DisplayName("may say very little; the rest is told by the defaults")
  void defaults() {
    Scenario scenario = parse("name: small\nfaults: [{fault: partition}]");

    assertThat(scenario.nodes()).isEqualTo(5);
    assertThat(scenario.clients()).isEqualTo(10);
    assertThat(scenario.levels()).containsEntry(Mode.CP, Level.LINEARIZABLE);
    assertThat(scenario.levels()).containsEntry(Mode.AP, Level.ONE);
    PlannedFault fault =
        scenario.schedule(Duration.ofSeconds(40), 1, 5, EnumSet.allOf(FaultType.class)).get(0);
    assertThat(fault.target()).isEqualTo("leader|rest");
    assertThat(fault.startMillis()).isEqualTo(10_000);
    assertThat(fault.endMillis()).isEqualTo(28_000);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "name: a / node: 3; there is no key node; name, shows, workload",
        "name: a / nodes: 2; nodes is \"2\"; a number from 3 to 7",
        "name: Big; name is \"Big\"; lower-case letters",
        "name: a / workload: queue; workload is \"queue\"; one of register",
        "name: a / duration: 3s; duration is \"3s\"; 6s to 10m",
        "name: a / reads: quorum; reads is \"quorum\"; linearizable, stale",
        "name: a / conflicts: merge; conflicts is \"merge\"; siblings or lww",
        "name: a / faults: [{fault: fire}]; faults[1].fault is \"fire\"; one of partition",
        "name: a / faults: [{fault: kill, cut: x}]; there is no key faults[1].cut; nodes",
        "name: a / faults: [{fault: kill, at: soon}]; faults[1].at is \"soon\"; a time such as",
        "name: a / faults: [{fault: kill, at: 200%}]; faults[1].at is \"200%\"; 0% to 100%",
        "name: a / faults: [{fault: lossy, loss: 99%}]; faults[1].loss is \"99%\"; 0% to 90%",
        "name: a / nodes: 3 / faults: [{fault: partition, cut: ring}];"
            + " which needs 5 nodes or more; there are 3",
        "name: a / faults: [{fault: partition, cut: n1|n2}]; which cannot be; n3, n4, n5",
        "name: a / faults: [{fault: kill, nodes: boss}]; names \"boss\"; leader, follower",
        "name: a / claims: {cp: [converged]}; claims.cp is \"converged\"; linearizable",
        "name: a / claims: {ap: [bank-total]}; claims.ap is \"bank-total\"; nothing-lost",
        "name: a / placement: {n9: 1}; there is no key placement.n9; n1, n2",
        "name: a / random: {faults: []}; random.faults is \"empty\"; a list of partition"
      })
  @DisplayName("that is wrong is refused with the key, its value and what is allowed")
  void refusals(String text, String what, String allowed) {
    assertThatThrownBy(() -> parse(text.replace(" / ", "\n")))
        .isInstanceOf(ScenarioFile.InvalidScenarioException.class)
        .hasMessageStartingWith("mine.yaml")
        .hasMessageContaining(what.strip())
        .hasMessageContaining(allowed.strip());
  }

  @Test
  @DisplayName("that is no YAML is refused with the line")
  void notYaml() {
    assertThatThrownBy(() -> parse("name: a\nfaults: [\n  {fault: kill"))
        .isInstanceOf(ScenarioFile.InvalidScenarioException.class)
        .hasMessageContaining("line")
        .hasMessageContaining("not YAML");
  }

  @Test
  @DisplayName("whose faults end before they begin is refused when its times are known")
  void backwards() {
    Scenario scenario = parse("name: a\nfaults: [{fault: kill, at: 20s, until: 5s}]");

    assertThatThrownBy(
            () -> scenario.schedule(Duration.ofSeconds(30), 1, 5, EnumSet.allOf(FaultType.class)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("must begin at 0 or later and end after that");
  }

  @Test
  @DisplayName(
      "with a drawn schedule gives the same faults for the same seed, and others for others")
  void drawnSchedules() {
    Scenario everything = ScenarioLibrary.named("everything");
    EnumSet<FaultType> all = EnumSet.allOf(FaultType.class);
    Duration length = Duration.ofSeconds(30);

    assertThat(everything.schedule(length, 7, 5, all))
        .isEqualTo(everything.schedule(length, 7, 5, all));
    EnumSet<FaultType> seen = EnumSet.noneOf(FaultType.class);
    for (long seed = 1; seed <= 200; seed++) {
      List<PlannedFault> schedule = everything.schedule(length, seed, 5, all);
      assertThat(schedule).isNotEmpty();
      assertThat(schedule).allMatch(fault -> fault.endMillis() <= 0.78 * 30_000 + 1);
      assertOneRoundAtATime(schedule);
      schedule.forEach(fault -> seen.add(fault.type()));
    }
    assertThat(seen).isEqualTo(everything.faultTypes());
  }

  /** Of the faults that last at one moment at most one takes nodes away. */
  private static void assertOneRoundAtATime(List<PlannedFault> schedule) {
    for (PlannedFault one : schedule) {
      for (PlannedFault other : schedule) {
        boolean together =
            one != other
                && one.startMillis() < other.endMillis()
                && other.startMillis() < one.endMillis();
        if (together && one.type().takesNodesDown()) {
          assertThat(other.type().takesNodesDown()).as("%s and %s", one, other).isFalse();
        }
      }
    }
  }

  @Test
  @DisplayName("with a drawn schedule has only faults that the substrate can do")
  void drawnWithinAbilities() {
    Scenario everything = ScenarioLibrary.named("everything");
    for (long seed = 1; seed <= 50; seed++) {
      assertThat(
              everything.schedule(Duration.ofSeconds(30), seed, 5, SubstrateKind.DOCKER.faults()))
          .noneMatch(fault -> fault.type() == FaultType.SLOW_LINK);
    }
  }

  @Test
  @DisplayName("says before the run what a substrate cannot do")
  void impossible() {
    assertThat(SubstrateKind.DOCKER.impossible(ScenarioLibrary.named("slow-link")))
        .containsExactly(FaultType.SLOW_LINK);
    assertThat(SubstrateKind.SIM.impossible(ScenarioLibrary.named("member-replace")))
        .containsExactly(FaultType.MEMBER_REPLACE);
    assertThat(SubstrateKind.SIM.impossible(ScenarioLibrary.named("split"))).isEmpty();
  }
}
