package io.capstan.node.quorum;

import static io.capstan.proto.store.v1.Level.LEVEL_ONE;
import static io.capstan.proto.store.v1.Level.LEVEL_QUORUM;
import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.proto.peer.v1.QuorumMessage.MessageCase;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A coordinator that knows how fast its peers are")
class HedgedReadStoriesTest {

  private static TestCluster warm() {
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n1", "k", "v", LEVEL_QUORUM);
    for (int i = 0; i < PeerLatencies.SAMPLES_MIN; i++) {
      cluster.get("n1", "k", LEVEL_QUORUM);
    }
    cluster.forgetDelivered();
    return cluster;
  }

  @Test
  void asksNoMoreReplicasThanItNeeds() {
    TestCluster cluster = warm();

    assertThat(cluster.get("n1", "k", LEVEL_QUORUM).isOk()).isTrue();

    assertThat(cluster.delivered(MessageCase.READ_REQUEST)).hasSize(1);
  }

  @Test
  @DisplayName("asks one more when the first takes longer than its 95th percentile")
  void hedges() {
    TestCluster cluster = warm();
    cluster.lose(e -> e.message().hasReadResponse() && e.from().equals("n2"));

    Call read = cluster.get("n1", "k", LEVEL_QUORUM);
    assertThat(read.isAnswered()).isFalse();
    cluster.advance(10);

    assertThat(read.values()).containsExactly("v");
    assertThat(read.receipt().getAckedList()).containsExactly("n1", "n3");
  }

  @Test
  void asksTheOneThatAnswersFaster() {
    // given: n2's answers always take until after the hedge
    PeerLatencies latencies = new PeerLatencies();
    for (int i = 0; i < PeerLatencies.SAMPLES_MAX; i++) {
      latencies.answered("n2", 40_000_000);
      latencies.answered("n3", 2_000_000 + (i % 20 == 0 ? 90_000_000 : 0));
      latencies.answered("n4", 100);
    }

    assertThat(latencies.fastestFirst(java.util.List.of("n2", "n3", "n4")))
        .containsExactly("n4", "n2", "n3");
    assertThat(latencies.p95Nanos("n4")).isEqualTo(PeerLatencies.HEDGE_MIN_NANOS);
    assertThat(latencies.p95Nanos("n2")).isEqualTo(40_000_000);
    assertThat(latencies.isKnown("n5")).isFalse();
  }

  @Test
  @DisplayName("asks everybody now and then, which repairs who was left out")
  void asksAllNowAndThen() {
    TestCluster cluster = warm();
    cluster.lose(e -> e.message().hasMissingDots() || e.message().hasReplicate());
    cluster.put("n1", "k", "new", LEVEL_ONE);
    cluster.heal();
    cluster.lose(e -> e.message().hasMissingDots());

    for (int i = 0; i < ReadCoordinator.ALL_ASKED_EVERY_READS; i++) {
      cluster.get("n1", "k", LEVEL_QUORUM);
    }

    assertThat(cluster.held("n2", "k")).isEqualTo(cluster.held("n1", "k"));
    assertThat(cluster.held("n3", "k")).isEqualTo(cluster.held("n1", "k"));
  }

  @Test
  @DisplayName("repairs in the background of reads at level one, which nobody waits for")
  void repairsInTheBackgroundAtOne() {
    // given: n1 alone has the value, n2 alone another one
    TestCluster cluster = TestCluster.of(3);
    cluster.lose(e -> e.message().hasReplicate());
    cluster.put("n1", "k", "left", LEVEL_ONE);
    cluster.put("n2", "k", "right", LEVEL_ONE);
    cluster.heal();
    cluster.lose(e -> e.message().hasMissingDots());

    // when
    for (int i = 0; i < ReadCoordinator.ALL_ASKED_EVERY_READS; i++) {
      Call read = cluster.get("n1", "k", LEVEL_ONE);
      assertThat(read.values()).containsExactly("left");
    }

    // then
    assertThat(cluster.get("n1", "k", LEVEL_ONE).values()).containsExactly("left", "right");
    assertThat(cluster.get("n2", "k", LEVEL_ONE).values()).contains("left");
    assertThat(cluster.get("n3", "k", LEVEL_ONE).values()).contains("left");
  }
}
