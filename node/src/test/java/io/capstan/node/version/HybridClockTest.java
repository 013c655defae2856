package io.capstan.node.version;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A hybrid clock")
class HybridClockTest {

  @Test
  void ascendsWhateverTheWallClockDoes() {
    HybridClock clock = new HybridClock(100);
    HybridTimestamp previous = clock.next(1_000);
    for (long wall : new long[] {1_000, 1_000, 900, 1, 1_001, 1_001, 0, 5_000}) {
      HybridTimestamp next = clock.next(wall);
      assertThat(next).isGreaterThan(previous);
      previous = next;
    }
    assertThat(previous).isEqualTo(new HybridTimestamp(5_000, 0));
  }

  @Test
  void followsWhatItReceivedWithinTheBound() {
    HybridClock clock = new HybridClock(100);

    assertThat(clock.observe(new HybridTimestamp(1_100, 7), 1_000)).isTrue();

    assertThat(clock.next(1_000)).isEqualTo(new HybridTimestamp(1_100, 8));
  }

  @Test
  @DisplayName("is never pushed beyond the bound by a fast clock elsewhere")
  void ignoresWhatLeadsTooFar() {
    HybridClock clock = new HybridClock(100);

    assertThat(clock.observe(new HybridTimestamp(1_101, 0), 1_000)).isFalse();
    assertThat(clock.observe(new HybridTimestamp(Long.MAX_VALUE, 0), 1_000)).isFalse();
    assertThat(clock.observe(new HybridTimestamp(Long.MAX_VALUE, 0), -5)).isFalse();

    assertThat(clock.next(1_000)).isEqualTo(new HybridTimestamp(1_000, 0));
  }

  @Test
  void goesOnToTheNextMillisecondWhenTheLogicalPartIsUsedUp() {
    HybridClock clock = new HybridClock(100);
    clock.observe(new HybridTimestamp(1_000, -1), 1_000);

    assertThat(clock.next(1_000)).isEqualTo(new HybridTimestamp(1_001, 0));
  }

  @Test
  void comparesTheLogicalPartUnsigned() {
    assertThat(new HybridTimestamp(1, -1)).isGreaterThan(new HybridTimestamp(1, 1));
    HybridTimestamp large = new HybridTimestamp(77, -1);
    assertThat(HybridTimestamp.fromProto(large.toProto())).isEqualTo(large);
  }

  @Test
  void readsTheSameOnlyInBothParts() {
    HybridTimestamp reading = new HybridTimestamp(1_000, 7);

    assertThat(new HybridTimestamp(1_000, 7)).isEqualTo(reading).hasSameHashCodeAs(reading);
    assertThat(new HybridTimestamp(1_001, 7)).isNotEqualTo(reading);
    assertThat(new HybridTimestamp(1_000, 8)).isNotEqualTo(reading);
    assertThat(reading).isNotEqualTo(1_000L);
  }
}
