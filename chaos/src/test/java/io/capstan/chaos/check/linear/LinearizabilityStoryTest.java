package io.capstan.chaos.check.linear;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryScript;
import io.capstan.chaos.check.Verdict;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Histories that are right, and histories that are wrong in ways that have names. */
class LinearizabilityStoryTest {
  private static final Model<?> REGISTER = RegisterModel.register(0L);
  private static final Model<?> CAS = RegisterModel.casRegister(0L);

  private static LinearizabilityReport check(History history, Model<?> model) {
    return new LinearizabilityChecker(1, true)
        .check(history, model, Budget.of(Duration.ofSeconds(20)));
  }

  private static void assertValid(HistoryScript script, Model<?> model) {
    assertThat(check(script.history(), model).verdict())
        .extracting(Verdict::status)
        .isEqualTo(Verdict.Status.VALID);
  }

  private static String assertInvalid(HistoryScript script, Model<?> model) {
    LinearizabilityReport report = check(script.history(), model);
    assertThat(report.verdict().status()).isEqualTo(Verdict.Status.INVALID);
    return report.explanation().orElseThrow().sentence();
  }

  @Test
  void anEmptyHistoryIsValid() {
    assertValid(new HistoryScript(), REGISTER);
  }

  @Test
  void readsSeeTheLastWrite() {
    assertValid(new HistoryScript().read(1, 0).did(2, "write", 7).read(1, 7).read(3, 7), REGISTER);
  }

  @Test
  void concurrentWritesMayBeSeenInEitherOrderButInOneOnly() {
    HistoryScript both = new HistoryScript().invoke(1, "write", 1).invoke(2, "write", 2);
    assertValid(both.ok(1).ok(2).read(3, 1).read(4, 1), REGISTER);

    HistoryScript torn =
        new HistoryScript().invoke(1, "write", 1).invoke(2, "write", 2).ok(1).ok(2);
    assertInvalid(torn.read(3, 1).read(3, 2), REGISTER);
  }

  @Test
  void aStaleReadIsToldInOneSentence() {
    HistoryScript stale =
        new HistoryScript()
            .at(11.8)
            .did(1, "write", 7)
            .at(12.3)
            .read(4, 0)
            .did(2, "write", 9)
            .read(3, 9);

    assertThat(assertInvalid(stale, REGISTER))
        .isEqualTo(
            "client 4 read 0 at 12.3 s although client 1's write of 7 had been acknowledged at 11.9 s");
  }

  @Test
  void aStaleReadIsShrunkToTheTwoOperationsThatMatter() {
    HistoryScript script = new HistoryScript();
    for (int i = 1; i <= 40; i++) {
      script.did(1, "write", 100 + i).read(2, 100 + i);
    }
    History history = script.did(1, "write", 7).read(4, 0).did(2, "write", 9).read(3, 9).history();

    Explanation explanation = check(history, REGISTER).explanation().orElseThrow();

    assertThat(explanation.operations()).hasSize(2);
    assertThat(explanation.culprit().process()).isEqualTo(4);
    assertThat(explanation.longestOrder()).hasSizeGreaterThanOrEqualTo(81);
  }

  @Test
  void readingBackwardsIsNotLinearizable() {
    HistoryScript backwards =
        new HistoryScript().invoke(1, "write", 7).at(1.0).read(2, 7).at(2.0).read(3, 0).ok(1);

    assertThat(assertInvalid(backwards, REGISTER))
        .isEqualTo("client 3 read 0 at 2.0 s although client 2 had already read 7 at 1.1 s");
  }

  @Test
  void aValueThatNobodyWroteIsNamed() {
    assertThat(assertInvalid(new HistoryScript().did(1, "write", 7).read(2, 8), REGISTER))
        .endsWith("although nobody had ever written 8");
  }

  @Test
  void aValueReadBeforeItsWriteBeganIsNamed() {
    HistoryScript early = new HistoryScript().at(1.0).read(2, 8).at(3.0).did(1, "write", 8);

    assertThat(assertInvalid(early, REGISTER))
        .isEqualTo("client 2 read 8 at 1.1 s before client 1 began its write of 8 at 3.0 s");
  }

  @Test
  void aLostUpdateIsFound() {
    HistoryScript lost =
        new HistoryScript()
            .did(1, "write", 1)
            .did(2, "cas", List.of(1, 2))
            .did(3, "cas", List.of(2, 3))
            .read(1, 2);

    assertThat(assertInvalid(lost, CAS)).contains("client 3's cas from 2 to 3");
  }

  @Test
  void aCasThatSucceedsTwiceIsFound() {
    HistoryScript twice =
        new HistoryScript()
            .invoke(1, "cas", List.of(0, 5))
            .invoke(2, "cas", List.of(0, 6))
            .ok(1)
            .ok(2);

    assertThat(assertInvalid(twice, CAS))
        .contains("client 2's cas from 0 to 6 succeeded")
        .contains("client 1's cas from 0 to 5");
  }

  @Test
  void aFailedCasHadNoEffect() {
    assertValid(new HistoryScript().invoke(1, "cas", List.of(0, 5)).fail(1).read(2, 0), CAS);
    assertThat(
            assertInvalid(
                new HistoryScript().invoke(1, "cas", List.of(0, 5)).fail(1).read(2, 5), CAS))
        .contains("had failed", "no effect");
  }

  @Test
  void aFailedWriteMustNotSurface() {
    assertThat(
            assertInvalid(new HistoryScript().invoke(1, "write", 5).fail(1).read(2, 5), REGISTER))
        .contains("client 1's write of 5 had failed");
  }

  @Test
  void aCrashedWriteMaySurfaceLate() {
    HistoryScript late =
        new HistoryScript()
            .invoke(1, "write", 5)
            .info(1)
            .read(2, 0)
            .did(3, "write", 6)
            .read(2, 6)
            .read(2, 5);

    assertValid(late, REGISTER);
  }

  @Test
  void aCrashedWriteMayNeverSurface() {
    assertValid(new HistoryScript().invoke(1, "write", 5).info(1).read(2, 0).read(2, 0), REGISTER);
  }

  @Test
  void aCrashedWriteSurfacesAtMostOnce() {
    HistoryScript twice =
        new HistoryScript()
            .invoke(1, "write", 5)
            .info(1)
            .read(2, 5)
            .did(3, "write", 6)
            .read(2, 6)
            .read(2, 5);

    assertInvalid(twice, REGISTER);
  }

  @Test
  void twoCrashedWritesOfTheSameValueSurfaceTwice() {
    HistoryScript script =
        new HistoryScript().invoke(1, "write", 5).info(1).invoke(2, "write", 5).info(2);
    script.read(3, 5).did(3, "write", 6).read(3, 6).read(3, 5);
    assertValid(script, REGISTER);

    script.did(3, "write", 7).read(3, 7);
    assertInvalid(script.read(3, 5), REGISTER);
  }

  @Test
  void aCrashedCasCanBeTheMissingLink() {
    HistoryScript link =
        new HistoryScript().invoke(1, "cas", List.of(0, 5)).info(1).invoke(2, "cas", List.of(5, 6));
    assertValid(link.info(2).read(3, 6), CAS);

    HistoryScript broken = new HistoryScript().invoke(2, "cas", List.of(5, 6)).info(2);
    assertInvalid(broken.read(3, 6), CAS);
  }

  @Test
  void aCrashedReadSaysNothing() {
    assertValid(new HistoryScript().invoke(1, "read").info(1).did(2, "write", 4), REGISTER);
  }

  @Test
  void anOperationThatNeverEndedMayStillTakeEffect() {
    assertValid(new HistoryScript().invoke(1, "write", 5).read(2, 0).read(2, 5), REGISTER);
  }

  @Test
  void eachKeyIsItsOwnRegister() {
    HistoryScript script = new HistoryScript();
    script.on("a").did(1, "write", 1).on("b").did(1, "write", 2);
    assertValid(script.on("a").read(2, 1).on("b").read(2, 2), REGISTER);

    LinearizabilityReport report = check(script.on("a").read(2, 2).history(), REGISTER);
    assertThat(report.verdict().isInvalid()).isTrue();
    assertThat(report.verdict().why()).startsWith("key a: ");
    assertThat(report.keys())
        .extracting(key -> key.verdict().status().label())
        .containsExactly("invalid", "valid");
  }

  @Test
  void aStringStoreRemembersItsAppends() {
    Model<?> kv = new KvModel(null);
    HistoryScript script = new HistoryScript();
    script.invoke(1, "append", "x").invoke(2, "append", "y").ok(1).ok(2);
    assertValid(
        script.invoke(3, "get").ok(3, "yx").did(3, "put", "z").invoke(3, "get").ok(3, "z"), kv);

    HistoryScript lost = new HistoryScript().did(1, "append", "x").did(2, "append", "y");
    assertThat(assertInvalid(lost.invoke(3, "get").ok(3, "x"), kv))
        .contains("client 3 read x", "client 2's append of y had been acknowledged");

    HistoryScript turned = new HistoryScript().did(1, "append", "x").did(2, "append", "y");
    assertInvalid(turned.invoke(3, "get").ok(3, "yx"), kv);
  }

  @Test
  void aSetLosesNothing() {
    Model<?> set = new SetModel(null);
    HistoryScript script = new HistoryScript().did(1, "add", 1).invoke(2, "add", 2);
    script.read(3, Set.of(1)).read(3, List.of(2, 1)).info(2);
    assertValid(script, set);

    HistoryScript lost = new HistoryScript().did(1, "add", 1).did(2, "add", 2);
    assertThat(assertInvalid(lost.read(3, List.of(1)), set))
        .contains("without 2 although client 2's add of it");
  }

  @Test
  void aResurrectedElementIsFound() {
    Model<?> set = new SetModel(List.of(1, 2));
    HistoryScript script = new HistoryScript().did(1, "remove", 1).read(2, List.of(2));
    assertValid(script, set);
    assertInvalid(script.read(2, List.of(1, 2)), set);
  }

  @Test
  void aCounterCountsEachStepOnce() {
    Model<?> counter = new CounterModel(10L);
    HistoryScript script = new HistoryScript().did(1, "add", 2).invoke(2, "inc").info(2);
    assertValid(script.read(3, 12).read(3, 13), counter);
    assertInvalid(script.read(3, 14), counter);
  }

  @Test
  void aCounterThatForgetsIsFound() {
    HistoryScript script = new HistoryScript().did(1, "add", 2).did(2, "dec", 1);
    assertThat(assertInvalid(script.read(3, 2), new CounterModel(null)))
        .startsWith("client 3 read 2");
  }

  private static Model<?> bank() {
    return new BankModel(Map.of("a", 10L, "b", 10L), false);
  }

  private static Map<String, Object> transfer(String from, String to, long amount) {
    return Map.of("from", from, "to", to, "amount", amount);
  }

  @Test
  void aTransferIsSeenWholeOrNotAtAll() {
    HistoryScript script = new HistoryScript().invoke(1, "transfer", transfer("a", "b", 4));
    script.read(2, Map.of("a", 10, "b", 10)).read(2, Map.of("a", 6, "b", 14)).ok(1);
    assertValid(script, bank());

    HistoryScript torn = new HistoryScript().invoke(1, "transfer", transfer("a", "b", 4));
    assertInvalid(torn.read(2, Map.of("a", 6, "b", 10)).ok(1), bank());
  }

  @Test
  void moneyThatIsNotThereIsNotTransferred() {
    HistoryScript broke = new HistoryScript().did(1, "transfer", transfer("a", "b", 11));
    assertThat(assertInvalid(broke, bank())).contains("client 1's transfer");
    assertValid(broke, new BankModel(Map.of("a", 10L, "b", 10L), true));
  }

  @Test
  void aCallThatTheModelDoesNotKnowIsAnError() {
    History history = new HistoryScript().did(1, "enqueue", 1).history();

    assertThatThrownBy(() -> check(history, REGISTER))
        .isInstanceOf(Model.UnsupportedCallException.class)
        .hasMessageContaining("register")
        .hasMessageContaining("enqueue");
  }

  @Test
  void severalKeysInParallelGiveTheSameVerdicts() {
    HistoryScript script = new HistoryScript();
    for (int key = 0; key < 50; key++) {
      script.on("k" + key).did(1, "write", key).read(2, key == 31 ? 0 : key);
    }
    LinearizabilityReport alone = check(script.history(), REGISTER);
    LinearizabilityReport together =
        new LinearizabilityChecker(4, true)
            .check(script.history(), REGISTER, Budget.of(Duration.ofSeconds(20)));

    assertThat(together.verdict()).isEqualTo(alone.verdict());
    assertThat(together.keys())
        .extracting(KeyReport::verdict)
        .isEqualTo(alone.keys().stream().map(KeyReport::verdict).toList());
  }
}
