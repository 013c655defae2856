package io.capstan.chaos.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.fault.FaultInForce;
import io.capstan.chaos.fault.FaultType;
import io.capstan.chaos.fault.PlannedFault;
import io.capstan.chaos.report.ClusterSample;
import io.capstan.chaos.report.ClusterSample.NodeSample;
import io.capstan.chaos.report.ScenarioResult;
import io.capstan.chaos.report.ScenarioResult.RunResult;
import io.capstan.chaos.report.ScenarioResult.SideResult;
import io.capstan.client.Mode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What {@code capstan chaos list} promises of each scenario, held against a run in virtual time. In
 * every one of them the faults happened as planned, everything was well again afterwards, and every
 * claim holds.
 */
@DisplayName("Of the library, in virtual time,")
class LibraryShowsTest {
  private static final long SEED = 3;
  private static final Duration LENGTH = Duration.ofSeconds(12);
  private static final Duration BUDGET = Duration.ofSeconds(60);
  private static final Set<String> WELL = Set.of("leader", "follower");

  @TempDir Path folder;

  private record Shown(ScenarioEvidence evidence, ScenarioResult result) {
    RunResult cp() {
      return result.runs().get(0);
    }

    RunResult ap() {
      return result.runs().get(1);
    }

    /** What was seen while the fault lasted; a sample holds until the next one. */
    List<ClusterSample> during(FaultInForce fault) {
      List<ClusterSample> seen = new ArrayList<>();
      for (ClusterSample sample : evidence.samples()) {
        if (sample.atMillis() * 1_000_000 >= fault.endNanos()) {
          break;
        }
        if (sample.atMillis() * 1_000_000 <= fault.verifiedNanos()) {
          seen.clear();
        }
        seen.add(sample);
      }
      return seen;
    }

    FaultInForce fault() {
      return evidence.faults().get(0);
    }

    /** Every leader with its term, as long as the run took. */
    Set<String> reigns() {
      return evidence.samples().stream()
          .flatMap(sample -> leaders(sample).stream())
          .map(leader -> leader.id() + " in term " + leader.term())
          .collect(Collectors.toSet());
    }
  }

  private static List<NodeSample> leaders(ClusterSample sample) {
    return sample.nodes().stream().filter(node -> node.role().equals("leader")).toList();
  }

  private static String role(ClusterSample sample, String node) {
    return sample.nodes().stream()
        .filter(each -> each.id().equals(node))
        .findFirst()
        .orElseThrow()
        .role();
  }

  private Shown shown(String name) throws InterruptedException {
    return shown(name, SEED);
  }

  private Shown shown(String name, long seed) throws InterruptedException {
    Scenario scenario = ScenarioLibrary.named(name);
    RunPlan plan =
        RunPlan.of(
            scenario,
            List.of(Mode.CP, Mode.AP),
            seed,
            scenario.nodes(),
            scenario.clients(),
            LENGTH,
            SubstrateKind.SIM.faults());
    ScenarioEvidence evidence;
    try (SimSubstrate substrate = SimSubstrate.start(plan.nodes(), plan.seed())) {
      evidence =
          new ScenarioRun(substrate, plan, new RunProgress()).run(folder.resolve("faults.jsonl"));
    }
    Shown shown = new Shown(evidence, new ScenarioJudge(BUDGET).judge(evidence, ""));
    assertHappenedAndHealed(shown);
    return shown;
  }

  private static void assertHappenedAndHealed(Shown shown) {
    ScenarioEvidence evidence = shown.evidence();
    assertThat(evidence.leftOut()).isEmpty();
    assertThat(evidence.faults())
        .extracting(FaultInForce::plan)
        .containsExactlyInAnyOrderElementsOf(evidence.plan().schedule());
    assertThat(evidence.faults())
        .isNotEmpty()
        .allSatisfy(
            fault -> {
              assertThat(fault.verifiedNanos()).isGreaterThanOrEqualTo(fault.startNanos());
              assertThat(fault.endNanos()).isNotNull().isGreaterThan(fault.verifiedNanos());
              assertThat(fault.healedNanos()).isNotNull();
            });
    assertThat(evidence.healProblem()).isEmpty();
    ClusterSample last = evidence.samples().getLast();
    assertThat(last.cutLinks()).isEmpty();
    assertThat(last.nodes()).allMatch(node -> WELL.contains(node.role()));
    for (RunResult run : shown.result().runs()) {
      assertThat(run.claims()).as("%s", run.mode()).isNotEmpty();
      assertThat(run.verdict()).as("%s %s", run.mode(), run.claims()).isEqualTo("valid");
    }
  }

  /** The node that led when the fault began, which no longer leads, and somebody else does. */
  private static String deposed(Shown shown, String becomes) {
    ClusterSample before =
        shown.evidence().samples().stream()
            .filter(sample -> sample.atMillis() * 1_000_000 <= shown.fault().startNanos())
            .reduce((first, second) -> second)
            .orElseThrow();
    NodeSample old = leaders(before).get(0);
    ClusterSample late = shown.during(shown.fault()).getLast();
    assertThat(role(late, old.id())).isEqualTo(becomes);
    assertThat(leaders(late))
        .singleElement()
        .satisfies(leader -> assertThat(leader.term()).isGreaterThan(old.term()));
    return old.id();
  }

  @Test
  @DisplayName("split: CP refuses in the minority and elects elsewhere, AP serves on both sides")
  void split() throws Exception {
    Shown shown = shown("split");

    ClusterSample late = shown.during(shown.fault()).getLast();
    assertThat(late.cutLinks()).hasSize(12); // two against three, both ways
    assertThat(shown.reigns()).hasSizeGreaterThan(1);
    assertThat(shown.cp().availability().during().minority()).isZero();
    assertThat(shown.cp().availability().during().majority()).isGreaterThan(0.9);
    assertThat(shown.ap().availability().during().minority()).isEqualTo(1.0);
    assertThat(shown.ap().availability().during().majority()).isEqualTo(1.0);
    assertThat(shown.ap().consistency().convergedAfterHealMillis()).isNotNull();
  }

  @Test
  @DisplayName("isolate-follower: who was cut off alone comes back without an election")
  void isolateFollower() throws Exception {
    Shown shown = shown("isolate-follower");

    assertThat(shown.during(shown.fault()).getLast().cutLinks()).hasSize(8);
    assertThat(shown.reigns()).hasSize(1);
  }

  @Test
  @DisplayName("one-way: a leader that hears the others and is not heard steps down")
  void oneWay() throws Exception {
    Shown shown = shown("one-way");

    String old = deposed(shown, "follower");
    assertThat(shown.during(shown.fault()).getLast().cutLinks())
        .hasSize(4)
        .allMatch(link -> link.startsWith(old + ">"));
  }

  @Test
  @DisplayName("bridge: no term has two leaders, though two halves cannot hear each other")
  void bridge() throws Exception {
    Shown shown = shown("bridge");

    assertThat(shown.during(shown.fault()).getLast().cutLinks()).hasSize(8);
    assertOneLeaderATerm(shown);
  }

  @Test
  @DisplayName("majority-ring: every node hears two others, no two the same, and no term has two")
  void majorityRing() throws Exception {
    Shown shown = shown("majority-ring");

    assertThat(shown.during(shown.fault()).getLast().cutLinks()).hasSize(10);
    assertOneLeaderATerm(shown);
  }

  private static void assertOneLeaderATerm(Shown shown) {
    Set<String> reigns = shown.reigns();
    assertThat(reigns.stream().map(reign -> reign.split(" in ", 2)[1])).doesNotHaveDuplicates();
  }

  @Test
  @DisplayName("flapping: links that come and go twice a second do not make elections as often")
  void flapping() throws Exception {
    Shown shown = shown("flapping");

    List<ClusterSample> during = shown.during(shown.fault());
    int changes = 0;
    for (int i = 1; i < during.size(); i++) {
      boolean was = during.get(i - 1).cutLinks().isEmpty();
      changes += was == during.get(i).cutLinks().isEmpty() ? 0 : 1;
    }
    assertThat(changes).isGreaterThan(4);
    assertThat(shown.reigns()).hasSizeLessThan(changes / 2);
  }

  @Test
  @DisplayName("leader-kill: the leader is dead, another one leads, and the dead one returns")
  void leaderKill() throws Exception {
    deposed(shown("leader-kill"), "killed");
  }

  @Test
  @DisplayName("pause: the leader stands still, another one leads, and it wakes up a follower")
  void pause() throws Exception {
    deposed(shown("pause"), "paused");
  }

  @Test
  @DisplayName("disk-full: the leader stops rather than acknowledge, and another one leads")
  void diskFull() throws Exception {
    deposed(shown("disk-full"), "failed");
  }

  @Test
  @DisplayName("power-loss: all nodes are gone at the same moment")
  void powerLoss() throws Exception {
    Shown shown = shown("power-loss");

    assertThat(shown.during(shown.fault()))
        .anyMatch(sample -> sample.nodes().stream().noneMatch(node -> WELL.contains(node.role())));
  }

  @Test
  @DisplayName("rolling-restart: one node after the other, and clients hardly notice")
  void rollingRestart() throws Exception {
    Map<String, Double> answered = new TreeMap<>();

    // One seed's schedule meets the leader more often than another's: four are asked together.
    for (long seed = 1; seed <= 4; seed++) {
      Shown shown = shown("rolling-restart", seed);
      List<FaultInForce> faults = shown.evidence().faults();
      assertThat(faults).extracting(FaultInForce::nodes).doesNotHaveDuplicates().hasSize(3);
      for (int i = 1; i < faults.size(); i++) {
        assertThat(faults.get(i).startNanos()).isGreaterThan(faults.get(i - 1).healedNanos());
      }
      for (RunResult run : shown.result().runs()) {
        answered.merge(run.mode(), (double) run.ops().ok() / run.ops().attempted(), Double::sum);
      }
    }

    assertThat(answered).hasSize(2);
    assertThat(answered.values()).allMatch(sum -> sum / 4 > 0.85);
  }

  @Test
  @DisplayName("slow-link: CP waits for the slow links, AP at level one does not")
  void slowLink() throws Exception {
    Shown shown = shown("slow-link");

    assertThat(p50During(shown.cp())).isGreaterThan(100);
    assertThat(p50During(shown.ap())).isLessThan(50);
  }

  private static double p50During(RunResult run) {
    return run.sides().stream()
        .filter(side -> side.phase().equals("during") && side.side().equals("majority"))
        .mapToDouble(SideResult::p50Millis)
        .findFirst()
        .orElseThrow();
  }

  @Test
  @DisplayName("lossy: a tenth of the messages is lost on every link, and no answer is wrong")
  void lossy() throws Exception {
    Shown shown = shown("lossy");

    assertThat(shown.fault().links()).hasSize(20);
    assertThat(shown.fault().plan().quality().lossPercent()).isEqualTo(10);
  }

  @Test
  @DisplayName("clock-skew: wrong clocks cost neither an answer nor an election")
  void clockSkew() throws Exception {
    Shown shown = shown("clock-skew");

    assertThat(shown.evidence().faults())
        .extracting(fault -> fault.plan().amountMillis())
        .containsExactly(300_000L, -300_000L);
    assertThat(shown.reigns()).hasSize(1);
    assertThat(shown.result().runs())
        .allSatisfy(run -> assertThat(run.ops().ok()).isEqualTo(run.ops().attempted()));
  }

  @Test
  @DisplayName("mode-switch-in-split: keyspaces change sides under a split and lose nothing")
  void modeSwitchInSplit() throws Exception {
    Shown shown = shown("mode-switch-in-split");

    assertThat(shown.evidence().faults())
        .extracting(fault -> fault.plan().type())
        .containsExactlyInAnyOrder(FaultType.PARTITION, FaultType.MODE_SWITCH);
  }

  @Test
  @DisplayName("everything: forty seeds draw every kind of fault, three at a time at the most")
  void everything() {
    Scenario scenario = ScenarioLibrary.named("everything");
    Set<FaultType> drawn = EnumSet.noneOf(FaultType.class);
    for (long seed = 1; seed <= 40; seed++) {
      List<PlannedFault> schedule =
          RunPlan.of(
                  scenario,
                  List.of(Mode.CP, Mode.AP),
                  seed,
                  scenario.nodes(),
                  scenario.clients(),
                  scenario.duration(),
                  SubstrateKind.SIM.faults())
              .schedule();
      schedule.forEach(fault -> drawn.add(fault.type()));
      for (PlannedFault fault : schedule) {
        assertThat(schedule)
            .filteredOn(
                other ->
                    other.startMillis() <= fault.startMillis()
                        && fault.startMillis() < other.endMillis())
            .hasSizeLessThanOrEqualTo(3);
      }
    }
    Set<FaultType> wanted = EnumSet.complementOf(EnumSet.of(FaultType.MODE_SWITCH));
    wanted.retainAll(SubstrateKind.SIM.faults());
    assertThat(drawn).isEqualTo(wanted);
  }

  @Test
  @DisplayName("member-replace is refused, with the reason: the members of the simulator are fixed")
  void memberReplace() {
    Scenario scenario = ScenarioLibrary.named("member-replace");

    assertThat(SubstrateKind.SIM.impossible(scenario)).containsExactly(FaultType.MEMBER_REPLACE);
    assertThat(SubstrateKind.SIM.reason(FaultType.MEMBER_REPLACE)).contains("members are fixed");
  }
}
