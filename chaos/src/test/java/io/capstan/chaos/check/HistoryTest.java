package io.capstan.chaos.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class HistoryTest {
  @Test
  void invocationsArePairedWithTheNextEventOfTheirProcess() {
    History history =
        new HistoryScript()
            .invoke(1, "write", 5)
            .invoke(2, "read")
            .ok(1)
            .ok(2, 5)
            .invoke(1, "write", 6)
            .fail(1)
            .invoke(3, "write", 7)
            .info(3)
            .invoke(4, "read")
            .history();

    assertThat(history.operations())
        .extracting(Operation::outcome)
        .containsExactly(Outcome.OK, Outcome.OK, Outcome.FAILED, Outcome.UNKNOWN, Outcome.UNKNOWN);
    assertThat(history.operations())
        .extracting(Operation::completePosition)
        .containsExactly(2, 3, 5, Operation.OPEN, Operation.OPEN);
    assertThat(history.counts()).isEqualTo(new History.Counts(5, 2, 1, 2));
  }

  @Test
  void aCompletionWithoutInvocationIsDamage() {
    List<HistoryEvent> events = List.of(HistoryEvent.of(0, 0, 3, EventType.OK, "read", null, 5));

    assertThatThrownBy(() -> History.of(events))
        .isInstanceOf(History.UnpairedEventException.class)
        .hasMessageContaining("process 3 ends read with ok but has invoked nothing");
  }

  @Test
  void wholeNumbersOfAnyTypeAreEqual() {
    assertThat(HistoryValues.canonical(List.of(1, (short) 2, Map.of("a", 3))))
        .isEqualTo(List.of(1L, 2L, Map.of("a", 3L)));
    assertThatThrownBy(() -> HistoryValues.canonical(new Object()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void verdictsAreAsBadAsTheWorst() {
    Verdict valid = Verdict.valid("fine");
    Verdict unknown = Verdict.unknown("who knows");
    Verdict invalid = Verdict.invalid("broken");

    assertThat(Verdict.all(List.of(valid, unknown, invalid))).isEqualTo(invalid);
    assertThat(Verdict.all(List.of(valid, unknown))).isEqualTo(unknown);
    assertThat(Verdict.all(List.of(valid, valid))).isEqualTo(valid);
    assertThat(Verdict.all(List.of()).isValid()).isTrue();
  }

  @Test
  void aRecorderPlacesTheEventsOfManyThreads() throws Exception {
    AtomicLong clock = new AtomicLong(1_000);
    HistoryRecorder recorder = new HistoryRecorder(clock::incrementAndGet);
    CountDownLatch start = new CountDownLatch(1);
    Thread[] clients = new Thread[4];
    for (int i = 0; i < clients.length; i++) {
      long process = i;
      clients[i] =
          new Thread(
              () -> {
                try {
                  start.await();
                } catch (InterruptedException e) {
                  throw new IllegalStateException(e);
                }
                for (int n = 0; n < 500; n++) {
                  HistoryEvent begun = recorder.invoke(process, "write", "k", n, Map.of());
                  recorder.complete(begun, EventType.OK, n, Map.of());
                }
              });
      clients[i].start();
    }
    recorder.nemesis("partition", List.of("n1"));
    start.countDown();
    for (Thread client : clients) {
      client.join();
    }

    History history = recorder.history();

    assertThat(history.counts()).isEqualTo(new History.Counts(2000, 2000, 0, 0));
    assertThat(history.events()).hasSize(4001);
    for (int i = 1; i < history.events().size(); i++) {
      assertThat(history.events().get(i).index()).isEqualTo(i);
      assertThat(history.events().get(i).timeNanos())
          .isGreaterThan(history.events().get(i - 1).timeNanos());
    }
  }
}
