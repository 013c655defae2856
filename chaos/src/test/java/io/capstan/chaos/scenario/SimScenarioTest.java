package io.capstan.chaos.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.check.format.HistoryFormat;
import io.capstan.chaos.check.format.HistoryFormats;
import io.capstan.chaos.report.ScenarioResult;
import io.capstan.chaos.report.ScenarioResult.RunResult;
import io.capstan.client.Mode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A scenario in virtual time")
class SimScenarioTest {
  private static final Duration BUDGET = Duration.ofSeconds(60);

  @TempDir Path folder;

  private static RunPlan plan(Scenario scenario, long seed, Duration length) {
    return RunPlan.of(
        scenario,
        List.of(Mode.CP, Mode.AP),
        seed,
        scenario.nodes(),
        scenario.clients(),
        length,
        SubstrateKind.SIM.faults());
  }

  private ScenarioEvidence run(Scenario scenario, long seed, Duration length)
      throws InterruptedException {
    return run(plan(scenario, seed, length));
  }

  private ScenarioEvidence run(RunPlan plan) throws InterruptedException {
    try (SimSubstrate substrate = SimSubstrate.start(plan.nodes(), plan.seed())) {
      return new ScenarioRun(substrate, plan, new RunProgress())
          .run(folder.resolve("faults.jsonl"));
    }
  }

  private ScenarioResult judged(String name, long seed, Duration length)
      throws InterruptedException {
    return new ScenarioJudge(BUDGET).judge(run(ScenarioLibrary.named(name), seed, length), "");
  }

  @Test
  @DisplayName("of a split shows the price of both promises: refusals in CP, siblings in AP")
  void splitHasItsPrice() throws Exception {
    ScenarioResult result = judged("split", 11, Duration.ofSeconds(15));

    RunResult bank = result.runs().get(0);
    assertThat(bank.availability().during().minority()).isZero();
    assertThat(bank.availability().during().majority()).isGreaterThan(0.9);
    RunResult feed = result.runs().get(1);
    assertThat(feed.availability().during().minority()).isEqualTo(1.0);
    assertThat(feed.consistency().siblingsSeen()).isPositive();
    assertThat(feed.consistency().staleReads()).isPositive();
  }

  @Test
  @DisplayName("tells how far up the consistency ladder each keyspace came")
  void climbsTheLadder() throws Exception {
    ScenarioEvidence evidence = run(ScenarioLibrary.named("split"), 11, Duration.ofSeconds(12));
    ScenarioJudge judge = new ScenarioJudge(BUDGET);
    ScenarioResult result = judge.climbed(evidence, judge.judge(evidence, ""));

    ScenarioResult.LadderResult cp = result.runs().get(0).ladder();
    assertThat(cp.strongest()).isEqualTo("linearizable");
    assertThat(cp.firstBroken()).isNull();
    ScenarioResult.LadderResult ap = result.runs().get(1).ladder();
    assertThat(ap.strongest()).isEqualTo("causal");
    assertThat(ap.firstBroken()).isEqualTo("sequential");
    assertThat(ap.why()).contains("several values at once");
    assertThat(ScenarioStory.of(evidence.keyspaces().get(1), result.runs().get(1)))
        .anySatisfy(told -> assertThat(told).startsWith("The consistency ladder: causal is"));
  }

  @Test
  @DisplayName("may claim the rungs of sessions, and breaks those that AP does not promise")
  void claimsOfSessions() throws Exception {
    String text =
        """
        name: sessions
        workload: register
        faults: [{fault: partition, cut: minority|rest}]
        claims:
          cp: [sequential, causal, read-your-writes, monotonic-reads]
          ap: [read-your-writes, monotonic-reads, monotonic-writes, writes-follow-reads, sequential]
        """;

    ScenarioEvidence evidence = run(ScenarioFile.parse(text, "s"), 9, Duration.ofSeconds(8));
    ScenarioResult result = new ScenarioJudge(BUDGET).judge(evidence, "");

    assertThat(result.runs().get(0).verdict()).isEqualTo("valid");
    assertThat(result.runs().get(1).claims())
        .extracting(ScenarioResult.ClaimResult::verdict)
        .containsExactly("valid", "valid", "valid", "valid", "invalid");
  }

  @Test
  @DisplayName("is the same, event by event, for the same seed")
  void replays() throws Exception {
    Scenario scenario = ScenarioLibrary.named("everything");
    assertThat(written(run(scenario, 5, Duration.ofSeconds(8))))
        .isEqualTo(written(run(scenario, 5, Duration.ofSeconds(8))))
        .isNotEqualTo(written(run(scenario, 6, Duration.ofSeconds(8))));
  }

  private String written(ScenarioEvidence evidence) throws IOException {
    StringBuilder text = new StringBuilder();
    for (ScenarioEvidence.KeyspaceEvidence seen : evidence.keyspaces()) {
      Path file = folder.resolve("history.jsonl");
      HistoryFormats.write(seen.history(), HistoryFormat.JSONL, file);
      text.append(Files.readString(file));
    }
    return text.toString();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  @DisplayName("with faults of every kind breaks no promise on any seed")
  void everything(long seed) throws Exception {
    ScenarioResult result = judged("everything", seed, Duration.ofSeconds(15));

    assertThat(result.runs())
        .allSatisfy(run -> assertThat(run.verdict()).as("%s", run.claims()).isEqualTo("valid"));
  }

  @Test
  @DisplayName(
      "that claims linearizable reads of stale ones is caught, with the reads that show it")
  void staleReadsAreCaught() throws Exception {
    ScenarioResult result = judged("stale-reads", 4, Duration.ofSeconds(15));

    RunResult cp = result.runs().get(0);
    assertThat(cp.verdict()).isEqualTo("invalid");
    assertThat(cp.claims().get(0).judged().operations()).isNotEmpty().hasSizeLessThan(10);
    assertThat(cp.claims().get(0).why()).contains("client");
  }

  @Test
  @DisplayName("that violates a claim is reduced to the faults that it takes, as a scenario file")
  void shrinksTheSchedule() throws Exception {
    String text =
        """
        name: three-faults
        workload: register
        reads: stale
        faults:
          - {fault: clock-skew, nodes: n2, by: 5s, at: 1s, until: 2s}
          - {fault: partition, cut: "n1|rest", at: 3s, until: 8s}
          - {fault: clock-skew, nodes: n3, by: -5s, at: 9s, until: 10s}
        claims: {cp: [linearizable]}
        """;
    RunPlan plan = plan(ScenarioFile.parse(text, "three"), 4, Duration.ofSeconds(12));
    ScenarioResult result = new ScenarioJudge(BUDGET).judge(run(plan), "");
    assertThat(result.runs().get(0).verdict()).isEqualTo("invalid");

    ScheduleReduction.Reduced reduced =
        ScheduleReduction.reduce(plan, result, BUDGET, BUDGET).orElseThrow();

    // Reading of any replica may be stale with any fault, so which one is left is not the point.
    assertThat(reduced.plan().schedule()).hasSizeLessThan(plan.schedule().size());
    assertThat(reduced.told().faultsBefore()).isEqualTo(3);
    assertThat(reduced.told().faults()).hasSameSizeAs(reduced.plan().schedule());
    assertThat(reduced.told().told())
        .containsAnyOf("Of 3 faults 1 is needed", "No fault is needed");
    assertThat(reduced.told().why()).contains("client");

    String written = ScenarioText.of(reduced.plan(), "three-faults-shrunk");
    RunPlan again = plan(ScenarioFile.parse(written, "shrunk"), 4, Duration.ofSeconds(12));
    assertThat(again.schedule()).isEqualTo(reduced.plan().schedule());
    assertThat(new ScenarioJudge(BUDGET).judge(run(again), "").runs().get(0).verdict())
        .isEqualTo("invalid");
  }

  @Test
  @DisplayName("that holds has nothing to reduce")
  void nothingToShrink() throws Exception {
    RunPlan plan = plan(ScenarioLibrary.named("split"), 3, Duration.ofSeconds(8));
    ScenarioResult result = new ScenarioJudge(BUDGET).judge(run(plan), "");

    assertThat(ScheduleReduction.reduce(plan, result, BUDGET, BUDGET)).isEmpty();
  }

  @Test
  @DisplayName("that claims no discarded write where the latest wins is caught, with the write")
  void discardedWritesAreCaught() throws Exception {
    ScenarioResult result = judged("lww-discards", 4, Duration.ofSeconds(15));

    RunResult ap = result.runs().get(1);
    assertThat(ap.verdict()).isEqualTo("invalid");
    assertThat(ap.claims().get(0).judged().operations()).hasSize(2);
    assertThat(ap.claims().get(0).why()).contains("was acknowledged at");
    assertThat(ap.consistency().discardedWrites()).isPositive();
  }

  @ParameterizedTest
  @ValueSource(strings = {"bank", "list-append", "claim-ids", "set", "counter", "cas-register"})
  @DisplayName("runs any workload in either mode; CP keeps what AP may lose")
  void wrongModes(String workload) throws Exception {
    String text =
        "name: any\nworkload: " + workload + "\nfaults: [{fault: partition, cut: minority|rest}]";

    ScenarioResult result =
        new ScenarioJudge(BUDGET)
            .judge(run(ScenarioFile.parse(text, "any"), 9, Duration.ofSeconds(12)), "");

    assertThat(result.runs())
        .allSatisfy(run -> assertThat(run.verdict()).as("%s", run.claims()).isEqualTo("valid"));
    assertThat(result.runs()).allSatisfy(run -> assertThat(run.ops().ok()).isGreaterThan(300));
  }

  @ParameterizedTest
  @ValueSource(strings = {"bank, bank-total", "list-append, serializable", "claim-ids, unique"})
  @DisplayName("that claims of AP what only CP keeps is caught")
  void wrongClaims(String workloadAndClaim) throws Exception {
    String[] parts = workloadAndClaim.split(", ", -1);
    String text =
        "name: any\nworkload: "
            + parts[0]
            + "\nfaults: [{fault: partition, cut: minority|rest}]\nclaims: {ap: ["
            + parts[1]
            + "]}";

    ScenarioResult result =
        new ScenarioJudge(BUDGET)
            .judge(run(ScenarioFile.parse(text, "any"), 9, Duration.ofSeconds(12)), "");

    assertThat(result.runs().get(0).verdict()).isEqualTo("valid");
    assertThat(result.runs().get(1).verdict()).isEqualTo("invalid");
  }
}
