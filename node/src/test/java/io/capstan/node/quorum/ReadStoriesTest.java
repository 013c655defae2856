package io.capstan.node.quorum;

import static io.capstan.proto.store.v1.Level.LEVEL_ALL;
import static io.capstan.proto.store.v1.Level.LEVEL_ONE;
import static io.capstan.proto.store.v1.Level.LEVEL_QUORUM;
import static io.capstan.proto.store.v1.Level.LEVEL_STALE;
import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.proto.peer.v1.QuorumMessage.MessageCase;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.Receipt;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A coordinator that reads")
class ReadStoriesTest {

  @Test
  void atLevelOneAnswersWhatItHoldsAndAsksNobody() {
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n1", "k", "v", LEVEL_ALL);
    cluster.forgetDelivered();

    Receipt receipt = cluster.get("n2", "k", LEVEL_ONE).receipt();

    assertThat(receipt.getValue().toStringUtf8()).isEqualTo("v");
    assertThat(receipt.getVersion()).isEqualTo("n1.a0:1");
    assertThat(receipt.getAckedList()).containsExactly("n2");
    assertThat(cluster.delivered(MessageCase.READ_REQUEST)).isEmpty();
  }

  @Test
  void doesNotRevealWhatIsNotYetOnItsDisk() {
    TestCluster cluster = TestCluster.of(3);
    cluster.stopDisk("n1");
    cluster.put("n1", "k", "v", LEVEL_ONE);

    Call read = cluster.get("n1", "k", LEVEL_ONE);
    assertThat(read.isAnswered()).isFalse();

    cluster.startDisk("n1");
    assertThat(read.values()).containsExactly("v");
  }

  @Test
  void isToldByNobodyWhatIsNotYetOnTheirDisk() {
    TestCluster cluster = TestCluster.of(3);
    cluster.stopDisk("n1");
    cluster.put("n1", "k", "v", LEVEL_ONE);

    Call read = cluster.get("n2", "k", LEVEL_ALL);
    assertThat(read.isAnswered()).isFalse();

    cluster.startDisk("n1");
    cluster.settle();
    assertThat(read.values()).containsExactly("v");
  }

  @Test
  void doesNotCountItselfBeforeItsOwnRepairIsOnDisk() {
    // given: only n2 has the value, n3 is away
    TestCluster cluster = TestCluster.of(3);
    cluster.partition("n2|n1,n3");
    cluster.put("n2", "k", "v", LEVEL_ONE);
    cluster.heal();
    cluster.partition("n3|n1,n2");
    cluster.stopDisk("n1");

    Call read = cluster.get("n1", "k", LEVEL_QUORUM);
    assertThat(read.isAnswered()).isFalse();

    cluster.startDisk("n1");
    assertThat(read.values()).containsExactly("v");
  }

  @Test
  void saysNotFoundForAKeyThatWasNeverWrittenAndStillGivesAContext() {
    Receipt receipt = TestCluster.of(3).get("n1", "k", LEVEL_QUORUM).receipt();

    assertThat(receipt.getFound()).isFalse();
    assertThat(receipt.hasValue()).isFalse();
    assertThat(receipt.getSiblingsList()).isEmpty();
    assertThat(receipt.getContext()).isNotEmpty();
  }

  @Test
  @DisplayName("shows the values of both sides of a split, and no single one")
  void siblingsOnBothSidesOfASplit() {
    // given
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n1", "k", "before", LEVEL_ALL);
    cluster.partition("n1|n2,n3");
    cluster.put("n1", "k", "left", LEVEL_ONE);
    cluster.put("n2", "k", "right", LEVEL_QUORUM);

    // when
    cluster.heal();
    cluster.advance(1_500);

    // then: the same everywhere, without anybody having read
    assertThat(cluster.held("n1", "k")).isEqualTo(cluster.held("n2", "k"));
    assertThat(cluster.held("n1", "k")).isEqualTo(cluster.held("n3", "k"));
    Receipt receipt = cluster.get("n3", "k", LEVEL_ONE).receipt();
    assertThat(receipt.getFound()).isTrue();
    assertThat(receipt.hasValue()).isFalse();
    assertThat(cluster.get("n3", "k", LEVEL_ONE).values()).containsExactly("left", "right");
  }

  @Test
  @DisplayName("shows a delete beside a concurrent put, as long as not every replica has both")
  void showsADeleteBesideAConcurrentPut() {
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n1", "k", "before", LEVEL_ALL);
    cluster.partition("n1|n2,n3");
    cluster.delete("n1", "k", LEVEL_ONE);
    cluster.put("n2", "k", "kept", LEVEL_QUORUM);
    cluster.heal();

    Receipt receipt = cluster.get("n1", "k", LEVEL_ALL).receipt();

    assertThat(receipt.getFound()).isTrue();
    assertThat(receipt.hasValue()).isFalse();
    assertThat(cluster.get("n1", "k", LEVEL_ALL).values()).containsExactly("deleted", "kept");
  }

  @Test
  @DisplayName("repairs before it answers, so that no later read at quorum goes back in time")
  void repairsBeforeAnswering() {
    // given: a write that reached n1 only, and is UNKNOWN to its client
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n2", "k", "old", LEVEL_ALL);
    cluster.lose(e -> e.message().hasReplicate() || e.message().hasMissingDots());
    cluster.put("n1", "k", "new", LEVEL_QUORUM);

    // when: a read meets n1, but what it read cannot be given to a second replica
    Call read = cluster.get("n1", "k", LEVEL_QUORUM);

    // then: it does not answer before it can
    assertThat(read.isAnswered()).isFalse();
    cluster.heal();
    cluster.advance(310);
    assertThat(read.values()).containsExactly("new");
    cluster.replica("n1").crash();
    assertThat(cluster.get("n2", "k", LEVEL_QUORUM).values()).containsExactly("new");
  }

  @Test
  void countsNoReplicaWhoseRepairIsNotOnDisk() {
    TestCluster cluster = TestCluster.of(3);
    cluster.partition("n3|n1,n2");
    cluster.cut("n1", "n2");
    cluster.put("n1", "k", "v", LEVEL_ONE);
    cluster.heal();
    cluster.partition("n3|n1,n2");
    cluster.stopDisk("n2");

    Call read = cluster.get("n1", "k", LEVEL_QUORUM);
    assertThat(read.isAnswered()).isFalse();

    cluster.startDisk("n2");
    cluster.settle();
    assertThat(read.receipt().getAckedList()).containsExactly("n1", "n2");
    assertThat(read.values()).containsExactly("v");
  }

  @Test
  void repairsItselfWhenTheOthersKnowMore() {
    TestCluster cluster = TestCluster.of(3);
    cluster.partition("n1|n2,n3");
    cluster.put("n2", "k", "v", LEVEL_QUORUM);
    cluster.heal();

    assertThat(cluster.get("n1", "k", LEVEL_QUORUM).values()).containsExactly("v");
    assertThat(cluster.get("n1", "k", LEVEL_ONE).values()).containsExactly("v");
  }

  @Test
  void repairsAReplicaThatAnswersLateInTheBackground() {
    // given: n3 lacks the value, and its answer comes last
    TestCluster cluster = TestCluster.of(3);
    cluster.partition("n3|n1,n2");
    cluster.put("n1", "k", "v", LEVEL_QUORUM);
    cluster.heal();

    // when
    Call read = cluster.get("n1", "k", LEVEL_QUORUM);

    // then
    assertThat(read.isOk()).isTrue();
    assertThat(read.receipt().getMissingList()).containsExactly("n3");
    assertThat(cluster.held("n3", "k")).isEqualTo(cluster.held("n1", "k"));
  }

  @Test
  void failsAtTheDeadlineBecauseAReadHasNoEffect() {
    TestCluster cluster = TestCluster.of(3);
    cluster.partition("n1|n2,n3");
    Call read = cluster.get("n1", "k", LEVEL_QUORUM);

    cluster.advance(TestCluster.TIMEOUT_MILLIS);

    assertThat(read.error().getCode()).isEqualTo("NO_QUORUM");
    assertThat(read.error().getOutcome()).isEqualTo(Outcome.OUTCOME_FAILED);
    assertThat(read.error().getReceipt().getAckedList()).containsExactly("n1");
    assertThat(read.error().getHint()).contains("level one");
  }

  @Test
  void refusesLevelsOfCpKeyspaces() {
    Call read = TestCluster.of(3).get("n1", "k", LEVEL_STALE);

    assertThat(read.error().getCode()).isEqualTo("WRONG_LEVEL");
    assertThat(read.error().getHint()).contains("one, quorum, all");
  }

  @Test
  void refusesAtOnceWhenAllIsAskedAndOneReplicaIsKnownToBeSilent() {
    TestCluster cluster = TestCluster.of(3);
    cluster.replica("n3").crash();
    cluster.advance(2_500);

    assertThat(cluster.get("n1", "k", LEVEL_ALL).error().getMessage()).contains("n3");
    assertThat(cluster.get("n1", "k", LEVEL_QUORUM).isOk()).isTrue();
  }
}
