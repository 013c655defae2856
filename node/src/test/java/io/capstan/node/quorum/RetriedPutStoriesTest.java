package io.capstan.node.quorum;

import static io.capstan.node.quorum.TypedRequests.operation;
import static io.capstan.proto.store.v1.Level.LEVEL_ALL;
import static io.capstan.proto.store.v1.Level.LEVEL_ONE;
import static io.capstan.proto.store.v1.Level.LEVEL_QUORUM;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.capstan.node.version.SupersededOperations;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.v1.DeleteRequest;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.Receipt;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A put that is retried after somebody has replaced it")
final class RetriedPutStoriesTest {

  private static final long LONG_ENOUGH_MILLIS = 3_000;
  private static final OperationId OPERATION = operation(7, 1);
  private static final List<String> NODES = List.of("n1", "n2", "n3");

  private TestCluster cluster = TestCluster.of(3);

  private void everywhere(String key, String... values) {
    for (String node : NODES) {
      assertThat(cluster.get(node, key, LEVEL_ONE).values()).as(node).containsExactly(values);
    }
  }

  @Test
  @DisplayName("is answered OK and not executed, through whichever node")
  void isNotExecutedAgain() {
    cluster.put("n1", "k", "old", LEVEL_ALL, OPERATION);
    String version = cluster.put("n1", "k", "new", LEVEL_ALL).receipt().getVersion();
    for (String node : NODES) {
      Receipt again = cluster.put(node, "k", "old", LEVEL_ALL, OPERATION).receipt();
      assertThat(again.getOutcome()).isEqualTo(Outcome.OUTCOME_OK);
      assertThat(again.getAckedList()).containsExactlyElementsOf(NODES);
      assertThat(again.getSupersededList()).isEmpty();
    }
    everywhere("k", "new");
    assertThat(cluster.held("n2", "k").siblings())
        .singleElement()
        .satisfies(each -> assertThat(each.dot()).hasToString(version));
  }

  @Test
  @DisplayName("a failed write that surfaces: taken by the other side meanwhile, it does not show")
  void theOtherSideOfASplit() {
    // given a put whose answer got lost, and a client that read it and replaced it
    cluster.partition("n1|n2,n3");
    Receipt first = cluster.put("n1", "k", "old", LEVEL_ONE, OPERATION).receipt();
    cluster.put("n1", "k", "new", LEVEL_ONE, first.getContext());
    // when the retry goes to the other side, which has heard of nothing
    assertThat(cluster.put("n2", "k", "old", LEVEL_ONE, OPERATION).isOk()).isTrue();
    assertThat(cluster.get("n3", "k", LEVEL_ONE).values()).containsExactly("old");
    cluster.heal();
    cluster.advance(LONG_ENOUGH_MILLIS);
    // then what replaced it has replaced both copies
    everywhere("k", "new");
    // and all replicas agree on what they store
    assertThat(cluster.replica("n1").keyspace().root())
        .isEqualTo(cluster.replica("n2").keyspace().root())
        .isEqualTo(cluster.replica("n3").keyspace().root());
    // and the next write takes the copy away
    cluster.put("n3", "k", "newer", LEVEL_ALL);
    assertThat(cluster.held("n1", "k").siblings()).hasSize(1);
  }

  @Test
  @DisplayName("brings back nothing that was deleted, though no row is left that remembers it")
  void afterTheTombstoneHasLeft() {
    cluster.put("n1", "k", "old", LEVEL_ALL, OPERATION);
    cluster.delete("n2", "k", LEVEL_ALL);
    cluster.advance(LONG_ENOUGH_MILLIS);
    for (String node : NODES) {
      assertThat(cluster.replica(node).tables().rows()).isEmpty();
    }
    // when it is retried, also where the node was restarted meanwhile
    cluster.replica("n3").crash();
    cluster.replica("n3").start();
    for (String node : NODES) {
      Receipt again = cluster.put(node, "k", "old", LEVEL_QUORUM, OPERATION).receipt();
      assertThat(again.getOutcome()).isEqualTo(Outcome.OUTCOME_OK);
    }
    cluster.advance(LONG_ENOUGH_MILLIS);
    everywhere("k");
  }

  @Test
  @DisplayName("and a delete that is retried takes nothing away that was written since")
  void aDeleteWhoseTombstoneHasLeft() {
    DeleteRequest deletion =
        DeleteRequest.newBuilder()
            .setKey(ByteString.copyFromUtf8("k"))
            .setLevel(LEVEL_ALL)
            .setOperation(OPERATION)
            .build();
    cluster.put("n1", "k", "old", LEVEL_ALL);
    cluster.delete("n1", deletion);
    cluster.advance(LONG_ENOUGH_MILLIS);
    assertThat(cluster.replica("n2").tables().rows()).isEmpty();
    cluster.put("n3", "k", "new", LEVEL_ALL);
    for (String node : NODES) {
      assertThat(cluster.delete(node, deletion).isOk()).isTrue();
    }
    everywhere("k", "new");
  }

  @Test
  @DisplayName("is remembered by a replica that lost its disk, from what the others know")
  void afterTheLossOfADisk() {
    cluster.put("n1", "k", "old", LEVEL_ALL, OPERATION);
    cluster.delete("n1", "k", LEVEL_ALL);
    cluster.advance(LONG_ENOUGH_MILLIS);
    cluster.replica("n3").startAnew(99);
    cluster.advance(2 * LONG_ENOUGH_MILLIS);
    assertThat(cluster.put("n3", "k", "old", LEVEL_QUORUM, OPERATION).isOk()).isTrue();
    everywhere("k");
  }

  @Test
  @DisplayName("taken by a replica that lost its disk and has heard nothing yet, it does not show")
  void takenBeforeTheLedgerIs() {
    // given a row that no longer remembers the operation, since every replica's ledger does
    cluster.put("n1", "k", "old", LEVEL_ALL, OPERATION);
    cluster.put("n1", "k", "new", LEVEL_ALL);
    cluster.advance(LONG_ENOUGH_MILLIS);
    cluster.put("n2", "k", "newer", LEVEL_ALL);
    assertThat(cluster.held("n1", "k").supersededOperations().isEmpty()).isTrue();
    // when the retry reaches a replica that begins anew, by itself
    cluster.partition("n3|n1,n2");
    cluster.replica("n3").startAnew(99);
    assertThat(cluster.put("n3", "k", "old", LEVEL_ONE, OPERATION).isOk()).isTrue();
    cluster.heal();
    cluster.advance(2 * LONG_ENOUGH_MILLIS);
    // then the others know it for a copy, and so does that one once it has taken their ledger over
    everywhere("k", "newer");
  }

  @Test
  @DisplayName("beyond what is remembered of its session is UNKNOWN, and not executed")
  void beyondTheWindow() {
    int puts = OperationLedger.OPERATIONS_MAX + 20;
    for (int i = 1; i <= puts; i++) {
      cluster.put("n1", "k" + i, "old", LEVEL_ALL, operation(7, i));
      cluster.delete("n1", "k" + i, LEVEL_ALL);
    }
    cluster.advance(LONG_ENOUGH_MILLIS);
    Call known = cluster.put("n2", "k" + (puts - 5), "old", LEVEL_ONE, operation(7, puts - 5));
    assertThat(known.isOk()).isTrue();
    Call beyond = cluster.put("n2", "k3", "old", LEVEL_ONE, operation(7, 3));
    assertThat(beyond.error().getCode()).isEqualTo("BEYOND_WINDOW");
    assertThat(beyond.error().getOutcome()).isEqualTo(Outcome.OUTCOME_UNKNOWN);
    // and an operation that is new is executed, of this session and of others
    assertThat(cluster.put("n2", "k", "v", LEVEL_ONE, operation(7, puts + 1)).isOk()).isTrue();
    assertThat(cluster.put("n2", "k", "w", LEVEL_ONE, operation(8, 1)).isOk()).isTrue();
    cluster.advance(LONG_ENOUGH_MILLIS);
    everywhere("k3");
    everywhere("k", "w");
  }

  @Test
  @DisplayName("a row remembers so many while a replica is away, and says UNKNOWN beyond")
  void theWindowOfARow() {
    cluster.partition("n3|n1,n2");
    int puts = SupersededOperations.OPERATIONS_MAX + 10;
    for (int i = 1; i <= puts; i++) {
      cluster.put("n1", "k", "v" + i, LEVEL_QUORUM, operation(7, i));
      cluster.advance(2);
    }
    Call known = cluster.put("n2", "k", "v" + (puts - 5), LEVEL_QUORUM, operation(7, puts - 5));
    assertThat(known.isOk()).isTrue();
    Call beyond = cluster.put("n2", "k", "v3", LEVEL_QUORUM, operation(7, 3));
    assertThat(beyond.error().getCode()).isEqualTo("BEYOND_WINDOW");
    cluster.heal();
    cluster.advance(LONG_ENOUGH_MILLIS);
    everywhere("k", "v" + puts);
    // and once every replica knows, the row forgets what the ledgers remember
    cluster.put("n3", "k", "last", LEVEL_ALL);
    cluster.advance(LONG_ENOUGH_MILLIS);
    assertThat(cluster.replica("n3").tables().rows().values())
        .allSatisfy(row -> assertThat(row.getSerializedSize()).isLessThan(200));
  }

  @Test
  @DisplayName("is no later write where the latest wins, even if it lost by its time alone")
  void whereTheLatestWins() {
    cluster = TestCluster.latestWins(3);
    cluster.partition("n1|n2,n3");
    cluster.put("n1", "k", "old", LEVEL_ONE, OPERATION);
    cluster.advance(10);
    cluster.put("n2", "k", "new", LEVEL_ONE);
    cluster.heal();
    cluster.advance(LONG_ENOUGH_MILLIS);
    for (String node : NODES) {
      assertThat(cluster.put(node, "k", "old", LEVEL_QUORUM, OPERATION).isOk()).isTrue();
    }
    cluster.advance(LONG_ENOUGH_MILLIS);
    everywhere("k", "new");
  }

  @Test
  @DisplayName(
      "where the latest wins and nobody there knows better, it is a later write: one value")
  void whereTheLatestWinsUnheard() {
    cluster = TestCluster.latestWins(3);
    cluster.partition("n1|n2,n3");
    cluster.put("n1", "k", "old", LEVEL_ONE, OPERATION);
    cluster.put("n1", "k", "new", LEVEL_ONE);
    cluster.advance(10);
    cluster.put("n2", "k", "old", LEVEL_ONE, OPERATION);
    cluster.heal();
    cluster.advance(LONG_ENOUGH_MILLIS);
    // then no write is lost in silence: "new" is in the ledgers
    everywhere("k", "old");
    assertThat(NODES.stream().mapToLong(n -> cluster.replica(n).keyspace().discardedWrites()).sum())
        .isPositive();
  }
}
