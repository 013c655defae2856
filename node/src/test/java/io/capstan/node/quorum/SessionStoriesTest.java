package io.capstan.node.quorum;

import static io.capstan.proto.store.v1.Level.LEVEL_ALL;
import static io.capstan.proto.store.v1.Level.LEVEL_ONE;
import static io.capstan.proto.store.v1.Level.LEVEL_QUORUM;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.capstan.node.version.Dot;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.SessionClaim;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.Receipt;
import io.capstan.proto.v1.ScanRequest;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A session at level one")
class SessionStoriesTest {

  private static SessionClaim claim(Receipt receipt, long waitMillis) {
    return SessionClaim.newBuilder()
        .addAllDots(receipt.getSeenList())
        .setEpoch(receipt.getEpoch())
        .setWaitMillis(waitMillis)
        .build();
  }

  private static GetRequest get(String key, Level level, SessionClaim claim) {
    return GetRequest.newBuilder()
        .setKey(ByteString.copyFromUtf8(key))
        .setLevel(level)
        .setAtLeast(claim)
        .build();
  }

  @Test
  @DisplayName("read-your-writes lost on failover: the next coordinator fetches what it lacks")
  void readYourWritesOnFailover() {
    // given: n1 acknowledges, and nothing of it reaches anybody yet
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n2", "k", "before", LEVEL_ALL);
    cluster.lose(e -> e.message().hasReplicate());
    Receipt mine = cluster.put("n1", "k", "mine", LEVEL_ONE).receipt();
    assertThat(cluster.get("n2", "k", LEVEL_ONE).values()).containsExactly("before");

    // when: the client fails over to n2
    Call read = cluster.get("n2", get("k", LEVEL_ONE, claim(mine, 0)));

    // then: n2 asks around, and keeps what it found
    assertThat(read.values()).containsExactly("mine");
    assertThat(read.receipt().getAckedList()).contains("n1");
    assertThat(cluster.held("n2", "k")).isEqualTo(cluster.held("n1", "k"));
  }

  @Test
  @DisplayName("read-your-writes lost on failover: refused where nobody reachable has the write")
  void refusesAcrossASplit() {
    // given
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n2", "k", "before", LEVEL_ALL);
    cluster.partition("n1|n2,n3");
    Receipt mine = cluster.put("n1", "k", "mine", LEVEL_ONE).receipt();

    // when: no patience at all
    Call read = cluster.get("n2", get("k", LEVEL_ONE, claim(mine, 0)));
    cluster.advance(300);

    // then: one reminder later at the latest it says so, and what is to blame
    assertThat(read.error().getCode()).isEqualTo("SESSION_NOT_MET");
    assertThat(read.error().getOutcome()).isEqualTo(Outcome.OUTCOME_FAILED);
    assertThat(read.error().getMessage()).contains("n1.a0:1").contains("no answer from n1");
    assertThat(read.error().getReceipt().getMissingList()).containsExactly("n1");
    assertThat(cluster.get("n2", "k", LEVEL_ONE).values()).containsExactly("before");
  }

  @Test
  void refusesAtOnceWhereTheReplicaIsKnownToBeAway() {
    TestCluster cluster = TestCluster.of(3);
    Receipt mine = whatOnlyN1Holds(cluster);
    cluster.replica("n1").crash();
    cluster.advance(2_000);

    Call read = cluster.get("n2", get("k", LEVEL_ONE, claim(mine, 0)));

    assertThat(read.error().getCode()).isEqualTo("SESSION_NOT_MET");
  }

  private static Receipt whatOnlyN1Holds(TestCluster cluster) {
    cluster.partition("n1|n2,n3");
    Receipt receipt = cluster.put("n1", "k", "mine", LEVEL_ONE).receipt();
    cluster.heal();
    return receipt;
  }

  @Test
  void waitsAsLongAsTheCallerAllowsAndAnswersAfterTheHeal() {
    TestCluster cluster = TestCluster.of(3);
    cluster.partition("n1|n2,n3");
    Receipt mine = cluster.put("n1", "k", "mine", LEVEL_ONE).receipt();

    Call read = cluster.get("n2", get("k", LEVEL_ONE, claim(mine, 1_900)));
    cluster.advance(900);
    assertThat(read.isAnswered()).isFalse();
    cluster.heal();
    cluster.advance(300);

    assertThat(read.values()).containsExactly("mine");
  }

  @Test
  void givesUpWhenItsPatienceIsOverAndNotLater() {
    TestCluster cluster = TestCluster.of(3);
    cluster.partition("n1|n2,n3");
    Receipt mine = cluster.put("n1", "k", "mine", LEVEL_ONE).receipt();

    Call read = cluster.get("n2", get("k", LEVEL_ONE, claim(mine, 1_000)));
    cluster.advance(990);
    assertThat(read.isAnswered()).isFalse();
    cluster.advance(20);

    assertThat(read.error().getCode()).isEqualTo("SESSION_NOT_MET");
  }

  @Test
  @DisplayName("new-then-old across replicas: what was read once is never unread")
  void monotonicReads() {
    // given: the new value is on n1 and n2, not on n3
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n1", "k", "old", LEVEL_ALL);
    cluster.partition("n3|n1,n2");
    cluster.put("n1", "k", "new", LEVEL_QUORUM);
    cluster.heal();
    cluster.lose(e -> e.message().hasClockExchange() || e.message().hasMissingDots());
    Receipt first = cluster.get("n2", "k", LEVEL_ONE).receipt();

    // when: a read without the session goes back in time, one with it does not
    assertThat(cluster.get("n3", "k", LEVEL_ONE).values()).containsExactly("old");
    Call second = cluster.get("n3", get("k", LEVEL_ONE, claim(first, 0)));

    assertThat(second.values()).containsExactly("new");
  }

  @Test
  @DisplayName("a delete that was seen is not unseen")
  void monotonicReadsOfADelete() {
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n1", "k", "old", LEVEL_ALL);
    cluster.partition("n3|n1,n2");
    cluster.delete("n1", "k", LEVEL_QUORUM);
    cluster.heal();
    Receipt first = cluster.get("n2", "k", LEVEL_ONE).receipt();
    assertThat(first.getFound()).isFalse();

    Call second = cluster.get("n3", get("k", LEVEL_ONE, claim(first, 0)));

    assertThat(second.receipt().getFound()).isFalse();
  }

  @Test
  void isSatisfiedByWhateverSupersededWhatItSaw() {
    // given: n2 never held the session's write, only one that replaced it
    TestCluster cluster = TestCluster.of(3);
    cluster.partition("n2|n1,n3");
    Receipt mine = cluster.put("n1", "k", "mine", LEVEL_QUORUM).receipt();
    cluster.put("n3", "k", "later", LEVEL_QUORUM);
    cluster.heal();
    cluster.get("n3", "k", LEVEL_ALL);

    Call read = cluster.get("n2", get("k", LEVEL_ONE, claim(mine, 0)));

    assertThat(read.values()).containsExactly("later");
    assertThat(read.receipt().getAckedList()).containsExactly("n2");
  }

  @Test
  void needsNoOtherReplicaWhereTheCoordinatorHasIt() {
    TestCluster cluster = TestCluster.of(3);
    Receipt mine = cluster.put("n1", "k", "mine", LEVEL_ALL).receipt();
    cluster.forgetDelivered();

    assertThat(cluster.get("n2", get("k", LEVEL_ONE, claim(mine, 0))).isOk()).isTrue();

    assertThat(cluster.delivered(io.capstan.proto.peer.v1.QuorumMessage.MessageCase.READ_REQUEST))
        .isEmpty();
  }

  @Test
  @DisplayName(
      "a floor is met by a clock that is whole up to there, not by one that reaches so far")
  void floorNeedsAWholeClock() {
    // given: n2 has n1's second write (of another key) and lacks the first
    TestCluster cluster = TestCluster.of(3);
    cluster.lose(e -> !e.message().hasReadRequest() && !e.message().hasReadResponse());
    cluster.put("n1", "k", "first", LEVEL_ONE);
    cluster.heal();
    cluster.put("n1", "other", "second", LEVEL_ALL);
    Dot second = new Dot(cluster.replica("n1").actor(), 2);
    SessionClaim floor = SessionClaim.newBuilder().addFloor(second.toProto()).build();

    assertThat(cluster.held("n2", "k").siblings()).isEmpty();

    // when: the session wrote "k" once and remembers only "everything of n1 up to 2"
    Call read = cluster.get("n2", get("k", LEVEL_ONE, floor));

    // then: n2's own clock reaches 2, but with a gap; n1's answer tells all that its clock says
    assertThat(read.values()).containsExactly("first");
  }

  @Test
  @DisplayName("a scan shows what the session has seen, or refuses")
  void scans() {
    // given
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n1", "a", "1", LEVEL_ALL);
    cluster.partition("n1|n2,n3");
    Receipt mine = cluster.put("n1", "b", "2", LEVEL_ONE).receipt();
    ScanRequest scan =
        ScanRequest.newBuilder().setLevel(LEVEL_ONE).setAtLeast(claim(mine, 0)).build();

    // when, then
    Call refused = cluster.scan("n2", scan);
    cluster.advance(310);
    assertThat(refused.error().getCode()).isEqualTo("SESSION_NOT_MET");
    cluster.heal();
    cluster.lose(e -> e.message().hasMissingDots());
    Call page = cluster.scan("n2", scan);
    assertThat(page.page().getRowsList())
        .extracting(row -> row.getKey().toStringUtf8())
        .containsExactly("a", "b");
    assertThat(page.page().getRows(1).getSeenList()).isEqualTo(mine.getSeenList());
  }

  @Test
  @DisplayName("of another cluster, or of a lost disk, is told so")
  void strangers() {
    TestCluster cluster = TestCluster.of(3);
    Dot foreign = Dot.parse("n1.dead:4");

    Call read =
        cluster.get(
            "n2",
            get("k", LEVEL_ONE, SessionClaim.newBuilder().addDots(foreign.toProto()).build()));

    assertThat(read.error().getMessage()).contains("n1.dead").contains("another cluster");
    assertThat(read.error().getHint()).contains("new session");
  }

  @Test
  void ofALaterEpochIsNotAnsweredByANodeThatHasNotAppliedIt() {
    Call read =
        TestCluster.of(3)
            .get("n2", get("k", LEVEL_ONE, SessionClaim.newBuilder().setEpoch(2).build()));

    assertThat(read.error().getCode()).isEqualTo("SESSION_NOT_MET");
    assertThat(read.error().getMessage()).contains("epoch 2");
  }
}
