package io.capstan.node.quorum;

import static io.capstan.proto.store.v1.Level.LEVEL_ALL;
import static io.capstan.proto.store.v1.Level.LEVEL_ONE;
import static io.capstan.proto.store.v1.Level.LEVEL_QUORUM;
import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.proto.store.v1.Level;
import io.capstan.proto.v1.Receipt;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Anti-entropy would deliver the same; where a story is about hints, its answers are lost. */
@DisplayName("A hint")
class HintStoriesTest {

  private static TestCluster withoutN3() {
    return withoutN3(TestCluster.of(3));
  }

  private static TestCluster withoutN3(TestCluster cluster) {
    cluster.replica("n3").crash();
    cluster.advance(2_000);
    return cluster;
  }

  private static void returnN3(TestCluster cluster) {
    cluster.lose(e -> e.message().hasMissingDots());
    cluster.replica("n3").start();
    cluster.advance(1_000);
  }

  private static long waiting(TestCluster cluster, String node) {
    return cluster.replica(node).keyspace().hintsWaiting();
  }

  @Test
  @DisplayName("is kept for a replica that is away, told in the receipt, and handed over")
  void handedOver() {
    TestCluster cluster = withoutN3();

    Receipt receipt = cluster.put("n1", "k", "v", LEVEL_QUORUM).receipt();

    assertThat(receipt.getHintedList()).containsExactly("n3");
    assertThat(receipt.getAckedList()).containsExactly("n1", "n2");
    assertThat(waiting(cluster, "n1")).isEqualTo(1);
    returnN3(cluster);
    assertThat(cluster.held("n3", "k")).isEqualTo(cluster.held("n1", "k"));
    assertThat(waiting(cluster, "n1")).isZero();
    assertThat(cluster.replica("n1").tables().hintRows().get("n3")).isEmpty();
  }

  @Test
  void neverCountsForALevel() {
    TestCluster cluster = withoutN3();
    assertThat(cluster.put("n1", "k", "v", LEVEL_ALL).error().getCode()).isEqualTo("NO_QUORUM");
    assertThat(waiting(cluster, "n1")).isZero();
  }

  @Test
  @DisplayName("survives a restart of its holder and goes through the normal merge")
  void survivesARestart() {
    // given
    TestCluster cluster = withoutN3();
    cluster.put("n1", "k", "hinted", LEVEL_QUORUM);
    cluster.replica("n1").crash();
    cluster.replica("n1").start();
    assertThat(waiting(cluster, "n1")).isEqualTo(1);

    // when: n3 comes back with a concurrent write of its own
    cluster.cut("n3", "n1");
    cluster.cut("n3", "n2");
    cluster.replica("n3").start();
    cluster.lose(e -> true);
    cluster.put("n3", "k", "own", LEVEL_ONE);
    cluster.heal();
    cluster.lose(e -> e.message().hasMissingDots());
    cluster.advance(1_000);

    // then: merged, not overwritten
    assertThat(cluster.get("n3", "k", LEVEL_ONE).values()).containsExactly("hinted", "own");
    assertThat(waiting(cluster, "n1")).isZero();
  }

  @Test
  @DisplayName("is kept as well for a replica that seemed to be there and did not acknowledge")
  void lostAcknowledgements() {
    TestCluster cluster = TestCluster.of(3);
    cluster.lose(
        e -> e.message().hasMissingDots() || (e.to().equals("n3") && e.message().hasReplicate()));
    Receipt receipt = cluster.put("n1", "k", "v", LEVEL_ONE).receipt();
    assertThat(receipt.getHintedList()).isEmpty();

    cluster.advance(310);

    assertThat(waiting(cluster, "n1")).isEqualTo(1);
    cluster.lose(e -> e.message().hasMissingDots());
    cluster.advance(700);
    assertThat(cluster.get("n3", "k", LEVEL_ONE).values()).containsExactly("v");
    assertThat(waiting(cluster, "n1")).isZero();
  }

  @Test
  void isNotKeptWhereAllAcknowledged() {
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n1", "k", "v", LEVEL_ONE);
    cluster.advance(1_000);

    assertThat(waiting(cluster, "n1")).isZero();
    assertThat(cluster.replica("n1").tables().hintRows()).isEmpty();
  }

  @Test
  void goesWhenThePeersClockShowsTheWrite() {
    // given: anti-entropy is faster
    TestCluster cluster = withoutN3();
    cluster.put("n1", "k", "v", LEVEL_QUORUM);
    cluster.lose(e -> e.from().equals("n1") && e.message().hasReplicate());
    cluster.replica("n3").start();

    cluster.advance(1_500);

    assertThat(waiting(cluster, "n1")).isZero();
  }

  @Test
  @DisplayName("hands over what the key holds by then, once, however often it was written")
  void currentState() {
    TestCluster cluster = withoutN3();
    for (int i = 0; i < 10; i++) {
      cluster.put("n1", "k", "v" + i, LEVEL_QUORUM);
    }
    cluster.forgetDelivered();

    returnN3(cluster);

    assertThat(cluster.held("n3", "k")).isEqualTo(cluster.held("n1", "k"));
    assertThat(cluster.delivered(io.capstan.proto.peer.v1.QuorumMessage.MessageCase.REPLICATE))
        .filteredOn(e -> e.from().equals("n1") && e.to().equals("n3"))
        .hasSize(1);
  }

  @Test
  @DisplayName("that comes late brings nothing back: zombie from a late hint")
  void zombieFromALateHint() {
    // given: what n1 hands to n3 is stuck on the way
    TestCluster cluster = withoutN3();
    cluster.put("n1", "k", "v", LEVEL_QUORUM);
    List<TestCluster.Envelope> stuck = new ArrayList<>();
    cluster.lose(
        e -> {
          boolean hint = e.from().equals("n1") && e.to().equals("n3") && e.message().hasReplicate();
          if (hint) {
            stuck.add(e);
          }
          return hint || e.message().hasMissingDots();
        });
    cluster.replica("n3").start();
    cluster.advance(1_000);
    assertThat(stuck).isNotEmpty();

    // when: the key is deleted everywhere, and only then it arrives
    cluster.heal();
    cluster.advance(1_000);
    cluster.delete("n2", "k", LEVEL_ALL);
    cluster.advance(3_000);
    cluster.deliverAgain(stuck.get(0));

    // then
    for (String node : List.of("n1", "n2", "n3")) {
      assertThat(cluster.get(node, "k", LEVEL_ONE).receipt().getFound()).isFalse();
    }
    cluster.advance(2_000);
    assertThat(cluster.get("n1", "k", LEVEL_ALL).receipt().getFound()).isFalse();
  }

  @Test
  @DisplayName("too many say \"needs anti-entropy\", and the peer converges all the same")
  void overflow() {
    // given
    TestCluster cluster =
        withoutN3(
            TestCluster.of(3, Level.LEVEL_ONE, QuorumConfig.Limits.DEFAULT.withHintsMaxBytes(200)));
    Receipt last = Receipt.getDefaultInstance();
    for (int i = 0; i < 20; i++) {
      last = cluster.put("n1", "k" + i, "v" + i, LEVEL_QUORUM).receipt();
    }

    // then: nothing is pretended, and nothing grows
    assertThat(last.getHintedList()).isEmpty();
    assertThat(last.getMissingList()).containsExactly("n3");
    assertThat(waiting(cluster, "n1")).isZero();
    assertThat(cluster.replica("n1").keyspace().needingAntiEntropy()).containsExactly("n3");
    cluster.replica("n1").crash();
    cluster.replica("n1").start();
    assertThat(cluster.replica("n1").keyspace().needingAntiEntropy()).containsExactly("n3");

    // when
    cluster.replica("n3").start();
    cluster.advance(2_500);

    // then
    for (int i = 0; i < 20; i++) {
      assertThat(cluster.held("n3", "k" + i)).isEqualTo(cluster.held("n1", "k" + i));
    }
    assertThat(cluster.replica("n1").keyspace().needingAntiEntropy()).isEmpty();
    cluster.replica("n3").crash();
    cluster.advance(2_000);
    assertThat(cluster.put("n1", "again", "v", LEVEL_QUORUM).receipt().getHintedList())
        .containsExactly("n3");
  }

  @Test
  @DisplayName("is handed over batch by batch until none waits")
  void many() {
    TestCluster cluster = withoutN3();
    int writes = 3 * Hints.KEYS_IN_FLIGHT_MAX + 5;
    for (int i = 0; i < writes; i++) {
      cluster.put("n1", "k" + i, "v", LEVEL_QUORUM);
    }
    assertThat(waiting(cluster, "n1")).isEqualTo(writes);

    returnN3(cluster);

    assertThat(waiting(cluster, "n1")).isZero();
    assertThat(cluster.replica("n3").tables().rows()).hasSize(writes);
  }
}
