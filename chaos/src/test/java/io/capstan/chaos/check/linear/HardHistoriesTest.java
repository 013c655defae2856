package io.capstan.chaos.check.linear;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryScript;
import io.capstan.chaos.check.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Large histories, and small ones that are hard: many operations at once, many of which crashed.
 * The bounds on configurations hold on any machine, slow or fast.
 */
class HardHistoriesTest {
  private static LinearizabilityReport check(History history, Model<?> model) {
    LinearizabilityReport report =
        new LinearizabilityChecker(2, true)
            .check(history, model, Budget.of(Duration.ofSeconds(60), 512L << 20));
    assertThat(report.verdict().status()).isNotEqualTo(Verdict.Status.UNKNOWN);
    return report;
  }

  @Test
  void tenThousandOperationsOnOneKey() {
    Model<RegisterModel.State> model = RegisterModel.casRegister(0L);
    History history =
        RandomHistories.draw(model, RandomHistories.casRegister(5), 1, 10_000, 10, 0.005, 0);

    LinearizabilityReport report = check(history, model);

    assertThat(report.verdict().isValid()).isTrue();
    assertThat(report.configurations()).isLessThan(40_000);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void aHundredOperationsOfSixteenClientsHalfOfThemCrashed(long seed) {
    Model<RegisterModel.State> model = RegisterModel.casRegister(0L);
    History history =
        RandomHistories.draw(model, RandomHistories.casRegister(5), seed, 100, 16, 0.5, 0);

    LinearizabilityReport report = check(history, model);

    assertThat(report.verdict().isValid()).isTrue();
    assertThat(report.configurations()).isLessThan(50_000);
  }

  /**
   * Twice as long, half as many clients again, and a third to four fifths of the writes crashed.
   */
  @ParameterizedTest
  @EnumSource(
      value = HardHistories.Lie.class,
      names = {"NONE", "LATE", "SOME", "HALF", "ONCE_TOO_OFTEN"})
  void twoHundredOperationsOfTwentyFourClientsOnACasRegister(HardHistories.Lie lie) {
    assertDecided(HardHistories.Kind.CAS_REGISTER, lie, 200, 24, 200_000);
  }

  /** Additions of one to four; false answers only where that leaves something to search. */
  @ParameterizedTest
  @EnumSource(
      value = HardHistories.Lie.class,
      names = {"NONE", "LATE", "SOME", "HALF"})
  void aHundredOperationsOfSixteenClientsOnACounter(HardHistories.Lie lie) {
    assertDecided(HardHistories.Kind.COUNTER, lie, 100, 16, 500_000);
  }

  @ParameterizedTest
  @EnumSource(
      value = HardHistories.Lie.class,
      names = {"NONE", "LATE", "SOME", "HALF"})
  void aHundredOperationsOfSixteenClientsOnAString(HardHistories.Lie lie) {
    assertDecided(HardHistories.Kind.KV, lie, 100, 16, 2_000_000);
    assertDecided(HardHistories.Kind.UNIQUE_KV, lie, 100, 16, 100_000);
  }

  private static void assertDecided(
      HardHistories.Kind kind,
      HardHistories.Lie lie,
      int operations,
      int clients,
      long configurationsMax) {
    for (int seed = 0; seed < 3; seed++) {
      History history = HardHistories.draw(kind, lie, seed, operations, clients, 0.3 + 0.25 * seed);

      LinearizabilityReport report =
          new LinearizabilityChecker(2, false)
              .check(history, kind.model(), Budget.of(Duration.ofSeconds(60), 512L << 20));

      Verdict.Status status = report.verdict().status();
      assertThat(status).as("%s seed %d", kind, seed).isNotEqualTo(Verdict.Status.UNKNOWN);
      if (lie == HardHistories.Lie.NONE) {
        assertThat(status).as("%s seed %d", kind, seed).isEqualTo(Verdict.Status.VALID);
      }
      assertThat(report.configurations())
          .as("%s seed %d", kind, seed)
          .isLessThan(configurationsMax);
    }
  }

  /** Barely not linearizable: without looking ahead, up to a million and a half configurations. */
  @ParameterizedTest
  @EnumSource(
      value = HardHistories.Kind.class,
      names = {"REGISTER", "CAS_REGISTER"})
  void aValueThatComesBackOnceTooOftenAmongManyCrashedWrites(HardHistories.Kind kind) {
    for (int seed = 0; seed < 12; seed++) {
      History history =
          HardHistories.draw(
              kind, HardHistories.Lie.ONCE_TOO_OFTEN, seed, 100, 16, 0.3 + 0.25 * (seed % 3));

      LinearizabilityReport report = check(history, kind.model());

      assertThat(report.verdict().isInvalid()).as("seed %d", seed).isTrue();
      assertThat(report.configurations()).as("seed %d", seed).isLessThan(100_000);
    }
  }

  /** Rounds of fifteen writes at once among twenty crashed ones, all answers drawn at random. */
  @ParameterizedTest
  @ValueSource(longs = {1, 8, 15, 22})
  void answersAtRandomAmongManyWritesAtOnce(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    HistoryScript script = new HistoryScript();
    for (int i = 0; i < 20; i++) {
      script.invoke(1000 + i, "write", random.nextInt(5)).info(1000 + i);
    }
    for (int round = 0; round < 25; round++) {
      int writers = 1 + random.nextInt(15);
      for (int client = 0; client < writers; client++) {
        script.invoke(client, "write", random.nextInt(5));
      }
      script.read(50, random.nextInt(5));
      for (int client = 0; client < writers; client++) {
        script.ok(client);
      }
      script.read(60, random.nextInt(5));
    }

    LinearizabilityReport report = check(script.history(), RegisterModel.register(0L));

    assertThat(report.configurations()).isLessThan(200_000);
  }

  /** Thirty crashed writes of one value, which then comes back as often, and once too often. */
  @Test
  void aValueThatComesBackOnceTooOftenIsRefutedWithoutSearch() {
    HistoryScript script = new HistoryScript();
    for (int client = 0; client < 90; client++) {
      script.invoke(client, "write", client % 3).info(client);
    }
    for (int round = 0; round < 30; round++) {
      script.did(100, "write", 7).read(100, 0);
    }
    assertThat(check(script.history(), RegisterModel.register(9L)).verdict().isValid()).isTrue();

    LinearizabilityReport report =
        check(script.did(100, "write", 7).read(100, 0).history(), RegisterModel.register(9L));

    assertThat(report.verdict().isInvalid()).isTrue();
    assertThat(report.explanation().orElseThrow().operations()).hasSizeGreaterThan(60);
  }

  @Test
  void twoThousandAppendsByFiftyClients() {
    SplittableRandom random = new SplittableRandom(3);
    HistoryScript script = new HistoryScript();
    StringBuilder text = new StringBuilder();
    for (int round = 0; round < 40; round++) {
      List<Integer> clients = new ArrayList<>();
      for (int client = 0; client < 50; client++) {
        script.invoke(client, "append", round + "." + client + " ");
        clients.add(client);
      }
      while (!clients.isEmpty()) {
        int client = clients.remove(random.nextInt(clients.size()));
        text.append(round).append('.').append(client).append(' ');
      }
      for (int client = 0; client < 50; client++) {
        script.ok(client);
      }
      script.invoke(99, "get").ok(99, text.toString());
    }

    LinearizabilityReport good = check(script.history(), new KvModel(null));
    LinearizabilityReport bad =
        check(script.invoke(99, "get").ok(99, text.substring(4)).history(), new KvModel(null));

    assertThat(good.verdict().isValid()).isTrue();
    assertThat(bad.verdict().isInvalid()).isTrue();
  }

  @Test
  void fiveThousandElementsAreAddedToASetAndOneIsLost() {
    HistoryScript script = new HistoryScript();
    List<Object> elements = new ArrayList<>();
    for (int i = 0; i < 5_000; i++) {
      script.did(i % 16, "add", i);
      elements.add((long) i);
      if (i % 100 == 0) {
        script.read(20, List.copyOf(elements));
      }
    }
    assertThat(check(script.history(), new SetModel(null)).verdict().isValid()).isTrue();

    elements.remove(4_321);
    Verdict verdict = check(script.read(20, elements).history(), new SetModel(null)).verdict();

    assertThat(verdict.isInvalid()).isTrue();
    assertThat(verdict.why())
        .contains("without 4321 although client 1's add of it had been acknowledged");
  }
}
