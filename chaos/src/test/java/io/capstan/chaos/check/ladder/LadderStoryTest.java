package io.capstan.chaos.check.ladder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.HistoryScript;
import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.check.eventual.ReplicaStates;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The consistency ladder")
class LadderStoryTest {
  private static Ladder.Report climb(HistoryScript script) {
    return Ladder.climb(
        script.history(), null, Optional.empty(), Budget.of(Duration.ofSeconds(20)));
  }

  /** What holds, what breaks and what is unknown, by rung. */
  private static void assertRungs(Ladder.Report report, Rung strongest, Rung... broken) {
    assertThat(report.strongest()).contains(strongest);
    assertThat(Rung.values())
        .filteredOn(rung -> report.on(rung).isInvalid())
        .containsExactly(broken);
    for (Rung rung : Rung.values()) {
      Verdict alone = report.on(rung);
      assertThat(alone.isInvalid() == alone.operations().isEmpty()).as(rung.label()).isFalse();
    }
  }

  @Test
  @DisplayName("is climbed to the top by a linearizable history")
  void linearizable() {
    HistoryScript script = new HistoryScript().on("x").did(1, "write", 1).read(2, 1);
    script.invoke(1, "cas", List.of(1, 2)).ok(1).read(2, 2).read(3, 2);

    Ladder.Report report = climb(script);

    assertRungs(report, Rung.LINEARIZABLE);
    assertThat(report.on(Rung.EVENTUAL).isValid()).isTrue();
    assertThat(report.verdict().why()).startsWith("linearizable holds, none breaks");
  }

  @Test
  @DisplayName("ends at sequential where only real time is violated")
  void sequential() {
    Ladder.Report report = climb(new HistoryScript().did(1, "write", 1).read(2, null));

    assertRungs(report, Rung.SEQUENTIAL, Rung.LINEARIZABLE);
    assertThat(report.verdict().why())
        .isEqualTo(
            "sequential holds, linearizable breaks: client 2 read nil at 0.3 s although client 1's"
                + " write of 1 had been acknowledged at 0.2 s");
    assertThat(report.verdict().isInvalid()).isTrue();
    assertThat(report.verdict().operations()).hasSize(2);
  }

  @Test
  @DisplayName("ends at causal where two clients see concurrent writes in different orders")
  void causal() {
    HistoryScript script = new HistoryScript();
    script.on("x").did(1, "write", 1).on("y").did(2, "write", 2);
    script.on("x").read(3, 1).on("y").read(3, null).read(4, 2).on("x").read(4, null);
    script.on("z").did(5, "write", 9).read(5, 9);

    Ladder.Report report = climb(script);

    assertRungs(report, Rung.CAUSAL, Rung.LINEARIZABLE, Rung.SEQUENTIAL);
    assertThat(report.on(Rung.SEQUENTIAL).operations())
        .as("reduced to the six that matter")
        .hasSize(6);
  }

  @Test
  @DisplayName("tells the chain where something is missed that causally precedes")
  void causalChain() {
    HistoryScript script = new HistoryScript();
    script.on("x").did(1, "write", 1).read(2, 1).on("y").did(2, "write", 2).read(3, 2);
    script.on("z").did(3, "write", 3).read(4, 3).on("x").read(4, null);

    Ladder.Report report = climb(script);

    assertRungs(report, Rung.READ_YOUR_WRITES, Rung.LINEARIZABLE, Rung.SEQUENTIAL, Rung.CAUSAL);
    assertThat(report.on(Rung.CAUSAL).why())
        .isEqualTo(
            "client 4 read nil under x at 1.300 s although client 1's write of 1 under x at"
                + " 0.100 s causally precedes it");
    assertThat(report.on(Rung.CAUSAL).story())
        .hasSize(6)
        .first()
        .isEqualTo("which was read: client 2 read 1 under x at 0.300 s");
    assertThat(report.on(Rung.CAUSAL).operations()).hasSize(7);
  }

  @Test
  @DisplayName("names the client that did not read its own write")
  void readYourWrites() {
    HistoryScript script = new HistoryScript().on("x").did(1, "write", 1).read(1, null);

    Ladder.Report report = climb(script);

    assertRungs(
        report,
        Rung.MONOTONIC_READS,
        Rung.LINEARIZABLE,
        Rung.SEQUENTIAL,
        Rung.CAUSAL,
        Rung.READ_YOUR_WRITES);
    assertThat(report.firstBroken()).contains(Rung.READ_YOUR_WRITES);
    assertThat(report.on(Rung.READ_YOUR_WRITES).why())
        .isEqualTo(
            "client 1 read nil under x at 0.300 s although it had itself done its write of 1 under"
                + " x at 0.200 s");
  }

  @Test
  @DisplayName("names the client whose reads went backwards")
  void monotonicReads() {
    HistoryScript script = new HistoryScript().did(1, "write", 1).did(1, "write", 2);

    Ladder.Report report = climb(script.read(2, 2).read(2, 1));

    assertRungs(
        report,
        Rung.READ_YOUR_WRITES,
        Rung.LINEARIZABLE,
        Rung.SEQUENTIAL,
        Rung.CAUSAL,
        Rung.MONOTONIC_READS);
    assertThat(report.on(Rung.MONOTONIC_READS).why())
        .contains("client 2 read 1 at 0.700 s although it had already read client 1's write of 2");
    assertThat(report.on(Rung.MONOTONIC_READS).operations()).hasSize(3);
  }

  @Test
  @DisplayName("names the write that became visible before an earlier one of its client")
  void monotonicWrites() {
    HistoryScript script = new HistoryScript().on("x").did(1, "write", 1).on("y");

    Ladder.Report report = climb(script.did(1, "write", 2).read(2, 2).on("x").read(2, null));

    assertRungs(
        report,
        Rung.READ_YOUR_WRITES,
        Rung.LINEARIZABLE,
        Rung.SEQUENTIAL,
        Rung.CAUSAL,
        Rung.MONOTONIC_WRITES);
    assertThat(report.on(Rung.MONOTONIC_WRITES).operations()).hasSize(4);
  }

  @Test
  @DisplayName("names the answer that became visible before what it answers")
  void writesFollowReads() {
    HistoryScript script = new HistoryScript().on("question").did(1, "write", 1).read(2, 1);

    Ladder.Report report =
        climb(script.on("answer").did(2, "write", 2).read(3, 2).on("question").read(3, null));

    assertRungs(
        report,
        Rung.READ_YOUR_WRITES,
        Rung.LINEARIZABLE,
        Rung.SEQUENTIAL,
        Rung.CAUSAL,
        Rung.WRITES_FOLLOW_READS);
    assertThat(report.on(Rung.WRITES_FOLLOW_READS).operations()).hasSize(5);
    assertThat(report.on(Rung.WRITES_FOLLOW_READS).why())
        .contains("before which that client had read client 1's write of 1 under question");
  }

  @Test
  @DisplayName("takes siblings for what they are: concurrent values, but no register")
  void siblings() {
    HistoryScript script = new HistoryScript().invoke(1, "write", 1).invoke(2, "write", 2);
    script.ok(1).ok(2).read(3, List.of(1, 2)).read(3, List.of(2));

    Ladder.Report report = climb(script);

    assertRungs(report, Rung.CAUSAL, Rung.LINEARIZABLE, Rung.SEQUENTIAL);
    assertThat(report.on(Rung.LINEARIZABLE).why()).contains("several values at once");
    assertRungs(
        climb(new HistoryScript().did(1, "write", 1).read(2, List.of(1))), Rung.LINEARIZABLE);
  }

  @Test
  @DisplayName("believes a receipt that lists what a write superseded")
  void receipts() {
    HistoryScript script = new HistoryScript().wrote(1, 1).wrote(2, 2, 1).read(3, List.of(2));

    assertThat(climb(script.read(3, List.of(1))).firstBroken()).contains(Rung.MONOTONIC_READS);
  }

  @Test
  @DisplayName("does not accuse where a value was written twice, nor where a write may yet come")
  void doubt() {
    HistoryScript twice = new HistoryScript().on("x").did(1, "write", 1).did(5, "write", 1);
    twice.on("y").did(2, "write", 2).on("x").read(3, 1).on("y").read(3, null);
    twice.read(4, 2).on("x").read(4, null);
    assertThat(climb(twice).on(Rung.SEQUENTIAL).isInvalid()).isTrue();
    assertThat(climb(twice).on(Rung.CAUSAL).status()).isEqualTo(Verdict.Status.UNKNOWN);

    HistoryScript open = new HistoryScript().did(1, "write", 2).read(2, 2);
    open.invoke(3, "write", 1).info(3).read(2, 1);
    assertThat(climb(open).on(Rung.LINEARIZABLE).isValid()).isTrue();
  }

  @Test
  @DisplayName("tells a value that nobody wrote, and one whose write failed")
  void uncaused() {
    assertThat(climb(new HistoryScript().read(1, 5)).on(Rung.CAUSAL).why())
        .contains("nobody had written 5");
    HistoryScript failed = new HistoryScript().invoke(1, "write", 5).fail(1).read(2, 5);
    assertThat(climb(failed).on(Rung.CAUSAL).why()).contains("failed, which means");
  }

  @Test
  @DisplayName("judges convergence by the replicas where they were asked")
  void eventual() {
    HistoryScript script = new HistoryScript().on("x").did(1, "write", 1).read(2, 1);
    ReplicaStates apart =
        ReplicaStates.of(Map.of("n1", Map.of("x", List.of(1)), "n2", Map.of("x", List.of())));

    assertThat(
            Ladder.judge(
                    Rung.EVENTUAL,
                    script.history(),
                    null,
                    Optional.of(apart),
                    Budget.of(Duration.ofSeconds(5)))
                .isInvalid())
        .isTrue();
  }

  @Test
  @DisplayName("answers unknown when its budget is gone, and refuses what is no register")
  void limits() {
    HistoryScript script = new HistoryScript().did(1, "write", 1).read(2, null);
    Ladder.Report report =
        Ladder.climb(script.history(), null, Optional.empty(), Budget.of(Duration.ZERO));

    assertThat(report.on(Rung.CAUSAL).status()).isEqualTo(Verdict.Status.UNKNOWN);
    assertThat(report.on(Rung.SEQUENTIAL).status()).isEqualTo(Verdict.Status.UNKNOWN);
    assertThatThrownBy(() -> climb(new HistoryScript().did(1, "enqueue", 3)))
        .hasMessageContaining("read, write v, delete and cas");
  }
}
