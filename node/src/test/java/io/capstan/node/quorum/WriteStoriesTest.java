package io.capstan.node.quorum;

import static io.capstan.proto.store.v1.Level.LEVEL_ALL;
import static io.capstan.proto.store.v1.Level.LEVEL_LINEARIZABLE;
import static io.capstan.proto.store.v1.Level.LEVEL_ONE;
import static io.capstan.proto.store.v1.Level.LEVEL_QUORUM;
import static io.capstan.proto.store.v1.Level.LEVEL_UNSPECIFIED;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.capstan.node.version.Dot;
import io.capstan.proto.peer.v1.QuorumMessage.MessageCase;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.v1.DeleteRequest;
import io.capstan.proto.v1.KeyspaceRef;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.Receipt;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A coordinator that writes")
class WriteStoriesTest {

  private static final OperationId OPERATION =
      OperationId.newBuilder().setSession(5).setSequence(1).build();

  @Test
  void answersWithAFullReceiptAfterAQuorumHasItOnDisk() {
    // given
    TestCluster cluster = TestCluster.of(3);
    cluster.partition("n3|n1,n2");

    // when
    Receipt receipt = cluster.put("n1", "k", "v", LEVEL_UNSPECIFIED).receipt();

    // then
    assertThat(receipt.getOutcome()).isEqualTo(Outcome.OUTCOME_OK);
    assertThat(receipt.getLevel()).isEqualTo(LEVEL_QUORUM);
    assertThat(receipt.getAckedList()).containsExactly("n1", "n2");
    assertThat(receipt.getMissingList()).containsExactly("n3");
    assertThat(receipt.getServedBy()).isEqualTo("n1");
    assertThat(receipt.getVersion()).isEqualTo("n1.a0:1");
    assertThat(receipt.getValue().toStringUtf8()).isEqualTo("v");
    assertThat(receipt.getFound()).isTrue();
    assertThat(receipt.getSiblingsCount()).isEqualTo(1);
    assertThat(receipt.getSupersededList()).isEmpty();
    assertThat(receipt.getKeyspace()).isEqualTo("feed");
    assertThat(receipt.getKeyspaceId()).isEqualTo(7);
    assertThat(receipt.getEpoch()).isEqualTo(1);
    assertThat(receipt.getPhase()).isEqualTo("serving");
    assertThat(receipt.getContext()).isNotEmpty();
  }

  @Test
  void doesNotAnswerWhileItsOwnDiskIsBusy() {
    TestCluster cluster = TestCluster.of(3);
    cluster.stopDisk("n1");

    Call call = cluster.put("n1", "k", "v", LEVEL_ONE);
    assertThat(call.isAnswered()).isFalse();

    cluster.startDisk("n1");
    assertThat(call.isOk()).isTrue();
  }

  @Test
  void doesNotCountAReplicaWhoseDiskIsBusy() {
    TestCluster cluster = TestCluster.of(3);
    cluster.stopDisk("n2");
    cluster.stopDisk("n3");

    Call call = cluster.put("n1", "k", "v", LEVEL_QUORUM);
    assertThat(call.isAnswered()).isFalse();

    cluster.startDisk("n3");
    cluster.settle();
    assertThat(call.receipt().getAckedList()).containsExactly("n1", "n3");
  }

  @Test
  @DisplayName("lets nobody see a write that it may still forget")
  void crashBeforeItsOwnSync() {
    // given: a coordinator whose disk is slow takes a write
    TestCluster cluster = TestCluster.of(3);
    cluster.stopDisk("n1");
    Call lost = cluster.put("n1", "k", "first", LEVEL_QUORUM);
    assertThat(lost.isAnswered()).isFalse();
    assertThat(cluster.held("n2", "k").isEmpty()).isTrue();

    // when: it loses power, comes back, and writes again with the same dot
    cluster.replica("n1").crash();
    cluster.replica("n1").start();
    cluster.startDisk("n1");
    Receipt second = cluster.put("n1", "k", "second", LEVEL_ALL).receipt();

    // then: that dot means one write everywhere
    assertThat(second.getVersion()).isEqualTo("n1.a0:1");
    assertThat(cluster.get("n3", "k", LEVEL_ALL).values()).containsExactly("second");
  }

  @Test
  @DisplayName("without context replaces what the coordinator holds, and no more")
  void blindPutSupersedesOnlyWhatTheCoordinatorHolds() {
    // given: n1 has never heard of the value that n2 took
    TestCluster cluster = TestCluster.of(3);
    cluster.partition("n1|n2,n3");
    String own = cluster.put("n1", "k", "mine", LEVEL_ONE).receipt().getVersion();
    cluster.put("n2", "k", "theirs", LEVEL_ONE);

    // when
    Receipt blind = cluster.put("n1", "k", "mine again", LEVEL_ONE).receipt();
    cluster.heal();
    cluster.advance(1_500);

    // then
    assertThat(blind.getSupersededList()).containsExactly(own);
    assertThat(cluster.get("n3", "k", LEVEL_ONE).values()).containsExactly("mine again", "theirs");
  }

  @Test
  @DisplayName("with context replaces exactly what that context saw")
  void contextReplacesWhatItSaw() {
    // given: a client read "a", and then "b" came from elsewhere without knowing of "a"
    TestCluster cluster = TestCluster.of(3);
    cluster.partition("n1|n2,n3");
    cluster.put("n2", "k", "b", LEVEL_ONE);
    Receipt read = cluster.put("n1", "k", "a", LEVEL_ONE).receipt();
    cluster.heal();
    cluster.advance(1_500);
    assertThat(cluster.get("n1", "k", LEVEL_ONE).values()).containsExactly("a", "b");

    // when
    Receipt written = cluster.put("n1", "k", "a2", LEVEL_QUORUM, read.getContext()).receipt();

    // then
    assertThat(written.getSupersededList()).containsExactly(read.getVersion());
    assertThat(cluster.get("n1", "k", LEVEL_QUORUM).values()).containsExactly("a2", "b");

    // and when siblings are resolved with the context of both, one value is left
    ByteString both = cluster.get("n2", "k", LEVEL_QUORUM).receipt().getContext();
    Receipt resolved = cluster.put("n3", "k", "merged", LEVEL_ALL, both).receipt();
    assertThat(resolved.getSupersededList()).hasSize(2);
    assertThat(cluster.get("n1", "k", LEVEL_ONE).values()).containsExactly("merged");
  }

  @Test
  void refusesAContextOfAnotherKeyBecauseItWouldDiscardUnreadValues() {
    TestCluster cluster = TestCluster.of(3);
    ByteString context = cluster.put("n1", "other", "v", LEVEL_ALL).receipt().getContext();
    cluster.put("n1", "k", "kept", LEVEL_ALL);

    Call call = cluster.put("n1", "k", "new", LEVEL_QUORUM, context);

    assertThat(call.error().getCode()).isEqualTo("WRONG_CONTEXT");
    assertThat(call.error().getOutcome()).isEqualTo(Outcome.OUTCOME_FAILED);
    assertThat(cluster.get("n2", "k", LEVEL_ONE).values()).containsExactly("kept");
  }

  @Test
  @DisplayName("refuses before writing when it is known that W replicas cannot be reached")
  void noQuorumIsRefusedBeforeAnythingIsWritten() {
    // given: n1 has not heard the others for a while
    TestCluster cluster = TestCluster.of(3);
    cluster.advance(600);
    cluster.partition("n1|n2,n3");
    cluster.advance(2_000);

    // when
    Call call = cluster.put("n1", "k", "v", LEVEL_QUORUM);

    // then
    assertThat(call.error().getCode()).isEqualTo("NO_QUORUM");
    assertThat(call.error().getOutcome()).isEqualTo(Outcome.OUTCOME_FAILED);
    assertThat(call.error().getMessage()).contains("needs 2 of 3").contains("n2, n3");
    assertThat(call.error().getHint()).contains("level one");
    assertThat(cluster.held("n1", "k").isEmpty()).isTrue();

    // and level one stays available on both sides
    assertThat(cluster.put("n1", "k", "v", LEVEL_ONE).isOk()).isTrue();
    assertThat(cluster.put("n2", "k", "w", LEVEL_QUORUM).isOk()).isTrue();
  }

  @Test
  void aLostStreamCountsAtOnceAndAnOpenedOneEndsIt() {
    TestCluster cluster = TestCluster.of(3);
    TestReplica n1 = cluster.replica("n1");
    for (String peer : new String[] {"n2", "n3"}) {
      n1.step(k -> k.peerLink(peer, false, cluster.nowNanos(), cluster.nowMillis()));
    }
    assertThat(cluster.put("n1", "k", "v", LEVEL_QUORUM).error().getCode()).isEqualTo("NO_QUORUM");

    n1.step(k -> k.peerLink("n2", true, cluster.nowNanos(), cluster.nowMillis()));
    assertThat(cluster.put("n1", "k", "v", LEVEL_QUORUM).isOk()).isTrue();
  }

  @Test
  @DisplayName("that got too few confirmations is UNKNOWN, and surfaces after the heal")
  void unknownWriteSurfacesLater() {
    // given: the cut is so fresh that nobody knows of it
    TestCluster cluster = TestCluster.of(3);
    cluster.partition("n1|n2,n3");
    Call call = cluster.put("n1", "k", "v", LEVEL_QUORUM);
    assertThat(call.isAnswered()).isFalse();

    // when
    cluster.advance(TestCluster.TIMEOUT_MILLIS);

    // then
    assertThat(call.error().getOutcome()).isEqualTo(Outcome.OUTCOME_UNKNOWN);
    assertThat(call.error().getReceipt().getAckedList()).containsExactly("n1");
    assertThat(call.error().getReceipt().getMissingList()).containsExactly("n2", "n3");
    assertThat(call.error().getMessage()).contains("may surface later");

    // and after the heal it is everywhere, without a read
    cluster.heal();
    cluster.advance(1_500);
    assertThat(cluster.held("n3", "k")).isEqualTo(cluster.held("n1", "k"));
    assertThat(cluster.get("n3", "k", LEVEL_ONE).values()).containsExactly("v");
  }

  @Test
  void aMessageThatWasLostIsSentAgainBeforeTheDeadline() {
    TestCluster cluster = TestCluster.of(3);
    cluster.lose(e -> e.message().hasReplicate());
    Call call = cluster.put("n1", "k", "v", LEVEL_ALL);
    assertThat(call.isAnswered()).isFalse();

    cluster.heal();
    cluster.advance(310);

    assertThat(call.receipt().getAckedList()).containsExactly("n1", "n2", "n3");
  }

  @Test
  @DisplayName("takes the clock of a replica for its confirmation")
  void aClockThatContainsTheDotConfirms() {
    TestCluster cluster = TestCluster.of(3);
    cluster.lose(e -> e.message().hasReplicateAck());
    Call call = cluster.put("n1", "k", "v", LEVEL_ALL);

    cluster.advance(600);

    assertThat(call.isOk()).isTrue();
  }

  @Test
  void aClockWhoseDotsAreNotOnDiskYetConfirmsNothing() {
    TestCluster cluster = TestCluster.of(3);
    cluster.stopDisk("n2");
    Call call = cluster.put("n1", "k", "v", LEVEL_ALL);

    cluster.advance(600);
    assertThat(call.isAnswered()).isFalse();

    cluster.startDisk("n2");
    cluster.settle();
    assertThat(call.isOk()).isTrue();
  }

  @Test
  @DisplayName("gives no context of a write that its disk may still forget")
  void unknownWhileTheOwnDiskIsBusy() {
    TestCluster cluster = TestCluster.of(3);
    cluster.stopDisk("n1");
    Call call = cluster.put("n1", "k", "v", LEVEL_ONE);

    cluster.advance(TestCluster.TIMEOUT_MILLIS);

    assertThat(call.error().getOutcome()).isEqualTo(Outcome.OUTCOME_UNKNOWN);
    Receipt receipt = call.error().getReceipt();
    assertThat(receipt.getContext()).isEmpty();
    assertThat(receipt.getVersion()).isEmpty();
    assertThat(receipt.getSiblingsList()).isEmpty();
    assertThat(receipt.getMissingList()).containsExactly("n1", "n2", "n3");
  }

  @Test
  @DisplayName("takes no confirmation of its earlier life for one of this life")
  void lateAckOfAnEarlierRun() {
    // given: n2 confirmed a write, and the confirmation was long under way
    TestCluster cluster = TestCluster.of(2);
    cluster.put("n1", "a", "v", LEVEL_ALL);
    var late = cluster.delivered(MessageCase.REPLICATE_ACK).get(0);

    // when: n1 was restarted since, and writes what does not reach n2
    cluster.replica("n1").crash();
    cluster.replica("n1").start();
    cluster.partition("n1|n2");
    Call call = cluster.put("n1", "b", "v", LEVEL_ALL);
    cluster.heal();
    cluster.deliverAgain(late);

    // then
    assertThat(call.isAnswered()).isFalse();
  }

  @Test
  @DisplayName("answers a retry from what is stored, and writes nothing twice")
  void aRetryWritesNothingNew() {
    // given: the answer was lost on the way to the client
    TestCluster cluster = TestCluster.of(3);
    String version = cluster.put("n1", "k", "v", LEVEL_QUORUM, OPERATION).receipt().getVersion();

    // when: the client asks again, here and elsewhere
    Receipt again = cluster.put("n1", "k", "v", LEVEL_QUORUM, OPERATION).receipt();
    Receipt elsewhere = cluster.put("n2", "k", "v", LEVEL_ALL, OPERATION).receipt();

    // then
    assertThat(again.getVersion()).isEqualTo(version);
    assertThat(elsewhere.getVersion()).isEqualTo(version);
    assertThat(elsewhere.getAckedCount()).isEqualTo(3);
    assertThat(cluster.replica("n2").tables().dots()).hasSize(1);
  }

  @Test
  @DisplayName("shows an operation once that two coordinators took on both sides of a split")
  void oneOperationTakenByTwoCoordinators() {
    // given: the first attempt reached n1 only, the retry went to the other side
    TestCluster cluster = TestCluster.of(3);
    cluster.partition("n1|n2,n3");
    cluster.put("n1", "k", "v", LEVEL_ONE, OPERATION);
    cluster.put("n2", "k", "v", LEVEL_ONE, OPERATION);

    // when
    cluster.heal();
    cluster.advance(1_500);

    // then: both dots are stored, one is shown
    assertThat(cluster.held("n3", "k").siblings()).hasSize(2);
    Receipt read = cluster.get("n3", "k", LEVEL_QUORUM).receipt();
    assertThat(read.getSiblingsCount()).isEqualTo(1);
    assertThat(read.getVersion()).isEqualTo("n1.a0:1");
    assertThat(read.getValue().toStringUtf8()).isEqualTo("v");

    // and the next write on that context removes both
    cluster.put("n3", "k", "next", LEVEL_ALL, read.getContext());
    assertThat(cluster.held("n1", "k").siblings()).hasSize(1);
  }

  @Test
  void refusesLevelsOfTheOtherModeAndConditionsAndNamesWhatIsRight() {
    TestCluster cluster = TestCluster.of(3);

    Call cp = cluster.put("n1", "k", "v", LEVEL_LINEARIZABLE);
    assertThat(cp.error().getCode()).isEqualTo("WRONG_LEVEL");
    assertThat(cp.error().getOutcome()).isEqualTo(Outcome.OUTCOME_FAILED);
    assertThat(cp.error().getMessage()).contains("one, quorum, all");

    Call absent =
        cluster.put("n1", TestCluster.putOf("k", "v", LEVEL_ONE).setIfAbsent(true).build());
    assertThat(absent.error().getCode()).isEqualTo("WRONG_LEVEL");
    assertThat(absent.error().getHint()).contains("context");

    Call version =
        cluster.delete(
            "n1",
            DeleteRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8("k"))
                .setIfVersion(3)
                .build());
    assertThat(version.error().getCode()).isEqualTo("WRONG_LEVEL");
    assertThat(cluster.held("n1", "k").isEmpty()).isTrue();
  }

  @Test
  void refusesAWriteLevelBelowTheKeyspacesSmallest() {
    TestCluster cluster = TestCluster.of(3, LEVEL_QUORUM, QuorumConfig.Limits.DEFAULT);

    Call call = cluster.put("n1", "k", "v", LEVEL_ONE);

    assertThat(call.error().getCode()).isEqualTo("WRONG_LEVEL");
    assertThat(call.error().getMessage()).contains("quorum, all").contains("--min-writes quorum");
    assertThat(cluster.get("n1", "k", LEVEL_ONE).isOk()).isTrue();
  }

  @Test
  void writesAtTheSmallestLevelWhereThatIsAllAndNoneIsNamed() {
    TestCluster cluster = TestCluster.of(3, LEVEL_ALL, QuorumConfig.Limits.DEFAULT);

    Receipt receipt = cluster.put("n1", "k", "v", LEVEL_UNSPECIFIED).receipt();

    assertThat(receipt.getLevel()).isEqualTo(LEVEL_ALL);
    assertThat(receipt.getAckedCount()).isEqualTo(3);
  }

  @Test
  void refusesRequestsThatAreMeantForAnotherKeyspaceOrEpoch() {
    TestCluster cluster = TestCluster.of(3);
    var put = TestCluster.putOf("k", "v", LEVEL_ONE);

    Call id = cluster.put("n1", put.setKeyspace(KeyspaceRef.newBuilder().setId(8)).build());
    Call epoch = cluster.put("n1", put.setKeyspace(KeyspaceRef.newBuilder().setEpoch(2)).build());

    assertThat(id.error().getCode()).isEqualTo("UNKNOWN_KEYSPACE");
    assertThat(epoch.error().getCode()).isEqualTo("WRONG_EPOCH");
  }

  @Test
  void refusesMoreThanItsBoundOfOpenCallsAndServesAgainWhenTheyAreAnswered() {
    var limits =
        new QuorumConfig.Limits(2, 2, 1 << 20, 10, 10, 1 << 20, 100, 100, 1 << 20, 100, 50, 1_000);
    TestCluster cluster = TestCluster.of(3, LEVEL_ONE, limits);
    cluster.stopDisk("n1");
    cluster.put("n1", "a", "v", LEVEL_ONE);
    cluster.put("n1", "b", "v", LEVEL_ONE);

    Call third = cluster.put("n1", "c", "v", LEVEL_ONE);
    assertThat(third.error().getCode()).isEqualTo("RESOURCE_EXHAUSTED");
    assertThat(third.error().getOutcome()).isEqualTo(Outcome.OUTCOME_FAILED);

    cluster.startDisk("n1");
    assertThat(cluster.put("n1", "c", "v", LEVEL_ONE).isOk()).isTrue();
  }

  @Test
  void refusesToLetSiblingsGrowWithoutEnd() {
    // given: clients that all write on a context that has seen nothing
    var limits =
        new QuorumConfig.Limits(9, 9, 1_000, 10, 10, 1 << 20, 100, 100, 1 << 20, 100, 50, 1_000);
    TestCluster cluster = TestCluster.of(1, LEVEL_ONE, limits);
    ByteString nothingSeen = cluster.get("n1", "k", LEVEL_ONE).receipt().getContext();
    String large = "x".repeat(400);
    cluster.put("n1", "k", large, LEVEL_ONE, nothingSeen);
    cluster.put("n1", "k", large, LEVEL_ONE, nothingSeen);

    // when
    Call third = cluster.put("n1", "k", large, LEVEL_ONE, nothingSeen);

    // then
    assertThat(third.error().getCode()).isEqualTo("TOO_MANY_SIBLINGS");
    assertThat(cluster.held("n1", "k").siblings()).hasSize(2);
    assertThat(cluster.put("n1", "k", large, LEVEL_ONE).isOk()).isTrue();
  }

  @Test
  void answersOpenWritesWithUnknownWhenTheKeyspaceIsDropped() {
    TestCluster cluster = TestCluster.of(3);
    cluster.partition("n1|n2,n3");
    Call write = cluster.put("n1", "k", "v", LEVEL_QUORUM);
    Call read = cluster.get("n1", "k", LEVEL_QUORUM);

    cluster.replica("n1").keyspace().close("UNKNOWN_KEYSPACE", "keyspace feed was dropped");

    assertThat(write.error().getOutcome()).isEqualTo(Outcome.OUTCOME_UNKNOWN);
    assertThat(write.error().getCode()).isEqualTo("UNKNOWN_KEYSPACE");
    assertThat(read.error().getOutcome()).isEqualTo(Outcome.OUTCOME_FAILED);
  }

  @Test
  void writesTheClockOnceABatchHoweverManyWritesItHas() {
    TestCluster cluster = TestCluster.of(1);
    TestReplica n1 = cluster.replica("n1");
    int before = n1.tables().clockWrites();

    n1.step(
        k -> {
          for (int i = 0; i < 10; i++) {
            k.put(
                n1.open(new Call()),
                TestCluster.putOf("k" + i, "v", LEVEL_ONE).build(),
                Long.MAX_VALUE / 2,
                cluster.nowNanos(),
                cluster.nowMillis());
          }
        });
    n1.step(k -> {});

    assertThat(n1.tables().clockWrites() - before).isEqualTo(1);
    assertThat(n1.tables().readClock().contains(new Dot(n1.actor(), 10))).isTrue();
  }

  @Test
  void oneReplicaAloneIsAQuorumOfItself() {
    TestCluster cluster = TestCluster.of(1);

    assertThat(cluster.put("n1", "k", "v", LEVEL_ALL).receipt().getAckedList())
        .containsExactly("n1");
    assertThat(cluster.get("n1", "k", LEVEL_QUORUM).values()).containsExactly("v");
    assertThat(cluster.delivered(MessageCase.REPLICATE)).isEmpty();
  }
}
