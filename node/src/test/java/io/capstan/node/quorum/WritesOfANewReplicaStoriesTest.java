package io.capstan.node.quorum;

import static io.capstan.node.quorum.TestCluster.putOf;
import static io.capstan.proto.store.v1.Level.LEVEL_ALL;
import static io.capstan.proto.store.v1.Level.LEVEL_ONE;
import static io.capstan.proto.store.v1.Level.LEVEL_QUORUM;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.capstan.proto.peer.v1.QuorumMessage.MessageCase;
import io.capstan.proto.v1.Outcome;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Where the latest write wins, a write through a replica that has just come")
class WritesOfANewReplicaStoriesTest {

  private static final List<String> BEFORE = List.of("n1", "n2", "n3");
  private static final List<String> MORE = List.of("n1", "n2", "n3", "n4");

  private final TestCluster cluster = TestCluster.latestWins(3);

  private static ReplicaSet joint() {
    return new ReplicaSet(5, MORE, BEFORE, Set.of());
  }

  /** Of the three replicas only n2 learns that all of them have seen what was written so far. */
  private void onlyTheSecondLearnsThatAllHaveIt() {
    cluster.lose(
        each ->
            each.message().getMessageCase() == MessageCase.CLOCK_EXCHANGE
                && !each.to().equals("n2"));
    cluster.advance(1_500);
    cluster.heal();
  }

  private void assertSameRows(String key, String... nodes) {
    for (String node : nodes) {
      assertThat(cluster.held(node, key).siblings())
          .as(node)
          .isEqualTo(cluster.held(nodes[0], key).siblings());
      assertThat(cluster.replica(node).keyspace().disagreeing()).as(node).isEmpty();
    }
  }

  @Test
  @DisplayName("knows the deletes whose tombstones some replica has let go already")
  void knowsWhatWasDeleted() {
    // given: a client that has read k, and a later delete, by a clock that is fast, as is allowed
    ByteString read = cluster.put("n1", "k", "read", LEVEL_ALL).receipt().getContext();
    cluster.setWallAhead("n1", 30_000);
    cluster.delete("n1", "k", LEVEL_ALL);
    onlyTheSecondLearnsThatAllHaveIt();
    assertThat(cluster.held("n1", "k").siblings()).as("the tombstone").hasSize(1);
    assertThat(cluster.held("n2", "k").siblings()).isEmpty();

    // when: n4 comes, and before it has taken anything over the client writes through it
    cluster.lose(each -> each.message().getMessageCase() == MessageCase.TAKEOVER_PAGE);
    cluster.configure(joint(), "n1", "n2", "n3", "n4");
    Call write = cluster.put("n4", putOf("k", "late", LEVEL_QUORUM).setContext(read).build());

    // then: all come to the same, whether they held the tombstone still or not
    assertThat(write.receipt().getOutcome()).isEqualTo(Outcome.OUTCOME_OK);
    assertSameRows("k", "n1", "n2", "n3", "n4");
    cluster.heal();
    cluster.advance(3_000);
    assertSameRows("k", "n1", "n2", "n3", "n4");
  }

  @Test
  @DisplayName("does not meet a tombstone that is let go by who has yet to hear of it")
  void isWaitedForByWhoeverHeardOfIt() {
    // given: n4 has come, as n1 and n3 know and n2 does not; it has looked at k, and its write of k
    // waits for its disk
    ByteString read = cluster.put("n1", "k", "read", LEVEL_ALL).receipt().getContext();
    cluster.lose(each -> each.message().getMessageCase() == MessageCase.TAKEOVER_PAGE);
    cluster.configure(joint(), "n1", "n3", "n4");
    cluster.stopDisk("n4");
    Call write = cluster.put("n4", putOf("k", "late", LEVEL_ONE).setContext(read).build());
    assertThat(cluster.replica("n4").hasUnsynced()).isTrue();

    // when: n2 deletes k, by a clock that is fast, and hears that all whom it knows have that
    cluster.setWallAhead("n2", 30_000);
    cluster.delete("n2", "k", LEVEL_ONE);
    cluster.lose(
        each ->
            each.to().equals("n4") && each.message().getMessageCase() != MessageCase.REPLICATE_ACK);
    cluster.advance(1_500);
    cluster.configure(joint(), "n2");
    cluster.startDisk("n4");
    cluster.settle();

    // then: it has waited for n4 all the same
    assertThat(write.receipt().getOutcome()).isEqualTo(Outcome.OUTCOME_OK);
    cluster.heal();
    cluster.advance(3_000);
    assertSameRows("k", "n1", "n2", "n3", "n4");
  }

  @Test
  @DisplayName("is refused while no replica can be asked what was deleted, and nothing is written")
  void refusedWhileNobodyCanBeAsked() {
    cluster.put("n1", "k", "v", LEVEL_ALL);
    cluster.lose(each -> each.message().getMessageCase() == MessageCase.TAKEOVER_PAGE);
    cluster.configure(joint(), "n1", "n2", "n3", "n4");
    cluster.partition("n4|n1,n2,n3");

    Call early = cluster.put("n4", "k", "w", LEVEL_ONE);
    cluster.advance(TestCluster.TIMEOUT_MILLIS + 10);
    Call late = cluster.put("n4", "k", "w", LEVEL_ONE);

    for (Call call : List.of(early, late)) {
      assertThat(call.error().getOutcome()).isEqualTo(Outcome.OUTCOME_FAILED);
    }
    assertThat(late.error().getMessage()).contains("n4", "begins anew").contains("n1, n2, n3");
    assertThat(cluster.replica("n4").tables().rows()).isEmpty();
  }
}
