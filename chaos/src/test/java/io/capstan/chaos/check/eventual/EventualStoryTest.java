package io.capstan.chaos.check.eventual;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.check.Extras;
import io.capstan.chaos.check.HistoryScript;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.check.eventual.ConservationChecker.Discarded;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EventualStoryTest {
  private static HistoryScript script() {
    return new HistoryScript().on("k");
  }

  // Convergence

  @Test
  void replicasThatHoldTheSameInAnyOrderHaveConverged() {
    ReplicaStates states =
        ReplicaStates.of(
            Map.of(
                "n1", Map.of("a", List.of(1, 2), "gone", List.of()),
                "n2", Map.of("a", List.of(2L, 1L))));

    assertThat(ConvergenceChecker.check(states).verdict())
        .isEqualTo(Verdict.valid("all 2 replicas hold the same under all 1 keys"));
  }

  @Test
  void replicasThatDifferAreNamedWithWhatTheyHold() {
    ReplicaStates states =
        ReplicaStates.of(
            new java.util.TreeMap<>(
                Map.of(
                    "n1", Map.of("a", List.of(1, 2), "b", List.of(1)),
                    "n2", Map.of("a", List.of(1), "b", List.of(1)),
                    "n3", Map.of("a", List.of(1, 2)))));

    ConvergenceChecker.Report report = ConvergenceChecker.check(states);

    assertThat(report.differingKeys()).isEqualTo(2);
    assertThat(report.verdict().isInvalid()).isTrue();
    assertThat(report.differences())
        .filteredOn(difference -> "b".equals(difference.key()))
        .singleElement()
        .satisfies(
            difference ->
                assertThat(difference.siblings().toString()).isEqualTo("{n1=[1], n2=[1], n3=[]}"));
  }

  @Test
  void aSiblingHeldTwiceIsADifference() {
    ReplicaStates states =
        ReplicaStates.of(
            Map.of("n1", Map.of("a", List.of(1, 1, 2)), "n2", Map.of("a", List.of(1, 2, 2))));

    assertThat(ConvergenceChecker.check(states).differingKeys()).isEqualTo(1);
  }

  @Test
  void withoutReplicasNothingIsKnown() {
    assertThat(ConvergenceChecker.check(ReplicaStates.of(Map.of())).verdict().status())
        .isEqualTo(Verdict.Status.UNKNOWN);
  }

  // Stale reads

  private static StaleReadChecker.Report stale(HistoryScript script) {
    return StaleReadChecker.check(script.history());
  }

  @Test
  void readsThatSeeTheLastWriteAreFresh() {
    StaleReadChecker.Report report =
        stale(script().wrote(1, "a").read(2, List.of("a")).wrote(1, "b", "a").read(2, "b"));

    assertThat(report.reads()).isEqualTo(2);
    assertThat(report.stale()).isZero();
  }

  @Test
  void aReadThatMissesAcknowledgedWritesIsStaleByTheAgeOfTheOldest() {
    HistoryScript script = script().wrote(1, "a").at(1.0).wrote(1, "b", "a").wrote(1, "c", "b");

    StaleReadChecker.Report report = stale(script.at(3.5).read(2, "a"));

    assertThat(report.stale()).isEqualTo(1);
    assertThat(report.stalenessMaxMillis()).isEqualTo(2400);
    assertThat(report.missedWritesMax()).isEqualTo(2);
  }

  @Test
  void aReadOfNothingAfterAWriteIsStale() {
    assertThat(stale(script().wrote(1, "a").read(2, null)).stale()).isEqualTo(1);
    assertThat(stale(script().read(2, null).wrote(1, "a")).stale()).isZero();
  }

  @Test
  void aReadThatOverlapsTheWriteIsNotStale() {
    HistoryScript script = script().wrote(1, "a").invoke(1, "write", "b");

    assertThat(
            stale(script.read(2, "a").ok(1, "b", Map.of(Extras.SUPERSEDED, List.of("a")))).stale())
        .isZero();
  }

  @Test
  void oneOfTwoSiblingsIsStaleTheirSuccessorIsNot() {
    HistoryScript script = script().wrote(1, "a").wrote(2, "b");
    assertThat(stale(script.read(3, List.of("a", "b"))).stale()).isZero();
    assertThat(stale(script.read(3, List.of("b"))).stale()).isEqualTo(1);
    assertThat(stale(script.wrote(1, "c", "a", "b").wrote(1, "d", "c").read(3, "d")).stale())
        .isEqualTo(1);
  }

  @Test
  void aDeleteShowsByAbsence() {
    HistoryScript script = script().wrote(1, "a");
    script.invoke(1, "delete").ok(1, null, Map.of(Extras.SUPERSEDED, List.of("a")));

    assertThat(stale(script.read(2, null)).stale()).isZero();
    assertThat(stale(script.read(2, "a")).stale()).isEqualTo(1);
  }

  @Test
  void aWriteWithoutReceiptMayExcuseARead() {
    HistoryScript script = script().wrote(1, "a").invoke(2, "write", "b").info(2);

    StaleReadChecker.Report report = stale(script.read(3, "b"));

    assertThat(report.stale()).isZero();
    assertThat(report.undetermined()).isEqualTo(1);
  }

  @Test
  void aWriteWithoutReceiptThatWasSeenBeforeExcusesNothing() {
    HistoryScript script = script().invoke(2, "write", "b").info(2).read(3, "b").wrote(1, "a");

    assertThat(stale(script.read(3, "b")).stale()).isEqualTo(1);
  }

  @Test
  void whoHoldsTheWinnerHasNotMissedTheLoser() {
    HistoryScript script = script().wrote(1, "a").wrote(2, "b").read(3, "b");

    assertThat(stale(script).stale()).isEqualTo(1);
    assertThat(
            StaleReadChecker.check(
                    script.history(), read -> true, List.of(new Discarded("k", "a", "b")))
                .stale())
        .isZero();
  }

  @Test
  void onlyTheReadsThatAreWantedAreJudged() {
    HistoryScript script = script().wrote(1, "a").read(2, null).read(3, null);

    StaleReadChecker.Report report =
        StaleReadChecker.check(script.history(), read -> read.process() == 3, List.of());

    assertThat(report.reads()).isEqualTo(1);
    assertThat(report.staleReads()).extracting(s -> s.read().process()).containsExactly(3L);
  }

  @Test
  void aLongChainIsJudgedQuickly() {
    HistoryScript script = script().wrote(1, 0);
    for (int i = 1; i < 3_000; i++) {
      script.wrote(1, i, i - 1).read(2, i % 7 == 0 ? i - 1 : i);
    }

    assertThat(stale(script).stale()).isEqualTo(428);
  }

  // Siblings

  @Test
  void siblingsAreCountedWhereClientsSawThem() {
    HistoryScript script = script().read(1, "a").read(1, List.of("a", "b")).read(1, List.of("a"));
    script.on("other").read(1, List.of("a", "b", "c"));

    assertThat(SiblingCount.of(script.history())).isEqualTo(new SiblingCount(2, 2, 3));
  }

  // The bank

  private static BankTotalsChecker.Report bank(HistoryScript script) {
    return BankTotalsChecker.check(script.history(), List.of("a", "b"), 20, false);
  }

  @Test
  void moneyIsNeitherMadeNorLost() {
    HistoryScript script = new HistoryScript().read(1, Map.of("a", 5, "b", 15));
    script.read(1, null).invoke(2, "read").info(2);

    assertThat(bank(script).verdict()).isEqualTo(Verdict.valid("all 1 reads add up to 20"));
  }

  @Test
  void aBrokenTotalIsTold() {
    HistoryScript script = new HistoryScript().read(1, Map.of("a", 5, "b", 15));

    BankTotalsChecker.Report report = bank(script.at(12.2).read(4, Map.of("a", 5, "b", 10)));

    assertThat(report.verdict().isInvalid()).isTrue();
    assertThat(report.verdict().why()).isEqualTo("client 4's read at 12.3 s adds up to 15, not 20");
    assertThat(report.verdict().operations()).extracting(o -> o.process()).containsExactly(4L);
    assertThat(report.violations()).extracting(v -> v.read().process()).containsExactly(4L);
  }

  @Test
  void aNegativeBalanceAMissingAccountAndNoNumberAreFaults() {
    assertThat(bank(new HistoryScript().read(1, Map.of("a", -5, "b", 25))).verdict().why())
        .contains("finds -5 in account a");
    assertThat(bank(new HistoryScript().read(1, Map.of("a", 20))).verdict().why())
        .contains("names the accounts");
    assertThat(bank(new HistoryScript().read(1, Map.of("a", "?", "b", 20))).verdict().why())
        .contains("no number in account a");
    assertThat(
            BankTotalsChecker.check(
                    new HistoryScript().read(1, Map.of("a", -5, "b", 25)).history(),
                    List.of("a", "b"),
                    20,
                    true)
                .verdict()
                .isValid())
        .isTrue();
  }

  @Test
  void aBankThatNobodyReadProvesNothing() {
    assertThat(bank(new HistoryScript()).verdict().status()).isEqualTo(Verdict.Status.UNKNOWN);
  }

  @Test
  void extrasOfTheInvocationAndTheCompletionAreBothKept() {
    HistoryScript script = script();
    script.invoke(1, "write", "a", Map.of(Extras.NODE, "n1"));
    Operation write =
        script.ok(1, "a", Map.of(Extras.SUPERSEDED, List.of())).history().operations().get(0);

    assertThat(write.extra(Extras.NODE)).isEqualTo("n1");
    assertThat(write.extraList(Extras.SUPERSEDED)).isEmpty();
  }
}
