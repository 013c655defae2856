package io.capstan.chaos.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.check.EventType;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryEvent;
import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.scenario.ScenarioEvidence.KeyspaceEvidence;
import io.capstan.client.Mode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A bound that was missed")
class StarvedMachineTest {
  private static final Verdict MISSED = Verdict.invalid("some node had no success within 10 s");

  @TempDir static Path folder;
  private static ScenarioEvidence evidence;

  @BeforeAll
  static void run() throws Exception {
    evidence = runOf(ScenarioLibrary.named("split"));
  }

  private static ScenarioEvidence runOf(Scenario scenario) throws InterruptedException {
    RunPlan plan =
        RunPlan.of(
            scenario, List.of(Mode.AP), 7, 3, 4, Duration.ofSeconds(8), SubstrateKind.SIM.faults());
    try (SimSubstrate substrate = SimSubstrate.start(3, 7)) {
      return new ScenarioRun(substrate, plan, new RunProgress())
          .run(folder.resolve("faults.jsonl"));
    }
  }

  private static History history() {
    return evidence.keyspaces().get(0).history();
  }

  private static ScenarioEvidence on(String substrate) {
    return on(evidence, substrate);
  }

  private static ScenarioEvidence on(ScenarioEvidence evidence, String substrate) {
    return on(evidence, substrate, evidence.keyspaces());
  }

  private static ScenarioEvidence on(
      ScenarioEvidence evidence, String substrate, List<KeyspaceEvidence> keyspaces) {
    return new ScenarioEvidence(
        evidence.plan(),
        substrate,
        evidence.nodes(),
        evidence.faults(),
        evidence.leftOut(),
        evidence.linkChanges(),
        evidence.samples(),
        evidence.reach(),
        evidence.firstFaultNanos(),
        evidence.lastEndNanos(),
        evidence.healedNanos(),
        evidence.endNanos(),
        evidence.healProblem(),
        evidence.gone(),
        keyspaces);
  }

  /** Two of three attempts before the first fault were never made. */
  private static History hardlyAsked() {
    return History.of(
        history().events().stream()
            .filter(
                event ->
                    event.timeNanos() >= evidence.firstFaultNanos() || event.process() % 3 == 0)
            .toList());
  }

  /** Before the first fault nobody had an answer. */
  private static History starved() {
    return History.of(
        history().events().stream()
            .map(
                event ->
                    event.type() == EventType.OK && event.timeNanos() < evidence.firstFaultNanos()
                        ? new HistoryEvent(
                            event.index(),
                            event.timeNanos(),
                            event.process(),
                            EventType.FAIL,
                            event.f(),
                            event.key(),
                            event.value(),
                            Map.of())
                        : event)
            .toList());
  }

  @Test
  @DisplayName("counts against a cluster that was served well before the first fault")
  void countsOnACalmMachine() {
    assertThat(new SideCounts(on("process"), history()).timed(MISSED)).isEqualTo(MISSED);
  }

  @Test
  @DisplayName("says nothing where the machine had no time for it before anything was wrong")
  void saysNothingOnAStarvedMachine() {
    Verdict verdict = new SideCounts(on("process"), starved()).timed(MISSED);

    assertThat(verdict.status()).isEqualTo(Verdict.Status.UNKNOWN);
    assertThat(verdict.why())
        .startsWith("some node had no success within 10 s; but this machine has no time")
        .contains("before the first fault");
  }

  @Test
  @DisplayName("says nothing where another keyspace on the same nodes shows that they had no time")
  void saysNothingWhereTheOtherKeyspaceIsStarved() {
    KeyspaceEvidence calm = evidence.keyspaces().get(0);
    KeyspaceEvidence starved =
        new KeyspaceEvidence(
            calm.plan(), starved(), calm.finalContents(), calm.discarded(), calm.convergedNanos());

    Verdict verdict =
        new SideCounts(on(evidence, "docker", List.of(calm, starved)), calm.history())
            .timed(MISSED);

    assertThat(verdict.status()).isEqualTo(Verdict.Status.UNKNOWN);
    assertThat(verdict.why()).contains("this machine has no time for the cluster");
  }

  @Test
  @DisplayName("says nothing where not even the clients had the time to ask when they should")
  void saysNothingWhereClientsAreStarved() {
    Verdict verdict = new SideCounts(on("process"), hardlyAsked()).timed(MISSED);

    assertThat(verdict.status()).isEqualTo(Verdict.Status.UNKNOWN);
    assertThat(verdict.why())
        .startsWith(
            "some node had no success within 10 s; but this machine has no time for clients")
        .contains("attempts that were due were made");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "register",
        "cas-register",
        "bank",
        "feed",
        "set",
        "counter",
        "list-append",
        "claim-ids"
      })
  @DisplayName("counts whatever clients do: each workload asks as often as its schedule wants")
  void everyWorkloadAsksOnTime(String workload) throws Exception {
    String text = "name: any\nworkload: " + workload + "\nfaults: [{fault: kill, nodes: leader}]";
    ScenarioEvidence run = runOf(ScenarioFile.parse(text, "any"));

    History history = run.keyspaces().get(0).history();

    assertThat(new SideCounts(on(run, "process"), history).timed(MISSED)).isEqualTo(MISSED);
  }

  @Test
  @DisplayName("counts in virtual time, which nobody can take away")
  void countsInVirtualTime() {
    assertThat(new SideCounts(on("sim"), starved()).timed(MISSED)).isEqualTo(MISSED);
  }

  @Test
  @DisplayName("is the only thing that is excused: what holds, holds")
  void whatHoldsHolds() {
    Verdict holds = Verdict.valid("it came");
    assertThat(new SideCounts(on("process"), starved()).timed(holds)).isEqualTo(holds);
  }
}
