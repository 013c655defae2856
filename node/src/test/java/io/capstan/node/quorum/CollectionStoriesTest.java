package io.capstan.node.quorum;

import static io.capstan.proto.store.v1.Level.LEVEL_ALL;
import static io.capstan.proto.store.v1.Level.LEVEL_ONE;
import static io.capstan.proto.store.v1.Level.LEVEL_QUORUM;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.capstan.proto.peer.v1.QuorumMessage;
import io.capstan.proto.peer.v1.Replicate;
import io.capstan.proto.store.v1.StoredValue;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Tombstones, the dot log and contexts")
final class CollectionStoriesTest {
  private static final List<String> NODES = List.of("n1", "n2", "n3");

  private final TestCluster cluster = TestCluster.of(3);

  private MemoryTables tables(String node) {
    return cluster.replica(node).tables();
  }

  @Test
  @DisplayName("leave once every replica is known to have seen them: nothing is left of a key")
  void nothingIsLeft() {
    cluster.put("n1", "k", "v", LEVEL_ALL);
    cluster.delete("n2", "k", LEVEL_ALL);

    cluster.advance(3_000);

    for (String node : NODES) {
      assertThat(tables(node).rows()).as(node).isEmpty();
      assertThat(tables(node).dots()).as(node).isEmpty();
      assertThat(cluster.replica(node).keyspace().behind()).as(node).isEmpty();
    }
  }

  @Test
  @DisplayName("of a key with a value leave its context: the clock says it already")
  void contextsAreStripped() {
    for (int i = 0; i < 10; i++) {
      cluster.put(NODES.get(i % 3), "k", "v" + i, LEVEL_ALL);
    }

    cluster.advance(3_000);

    for (String node : NODES) {
      StoredValue row = tables(node).rows().get(ByteString.copyFromUtf8("k"));
      assertThat(row.getContext().getEntriesList()).as(node).isEmpty();
      assertThat(tables(node).dots()).as(node).isEmpty();
    }
  }

  @Test
  @DisplayName("wait for a replica that is away, which is named, and nothing comes back with it")
  void aReplicaThatIsAwayBlocks() {
    cluster.put("n1", "k", "v", LEVEL_ALL);
    cluster.partition("n3|n1,n2");
    cluster.delete("n1", "k", LEVEL_QUORUM);

    cluster.advance(60_000);

    assertThat(tables("n1").rows()).hasSize(1);
    assertThat(cluster.replica("n1").keyspace().behind()).containsExactly("n3");

    cluster.heal();
    cluster.advance(3_000);

    for (String node : NODES) {
      assertThat(tables(node).rows()).as(node).isEmpty();
    }
    assertThat(cluster.get("n3", "k", LEVEL_ONE).receipt().getFound()).isFalse();
  }

  @Test
  @DisplayName("leave nothing behind that a late message could bring back to life")
  void aLateMessageBringsNothingBack() {
    cluster.put("n1", "k", "v", LEVEL_ALL);
    StoredValue old = cluster.held("n1", "k").toProto();
    cluster.delete("n2", "k", LEVEL_ALL);
    cluster.advance(3_000);
    assertThat(tables("n3").rows()).isEmpty();

    QuorumMessage late =
        QuorumMessage.newBuilder()
            .setKeyspaceId(7)
            .setEpoch(1)
            .setReplicate(
                Replicate.newBuilder()
                    .setRequestId(42)
                    .setKey(ByteString.copyFromUtf8("k"))
                    .setValue(old))
            .build();
    cluster.replica("n3").step(k -> k.onMessage("n1", late, cluster.nowNanos(), 0));
    cluster.settle();

    assertThat(cluster.held("n3", "k").siblings()).isEmpty();
    assertThat(tables("n3").rows()).isEmpty();
  }

  @Test
  @DisplayName("of a key that is written anew do not stand beside the new value")
  void aKeyThatIsWrittenAgainHasOneValue() {
    cluster.put("n1", "k", "old", LEVEL_ALL);
    cluster.delete("n1", "k", LEVEL_ALL);
    // n1 knows that everybody has the tombstone, the others do not know it yet
    while (!tables("n1").rows().isEmpty()) {
      cluster.advance(10);
    }

    cluster.put("n1", "k", "new", LEVEL_ALL);

    for (String node : NODES) {
      assertThat(cluster.get(node, "k", LEVEL_ONE).values()).containsExactly("new");
    }
  }

  @Test
  @DisplayName("beside a concurrent value are shown until every replica has both, and leave then")
  void aDeleteBesideAPutIsShownForAWhile() {
    cluster.put("n1", "k", "before", LEVEL_ALL);
    cluster.partition("n1|n2,n3");
    cluster.delete("n1", "k", LEVEL_ONE);
    cluster.put("n2", "k", "kept", LEVEL_QUORUM);
    cluster.heal();

    assertThat(cluster.get("n1", "k", LEVEL_ALL).values()).containsExactly("deleted", "kept");

    cluster.advance(10_000);
    for (String node : NODES) {
      assertThat(cluster.get(node, "k", LEVEL_ONE).values()).as(node).containsExactly("kept");
    }
  }

  @Test
  @DisplayName(
      "do not stay on the one replica that met a late writer before it knew them everywhere")
  void aLateWriterLeavesNoDifference() {
    // given a client that read before the delete, of which n1 knows that all have it, n3 not yet
    cluster.put("n1", "k", "before", LEVEL_ALL);
    ByteString seen = cluster.get("n3", "k", LEVEL_ALL).receipt().getContext();
    cluster.delete("n1", "k", LEVEL_ALL);
    while (!tables("n1").rows().isEmpty()) {
      cluster.advance(10);
    }
    assertThat(tables("n3").rows()).isNotEmpty();

    // when it writes what does not cover the delete
    cluster.put("n3", "k", "late", LEVEL_ALL, seen);
    cluster.advance(10_000);

    // then all replicas come to the same, without anybody reading
    for (String node : NODES) {
      assertThat(cluster.held(node, "k").siblings()).as(node).hasSize(1);
      assertThat(cluster.get(node, "k", LEVEL_ONE).values()).containsExactly("late");
    }
  }
}
