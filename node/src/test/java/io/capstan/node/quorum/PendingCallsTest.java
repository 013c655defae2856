package io.capstan.node.quorum;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Calls that wait for replicas")
final class PendingCallsTest {

  private static final long RESEND_NANOS = 300_000_000L;
  private static final long DEADLINE_NANOS = 1_000_000_000L;

  private final PendingCalls calls =
      new PendingCalls(
          new QuorumConfig(
              "n1",
              1,
              ReplicaSet.of(List.of("n1", "n2", "n3")),
              500,
              1_500,
              RESEND_NANOS / 1_000_000,
              QuorumConfig.Limits.DEFAULT),
          new Random(1));

  private final List<String> told = new ArrayList<>();

  private final class Waiting extends PendingCall {
    private final String name;

    Waiting(String name) {
      super(calls.nextRequestId(), 1, DEADLINE_NANOS);
      this.name = name;
    }

    @Override
    void resend() {
      told.add(name + " asks again");
    }

    @Override
    void expire() {
      told.add(name + " expires");
    }

    @Override
    void abandon(String code, String reason) {
      told.add(name + " is abandoned");
    }
  }

  private Waiting opened(String name, long nowNanos) {
    Waiting call = new Waiting(name);
    calls.open(call, nowNanos);
    return call;
  }

  @Test
  @DisplayName("are reminded until their deadline")
  void reminded() {
    opened("a", 0);

    assertThat(calls.nextTickNanos()).hasValue(RESEND_NANOS);
    calls.tick(RESEND_NANOS);
    assertThat(calls.nextTickNanos()).hasValue(3 * RESEND_NANOS);
    calls.tick(3 * RESEND_NANOS);
    assertThat(calls.nextTickNanos()).hasValue(DEADLINE_NANOS);
    calls.tick(DEADLINE_NANOS);

    assertThat(told).containsExactly("a asks again", "a asks again", "a expires");
    assertThat(calls.nextTickNanos()).isEmpty();
  }

  @Test
  @DisplayName("wake nobody once they are answered")
  void answeredCallsWakeNobody() {
    Waiting first = opened("a", 0);
    opened("b", 1_000);
    Waiting third = opened("c", 2_000);

    calls.close(first);
    assertThat(calls.nextTickNanos()).hasValue(1_000 + RESEND_NANOS);
    calls.close(third);
    calls.tick(2_000 + RESEND_NANOS);
    assertThat(told).containsExactly("b asks again");
    assertThat(calls.nextTickNanos()).hasValue(2_000 + RESEND_NANOS + 2 * RESEND_NANOS);
  }
}
