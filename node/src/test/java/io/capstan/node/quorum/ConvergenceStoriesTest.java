package io.capstan.node.quorum;

import static io.capstan.proto.store.v1.Level.LEVEL_ALL;
import static io.capstan.proto.store.v1.Level.LEVEL_ONE;
import static io.capstan.proto.store.v1.Level.LEVEL_QUORUM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.capstan.node.version.InvariantViolation;
import io.capstan.proto.peer.v1.QuorumMessage;
import io.capstan.proto.peer.v1.QuorumMessage.MessageCase;
import io.capstan.proto.peer.v1.Replicate;
import io.capstan.proto.store.v1.StoredValue;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Replicas that were apart")
class ConvergenceStoriesTest {

  /** So old that nobody is sending it for the first time any more. */
  private static final long LONG_AGO_MILLIS = 1_000;

  @Test
  @DisplayName("do not bring a deleted key back")
  void deleteThenHealDoesNotResurrect() {
    // given: n3 sleeps through the delete
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n1", "k", "v", LEVEL_ALL);
    cluster.partition("n3|n1,n2");
    cluster.delete("n1", "k", LEVEL_QUORUM);

    // when
    cluster.heal();
    cluster.advance(1_500);

    // then
    for (String node : List.of("n1", "n2", "n3")) {
      assertThat(cluster.get(node, "k", LEVEL_ONE).receipt().getFound()).isFalse();
    }
    assertThat(cluster.get("n3", "k", LEVEL_QUORUM).values()).isEmpty();
  }

  @Test
  @DisplayName("exchange exactly what is missing, and nothing when nothing is")
  void onlyTheDifferenceTravels() {
    // given: a thousand keys everywhere, three written while n3 was away
    TestCluster cluster = TestCluster.of(3);
    for (int i = 0; i < 1_000; i++) {
      cluster.put("n1", "k" + i, "v", LEVEL_ALL);
    }
    cluster.partition("n3|n1,n2");
    for (int i = 0; i < 3; i++) {
      cluster.put("n1", "k" + i, "w", LEVEL_QUORUM);
    }
    cluster.advance(600);
    cluster.heal();
    cluster.forgetDelivered();

    // when
    cluster.advance(2_000);

    // then
    int rows =
        cluster.delivered(MessageCase.MISSING_DOTS).stream()
            .mapToInt(e -> e.message().getMissingDots().getRowsCount())
            .sum();
    assertThat(rows).isEqualTo(3);
    assertThat(cluster.held("n3", "k0")).isEqualTo(cluster.held("n1", "k0"));
    assertThat(cluster.replica("n3").keyspace().divergence()).hasValue(0);

    // and then silence
    cluster.forgetDelivered();
    cluster.advance(2_000);
    assertThat(cluster.delivered(MessageCase.MISSING_DOTS)).isEmpty();
  }

  @Test
  @DisplayName("are sent what they lack once however often they ask, and again where that was lost")
  void sendOnceUnlessLost() {
    // given
    TestCluster cluster = TestCluster.of(3);
    cluster.partition("n3|n1,n2");
    cluster.put("n1", "k", "v", LEVEL_QUORUM);
    cluster.advance(600);
    List<TestCluster.Envelope> lost = new ArrayList<>();

    // when: n3 is slow to take in what comes, and shows the same clock several times
    cluster.heal();
    cluster.lose(
        e -> {
          boolean answer = e.message().hasMissingDots();
          if (answer && e.from().equals("n1")) {
            lost.add(e);
          }
          return answer || (e.to().equals("n3") && e.message().hasReplicate());
        });
    cluster.advance(900);

    // then
    assertThat(lost).hasSize(1);
    cluster.advance(1_500);
    assertThat(lost).hasSizeGreaterThan(1);
    cluster.lose(e -> e.message().hasReplicate());
    cluster.advance(2_000);
    assertThat(cluster.held("n3", "k")).isEqualTo(cluster.held("n1", "k"));
  }

  @Test
  @DisplayName("get from anti-entropy what is lost on its way, but not what is under way")
  void leaveWhatIsUnderWayToItsCoordinator() {
    // given: a write whose first copy has yet to reach n3
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n1", "old", "v", LEVEL_ALL);
    cluster.lose(e -> e.to().equals("n3") && e.message().hasReplicate());
    cluster.put("n1", "k", "v", LEVEL_QUORUM);

    // when: meanwhile n3 tells what it has seen
    cluster.forgetDelivered();
    for (String peer : List.of("n1", "n2")) {
      cluster
          .replica("n3")
          .step(k -> k.peerLink(peer, true, cluster.nowNanos(), cluster.nowMillis()));
    }
    cluster.settle();

    // then: nobody answers, until the copy must have come
    assertThat(cluster.delivered(MessageCase.CLOCK_EXCHANGE)).hasSizeGreaterThanOrEqualTo(2);
    assertThat(cluster.delivered(MessageCase.MISSING_DOTS)).isEmpty();
    cluster.advance(LONG_AGO_MILLIS + 500);
    assertThat(cluster.delivered(MessageCase.MISSING_DOTS)).isNotEmpty();
    assertThat(cluster.held("n3", "k")).isEqualTo(cluster.held("n1", "k"));
  }

  @Test
  void learnOfDotsThatWereSupersededBeforeTheyArrived() {
    // given: ten writes of one key, of which n3 sees none
    TestCluster cluster = TestCluster.of(3);
    cluster.partition("n3|n1,n2");
    for (int i = 0; i < 10; i++) {
      cluster.put("n1", "k", "v" + i, LEVEL_QUORUM);
    }
    cluster.advance(LONG_AGO_MILLIS);
    cluster.heal();
    cluster.lose(e -> e.message().hasReplicate());
    cluster.forgetDelivered();

    // when
    cluster.advance(1_500);

    // then: one row accounts for all ten, and nobody needs to know of them any more
    assertThat(cluster.replica("n3").tables().readClock())
        .isEqualTo(cluster.replica("n1").tables().readClock());
    assertThat(cluster.replica("n3").tables().dots()).isEmpty();
    var first = cluster.delivered(MessageCase.MISSING_DOTS).get(0).message().getMissingDots();
    assertThat(first.getRowsCount()).isEqualTo(1);
    assertThat(first.getDotsCount()).isEqualTo(10);
  }

  @Test
  void convergeThroughAThirdWhenTheyCannotReachEachOther() {
    TestCluster cluster = TestCluster.of(3);
    cluster.partition("n1|n3");
    cluster.put("n1", "k", "one", LEVEL_ONE);
    cluster.put("n3", "k", "three", LEVEL_ONE);
    cluster.put("n3", "k", "three again", LEVEL_ONE);

    cluster.advance(2_500);

    assertThat(cluster.held("n1", "k")).isEqualTo(cluster.held("n3", "k"));
    assertThat(cluster.replica("n1").tables().readClock())
        .isEqualTo(cluster.replica("n3").tables().readClock());
  }

  @Test
  void askAgainAtOnceWhileThereIsMoreThanFitsOneMessage() {
    // given
    var limits =
        new QuorumConfig.Limits(9, 9, 1 << 20, 10, 10, 1 << 20, 100, 7, 1 << 20, 100, 50, 1_000);
    TestCluster cluster = TestCluster.of(3, LEVEL_ONE, limits);
    cluster.partition("n3|n1,n2");
    for (int i = 0; i < 100; i++) {
      cluster.put("n" + (1 + i % 2), "k" + i, "v", LEVEL_QUORUM);
    }
    cluster.heal();

    // when: one interval passes
    cluster.advance(600);

    // then
    assertThat(cluster.replica("n3").tables().rows()).hasSize(100);
    assertThat(cluster.delivered(MessageCase.MISSING_DOTS))
        .allMatch(e -> e.message().getMissingDots().getDotsCount() <= 7);
  }

  @Test
  void boundTheBytesOfAnAnswerButAlwaysMakeProgress() {
    var limits =
        new QuorumConfig.Limits(9, 9, 1 << 20, 10, 10, 1 << 20, 100, 100, 50, 100, 50, 1_000);
    TestCluster cluster = TestCluster.of(2, LEVEL_ONE, limits);
    cluster.partition("n1|n2");
    for (int i = 0; i < 10; i++) {
      cluster.put("n1", "k" + i, "x".repeat(200), LEVEL_ONE);
    }
    cluster.heal();

    cluster.advance(600);

    assertThat(cluster.replica("n2").tables().rows()).hasSize(10);
    assertThat(cluster.delivered(MessageCase.MISSING_DOTS))
        .allMatch(e -> e.message().getMissingDots().getRowsCount() == 1);
  }

  @Test
  @DisplayName("let no key into a clock whose effect they do not hold")
  void theClockSaysNoMoreThanTheData() {
    // given: a message that claims dots it has no rows for
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n1", "k", "v", LEVEL_ALL);
    TestReplica n1 = cluster.replica("n1");
    var honest = cluster.held("n1", "k").toProto();
    QuorumMessage claim =
        QuorumMessage.newBuilder()
            .setKeyspaceId(7)
            .setEpoch(1)
            .setMissingDots(
                io.capstan.proto.peer.v1.MissingDots.newBuilder()
                    .addRows(
                        io.capstan.proto.peer.v1.KeyedValue.newBuilder()
                            .setKey(ByteString.copyFromUtf8("k"))
                            .setValue(honest))
                    .addDots(new io.capstan.node.version.Dot(n1.actor(), 2).toProto())
                    .addDotRows(0)
                    .addDots(new io.capstan.node.version.Dot(n1.actor(), 1).toProto())
                    .addDotRows(9))
            .build();

    // when
    cluster
        .replica("n2")
        .step(k -> k.onMessage("n1", claim, cluster.nowNanos(), cluster.nowMillis()));

    // then
    assertThat(cluster.replica("n2").tables().readClock().maxOf(n1.actor())).isEqualTo(1);
  }

  @Test
  void tellTheirDivergence() {
    TestCluster cluster = TestCluster.of(3);
    assertThat(cluster.replica("n1").keyspace().divergence()).isEmpty();
    cluster.advance(600);
    assertThat(cluster.replica("n1").keyspace().divergence()).hasValue(0);
    cluster.partition("n1|n2,n3");
    cluster.put("n1", "a", "v", LEVEL_ONE);
    cluster.put("n1", "b", "v", LEVEL_ONE);

    assertThat(cluster.replica("n1").keyspace().divergence()).hasValue(2);

    cluster.heal();
    cluster.advance(1_500);
    assertThat(cluster.replica("n1").keyspace().divergence()).hasValue(0);
  }

  @Test
  @DisplayName("refuse messages of another epoch or keyspace and merge nothing of them")
  void anotherEpochIsRefused() {
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n1", "k", "v", LEVEL_ONE);
    StoredValue value = cluster.held("n1", "k").toProto();
    QuorumMessage late =
        QuorumMessage.newBuilder()
            .setKeyspaceId(7)
            .setEpoch(2)
            .setReplicate(
                Replicate.newBuilder()
                    .setRequestId(42)
                    .setKey(ByteString.copyFromUtf8("other"))
                    .setValue(value))
            .build();

    cluster
        .replica("n2")
        .step(k -> k.onMessage("n1", late, cluster.nowNanos(), cluster.nowMillis()));
    QuorumMessage stranger = late.toBuilder().setKeyspaceId(8).setEpoch(1).build();
    cluster
        .replica("n2")
        .step(k -> k.onMessage("n1", stranger, cluster.nowNanos(), cluster.nowMillis()));
    cluster.settle();

    assertThat(cluster.held("n2", "other").siblings()).isEmpty();
    assertThat(cluster.delivered(MessageCase.REFUSAL))
        .extracting(e -> e.message().getRefusal().getCurrentEpoch())
        .containsExactly(1L, 0L);
    assertThat(cluster.delivered(MessageCase.REFUSAL))
        .allMatch(e -> e.message().getRefusal().getRequestId() == 42);
    assertThat(cluster.delivered(MessageCase.REFUSAL).get(1).message().getRefusal())
        .matches(r -> r.getUnknownKeyspace());
  }

  @Test
  void dropAndCountWhatIsNotInCanonicalForm() {
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n1", "k", "v", LEVEL_ONE);
    StoredValue broken = cluster.held("n1", "k").toProto().toBuilder().clearContext().build();
    QuorumMessage message =
        QuorumMessage.newBuilder()
            .setKeyspaceId(7)
            .setEpoch(1)
            .setReplicate(
                Replicate.newBuilder().setKey(ByteString.copyFromUtf8("x")).setValue(broken))
            .build();

    TestReplica n2 = cluster.replica("n2");
    n2.step(k -> k.onMessage("n1", message, cluster.nowNanos(), cluster.nowMillis()));

    assertThat(n2.keyspace().malformedMessages()).isEqualTo(1);
    assertThat(cluster.held("n2", "x").siblings()).isEmpty();
  }

  @Test
  @DisplayName("stop a node whose data folder was put back to an older state")
  void aRolledBackNodeStops() {
    // given: a backup, then more writes that others keep
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n1", "k", "first", LEVEL_ALL);
    MemoryTables backup = MemoryTables.copyOf(cluster.replica("n1").tables());
    cluster.put("n1", "k", "second", LEVEL_ALL);

    // when
    cluster.replica("n1").restore(backup);

    // then
    assertThatThrownBy(() -> cluster.advance(1_000))
        .isInstanceOf(InvariantViolation.class)
        .hasMessageContaining("put back to an older state")
        .hasMessageContaining("start the node with an empty one");
  }

  @Test
  void keepWhatWasWrittenAtQuorumWhenTheCoordinatorIsGone() {
    TestCluster cluster = TestCluster.of(3);
    cluster.partition("n3|n1,n2");
    cluster.put("n1", "k", "v", LEVEL_QUORUM);
    cluster.replica("n1").crash();
    cluster.heal();

    cluster.advance(1_500);

    assertThat(cluster.get("n3", "k", LEVEL_ONE).values()).containsExactly("v");
  }

  @Test
  @DisplayName("keep what the smaller side took: larger side wins after heal")
  void largerSideWinsAfterHeal() {
    TestCluster five = TestCluster.of(5);
    five.put("n1", "k", "before", LEVEL_ALL);
    five.partition("n1|n2,n3,n4,n5");
    five.put("n1", "k", "alone", LEVEL_ONE);
    five.put("n2", "k", "many", LEVEL_QUORUM);
    five.put("n3", "k", "more", LEVEL_QUORUM);
    five.heal();
    five.advance(3_000);

    for (String node : List.of("n1", "n3", "n5")) {
      assertThat(five.get(node, "k", LEVEL_ONE).values()).as(node).containsExactly("alone", "more");
    }
  }
}
