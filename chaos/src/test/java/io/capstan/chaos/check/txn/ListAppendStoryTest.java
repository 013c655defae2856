package io.capstan.chaos.check.txn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.HistoryScript;
import io.capstan.chaos.check.Verdict;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Of transactions over lists")
class ListAppendStoryTest {
  private static ListAppendChecker.Report check(TransactionScript script, IsolationLevel claimed) {
    return ListAppendChecker.check(script.history(), claimed, Budget.of(Duration.ofSeconds(20)));
  }

  /** The worst anomaly, which the level forbids and the level below it does not. */
  private static Anomaly worst(TransactionScript script) {
    ListAppendChecker.Report report = check(script, IsolationLevel.STRICT_SERIALIZABLE);
    assertThat(report.verdict().isInvalid()).isTrue();
    Anomaly worst = report.anomalies().get(0);
    IsolationLevel forbids = worst.kind().forbiddenFrom();
    assertThat(check(script, forbids).verdict().isInvalid()).isTrue();
    assertThat(check(script, forbids).verdict().operations()).isNotEmpty();
    if (forbids.ordinal() > 0) {
      IsolationLevel weaker = IsolationLevel.values()[forbids.ordinal() - 1];
      assertThat(check(script, weaker).verdict().isValid()).isTrue();
      assertThat(report.strongest()).contains(weaker);
    } else {
      assertThat(report.strongest()).isEmpty();
    }
    return worst;
  }

  @Test
  @DisplayName("those that stand in one order are strictly serializable")
  void valid() {
    TransactionScript script =
        new TransactionScript()
            .did(1, "a x 1, r y -")
            .did(2, "r x 1, a x 2, a y 1, r x 12")
            .begin(3, "a x 3")
            .info(3)
            .did(1, "r x 123")
            .begin(4, "a x 4")
            .fail(4)
            .did(2, "r x 123, r y 1");

    ListAppendChecker.Report report = check(script, IsolationLevel.STRICT_SERIALIZABLE);

    assertThat(report.verdict().isValid()).isTrue();
    assertThat(report.strongest()).contains(IsolationLevel.STRICT_SERIALIZABLE);
    assertThat(report.verdict().figures()).containsEntry("transactions", 6L);
  }

  @Test
  @DisplayName("two that write over each other in different orders are a write cycle, G0")
  void g0() {
    Anomaly worst =
        worst(
            new TransactionScript()
                .together("a x 1, a y 1", "a x 2, a y 2")
                .did(3, "r x 12, r y 21"));

    assertThat(worst.kind()).isEqualTo(AnomalyKind.G0);
    assertThat(worst.transactions()).hasSize(2);
    assertThat(worst.steps())
        .containsExactlyInAnyOrder(
            "client 0's transaction 0 at 0.100 s comes before client 1's transaction 1 at 0.200 s:"
                + " its 1 stands in list x before the other's 2",
            "client 1's transaction 1 at 0.200 s comes before client 0's transaction 0 at 0.100 s:"
                + " its 2 stands in list y before the other's 1");
  }

  @Test
  @DisplayName("what an aborted one appended must not be read, G1a")
  void g1a() {
    TransactionScript script = new TransactionScript().begin(1, "a x 1").fail(1).did(2, "r x 1");

    Anomaly worst = worst(script);

    assertThat(worst.kind()).isEqualTo(AnomalyKind.G1A);
    assertThat(worst.sentence())
        .isEqualTo(
            "client 2's transaction 1 at 0.300 s read 1 in list x, which client 1's transaction 0"
                + " at 0.100 s, aborted, appended");
  }

  @Test
  @DisplayName("nothing must be appended on top of what an aborted one appended")
  void dirtyUpdate() {
    TransactionScript script =
        new TransactionScript().begin(1, "a x 1").fail(1).did(2, "a x 2").did(3, "r x 12");

    assertThat(worst(script).kind()).isEqualTo(AnomalyKind.DIRTY_UPDATE);
  }

  @Test
  @DisplayName("what lies between two appends of one must not be read, G1b")
  void g1b() {
    Anomaly worst = worst(new TransactionScript().together("a x 1, a x 2", "r x 1"));

    assertThat(worst.kind()).isEqualTo(AnomalyKind.G1B);
    assertThat(worst.sentence()).contains("up to 1, between the appends [1, 2] of client 0's");
  }

  @Test
  @DisplayName("two that read what the other wrote flow in a circle, G1c")
  void g1c() {
    Anomaly worst = worst(new TransactionScript().together("a x 1, r y 1", "a y 1, r x 1"));

    assertThat(worst.kind()).isEqualTo(AnomalyKind.G1C);
    assertThat(worst.sentence()).contains("; but ").contains("the other read its 1 in list");
  }

  @Test
  @DisplayName("one that saw half of another saw a skewed picture, G-single")
  void gSingle() {
    Anomaly worst = worst(new TransactionScript().together("a x 1, a y 1", "r x 1, r y -"));

    assertThat(worst.kind()).isEqualTo(AnomalyKind.G_SINGLE);
    assertThat(worst.transactions()).hasSize(2);
    assertThat(worst.sentence()).contains("it read list y without the other's 1");
  }

  @Test
  @DisplayName("two that read the same version and both append lose an update")
  void lostUpdate() {
    Anomaly worst = worst(new TransactionScript().together("r x -, a x 1", "r x -, a x 2"));

    assertThat(worst.kind()).isEqualTo(AnomalyKind.LOST_UPDATE);
  }

  @Test
  @DisplayName("two that each miss the other's write are skewed, G2, and snapshots allow it")
  void g2() {
    Anomaly worst = worst(new TransactionScript().together("r x -, a y 1", "r y -, a x 1"));

    assertThat(worst.kind()).isEqualTo(AnomalyKind.G2);
    assertThat(worst.steps()).hasSize(2);
  }

  @Test
  @DisplayName("a long fork is no snapshot: its misses do not stand side by side")
  void nonadjacent() {
    Anomaly worst =
        worst(new TransactionScript().together("a x 1", "a y 1", "r x 1, r y -", "r x -, r y 1"));

    assertThat(worst.kind()).isEqualTo(AnomalyKind.G_NONADJACENT);
    assertThat(worst.transactions()).hasSize(4);
  }

  @Test
  @DisplayName("one that misses what was acknowledged before it began is stale, in real time only")
  void staleRead() {
    Anomaly worst = worst(new TransactionScript().did(1, "a x 1").did(3, "a z 1").did(2, "r x -"));

    assertThat(worst.kind()).isEqualTo(AnomalyKind.G_SINGLE_REALTIME);
    assertThat(worst.transactions()).hasSize(2);
    assertThat(worst.sentence())
        .isEqualTo(
            "client 2's transaction 2 at 0.500 s comes before client 1's transaction 0 at 0.100 s:"
                + " it read list x without the other's 1; but client 1's transaction 0 at 0.100 s"
                + " comes before client 2's transaction 2 at 0.500 s: it had ended at 0.200 s"
                + " before the other began at 0.500 s");
  }

  @Test
  @DisplayName("one that ended before another began must not follow it in a list")
  void writesOutOfTime() {
    assertThat(
            worst(new TransactionScript().did(1, "a x 1").did(2, "a x 2").did(3, "r x 21")).kind())
        .isEqualTo(AnomalyKind.G0_REALTIME);
  }

  @Test
  @DisplayName("reads whose lists do not continue each other are incompatible")
  void incompatibleOrder() {
    Anomaly worst =
        worst(new TransactionScript().together("a x 1", "a x 2").did(3, "r x 12").did(4, "r x 2"));

    assertThat(worst.kind()).isEqualTo(AnomalyKind.INCOMPATIBLE_ORDER);
  }

  @Test
  @DisplayName("an element twice in a list is a duplicate, one that nobody appended is garbage")
  void elements() {
    assertThat(worst(new TransactionScript().did(1, "a x 1").did(2, "r x 11")).kind())
        .isEqualTo(AnomalyKind.DUPLICATE_ELEMENT);
    assertThat(worst(new TransactionScript().did(2, "r x 7")).kind())
        .isEqualTo(AnomalyKind.GARBAGE_READ);
  }

  @Test
  @DisplayName("the appends of one stand in a list whole and in order, or they are torn")
  void tornWrites() {
    assertThat(worst(new TransactionScript().did(1, "a x 1, a x 2").did(2, "r x 21")).kind())
        .isEqualTo(AnomalyKind.TORN_WRITE);
    assertThat(
            worst(new TransactionScript().did(1, "a x 1, a x 2").did(2, "a x 3").did(2, "r x 13"))
                .kind())
        .isEqualTo(AnomalyKind.TORN_WRITE);
  }

  @Test
  @DisplayName("one that contradicts itself is told alone")
  void internal() {
    Anomaly worst = worst(new TransactionScript().did(1, "a x 1, r x -"));

    assertThat(worst.kind()).isEqualTo(AnomalyKind.INTERNAL);
    assertThat(worst.sentence()).contains("after it had itself appended [1]");
    assertThat(worst(new TransactionScript().together("r x -, r x 1", "a x 1")).kind())
        .isEqualTo(AnomalyKind.INTERNAL);
  }

  @Test
  @DisplayName("one of unknown outcome counts once it was seen, and accuses nobody before")
  void unknownOutcome() {
    TransactionScript script = new TransactionScript().begin(1, "a x 1, a y 1").info(1);
    script.did(2, "r x -, r y -");
    assertThat(check(script, IsolationLevel.STRICT_SERIALIZABLE).verdict().isValid()).isTrue();

    script.did(2, "r x 1, r y -");
    assertThat(worst(script).kind()).isEqualTo(AnomalyKind.G_SINGLE);
  }

  @Test
  @DisplayName("an element appended twice, or another operation, is an error")
  void errors() {
    assertThatThrownBy(() -> worst(new TransactionScript().did(1, "a x 1").did(2, "a x 1")))
        .hasMessageContaining("1 is appended to list x by client 1's");
    assertThatThrownBy(
            () ->
                ListAppendChecker.check(
                    new HistoryScript().did(1, "write", 3).history(),
                    IsolationLevel.SERIALIZABLE,
                    Budget.of(Duration.ofSeconds(1))))
        .hasMessageContaining("list-append knows txn");
  }

  @Test
  @DisplayName("the verdict is unknown once the budget is gone, but what is plain is still invalid")
  void budget() {
    TransactionScript cycle = new TransactionScript().together("r x -, a y 1", "r y -, a x 1");
    TransactionScript plain = new TransactionScript().did(2, "r x 7");

    assertThat(
            List.of(cycle, plain).stream()
                .map(
                    script ->
                        ListAppendChecker.check(
                                script.history(),
                                IsolationLevel.SERIALIZABLE,
                                Budget.of(Duration.ZERO))
                            .verdict()
                            .status()))
        .containsExactly(Verdict.Status.UNKNOWN, Verdict.Status.INVALID);
  }
}
