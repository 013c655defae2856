package io.capstan.chaos.check.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.capstan.chaos.check.Extras;
import io.capstan.chaos.check.HistoryScript;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.measure.Availability.Phase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MeasureTest {
  private static final long SECOND = 1_000_000_000L;

  /** Cuts are made from 10 s to 11 s and undone from 20 s to 20.5 s. */
  private static final FaultWindow WINDOW =
      new FaultWindow(10 * SECOND, 11 * SECOND, 20 * SECOND, 20 * SECOND + SECOND / 2);

  private static HistoryScript attempt(
      HistoryScript script, long process, double at, String side, boolean ok) {
    script.at(at).invoke(process, "write", 1, Map.of(Extras.SIDE, side));
    return ok ? script.ok(process) : script.fail(process);
  }

  private static Availability availability(HistoryScript script) {
    return Availability.of(script.history().operations(), WINDOW);
  }

  @Test
  void theSidesOfASplitAreCountedApart() {
    HistoryScript script = new HistoryScript();
    attempt(script, 1, 1.0, "majority", true);
    attempt(script, 2, 2.0, "minority", true);
    attempt(script, 1, 12.0, "majority", true);
    attempt(script, 1, 13.0, "majority", false);
    attempt(script, 2, 14.0, "minority", false);
    attempt(script, 2, 21.0, "minority", true);

    assertThat(availability(script).toResult())
        .isEqualTo(
            Map.of(
                "before", Map.of("all", 1.0),
                "during", Map.of("majority", 0.5, "minority", 0.0),
                "after", Map.of("all", 1.0)));
  }

  @Test
  void whereNobodyTriedTheShareIsNull() {
    Map<String, Map<String, Double>> result = availability(new HistoryScript()).toResult();

    assertThat(result.get("before")).containsEntry("all", null);
    assertThat(result.get("during"))
        .containsEntry("majority", null)
        .containsEntry("minority", null);
    assertThat(result.get("after")).containsEntry("all", null);
  }

  @Test
  void attemptsWhileCutsAreMadeOrUndoneBelongToNoPhase() {
    HistoryScript script = new HistoryScript();
    attempt(script, 1, 10.5, "majority", false);
    attempt(script, 1, 20.2, "majority", false);
    attempt(script, 1, 21.0, "majority", true);

    Availability availability = availability(script);

    assertThat(availability.share(Phase.DURING, "majority").attempted()).isZero();
    assertThat(availability.share(Phase.AFTER, "all")).isEqualTo(new Availability.Share(1, 1));
  }

  @Test
  void anAttemptCountsByItsInvocationAndAnAnswerAfterTheDeadlineIsNone() {
    HistoryScript script = new HistoryScript();
    script.at(9.9).invoke(1, "write", 1).at(10.8).ok(1);
    script.at(12.0).invoke(2, "write", 1, Map.of(Extras.SIDE, "minority")).at(13.1).ok(2);
    script.at(14.0).invoke(2, "write", 1, Map.of(Extras.SIDE, "minority"));

    Availability availability = availability(script);

    assertThat(availability.share(Phase.BEFORE, "all").ratio()).isEqualTo(1.0);
    assertThat(availability.share(Phase.DURING, "minority"))
        .isEqualTo(new Availability.Share(2, 0));
  }

  @Test
  void staleReadsAreNoService() {
    HistoryScript script = new HistoryScript();
    script
        .at(12.0)
        .invoke(1, "read", null, Map.of(Extras.SIDE, "minority", Extras.LEVEL, "stale"))
        .ok(1);

    assertThat(availability(script).share(Phase.DURING, "minority").attempted()).isZero();
  }

  @Test
  void recoveryIsWhenTheLastNodeServesAgain() {
    HistoryScript script = new HistoryScript();
    attempt(script, 1, 20.1, "majority", true);
    attempt(script, 2, 20.3, "minority", false);
    attempt(script, 3, 21.0, "minority", true);
    attempt(script, 2, 22.0, "minority", true);
    List<Operation> attempts = script.history().operations();

    assertThat(
            Availability.recoveredAfterHealNanos(attempts, WINDOW, Availability.DEADLINE)
                .orElseThrow())
        .isEqualTo(SECOND + SECOND / 10);
    assertThat(
            Availability.recoveredAfterHealNanos(
                attempts.subList(0, 2), WINDOW, Availability.DEADLINE))
        .isEmpty();
    assertThat(Availability.recoveredAfterHealNanos(List.of(), WINDOW, Duration.ofSeconds(1)))
        .isEmpty();
  }

  @Test
  void aWindowWhoseTimesAreOutOfOrderIsRefused() {
    assertThatThrownBy(() -> new FaultWindow(10, 9, 20, 21))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void latencyIsSummarisedByGroup() {
    HistoryScript script = new HistoryScript();
    for (int i = 1; i <= 100; i++) {
      script.at(i).invoke(1, "write", i, Map.of(Extras.SIDE, "majority")).at(i + 0.001 * i).ok(1);
    }
    script.at(200).invoke(1, "write", 0, Map.of(Extras.SIDE, "minority")).fail(1);

    Map<String, LatencySummary> summaries =
        LatencySummary.of(script.history().operations(), o -> String.valueOf(o.extra(Extras.SIDE)));

    assertThat(summaries).containsOnlyKeys("majority");
    LatencySummary majority = summaries.get("majority");
    assertThat(majority.count()).isEqualTo(100);
    assertThat((double) majority.p50Micros()).isCloseTo(50_000, within(100.0));
    assertThat((double) majority.p99Micros()).isCloseTo(99_000, within(200.0));
    assertThat((double) majority.maxMicros()).isCloseTo(100_000, within(200.0));
  }
}
