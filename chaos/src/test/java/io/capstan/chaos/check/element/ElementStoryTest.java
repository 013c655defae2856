package io.capstan.chaos.check.element;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.chaos.check.Extras;
import io.capstan.chaos.check.HistoryScript;
import io.capstan.chaos.check.Verdict;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

@DisplayName("What is collected, counted and handed out")
class ElementStoryTest {
  @Nested
  @DisplayName("a set")
  class Sets {
    private Verdict check(HistoryScript script) {
      return SetElementsChecker.check(script.history(), false);
    }

    @Test
    @DisplayName("that keeps what it was given is valid, whatever became of the unknown")
    void valid() {
      HistoryScript script = new HistoryScript().did(1, "add", 1).invoke(2, "add", 2).info(2);
      script.invoke(3, "add", 3).fail(3).read(4, List.of(1)).read(4, List.of(1, 2));

      assertThat(check(script).isValid()).isTrue();
      assertThat(check(script).figures()).containsEntry("elements", 2L).containsEntry("reads", 2L);
    }

    @Test
    @DisplayName("loses what was acknowledged and never shows again")
    void lost() {
      HistoryScript script = new HistoryScript().did(1, "add", 1).read(2, List.of(1));

      Verdict verdict = check(script.read(3, List.of()));

      assertThat(verdict.why())
          .isEqualTo(
              "client 3 did not read 1 at 0.500 s although client 1's add of it had been"
                  + " acknowledged at 0.200 s, nor does any later read show it");
      assertThat(verdict.operations()).extracting(o -> o.process()).containsExactly(1L, 3L);
      assertThat(verdict.figures()).containsEntry("lost", 1L);
    }

    @Test
    @DisplayName("may show an element late, unless fresh reads are claimed")
    void stale() {
      HistoryScript script = new HistoryScript().did(1, "add", 1).read(2, List.of());
      script.read(2, List.of(1));

      assertThat(check(script).isValid()).isTrue();
      assertThat(SetElementsChecker.check(script.history(), true).figures())
          .containsEntry("stale", 1L);
    }

    @Test
    @DisplayName("resurrects what was removed for certain, but not what was added again")
    void resurrected() {
      HistoryScript script = new HistoryScript().did(1, "add", 1).did(1, "remove", 1);
      script.read(2, List.of());
      assertThat(check(script).isValid()).isTrue();
      assertThat(check(script.read(2, List.of(1))).figures()).containsEntry("resurrected", 1L);

      HistoryScript again = new HistoryScript().did(1, "add", 1).did(1, "remove", 1);
      assertThat(check(again.did(3, "add", 1).read(2, List.of(1))).isValid()).isTrue();
    }

    @Test
    @DisplayName("doubles an element, or holds one that nobody added or whose add failed")
    void unexpected() {
      HistoryScript script = new HistoryScript().did(1, "add", 1).read(2, List.of(1, 1));
      assertThat(check(script).figures()).containsEntry("duplicated", 1L);
      assertThat(check(new HistoryScript().read(2, List.of(7))).why()).contains("nobody had added");
      HistoryScript failed = new HistoryScript().invoke(1, "add", 7).fail(1);
      assertThat(check(failed.read(2, List.of(7))).why()).contains("failed, which means");
    }

    @Test
    @DisplayName("is not judged by what nobody looked for")
    void unknown() {
      assertThat(check(new HistoryScript().did(1, "add", 1)).status())
          .isEqualTo(Verdict.Status.UNKNOWN);
      HistoryScript late = new HistoryScript().read(1, List.of()).did(1, "add", 1);
      assertThat(check(late).status()).isEqualTo(Verdict.Status.UNKNOWN);
    }
  }

  @Nested
  @DisplayName("a counter")
  class Counters {
    private Verdict check(HistoryScript script) {
      return CounterBoundsChecker.check(script.history(), 10);
    }

    @Test
    @DisplayName("counts a step of unknown outcome or none, and never one that failed")
    void bounds() {
      HistoryScript script = new HistoryScript().did(1, "add", 2).invoke(2, "add", 5).info(2);
      script.invoke(3, "dec", 3).info(3).invoke(4, "add", 100).fail(4);

      assertThat(check(script.read(5, 9).read(5, 17).read(5, 12)).isValid()).isTrue();
      assertThat(check(script.read(5, 18)).isInvalid()).isTrue();
      assertThat(check(script).why())
          .isEqualTo(
              "client 5 read 18 at 1.500 s, but by then the counter can only have been between 9"
                  + " and 17");
    }

    @Test
    @DisplayName("that forgot a step is below its bound")
    void below() {
      assertThat(check(new HistoryScript().did(1, "inc", null).read(2, 10)).why())
          .contains("can only have been 11");
    }

    @Test
    @DisplayName("may count a step while it runs")
    void concurrent() {
      HistoryScript script = new HistoryScript().invoke(1, "add", 1).read(2, 11).read(3, 10);
      assertThat(check(script.ok(1).read(2, 11)).isValid()).isTrue();
      assertThat(check(new HistoryScript().read(1, 11).did(2, "add", 1)).isInvalid()).isTrue();
    }
  }

  @Test
  @DisplayName("an id is given out once")
  void ids() {
    HistoryScript script = new HistoryScript().invoke(1, "generate").ok(1, 7);
    script.invoke(2, "claim", 8).ok(2, 8).invoke(2, "claim", 7).fail(2);
    assertThat(UniqueIdsChecker.check(script.history()).isValid()).isTrue();

    Verdict twice = UniqueIdsChecker.check(script.invoke(3, "generate").ok(3, 7).history());

    assertThat(twice.why())
        .isEqualTo("client 3 was given 7 at 0.800 s, which client 1 had been given at 0.200 s");
    assertThat(twice.operations()).hasSize(2);
  }

  @Nested
  @DisplayName("a queue")
  class Queues {
    private Verdict check(HistoryScript script) {
      return QueueChecker.check(script.history());
    }

    private HistoryScript taken(HistoryScript script, long client, Object value) {
      return script.invoke(client, "dequeue").ok(client, value);
    }

    @Test
    @DisplayName("gives out once what was put in, also what may have been put in")
    void valid() {
      HistoryScript script = new HistoryScript().did(1, "enqueue", 1).invoke(1, "enqueue", 2);
      taken(taken(script.info(1), 2, 2), 2, 1);

      assertThat(check(taken(script, 2, null)).isValid()).isTrue();
    }

    @Test
    @DisplayName("loses what was acknowledged, once it was found empty")
    void lost() {
      HistoryScript script = new HistoryScript().did(1, "enqueue", 1);
      assertThat(check(script).status()).isEqualTo(Verdict.Status.UNKNOWN);
      script.invoke(2, "dequeue").fail(2);
      assertThat(check(script).status())
          .as("a refusal is not emptiness")
          .isEqualTo(Verdict.Status.UNKNOWN);

      assertThat(check(taken(script, 2, null)).why())
          .contains("client 1's enqueue of 1 was acknowledged at 0.200 s and it never came out");
    }

    @Test
    @DisplayName("gives one element to two, or one that nobody put in")
    void duplicated() {
      HistoryScript script = new HistoryScript().did(1, "enqueue", 1);
      assertThat(check(taken(taken(script, 2, 1), 3, 1)).figures()).containsEntry("duplicated", 1L);
      assertThat(check(taken(new HistoryScript(), 2, 1)).why()).contains("nobody had put it in");
    }

    @Test
    @DisplayName("is empty where the error of a refusal says so")
    void emptyByError() {
      HistoryScript script = new HistoryScript().did(1, "enqueue", 1).invoke(2, "dequeue");
      assertThat(check(script.ok(2, null, Map.of(Extras.ERROR, "empty"))).isInvalid()).isTrue();
    }
  }

  @Test
  @DisplayName("what a claim does not know is an error")
  void unknownOperations() {
    HistoryScript script = new HistoryScript().did(1, "write", 1);
    assertThatThrownBy(() -> SetElementsChecker.check(script.history(), false))
        .hasMessageContaining("add e, remove e and read");
    assertThatThrownBy(() -> CounterBoundsChecker.check(script.history(), 0))
        .hasMessageContaining("add d, inc, dec d");
    assertThatThrownBy(() -> QueueChecker.check(script.history()))
        .hasMessageContaining("enqueue v, dequeue");
  }
}
