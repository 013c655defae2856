package io.capstan.node.quorum;

import static io.capstan.proto.store.v1.Level.LEVEL_ALL;
import static io.capstan.proto.store.v1.Level.LEVEL_ONE;
import static io.capstan.proto.store.v1.Level.LEVEL_QUORUM;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.capstan.node.version.HybridTimestamp;
import io.capstan.node.version.Sibling;
import io.capstan.proto.peer.v1.QuorumMessage.MessageCase;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.v1.Conflict;
import io.capstan.proto.v1.KeyspaceStatus;
import io.capstan.proto.v1.ListConflictsRequest;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.ScanRequest;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Where the latest write wins, replicas")
class LastWriteWinsStoriesTest {

  private static final List<String> NODES = List.of("n1", "n2", "n3");

  private static List<String> texts(List<Conflict> conflicts) {
    return conflicts.stream().map(c -> c.getValue().toStringUtf8()).toList();
  }

  /** Every version that any of the ledgers lists, once. */
  private static List<String> listedAnywhere(TestCluster cluster) {
    return NODES.stream()
        .flatMap(node -> cluster.conflicts(node).stream())
        .map(Conflict::getVersion)
        .distinct()
        .toList();
  }

  private static Sibling only(TestCluster cluster, String node, String key) {
    List<Sibling> siblings = cluster.held(node, key).siblings();
    assertThat(siblings).as(node).hasSize(1);
    return siblings.get(0);
  }

  @Test
  @DisplayName("report a later write that loses to a fast clock")
  void laterWriteLosesToAFastClock() {
    // given: the clock of n1 is 30 s ahead, which is allowed, and n1 is cut off
    TestCluster cluster = TestCluster.latestWins(3);
    cluster.setWallAhead("n1", 30_000);
    cluster.partition("n1|n2,n3");
    String early = cluster.put("n1", "k", "early", LEVEL_ONE).receipt().getVersion();
    cluster.advance(1_000);

    // when: a write that everybody calls later meets it
    Call late = cluster.put("n2", "k", "late", LEVEL_QUORUM);
    assertThat(late.isOk()).isTrue();
    cluster.heal();
    cluster.advance(1_500);

    // then: it is gone, and the ledger says so, with its value and what it lost to
    for (String node : NODES) {
      assertThat(only(cluster, node, "k").dot()).hasToString(early);
    }
    assertThat(listedAnywhere(cluster)).containsExactly(late.receipt().getVersion());
    assertThat(cluster.conflicts("n2"))
        .singleElement()
        .satisfies(
            lost -> {
              assertThat(lost.getValue().toStringUtf8()).isEqualTo("late");
              assertThat(lost.getWinnerVersion()).isEqualTo(early);
              assertThat(lost.getKey().toStringUtf8()).isEqualTo("k");
            });
    assertThat(cluster.replica("n2").keyspace().discardedWrites()).isEqualTo(1);
  }

  @Test
  @DisplayName("refuse new writes on a node whose clock is too far ahead, and say by how much")
  void skewedCoordinatorIsRefused() {
    // given
    TestCluster cluster = TestCluster.latestWins(3);
    cluster.put("n1", "k", "before", LEVEL_ALL);
    cluster.setWallAhead("n1", 120_000);
    cluster.advance(600);

    // when
    Call put = cluster.put("n1", "k", "fast", LEVEL_ONE);
    Call delete = cluster.delete("n1", "k", LEVEL_ONE);

    // then: nothing was written, everything else goes on
    for (Call refused : List.of(put, delete)) {
      assertThat(refused.error().getCode()).isEqualTo("CLOCK_AHEAD");
      assertThat(refused.error().getOutcome()).isEqualTo(Outcome.OUTCOME_FAILED);
      assertThat(refused.error().getMessage()).contains("n1 leads that of").contains("120000 ms");
    }
    assertThat(cluster.get("n1", "k", LEVEL_QUORUM).values()).containsExactly("before");
    assertThat(cluster.put("n2", "k", "after", LEVEL_ALL).isOk()).isTrue();

    // and a clock that was set is believed at once
    cluster.setWallAhead("n1", 0);
    assertThat(cluster.put("n1", "k", "set", LEVEL_ALL).isOk()).isTrue();
  }

  @Test
  @DisplayName("say on the status page of that node alone how far its clock is ahead")
  void statusShowsAClockThatIsAhead() {
    // given
    TestCluster cluster = TestCluster.latestWins(3);
    cluster.setWallAhead("n1", 120_000);

    // when
    cluster.advance(600);

    // then
    assertThat(clockAheadMillis(cluster, "n1")).isBetween(119_000L, 121_000L);
    assertThat(clockAheadMillis(cluster, "n2")).isZero();

    // and once it is set right
    cluster.setWallAhead("n1", 0);
    cluster.advance(600);
    assertThat(clockAheadMillis(cluster, "n1")).isZero();
  }

  private static long clockAheadMillis(TestCluster cluster, String node) {
    KeyspaceStatus.Builder page = KeyspaceStatus.newBuilder();
    cluster.replica(node).keyspace().describe(page);
    return page.getClockAheadMillis();
  }

  @Test
  void keepSiblingsWithAnyClockInAnotherKeyspace() {
    TestCluster cluster = TestCluster.of(3);
    cluster.setWallAhead("n1", 120_000);
    cluster.advance(600);

    assertThat(cluster.put("n1", "k", "v", LEVEL_ALL).isOk()).isTrue();
  }

  @Test
  @DisplayName("take an acknowledged write from the future in, and do not follow its clock")
  void acknowledgedFutureMergesAndPushesNobody() {
    // given: n1 is ten minutes ahead and has heard nobody who could tell it so
    TestCluster cluster = TestCluster.latestWins(3);
    cluster.partition("n1|n2,n3");
    cluster.setWallAhead("n1", 600_000);
    assertThat(cluster.put("n1", "k", "future", LEVEL_ONE).isOk()).isTrue();

    // when
    cluster.heal();
    cluster.advance(1_500);

    // then
    for (String node : NODES) {
      assertThat(only(cluster, node, "k").value()).isEqualTo(ByteString.copyFromUtf8("future"));
    }
    cluster.put("n2", "other", "now", LEVEL_ALL);
    assertThat(only(cluster, "n3", "other").writtenAt().physicalMillis())
        .isEqualTo(cluster.nowMillis());

    // and who has read it can replace it, although nobody's clock has come so far
    HybridTimestamp future = only(cluster, "n2", "k").writtenAt();
    assertThat(cluster.put("n2", "k", "next", LEVEL_ALL).isOk()).isTrue();
    assertThat(only(cluster, "n3", "k").writtenAt()).isEqualTo(future.successor());
    assertThat(listedAnywhere(cluster)).isEmpty();
  }

  @Test
  @DisplayName("let a write win against what its client has read, wherever it is sent")
  void whatWasReadIsAlwaysEarlier() {
    // given: three writes that know nothing of each other; that of n1 is the latest
    TestCluster cluster = TestCluster.latestWins(3);
    cluster.partition("n1|n2,n3");
    cluster.partition("n2|n3");
    cluster.setWallAhead("n1", 30_000);
    cluster.put("n1", "k", "fast", LEVEL_ONE);
    cluster.setWallAhead("n2", 15_000);
    cluster.put("n2", "k", "middle", LEVEL_ONE);

    // when: a client has read that of n1 and writes to n3, which has never heard of it
    ByteString context = cluster.get("n1", "k", LEVEL_ONE).receipt().getContext();
    Call next = cluster.put("n3", "k", "next", LEVEL_ONE, context);
    cluster.heal();
    cluster.advance(1_500);

    // then: an earlier timestamp would lose to "middle" here and win there
    for (String node : NODES) {
      assertThat(only(cluster, node, "k").dot()).hasToString(next.receipt().getVersion());
    }
    assertThat(listedAnywhere(cluster))
        .as("only what was concurrent to the winner")
        .hasSize(1)
        .allMatch(version -> version.startsWith("n2."));
  }

  @Test
  @DisplayName("list a write once, however often its copies arrive")
  void aLoserIsCountedOnce() {
    // given
    TestCluster cluster = TestCluster.latestWins(3);
    cluster.partition("n3|n1,n2");
    cluster.put("n3", "k", "loser", LEVEL_ONE);
    cluster.advance(50);
    cluster.put("n1", "k", "winner", LEVEL_QUORUM);
    cluster.heal();
    cluster.advance(1_500);

    // when: every copy that was under way comes again
    List<TestCluster.Envelope> copies =
        Stream.of(MessageCase.REPLICATE, MessageCase.MISSING_DOTS)
            .flatMap(kind -> cluster.delivered(kind).stream())
            .toList();
    assertThat(copies).isNotEmpty();
    copies.forEach(cluster::deliverAgain);
    cluster.get("n2", "k", LEVEL_ALL);

    // then
    for (String node : NODES) {
      assertThat(cluster.replica(node).keyspace().discardedWrites()).as(node).isLessThan(2);
    }
    assertThat(listedAnywhere(cluster)).hasSize(1);
  }

  @Test
  void rememberTheLedgerAcrossARestart() {
    // given
    TestCluster cluster = TestCluster.latestWins(3);
    cluster.partition("n3|n1,n2");
    cluster.put("n3", "k", "loser", LEVEL_ONE);
    cluster.advance(50);
    cluster.put("n1", "k", "winner", LEVEL_QUORUM);
    cluster.heal();
    cluster.advance(1_500);
    String lister =
        NODES.stream().filter(node -> !cluster.conflicts(node).isEmpty()).findFirst().orElseThrow();
    List<Conflict> before = cluster.conflicts(lister);
    assertThat(texts(before)).containsExactly("loser");

    // when
    cluster.replica(lister).crash();
    cluster.replica(lister).start();

    // then
    assertThat(cluster.conflicts(lister)).isEqualTo(before);
    assertThat(cluster.replica(lister).keyspace().discardedWrites()).isEqualTo(1);
    String version = before.get(0).getVersion();
    assertThat(
            cluster
                .conflicts(lister, ListConflictsRequest.newBuilder().setVersion(version).build())
                .getConflictsList())
        .isEqualTo(before);
  }

  @Test
  void listNothingThatAWriteReplacedKnowingly() {
    TestCluster cluster = TestCluster.latestWins(3);
    for (int i = 0; i < 10; i++) {
      cluster.put(NODES.get(i % 3), "k", "v" + i, LEVEL_ALL);
    }
    cluster.delete("n1", "k", LEVEL_ALL);

    assertThat(listedAnywhere(cluster)).isEmpty();
    assertThat(cluster.get("n2", "k", LEVEL_QUORUM).receipt().getFound()).isFalse();
  }

  @Test
  @DisplayName("do not list an operation that its own retry replaced")
  void aRetryIsNotDiscardedAgainstItself() {
    // given: the first attempt reached n1 only
    TestCluster cluster = TestCluster.latestWins(3);
    OperationId operation = OperationId.newBuilder().setSession(9).setSequence(1).build();
    cluster.partition("n1|n2,n3");
    cluster.put("n1", "k", "v", LEVEL_ONE, operation);
    cluster.advance(50);

    // when
    cluster.put("n2", "k", "v", LEVEL_QUORUM, operation);
    cluster.heal();
    cluster.advance(1_500);

    // then
    for (String node : NODES) {
      assertThat(only(cluster, node, "k").operation()).isEqualTo(operation);
    }
    assertThat(listedAnywhere(cluster)).isEmpty();
  }

  @Test
  @DisplayName("list what a read or a scan joined away before they hand its context out")
  void readsAndScansSettleWhatTheyJoin() {
    // given: two replicas that have not met
    for (boolean scans : List.of(false, true)) {
      TestCluster cluster = TestCluster.latestWins(3);
      cluster.partition("n1|n2,n3");
      cluster.partition("n2|n3");
      cluster.put("n1", "k", "loser", LEVEL_ONE);
      cluster.advance(50);
      cluster.put("n2", "k", "winner", LEVEL_ONE);
      cluster.heal();
      cluster.cut("n1", "n3");

      // when: a client sees the winner only, and replaces what it saw
      Call read =
          scans
              ? cluster.scan("n2", ScanRequest.newBuilder().setLevel(LEVEL_ALL).build())
              : cluster.get("n2", "k", LEVEL_QUORUM);
      if (scans) {
        cluster.heal();
        cluster.advance(310);
      }
      ByteString context =
          scans ? read.page().getRows(0).getContext() : read.receipt().getContext();
      cluster.heal();
      Call next = cluster.put("n3", "k", "next", LEVEL_ALL, context);
      cluster.advance(1_500);

      // then
      for (String node : NODES) {
        assertThat(only(cluster, node, "k").dot()).hasToString(next.receipt().getVersion());
      }
      assertThat(listedAnywhere(cluster)).hasSize(1).allMatch(v -> v.startsWith("n1."));
    }
  }

  @Test
  void showOneValueWhereSiblingsWouldBeTwo() {
    // given
    TestCluster cluster = TestCluster.latestWins(3);
    cluster.partition("n1|n2,n3");
    cluster.put("n1", "k", "one", LEVEL_ONE);
    cluster.advance(20);
    cluster.put("n2", "k", "two", LEVEL_QUORUM);

    // when
    cluster.heal();

    // then
    Call read = cluster.get("n1", "k", LEVEL_ALL);
    assertThat(read.values()).containsExactly("two");
    assertThat(read.receipt().getValue().toStringUtf8()).isEqualTo("two");
  }

  @Test
  @DisplayName("let a delete win like any other write, and say what it deleted")
  void aDeleteIsAWrite() {
    // given
    TestCluster cluster = TestCluster.latestWins(3);
    cluster.partition("n1|n2,n3");
    Call put = cluster.put("n1", "k", "value", LEVEL_ONE);
    cluster.advance(20);
    cluster.delete("n2", "k", LEVEL_QUORUM);

    // when
    cluster.heal();
    cluster.advance(1_500);

    // then
    for (String node : NODES) {
      assertThat(cluster.get(node, "k", LEVEL_ONE).receipt().getFound()).isFalse();
    }
    assertThat(listedAnywhere(cluster)).containsExactly(put.receipt().getVersion());
  }

  @Test
  void refuseAVersionThatIsNone() {
    TestCluster cluster = TestCluster.latestWins(3);
    ListConflictsRequest request = ListConflictsRequest.newBuilder().setVersion("nonsense").build();

    Call call = cluster.replica("n1").call((k, id) -> k.listConflicts(id, request, 1, 1));

    assertThat(call.error().getCode()).isEqualTo("INVALID_ARGUMENT");
  }
}
