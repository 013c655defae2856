package io.capstan.chaos.check.linear;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.Verdict;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** On thousands of small histories the checker says what the definition says. */
class AgainstBruteForceTest {
  private static final int OPERATIONS = 8;

  private static <S> void compare(
      Model<S> model,
      RandomHistories.Workload workload,
      int seeds,
      int processes,
      double crashes,
      double lies) {
    LinearizabilityChecker checker = new LinearizabilityChecker(1, true);
    int valid = 0;
    for (int seed = 0; seed < seeds; seed++) {
      History history =
          RandomHistories.draw(model, workload, seed, OPERATIONS, processes, crashes, lies);
      boolean expected = BruteForce.isLinearizable(model, history.operations());

      LinearizabilityReport report =
          checker.check(history, model, Budget.of(Duration.ofSeconds(10)));

      assertThat(report.verdict().status())
          .as("seed %d: %s", seed, history.events())
          .isEqualTo(expected ? Verdict.Status.VALID : Verdict.Status.INVALID);
      if (expected) {
        valid++;
        assertOrderIsLegal(model, report.keys().get(0).order(), history, seed);
      } else {
        assertExplanationIsSound(model, report, history, seed);
      }
    }
    assertThat(valid).as("linearizable histories").isBetween(seeds / 20, seeds - seeds / 20);
  }

  private static <S> void assertOrderIsLegal(
      Model<S> model, List<LinearizationStep> order, History history, int seed) {
    S state = model.initial();
    for (int i = 0; i < order.size(); i++) {
      state = model.step(state, Call.of(order.get(i).operation()));
      assertThat(state).as("seed %d, step %d", seed, i).isNotNull();
      for (int j = i + 1; j < order.size(); j++) {
        assertThat(order.get(j).operation().precedes(order.get(i).operation())).isFalse();
      }
    }
    assertThat(order.stream().filter(step -> step.operation().isOk()).count())
        .isEqualTo(history.counts().ok());
  }

  private static <S> void assertExplanationIsSound(
      Model<S> model, LinearizabilityReport report, History history, int seed) {
    Explanation explanation = report.explanation().orElseThrow();
    if (!(model instanceof SetModel)) { // Whose reads are told as they are, with all that they saw.
      assertThat(BruteForce.isLinearizable(model, explanation.operations()))
          .as("seed %d: shrunk to %s", seed, explanation.operations())
          .isFalse();
    }
    assertThat(explanation.operations()).hasSizeLessThanOrEqualTo(history.operations().size());
    assertThat(
            BruteForce.isLinearizable(
                model, Shrinker.upTo(history.operations(), explanation.culprit())))
        .as("seed %d: the history up to the culprit", seed)
        .isFalse();
    assertThat(explanation.sentence()).startsWith("client ");
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.15, 0.4})
  void onCasRegisters(double crashes) {
    compare(RegisterModel.casRegister(0L), RandomHistories.casRegister(3), 2000, 4, crashes, 0.25);
  }

  @Test
  void onCasRegistersWithManyClients() {
    compare(RegisterModel.casRegister(0L), RandomHistories.casRegister(2), 2000, 7, 0.3, 0.5);
  }

  /** Small histories are searched without it, so it is asked for here. */
  @ParameterizedTest
  @ValueSource(doubles = {0.1, 0.3, 0.6})
  void lookingAheadNeverChangesAVerdict(double crashes) {
    Model<RegisterModel.State> model = RegisterModel.casRegister(0L);
    int seeds = 6000;
    int found = 0;
    for (int seed = 0; seed < seeds; seed++) {
      History history =
          RandomHistories.draw(
              model, RandomHistories.casRegister(2 + seed % 3), seed, 10, 4, crashes, 0.4);
      SearchProblem<RegisterModel.State> problem = SearchProblem.of(model, history.operations());
      SearchOutcome outcome =
          new KeySearch<>(problem, Budget.of(Duration.ofSeconds(10)), true).run();
      boolean expected = BruteForce.isLinearizable(model, history.operations());
      assertThat(outcome.end() == SearchOutcome.End.FOUND)
          .as("seed %d: %s", seed, history.events())
          .isEqualTo(expected);
      found += expected ? 1 : 0;
    }
    assertThat(found).isBetween(seeds / 20, seeds - seeds / 20);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.3})
  void onCounters(double crashes) {
    compare(new CounterModel(null), RandomHistories.counter(), 2000, 4, crashes, 0.3);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.3})
  void onStringStores(double crashes) {
    compare(new KvModel(null), RandomHistories.kv(), 2000, 4, crashes, 0.3);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.3})
  void onSetsThatOnlyGrow(double crashes) {
    compare(RandomHistories.setModel(), RandomHistories.set(true), 2000, 4, crashes, 0.3);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.3})
  void onSetsThatShrinkToo(double crashes) {
    compare(RandomHistories.setModel(), RandomHistories.set(false), 2000, 4, crashes, 0.3);
  }
}
