package io.capstan.chaos.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.workload.KeyspaceClient;
import io.capstan.chaos.workload.Reply;
import io.capstan.chaos.workload.Request;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Warming up before a run")
class WarmUpTest {
  private long nanos;
  private int waits;

  /** Each wait for an answer takes so many milliseconds. */
  private int rounds(IntUnaryOperator millisOfWait) {
    Pace pace =
        new Pace() {
          @Override
          public long nowNanos() {
            return nanos;
          }

          @Override
          public void sleepUntil(long until) {
            nanos = Math.max(nanos, until);
          }

          @Override
          public void await(CompletableFuture<?> future) {
            nanos += TimeUnit.MILLISECONDS.toNanos(millisOfWait.applyAsInt(waits++));
          }

          @Override
          public Repeated every(long periodNanos, Runnable task) {
            throw new UnsupportedOperationException("nothing is repeated");
          }
        };
    return new ScenarioPreparation(null, pace).warmUp(List.of(new Answering()));
  }

  private static final class Answering implements KeyspaceClient {
    @Override
    public String nodeId() {
      return "n1";
    }

    @Override
    public String level() {
      // Reads only: one answer a round.
      return "stale";
    }

    @Override
    public CompletableFuture<Reply> send(Request request, Duration timeout) {
      return CompletableFuture.completedFuture(Reply.UNANSWERED);
    }
  }

  @Test
  @DisplayName("is short where answers come quickly")
  void shortWhereQuick() {
    assertThat(rounds(wait -> 5)).isEqualTo(40);
  }

  @Test
  @DisplayName("goes on until answers come quickly, several times in a row")
  void untilQuick() {
    // The 20 first are slow, then one of eight is, and from the 61st on none.
    int rounds = rounds(wait -> wait < 20 || (wait < 60 && wait % 8 == 0) ? 150 : 20);

    assertThat(rounds).isEqualTo(57 + 10);
  }

  @Test
  @DisplayName("ends where answers never come quickly: the run will find it out")
  void endsWhereSlow() {
    assertThat(rounds(wait -> 500)).isEqualTo(20);
  }
}
