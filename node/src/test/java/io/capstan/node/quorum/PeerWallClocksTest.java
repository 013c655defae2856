package io.capstan.node.quorum;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The wall clocks of the peers")
class PeerWallClocksTest {
  private static final long MILLI = 1_000_000;

  private final PeerWallClocks clocks = new PeerWallClocks(1_000);

  @Test
  void accuseNobodyBeforeAnyWasHeard() {
    assertThat(clocks.lead(Long.MAX_VALUE, 0)).isNull();
  }

  @Test
  void tellWhoIsBehindAndByHowMuch() {
    clocks.heard("n2", 50_000, 0);
    clocks.heard("n3", 49_000, 0);

    assertThat(clocks.lead(51_000, 0)).isNull();
    assertThat(clocks.lead(52_000, 0))
        .satisfies(
            lead -> {
              assertThat(lead.peers()).containsExactly("n2", "n3");
              assertThat(lead.leastMillis()).isEqualTo(2_000);
            });
  }

  @Test
  @DisplayName("go on by the local monotonic clock, so a local jump is noticed without a message")
  void aLocalJumpIsNoticed() {
    clocks.heard("n2", 50_000, 0);

    assertThat(clocks.lead(60_000, 10_000 * MILLI)).isNull();
    assertThat(clocks.lead(65_000, 10_000 * MILLI)).isNotNull();
  }

  @Test
  @DisplayName("let one slow clock accuse nobody else")
  void oneSlowClockIsNotAMajority() {
    clocks.heard("n2", 50_000, 0);
    clocks.heard("n3", 10_000, 0);

    assertThat(clocks.lead(50_000, 0)).isNull();
  }

  @Test
  void areForgottenAfterAnHour() {
    clocks.heard("n2", 50_000, 0);
    long hourMillis = PeerWallClocks.KNOWLEDGE_MAX_MILLIS;

    assertThat(clocks.lead(60_000 + hourMillis, hourMillis * MILLI)).isNotNull();
    assertThat(clocks.lead(60_000 + hourMillis, (hourMillis + 1) * MILLI)).isNull();
  }

  @Test
  void sayNothingWhereASenderNamesNoTime() {
    clocks.heard("n2", 0, 0);

    assertThat(clocks.lead(60_000, 0)).isNull();
  }
}
