package io.capstan.node.quorum;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Under crashes, loss, duplication, reordering and splits, leaderless replication")
class RandomHistoryTest {

  private static final int SEEDS = 200;

  @Test
  @DisplayName("converges, loses nothing confirmed, revives nothing, and never reads backwards")
  void keepsItsPromises() {
    var counts =
        LongStream.rangeClosed(1, SEEDS).mapToObj(s -> new RandomHistory(s).run()).toList();

    // The run must have met what it is about.
    assertThat(counts.stream().mapToLong(RandomHistory.Counts::confirmed).sum()).isPositive();
    assertThat(counts.stream().mapToLong(RandomHistory.Counts::unknown).sum()).isPositive();
    assertThat(counts.stream().mapToLong(RandomHistory.Counts::reads).sum()).isPositive();
    assertThat(counts.stream().mapToLong(RandomHistory.Counts::crashes).sum()).isPositive();
    assertThat(counts.stream().mapToLong(RandomHistory.Counts::siblings).sum()).isPositive();
  }

  @Test
  void theSameSeedGivesTheSameHistory() {
    assertThat(new RandomHistory(7).run()).isEqualTo(new RandomHistory(7).run());
  }
}
