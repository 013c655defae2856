package io.capstan.node.quorum;

import static io.capstan.node.quorum.TestCluster.putOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.proto.peer.v1.QuorumMessage.MessageCase;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.v1.Outcome;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("When replicas change")
class MembershipStoriesTest {

  private static final List<String> BEFORE = List.of("n1", "n2", "n3");

  private static ReplicaSet joint(List<String> after) {
    return new ReplicaSet(5, after, BEFORE, Set.of());
  }

  private static ReplicaSet jointWithoutWaitingFor(String lost, List<String> after) {
    return new ReplicaSet(5, after, BEFORE, Set.of(lost));
  }

  private static ReplicaSet only(List<String> replicas) {
    return new ReplicaSet(6, replicas, List.of(), Set.of());
  }

  private static final List<String> REPLACED = List.of("n1", "n2", "n4");

  @Test
  @DisplayName(
      "a write is confirmed by both sets, and whoever comes is asked for the open ones too")
  void writesMeetBothSets() {
    TestCluster cluster = TestCluster.of(3);
    cluster.partition("n1|n2,n3");
    Call write = cluster.put("n1", "k", "v", Level.LEVEL_QUORUM);
    assertThat(write.isAnswered()).isFalse();

    cluster.configure(joint(REPLACED), "n1", "n2", "n3", "n4");
    assertThat(write.isAnswered()).as("n1 and n4 are no two of those of before").isFalse();
    cluster.heal();
    cluster.advance(1_000);

    assertThat(write.receipt().getOutcome()).isEqualTo(Outcome.OUTCOME_OK);
    assertThat(write.receipt().getAckedList()).contains("n1").containsAnyOf("n2", "n3");
  }

  @Test
  @DisplayName("a leaving replica alone confirms nothing any more")
  void leavingReplicaAlone() {
    TestCluster cluster = TestCluster.of(3);
    cluster.configure(joint(List.of("n1", "n2")), "n1", "n2", "n3");
    cluster.partition("n3|n1,n2");

    Call write = cluster.put("n3", "k", "v", Level.LEVEL_ONE);
    cluster.advance(TestCluster.TIMEOUT_MILLIS + 10);

    assertThat(write.isOk()).as("n3 alone is one of before and none of those to come").isFalse();
  }

  @Test
  @DisplayName("a coordinator that knows the old set only does not count who knows a later one")
  void coordinatorThatLags() {
    TestCluster cluster = TestCluster.of(3, Level.LEVEL_QUORUM, QuorumConfig.Limits.DEFAULT);
    cluster.configure(joint(REPLACED), "n1", "n2", "n4");

    Call write = cluster.put("n3", "k", "v", Level.LEVEL_QUORUM);
    Call read = cluster.get("n3", "k", Level.LEVEL_QUORUM);
    cluster.advance(500);
    assertThat(write.isAnswered()).as("n1 may have been taken over by n4 already").isFalse();
    assertThat(read.isAnswered()).isFalse();

    cluster.configure(joint(REPLACED), "n3");
    cluster.advance(500);
    assertThat(write.receipt().getOutcome()).isEqualTo(Outcome.OUTCOME_OK);
    assertThat(read.receipt().getValue().toStringUtf8()).isEqualTo("v");
  }

  @Test
  @DisplayName("a replica that comes takes over those only that know of the change")
  void takesOverWhoKnows() {
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n3", "before", "v", Level.LEVEL_ONE);
    cluster.configure(joint(REPLACED), "n1", "n2", "n4");
    cluster.advance(5_000);
    assertThat(cluster.replica("n4").keyspace().rebuildsFrom()).containsExactly("n3");

    // What n3 confirms until it knows, it confirms alone.
    cluster.partition("n3|n1,n2,n4");
    Call late = cluster.put("n3", "late", "v", Level.LEVEL_ONE);
    assertThat(late.receipt().getOutcome()).isEqualTo(Outcome.OUTCOME_OK);
    cluster.heal();
    cluster.configure(joint(REPLACED), "n3");
    cluster.advance(5_000);

    assertThat(cluster.replica("n4").keyspace().isRebuilding()).isFalse();
    assertThat(cluster.held("n4", "late").hasValue()).isTrue();
    assertThat(cluster.replica("n1").keyspace().changeWaitsFor()).isEmpty();
  }

  @Test
  @DisplayName("a replica that comes counts in no quorum of reads before it has taken over")
  void noStaleReadThroughTheNewReplica() {
    TestCluster cluster = TestCluster.of(3);
    cluster.partition("n1,n3|n2");
    cluster.put("n1", "k", "new", Level.LEVEL_QUORUM);
    cluster.heal();
    cluster.lose(e -> e.message().hasTakeoverPage() || e.message().hasMissingDots());
    cluster.partition("n1|n2,n3,n4");
    cluster.configure(joint(REPLACED), "n1", "n2", "n3", "n4");
    cluster.cut("n3", "n4");
    cluster.cut("n3", "n2");

    Call read = cluster.get("n2", "k", Level.LEVEL_QUORUM);
    cluster.advance(TestCluster.TIMEOUT_MILLIS + 10);

    assertThat(read.isOk()).as("n2 and n4 would have answered that there is nothing").isFalse();
  }

  @Test
  @DisplayName("the old set is not left before the new replica holds what one alone confirmed")
  void waitsForTakeover() {
    TestCluster cluster = TestCluster.of(3);
    cluster.partition("n3|n1,n2");
    cluster.put("n3", "alone", "v", Level.LEVEL_ONE);
    cluster.configure(joint(REPLACED), "n1", "n2", "n3", "n4");
    cluster.cut("n3", "n4");
    cluster.cut("n4", "n3");
    cluster.advance(3_000);

    assertThat(cluster.replica("n1").keyspace().changeWaitsFor())
        .anySatisfy(each -> assertThat(each).contains("n4").contains("n3"))
        .anySatisfy(each -> assertThat(each).contains("n3 leaves").contains("cannot be reached"));
    cluster.heal();
    cluster.advance(5_000);
    assertThat(cluster.replica("n1").keyspace().changeWaitsFor()).isEmpty();

    cluster.replica("n3").crash();
    cluster.configure(only(REPLACED), "n1", "n2", "n4");
    Call read = cluster.get("n1", "alone", Level.LEVEL_QUORUM);
    assertThat(read.receipt().getValue().toStringUtf8()).isEqualTo("v");
  }

  @Test
  @DisplayName("one that leaves in reach hands over first what it alone has confirmed")
  void drains() {
    TestCluster cluster = TestCluster.of(3);
    cluster.partition("n3|n1,n2");
    cluster.put("n3", "alone", "v", Level.LEVEL_ONE);
    cluster.heal();
    cluster.lose(e -> e.message().hasMissingDots() || e.message().hasReplicate());
    cluster.configure(joint(List.of("n1", "n2")), "n1", "n2", "n3");
    cluster.advance(2_000);
    assertThat(cluster.replica("n1").keyspace().changeWaitsFor())
        .singleElement()
        .asString()
        .contains("of 1 writes that n3");

    cluster.heal();
    cluster.advance(2_000);
    assertThat(cluster.replica("n1").keyspace().changeWaitsFor()).isEmpty();
    assertThat(cluster.held("n2", "alone").hasValue()).isTrue();
  }

  @Test
  @DisplayName("while members change nobody waits for a coordinator to send what came just now")
  void newWritesAreHandedOverAtOnce() {
    TestCluster cluster = TestCluster.of(3);
    cluster.lose(e -> e.message().hasReplicate());
    cluster.put("n3", "alone", "v", Level.LEVEL_ONE);
    cluster.configure(joint(List.of("n1", "n2")), "n1", "n2", "n3");
    cluster.advance(250);

    assertThat(cluster.held("n1", "alone").hasValue()).isTrue();
    assertThat(cluster.replica("n1").keyspace().changeWaitsFor()).isEmpty();
  }

  @Test
  @DisplayName(
      "a dead one is waited for until its loss is accepted; no quorum write is lost with it")
  void acceptedLoss() {
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n3", "both", "v", Level.LEVEL_QUORUM);
    cluster.partition("n3|n1,n2");
    cluster.put("n3", "alone", "v", Level.LEVEL_ONE);
    cluster.replica("n3").crash();
    cluster.advance(2_000);
    assertThat(cluster.replica("n1").keyspace().isLossPossible("n3")).isTrue();
    assertThat(cluster.replica("n1").keyspace().isLossPossible("n2")).isFalse();

    cluster.configure(joint(REPLACED), "n1", "n2", "n4");
    cluster.advance(4_000);
    assertThat(cluster.replica("n4").keyspace().isRebuilding()).isTrue();
    assertThat(cluster.replica("n1").keyspace().changeWaitsFor()).isNotEmpty();

    cluster.configure(jointWithoutWaitingFor("n3", REPLACED), "n1", "n2", "n4");
    cluster.advance(4_000);
    assertThat(cluster.replica("n1").keyspace().changeWaitsFor()).isEmpty();
    cluster.configure(only(REPLACED), "n1", "n2", "n4");
    cluster.advance(1_000);
    assertThat(cluster.get("n4", "both", Level.LEVEL_QUORUM).receipt().getValue().toStringUtf8())
        .isEqualTo("v");
  }

  @Test
  @DisplayName("where every write is on a quorum, a dead one leaves without any loss to accept")
  void quorumWritesNeedNoAcceptance() {
    TestCluster cluster = TestCluster.of(3, Level.LEVEL_QUORUM, QuorumConfig.Limits.DEFAULT);
    cluster.put("n3", "k", "v", Level.LEVEL_QUORUM);
    cluster.replica("n3").crash();
    cluster.advance(2_000);
    assertThat(cluster.replica("n1").keyspace().isLossPossible("n3")).isFalse();

    cluster.configure(joint(REPLACED), "n1", "n2", "n4");
    cluster.advance(4_000);
    assertThat(cluster.replica("n1").keyspace().changeWaitsFor()).isEmpty();
  }

  @Test
  @DisplayName("two of three that confirmed a write are still a quorum when one of them leaves")
  void aQuorumStaysOne() {
    TestCluster cluster = TestCluster.of(3, Level.LEVEL_QUORUM, QuorumConfig.Limits.DEFAULT);
    cluster.partition("n1,n3|n2");
    cluster.put("n1", "k", "v", Level.LEVEL_QUORUM);
    cluster.configure(joint(List.of("n1", "n2")), "n1", "n2", "n3");
    cluster.advance(2_000);
    assertThat(cluster.replica("n1").keyspace().changeWaitsFor())
        .as("n2 has not said what it holds")
        .isNotEmpty();

    cluster.heal();
    cluster.lose(e -> e.message().hasMissingDots() || e.message().hasReplicate());
    cluster.advance(2_000);
    assertThat(cluster.replica("n1").keyspace().changeWaitsFor())
        .singleElement()
        .asString()
        .contains("a quorum with n3", "on 2 of those who stay", "is on 1; not on n2");

    cluster.heal();
    cluster.advance(2_000);
    assertThat(cluster.replica("n1").keyspace().changeWaitsFor()).isEmpty();
    assertThat(cluster.held("n2", "k").hasValue()).isTrue();
  }

  @Test
  @DisplayName("who cannot be reached holds up no change after which a quorum is still one")
  void threeOfFourStayAQuorum() {
    List<String> four = List.of("n1", "n2", "n3", "n4");
    TestCluster cluster = TestCluster.of(4, Level.LEVEL_QUORUM, QuorumConfig.Limits.DEFAULT);
    cluster.partition("n1,n3,n4|n2");
    cluster.put("n1", "k", "v", Level.LEVEL_QUORUM);
    cluster.replica("n4").crash();
    cluster.configure(
        new ReplicaSet(5, List.of("n1", "n2", "n3"), four, Set.of()), "n1", "n2", "n3");
    cluster.advance(2_000);

    assertThat(cluster.replica("n1").keyspace().changeWaitsFor()).isEmpty();
  }

  @Test
  @DisplayName("tombstones that waited for a dead replica go once it is replaced, and stay away")
  void replacedReplicaUnblocksTombstones() {
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n1", "k", "v", Level.LEVEL_ALL);
    cluster.replica("n3").crash();
    cluster.delete("n1", "k", Level.LEVEL_QUORUM);
    cluster.advance(5_000);
    assertThat(cluster.replica("n1").keyspace().tombstonesRemoved()).isZero();
    assertThat(cluster.replica("n1").keyspace().behind()).containsExactly("n3");

    cluster.configure(jointWithoutWaitingFor("n3", REPLACED), "n1", "n2", "n4");
    cluster.advance(4_000);
    cluster.configure(only(REPLACED), "n1", "n2", "n4");
    cluster.advance(4_000);

    assertThat(cluster.replica("n1").keyspace().tombstonesRemoved()).isEqualTo(1);
    assertThat(cluster.held("n4", "k").siblings()).isEmpty();
    assertThat(cluster.replica("n1").keyspace().behind()).isEmpty();
    // The dead one comes back with its disk: nobody listens to it, and nothing of it returns.
    cluster.replica("n3").start();
    cluster.advance(3_000);
    assertThat(cluster.get("n1", "k", Level.LEVEL_ALL).receipt().getFound()).isFalse();
  }

  @Test
  @DisplayName("a read that is open when they change begins again and does not mix two sets")
  void openReadsBeginAgain() {
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n1", "k", "v", Level.LEVEL_ALL);
    cluster.partition("n1|n2,n3");
    Call read = cluster.get("n1", "k", Level.LEVEL_QUORUM);
    cluster.heal();
    cluster.forgetDelivered();
    cluster.configure(joint(REPLACED), "n1", "n2", "n3", "n4");
    cluster.advance(500);

    assertThat(read.receipt().getValue().toStringUtf8()).isEqualTo("v");
    assertThat(cluster.delivered(MessageCase.READ_REQUEST)).isNotEmpty();
  }

  @Test
  @DisplayName("hints for one that has left go")
  void hintsOfTheGoneGo() {
    TestCluster cluster = TestCluster.of(3);
    cluster.partition("n3|n1,n2");
    cluster.advance(2_000);
    cluster.put("n1", putOf("k", "v", Level.LEVEL_ONE).build());
    assertThat(cluster.replica("n1").keyspace().hintsWaiting()).isEqualTo(1);

    cluster.configure(jointWithoutWaitingFor("n3", REPLACED), "n1", "n2", "n4");
    cluster.advance(4_000);
    cluster.configure(only(REPLACED), "n1", "n2", "n4");
    cluster.advance(1_000);
    assertThat(cluster.replica("n1").keyspace().hintsWaiting()).isZero();
  }
}
