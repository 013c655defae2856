package io.capstan.chaos.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.check.EventType;
import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.report.ScenarioResult;
import io.capstan.chaos.report.ScenarioResult.ClaimResult;
import io.capstan.chaos.report.ScenarioResult.RunResult;
import io.capstan.chaos.report.ScenarioResult.SideResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The whole scenario, in real time but on a cluster in memory that keeps or breaks its promises.
 */
class SplitScenarioTest {
  private static final SplitSettings SHORT =
      new SplitSettings(
          7, Duration.ofMillis(1_600), 2, Duration.ofMillis(5), Duration.ofMillis(100));

  @TempDir static Path healthyFolder;
  private static final FakeCluster HEALTHY = new FakeCluster("n2", "n1", "n2", "n3");
  private static SplitEvidence healthy;

  @TempDir Path folder;

  @BeforeAll
  static void runOnAClusterThatKeepsItsPromises() throws Exception {
    healthy = run(HEALTHY, FakeStore.Defect.NONE, healthyFolder);
  }

  @Test
  void onAClusterThatKeepsItsPromisesEveryClaimHolds() {
    ScenarioResult result = judge(healthy);

    assertThat(healthy.partition()).isEqualTo("n2|n1,n3");
    assertThat(result.verdict()).isEqualTo(Verdict.Status.VALID);
    RunResult bank = result.runs().get(0);
    assertThat(bank.consistency().linearizable()).isEqualTo(true);
    assertThat(bank.availability().during().minority()).isZero();
    assertThat(bank.availability().during().majority()).isEqualTo(1.0);
    assertThat(bank.consistency().recoveredAfterHealMillis()).isNotNull();
    RunResult feed = result.runs().get(1);
    assertThat(feed.availability().during().minority()).isEqualTo(1.0);
    assertThat(feed.consistency().siblingsSeen()).isPositive();
    assertThat(feed.consistency().lostWrites()).isZero();
    assertThat(feed.consistency().staleReads()).isPositive();
    assertThat(feed.consistency().convergedAfterHealMillis()).isNotNull();
  }

  @Test
  void everyAttemptIsInExactlyOneRowOfTheTable() {
    ScenarioResult result = judge(healthy);

    for (RunResult run : result.runs()) {
      assertThat(run.sides().stream().mapToInt(SideResult::attempted).sum())
          .isEqualTo(run.ops().attempted());
      assertThat(run.ops().ok() + run.ops().failed() + run.ops().unknown())
          .isEqualTo(run.ops().attempted());
    }
  }

  @Test
  void noAttemptOfTheSplitIsStillUnderWayAtTheHeal() {
    long heal = healthy.times().healNanos();
    assertThat(healthy.bankHistory().operations())
        .noneMatch(each -> each.invokeNanos() < heal && each.completeNanos() > heal);
    assertThat(healthy.bankHistory().operations()).anyMatch(each -> each.invokeNanos() > heal);
  }

  @Test
  void aProcessEndsWithItsFirstUnknownOutcome() {
    List<Long> crashed =
        healthy.bankHistory().events().stream()
            .filter(each -> each.isClient() && each.type() == EventType.INFO)
            .map(each -> each.process())
            .toList();
    assertThat(crashed).isNotEmpty().doesNotHaveDuplicates();
    for (long process : crashed) {
      List<EventType> events =
          healthy.bankHistory().events().stream()
              .filter(each -> each.process() == process)
              .map(each -> each.type())
              .toList();
      assertThat(events.indexOf(EventType.INFO)).isEqualTo(events.size() - 1);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "STALE_READS, cp, linearizable",
    "SPLIT_BRAIN, cp, linearizable",
    "MONEY_FROM_NOWHERE, cp, the bank's total holds in every read",
    "LOSES_WRITES, ap, no acknowledged write lost",
    "NEVER_CONVERGES, ap, all replicas equal within 5 s after the heal",
  })
  void aClusterThatBreaksAPromiseIsCaught(FakeStore.Defect defect, String mode, String claim)
      throws Exception {
    FakeCluster cluster = new FakeCluster("n2", "n1", "n2", "n3");
    ScenarioResult result = judge(run(cluster, defect, folder));

    assertThat(result.verdict()).isEqualTo(Verdict.Status.INVALID);
    RunResult broken =
        result.runs().stream().filter(run -> run.mode().equals(mode)).findFirst().orElseThrow();
    assertThat(broken.verdict()).isEqualTo("invalid");
    assertThat(broken.claims())
        .filteredOn(each -> each.verdict().equals("invalid"))
        .extracting(ClaimResult::claim)
        .contains(claim);
    assertThat(result.runs())
        .filteredOn(run -> !run.mode().equals(mode))
        .allMatch(run -> run.verdict().equals("valid"));
  }

  @Test
  void theLinksAreHealedAndTheJournalSaysSo() throws Exception {
    assertThat(HEALTHY.cutLinks()).isEmpty();
    assertThat(Files.readAllLines(healthyFolder.resolve("faults.jsonl")))
        .hasSize(3)
        .anySatisfy(line -> assertThat(line).contains("\"healed\"").contains("n2|n1,n3"));
  }

  private static SplitEvidence run(FakeCluster cluster, FakeStore.Defect defect, Path folder)
      throws InterruptedException {
    FakeStore store = new FakeStore(cluster, defect);
    return new SplitScenario(cluster, store, SHORT, new RunProgress())
        .run(folder.resolve("faults.jsonl"));
  }

  private static ScenarioResult judge(SplitEvidence evidence) {
    return new SplitJudge(Duration.ofSeconds(10)).judge(evidence, "fake", "again");
  }
}
