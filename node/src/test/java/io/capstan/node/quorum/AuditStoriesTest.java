package io.capstan.node.quorum;

import static io.capstan.proto.store.v1.Level.LEVEL_ALL;
import static io.capstan.proto.store.v1.Level.LEVEL_ONE;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.capstan.node.version.RowHash;
import io.capstan.proto.v1.DivergenceRequest;
import io.capstan.proto.v1.DivergenceResponse;
import io.capstan.proto.v1.KeyspaceStatus;
import io.capstan.proto.v1.PeerComparison;
import io.capstan.proto.v1.RowSum;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The hash tree of a keyspace")
final class AuditStoriesTest {
  private static final List<String> NODES = List.of("n1", "n2", "n3");

  private final TestCluster cluster = TestCluster.of(3);

  private RowHash root(String node) {
    return Objects.requireNonNull(cluster.replica(node).keyspace().root());
  }

  private DivergenceResponse ask(String node, DivergenceRequest request) {
    Call call =
        cluster
            .replica(node)
            .call((k, id) -> k.divergence(id, request, cluster.nowNanos(), cluster.nowMillis()));
    return call.divergence();
  }

  private DivergenceResponse ask(String node) {
    return ask(node, DivergenceRequest.getDefaultInstance());
  }

  private static PeerComparison peer(DivergenceResponse response, String peer) {
    return response.getPeersList().stream().filter(p -> p.getId().equals(peer)).findAny().get();
  }

  @Test
  @DisplayName("follows every change, and is empty again once nothing is left")
  void followsChanges() {
    RowHash empty = root("n1");
    cluster.put("n1", "k", "v", LEVEL_ALL);
    cluster.put("n2", "other", "v", LEVEL_ALL);
    RowHash two = root("n1");
    assertThat(two).isNotEqualTo(empty).isEqualTo(root("n3"));
    assertThat(two).isEqualTo(cluster.replica("n1").tables().rootOfRows());
    assertThat(ask("n1").getRows()).isEqualTo(2);

    cluster.delete("n3", "k", LEVEL_ALL);
    cluster.delete("n3", "other", LEVEL_ALL);

    assertThat(root("n2")).isEqualTo(empty).isEqualTo(RowHash.ZERO);
    cluster.advance(3_000);
    assertThat(root("n2")).isEqualTo(empty);
    assertThat(ask("n2").getRows()).isZero();
  }

  @Test
  @DisplayName(
      "says which rows differ while two sides are cut apart, and that they are on their way")
  void aCutShowsInTheLeaves() {
    cluster.put("n1", "same", "v", LEVEL_ALL);
    cluster.advance(1_000);
    cluster.partition("n1|n2,n3");
    cluster.put("n1", "k", "left", LEVEL_ONE);
    cluster.put("n2", "k", "right", LEVEL_ONE);

    List<Integer> apart = apart("n1", "n2");
    assertThat(apart).containsExactly(HashTree.leafOf(ByteString.copyFromUtf8("k")));
    DivergenceRequest rows = DivergenceRequest.newBuilder().addAllRowsOfLeaves(apart).build();
    assertThat(ask("n1", rows).getRowSumsList().stream().map(RowSum::getKey))
        .containsExactly(ByteString.copyFromUtf8("k"));
    assertThat(ask("n1", rows).getRowSums(0)).isNotEqualTo(ask("n2", rows).getRowSums(0));
    assertThat(peer(ask("n1"), "n2").getDotsMissingThere()).isEqualTo(1);
    assertThat(peer(ask("n1"), "n2").getDisagrees()).isFalse();

    cluster.heal();
    cluster.advance(2_000);
    assertThat(apart("n1", "n2")).isEmpty();
    assertThat(root("n1")).isEqualTo(root("n2"));
  }

  private List<Integer> apart(String one, String another) {
    DivergenceRequest leaves = DivergenceRequest.newBuilder().setLeaves(true).build();
    ByteString first = ask(one, leaves).getLeaves();
    ByteString second = ask(another, leaves).getLeaves();
    assertThat(first.size()).isEqualTo(HashTree.LEAVES * RowHash.SIZE_BYTES);
    List<Integer> apart = new ArrayList<>();
    for (int leaf = 0; leaf < HashTree.LEAVES; leaf++) {
      int at = leaf * RowHash.SIZE_BYTES;
      if (!first
          .substring(at, at + RowHash.SIZE_BYTES)
          .equals(second.substring(at, at + RowHash.SIZE_BYTES))) {
        apart.add(leaf);
      }
    }
    return apart;
  }

  @Test
  @DisplayName("betrays a row that changed behind the back of the clocks, after the next start")
  void tamperedRows() {
    cluster.put("n1", "k", "v", LEVEL_ALL);
    cluster.advance(3_000);
    assertThat(cluster.replica("n1").keyspace().disagreeing()).isEmpty();
    MemoryTables tables = cluster.replica("n2").tables();
    tables.delete(ByteString.copyFromUtf8("k"));
    tables.sync(tables.unsynced());

    cluster.replica("n2").crash();
    cluster.replica("n2").start();
    cluster.advance(2_000);

    assertThat(cluster.replica("n1").keyspace().disagreeing()).containsExactly("n2");
    assertThat(cluster.replica("n2").keyspace().disagreeing()).containsExactly("n1", "n3");
    assertThat(peer(ask("n1"), "n2").getDisagrees()).isTrue();
    assertThat(peer(ask("n1"), "n3").getDisagrees()).isFalse();
  }

  @Test
  @DisplayName("is read in slices after a start, and counts what changes meanwhile once")
  void isReadInSlices() {
    int rows = 4 * RowAudit.SLICE_ROWS;
    for (int i = 0; i < rows; i++) {
      cluster.put("n1", "k%04d".formatted(i), "v", LEVEL_ONE);
    }
    cluster.advance(2_000);
    TestReplica n1 = cluster.replica("n1");
    n1.crash();
    n1.start();

    assertThat(ask("n1").getReading()).isTrue();
    assertThat(n1.keyspace().root()).isNull();
    // one before the mark, one behind it, one new on either side
    cluster.put("n1", "k0000", "changed", LEVEL_ONE);
    cluster.put("n1", "k%04d".formatted(rows - 1), "changed", LEVEL_ONE);
    cluster.put("n1", "a", "new", LEVEL_ONE);
    cluster.put("n1", "z", "new", LEVEL_ONE);
    cluster.delete("n1", "k0001", LEVEL_ONE);
    cluster.advance(1_000);

    assertThat(ask("n1").getReading()).isFalse();
    assertThat(root("n1")).isEqualTo(n1.tables().rootOfRows()).isEqualTo(root("n2"));
    assertThat(ask("n1").getRows()).isEqualTo(rows + 1);
  }

  @Test
  @DisplayName("tells who holds up the collection of tombstones, on the status page too")
  void tellsWhoHoldsCollectionUp() {
    cluster.put("n1", "k", "v", LEVEL_ALL);
    cluster.advance(3_000);
    assertThat(ask("n1").getUnconfirmedDots()).isZero();
    assertThat(ask("n1").getCollectionWaitsForList()).isEmpty();
    cluster.partition("n3|n1,n2");
    cluster.delete("n1", "k", LEVEL_ONE);
    cluster.advance(10_000);

    assertThat(ask("n1").getCollectionWaitsForList()).containsExactly("n3");
    KeyspaceStatus.Builder page = KeyspaceStatus.newBuilder();
    cluster.replica("n2").keyspace().describe(page);
    assertThat(page.getCollectionWaitsForList()).containsExactly("n3");
    assertThat(page.getUnconfirmedDots()).isEqualTo(1);
    for (String node : NODES) {
      assertThat(cluster.replica(node).keyspace().disagreeing()).isEmpty();
    }
  }

  @Test
  @DisplayName("refuses a leaf that there is not")
  void badLeaf() {
    Call call =
        cluster
            .replica("n1")
            .call(
                (k, id) ->
                    k.divergence(
                        id,
                        DivergenceRequest.newBuilder().addRowsOfLeaves(HashTree.LEAVES).build(),
                        cluster.nowNanos(),
                        cluster.nowMillis()));
    assertThat(call.error().getCode()).isEqualTo("INVALID_ARGUMENT");
  }
}
