package io.capstan.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WriteSessionTest {

  private static final long LONG_NANOS = TimeUnit.MINUTES.toNanos(1);
  private static final long SHORT_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private final Delays delays = new Delays("write-session-test");

  @AfterEach
  void close() {
    delays.close();
  }

  @Test
  void aWriteForWhichNoSessionWasOpenedSaysSoAndNotThatThereWereTooMany() {
    // given a cluster that says nothing to the opening of a session
    WriteSession session = new WriteSession((number, deadlineNanos, opened) -> {}, delays);
    Heard write = new Heard();

    // when
    session.acquire(System.nanoTime() + SHORT_NANOS, write);

    // then
    await().until(() -> !write.refusals.isEmpty());
    Failure refusal = write.refusals.getFirst();
    assertThat(refusal.code()).isEqualTo(ErrorCode.TIMEOUT);
    assertThat(refusal.outcome()).isEqualTo(Outcome.FAILED);
    assertThat(refusal.message()).contains("opened no session").contains("never sent");
    assertThat(refusal.hint()).contains("capstan status").doesNotContain("fewer writes");
  }

  @Test
  void aWriteThatFoundNoPlaceInTheWindowSaysThatThereWereTooMany() {
    // given a session with room for one write, which is under way
    WriteSession session =
        new WriteSession((number, deadlineNanos, opened) -> opened.opened(1), delays);
    Heard first = new Heard();
    session.acquire(System.nanoTime() + LONG_NANOS, first);
    assertThat(first.tickets).hasSize(1);
    Heard second = new Heard();

    // when
    session.acquire(System.nanoTime() + SHORT_NANOS, second);

    // then
    await().until(() -> !second.refusals.isEmpty());
    assertThat(second.refusals.getFirst().message()).contains("waited for its turn");
    assertThat(second.refusals.getFirst().hint()).contains("fewer writes");
  }

  @Test
  void aPlaceThatIsGivenBackGoesToTheWriteThatWaitsLongest() {
    // given
    WriteSession session =
        new WriteSession((number, deadlineNanos, opened) -> opened.opened(1), delays);
    Heard first = new Heard();
    Heard second = new Heard();
    Heard third = new Heard();
    for (Heard each : List.of(first, second, third)) {
      session.acquire(System.nanoTime() + LONG_NANOS, each);
    }

    // when
    session.release(first.tickets.getFirst());

    // then
    assertThat(second.tickets).hasSize(1);
    assertThat(second.tickets.getFirst().sequence()).isEqualTo(2);
    assertThat(third.tickets).isEmpty();
  }

  /** What a write was told. */
  private static final class Heard implements WriteSession.Waiter {
    private final List<WriteSession.Ticket> tickets = new ArrayList<>();
    private final List<Failure> refusals = new CopyOnWriteArrayList<>();

    @Override
    public void granted(WriteSession.Ticket ticket) {
      tickets.add(ticket);
    }

    @Override
    public void refused(Failure failure) {
      refusals.add(failure);
    }
  }
}
