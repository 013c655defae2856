package io.capstan.node.quorum;

import static io.capstan.proto.store.v1.Level.LEVEL_ALL;
import static io.capstan.proto.store.v1.Level.LEVEL_ONE;
import static io.capstan.proto.store.v1.Level.LEVEL_QUORUM;
import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.proto.store.v1.Level;
import io.capstan.proto.v1.Receipt;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The bound on staleness in a receipt")
class FreshnessStoriesTest {

  private static Receipt readAtOne(TestCluster cluster, String node) {
    return cluster.get(node, "k", LEVEL_ONE).receipt();
  }

  @Test
  void isUnknownBeforeClocksWereExchanged() {
    TestCluster cluster = TestCluster.of(3);

    assertThat(readAtOne(cluster, "n1").hasStalenessMillis()).isFalse();
  }

  @Test
  @DisplayName("is about two exchanges of clocks while all replicas talk")
  void whileAllTalk() {
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n1", "k", "v", LEVEL_ALL);
    cluster.advance(2_000);

    Receipt receipt = readAtOne(cluster, "n2");

    assertThat(receipt.hasStalenessMillis()).isTrue();
    assertThat(receipt.getStalenessMillis()).isBetween(1L, 1_010L);
  }

  @Test
  @DisplayName("stays small under steady writes, although there is always something on its way")
  void underSteadyWrites() {
    TestCluster cluster = TestCluster.of(3);
    for (int i = 0; i < 200; i++) {
      cluster.put("n1", "k", "v" + i, LEVEL_ONE);
      cluster.advance(20);
    }

    assertThat(readAtOne(cluster, "n2").getStalenessMillis()).isBetween(1L, 1_600L);
  }

  @Test
  @DisplayName("grows with the silence of one replica, and is never less than what is missed")
  void growsInASplit() {
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n1", "k", "old", LEVEL_ALL);
    cluster.advance(2_000);
    cluster.partition("n1|n2,n3");
    cluster.put("n1", "k", "new", LEVEL_ONE);

    for (int waited = 100; waited <= 4_000; waited += 100) {
      cluster.advance(100);
      Receipt receipt = readAtOne(cluster, "n2");
      assertThat(receipt.getValue().toStringUtf8()).isEqualTo("old");
      assertThat(receipt.getStalenessMillis()).isGreaterThanOrEqualTo(waited);
    }

    cluster.heal();
    cluster.advance(2_000);
    assertThat(readAtOne(cluster, "n2").getStalenessMillis()).isLessThanOrEqualTo(1_010);
    assertThat(readAtOne(cluster, "n2").getValue().toStringUtf8()).isEqualTo("new");
  }

  @Test
  @DisplayName("does not shrink by clocks alone: what they tell of must have come too")
  void clocksAloneProveNothing() {
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n1", "k", "old", LEVEL_ALL);
    cluster.advance(2_000);
    cluster.lose(
        e -> e.to().equals("n2") && (e.message().hasReplicate() || e.message().hasMissingDots()));
    cluster.put("n1", "k", "new", LEVEL_ONE);

    cluster.advance(3_000);

    assertThat(readAtOne(cluster, "n2").getStalenessMillis()).isGreaterThanOrEqualTo(3_000);
  }

  @Test
  void isNothingWhereEveryReadMeetsEveryWrite() {
    TestCluster strict = TestCluster.of(3, Level.LEVEL_QUORUM, QuorumConfig.Limits.DEFAULT);
    assertThat(strict.get("n1", "k", LEVEL_QUORUM).receipt().hasStalenessMillis()).isTrue();
    assertThat(strict.get("n1", "k", LEVEL_QUORUM).receipt().getStalenessMillis()).isZero();

    TestCluster loose = TestCluster.of(3);
    assertThat(loose.get("n1", "k", LEVEL_QUORUM).receipt().hasStalenessMillis()).isFalse();
    assertThat(loose.get("n1", "k", LEVEL_ALL).receipt().getStalenessMillis()).isZero();
  }

  @Test
  void isUnknownAgainAfterARestart() {
    TestCluster cluster = TestCluster.of(3);
    cluster.advance(2_000);
    cluster.replica("n2").crash();
    cluster.replica("n2").start();

    assertThat(readAtOne(cluster, "n2").hasStalenessMillis()).isFalse();
    cluster.advance(2_000);
    assertThat(readAtOne(cluster, "n2").hasStalenessMillis()).isTrue();
  }
}
