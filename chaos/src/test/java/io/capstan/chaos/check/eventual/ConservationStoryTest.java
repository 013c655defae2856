package io.capstan.chaos.check.eventual;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.check.Extras;
import io.capstan.chaos.check.HistoryScript;
import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.check.eventual.ConservationChecker.Discarded;
import io.capstan.chaos.check.eventual.ConservationChecker.Kind;
import io.capstan.chaos.check.eventual.ConservationChecker.Report;
import io.capstan.chaos.check.eventual.ConservationChecker.Violation;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Every acknowledged write is somewhere, or there is a reason why it is not. */
class ConservationStoryTest {
  private static ReplicaStates holding(Object... siblings) {
    Map<String, List<Object>> state = Map.of("k", List.of(siblings));
    return ReplicaStates.of(Map.of("n1", state, "n2", state));
  }

  private static HistoryScript script() {
    return new HistoryScript().on("k");
  }

  private static Report check(HistoryScript script, ReplicaStates end, Discarded... discarded) {
    Report report = ConservationChecker.check(script.history(), end, List.of(discarded));
    assertThat(
            report.present()
                + report.siblings()
                + report.superseded()
                + report.discarded()
                + report.undetermined()
                + report.lost())
        .isEqualTo(report.acknowledged());
    return report;
  }

  @Test
  void aChainOfWritesLeavesItsLast() {
    Report report =
        check(script().wrote(1, "a").wrote(2, "b", "a").wrote(1, "c", "b"), holding("c"));

    assertThat(report.verdict())
        .isEqualTo(
            Verdict.valid("3 acknowledged = 1 present + 0 siblings + 2 superseded + 0 discarded"));
  }

  @Test
  void concurrentWritesStayAsSiblings() {
    Report report = check(script().wrote(1, "a").wrote(2, "b"), holding("b", "a"));

    assertThat(report.verdict().isValid()).isTrue();
    assertThat(report.siblings()).isEqualTo(2);
  }

  @Test
  void aWriteThatIsGoneWithoutExcuseIsLost() {
    Report report = check(script().at(11.8).wrote(1, "a").wrote(2, "b"), holding("b"));

    assertThat(report.lost()).isEqualTo(1);
    assertThat(report.verdict())
        .isEqualTo(
            Verdict.invalid(
                "client 1's write of a under k was acknowledged at 11.9 s and is gone:"
                    + " on no replica, superseded by nothing, discarded by nobody"));
  }

  @Test
  void aWriteOnAKeyThatNobodyHoldsIsLost() {
    Report report = check(script().wrote(1, "a"), ReplicaStates.of(Map.of("n1", Map.of())));

    assertThat(report.lost()).isEqualTo(1);
  }

  @Test
  void oneReplicaIsEnoughToBePresent() {
    ReplicaStates end = ReplicaStates.of(Map.of("n1", Map.of(), "n2", Map.of("k", List.of("a"))));

    assertThat(check(script().wrote(1, "a"), end).verdict().isValid()).isTrue();
  }

  @Test
  void whatLastWriterWinsDroppedIsCountedNotLost() {
    HistoryScript script = script().wrote(1, "a").wrote(2, "b");

    Report report = check(script, holding("b"), new Discarded("k", "a", "b"));

    assertThat(report.discarded() + report.superseded()).isEqualTo(1);
    assertThat(report.verdict().isValid()).isTrue();
  }

  @Test
  void aContextThatCoversAValueSupersedesIt() {
    HistoryScript script = script().wrote(1, "a");
    script.invoke(2, "write", "b", Map.of(Extras.COVERS, List.of("a"))).ok(2);

    assertThat(check(script, holding("b")).verdict().isValid()).isTrue();
  }

  @Test
  void aFailedWriteSupersedesNothing() {
    HistoryScript script = script().wrote(1, "a");
    script.invoke(2, "write", "b", Map.of(Extras.SUPERSEDED, List.of("a"))).fail(2);

    assertThat(check(script, holding()).lost()).isEqualTo(1);
  }

  @Test
  void aReceiptCannotSupersedeWhatCameLater() {
    HistoryScript script = script().wrote(2, "b", "a").wrote(1, "a", "b");

    assertThat(check(script, holding("b")).lost()).isEqualTo(1);
  }

  @Test
  void anUnknownWriteThatSurfacedMayExcuseAnAbsence() {
    HistoryScript script = script().wrote(1, "a").invoke(2, "write", "b").info(2);

    Report report = check(script, holding("b"));

    assertThat(report.undetermined()).isEqualTo(1);
    assertThat(report.verdict().status()).isEqualTo(Verdict.Status.UNKNOWN);
  }

  @Test
  void anUnknownWriteThatNobodyEverSawExcusesNothing() {
    HistoryScript script = script().wrote(1, "a").invoke(2, "write", "b").info(2);

    assertThat(check(script, holding()).lost()).isEqualTo(1);
  }

  @Test
  void anUnknownWriteThatWasSeenBeforeExcusesNothing() {
    HistoryScript script =
        script().invoke(2, "write", "b").info(2).read(3, List.of("b")).wrote(1, "a");

    assertThat(check(script, holding("b")).lost()).isEqualTo(1);
  }

  @Test
  void anUnknownWriteWithAReceiptIsJudgedByIt() {
    HistoryScript script = script().wrote(1, "a").wrote(3, "c");
    script.invoke(2, "write", "b").info(2, Map.of(Extras.SUPERSEDED, List.of("a")));

    Report report = check(script, holding("b"));

    assertThat(report.superseded()).isEqualTo(1);
    assertThat(report.lost()).isEqualTo(1);
    assertThat(report.violations()).extracting(Violation::value).containsExactly("c");
  }

  @Test
  void anUnknownWriteWithAReceiptThatNobodyEverSawProvesNothing() {
    HistoryScript script = script().wrote(1, "a");
    script.invoke(2, "write", "b").info(2, Map.of(Extras.SUPERSEDED, List.of("a")));

    Report report = check(script, holding());

    assertThat(report.superseded()).isZero();
    assertThat(report.undetermined()).isEqualTo(1);
  }

  private static Map<String, Object> version(String version, String... replaced) {
    return Map.of(
        Extras.VERSION,
        version,
        Extras.SUPERSEDED,
        List.of(),
        Extras.SUPERSEDED_UNIDENTIFIED,
        List.of(replaced));
  }

  @Test
  void anUnknownWriteSupersededWhatItsNodeHadMadeBefore() {
    HistoryScript script = script().invoke(1, "write", "a").ok(1, "a", version("n1.x:7"));
    script.invoke(2, "write", "b").info(2, Map.of(Extras.VERSION, "n1.x:9"));

    Report report = check(script, holding("b"));

    assertThat(report.superseded()).isEqualTo(1);
    assertThat(report.verdict().isValid()).isTrue();
  }

  @Test
  void anUnknownWriteExcusesNothingThatItsNodeMadeLater() {
    HistoryScript script =
        script().invoke(2, "write", "b").info(2, Map.of(Extras.VERSION, "n1.x:6"));
    script.invoke(1, "write", "a").ok(1, "a", version("n1.x:7"));

    assertThat(check(script, holding("b")).lost()).isEqualTo(1);
  }

  @Test
  void anUnknownWriteOfAnotherNodeOrAnotherLifeOfItTellsNothingByItsVersion() {
    HistoryScript script = script().invoke(1, "write", "a").ok(1, "a", version("n1.x:7"));
    script.invoke(2, "write", "b").info(2, Map.of(Extras.VERSION, "n1.y:9"));

    assertThat(check(script, holding("b")).undetermined()).isEqualTo(1);
  }

  @Test
  void anUnknownWriteThatWasSeenBesideAnotherDidNotSupersedeIt() {
    HistoryScript script = script().wrote(1, "a").invoke(2, "write", "b").info(2);
    script.read(3, List.of("a", "b"));

    assertThat(check(script, holding("b")).lost()).isEqualTo(1);
  }

  @Test
  void anUnknownWriteWithAContextSupersededWhatThatCoversAndNothingElse() {
    HistoryScript script = script().wrote(1, "a").wrote(1, "c");
    script.invoke(2, "write", "b", Map.of(Extras.COVERS, List.of("a"))).info(2);

    Report report = check(script, holding("b"));

    assertThat(report.superseded()).isEqualTo(1);
    assertThat(report.lost()).isEqualTo(1);
  }

  @Test
  void anUnknownWriteThatNobodySawButAReceiptNamesMayExcuseAnAbsence() {
    HistoryScript script = script().invoke(1, "write", "a").ok(1, "a", version("n1.x:7"));
    script.invoke(2, "write", "b", Map.of(Extras.NODE, "n2")).info(2);
    script.invoke(3, "write", "c").ok(3, "c", version("n3.x:1", "n2.x:4"));

    assertThat(check(script, holding("c")).undetermined()).isEqualTo(1);
  }

  @Test
  void anUnknownWriteOfANodeThatNoReceiptNamesExcusesNothing() {
    HistoryScript script = script().invoke(1, "write", "a").ok(1, "a", version("n1.x:7"));
    script.invoke(2, "write", "b", Map.of(Extras.NODE, "n2")).info(2);
    script.invoke(3, "write", "c").ok(3, "c", version("n3.x:1", "n4.x:4"));

    assertThat(check(script, holding("c")).lost()).isEqualTo(1);
  }

  @Test
  void aReceiptThatCameLateSaysWhatItsWriteSuperseded() {
    HistoryScript script = script().wrote(1, "a");
    script
        .invoke(2, "write", "b")
        .info(2, Map.of(Extras.LATE, Extras.LATE_OK, Extras.SUPERSEDED, List.of("a")))
        .wrote(3, "c", "b");

    Report report = check(script, holding("c"));

    assertThat(report.verdict().isValid()).isTrue();
    assertThat(report.superseded()).isEqualTo(2);
  }

  @Test
  void aReceiptThatCameLateIsNoExcuseForWhatItDoesNotName() {
    HistoryScript script = script().wrote(1, "a");
    script
        .invoke(2, "write", "b")
        .info(2, Map.of(Extras.LATE, Extras.LATE_OK, Extras.SUPERSEDED, List.of()));

    assertThat(check(script, holding("b")).lost()).isEqualTo(1);
    assertThat(check(script, holding("a")).violations())
        .as("and its own write must not be lost either")
        .extracting(Violation::value)
        .containsExactly("b");
  }

  @Test
  void aWriteThatWasRefusedLateExcusesNothing() {
    HistoryScript script = script().wrote(1, "a");
    script.invoke(2, "write", "b").info(2, Map.of(Extras.LATE, Extras.LATE_FAILED));

    assertThat(check(script, holding()).lost()).isEqualTo(1);
    assertThat(check(script, holding("a", "b")).counts()).containsEntry(Kind.FAILED_BUT_THERE, 1);
  }

  @Test
  void anUnknownWriteWithAContextExcusesWhatThatCoversAndNothingElse() {
    HistoryScript script = script().wrote(1, "a").wrote(3, "c");
    script.invoke(2, "write", "b", Map.of(Extras.COVERS, List.of("a"))).info(2);

    Report report = check(script, holding("b"));

    assertThat(report.superseded()).isEqualTo(1);
    assertThat(report.violations()).extracting(Violation::value).containsExactly("c");
  }

  @Test
  void aReplacedWriteThatNobodyKnowsMayBeTheUnknownOne() {
    HistoryScript script = script().wrote(1, "a").invoke(2, "write", "b").info(2);
    script
        .invoke(3, "write", "c")
        .ok(
            3,
            "c",
            Map.of(
                Extras.SUPERSEDED, List.of(), Extras.SUPERSEDED_UNIDENTIFIED, List.of("n1.0:7")));

    assertThat(check(script, holding("c")).undetermined()).isEqualTo(1);
  }

  @Test
  void anUnknownWriteSupersededWhatItsNodeHeldRightBefore() {
    HistoryScript script = script().wrote(1, "a").wrote(1, "c");
    script.invoke(2, "write", "b").info(2, Map.of(Extras.HELD, List.of("a")));

    Report report = check(script, holding("b"));

    assertThat(report.superseded()).isEqualTo(1);
    assertThat(report.undetermined()).as("it may have held more by then").isEqualTo(1);
  }

  @Test
  void anUnknownWriteMayBeThereOrNot() {
    HistoryScript script = script().wrote(1, "a").invoke(2, "write", "b").info(2);

    assertThat(check(script, holding("a")).verdict().isValid()).isTrue();
    assertThat(check(script, holding("a", "b")).verdict().isValid()).isTrue();
  }

  @Test
  void aSupersededValueThatIsBackIsResurrected() {
    Report report = check(script().wrote(1, "a").wrote(2, "b", "a"), holding("a", "b"));

    assertThat(report.counts()).isEqualTo(Map.of(Kind.RESURRECTED, 1));
    assertThat(report.verdict().why())
        .isEqualTo("a under k is back although client 2's write of b had superseded it at 0.4 s");
  }

  @Test
  void aDeletedValueThatIsBackIsResurrected() {
    HistoryScript script = script().wrote(1, "a");
    script.invoke(2, "delete").ok(2, null, Map.of(Extras.SUPERSEDED, List.of("a")));

    assertThat(check(script, holding()).verdict().isValid()).isTrue();
    assertThat(check(script, holding("a")).counts()).containsEntry(Kind.RESURRECTED, 1);
  }

  @Test
  void aFailedWriteMustNotSurface() {
    HistoryScript script = script().invoke(1, "write", "a").fail(1);

    assertThat(check(script, holding()).verdict().isValid()).isTrue();
    assertThat(check(script, holding("a")).counts()).containsEntry(Kind.FAILED_BUT_THERE, 1);
    assertThat(check(script.read(2, List.of("a")), holding()).verdict().why())
        .contains("client 1's write of a under k had failed", "client 2 read it");
  }

  @Test
  void aValueFromNowhereIsNamed() {
    assertThat(check(script().wrote(1, "a"), holding("a", "z")).counts())
        .containsEntry(Kind.NEVER_WRITTEN, 1);
    assertThat(check(script().wrote(1, "a").read(2, "z"), holding("a")).verdict().why())
        .startsWith("nobody ever wrote z under k, yet client 2 read it");
  }

  @Test
  void oneWriteIsThereOnce() {
    assertThat(check(script().wrote(1, "a"), holding("a", "a")).counts())
        .containsEntry(Kind.DUPLICATED, 2);
  }

  @Test
  void valuesThatAreNotUniqueProveNothing() {
    Report report = check(script().wrote(1, "a").wrote(2, "a"), holding("a"));

    assertThat(report.verdict().status()).isEqualTo(Verdict.Status.UNKNOWN);
    assertThat(report.verdict().why()).contains("written twice under k");
  }

  @Test
  void theSameValueUnderAnotherKeyIsAnotherWrite() {
    HistoryScript script = script().wrote(1, "a").on("other").wrote(1, "a");

    Report report = check(script, holding("a"));

    assertThat(report.present()).isEqualTo(1);
    assertThat(report.lost()).isEqualTo(1);
  }
}
