package io.capstan.node.quorum;

import static io.capstan.proto.store.v1.Level.LEVEL_ALL;
import static io.capstan.proto.store.v1.Level.LEVEL_ONE;
import static io.capstan.proto.store.v1.Level.LEVEL_QUORUM;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.capstan.proto.peer.v1.QuorumMessage;
import io.capstan.proto.peer.v1.Replicate;
import io.capstan.proto.store.v1.StoredValue;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A replica that lost its disk")
final class RebuildingStoriesTest {
  private final TestCluster cluster = TestCluster.of(3);

  private boolean rebuilds(String node) {
    return cluster.replica(node).keyspace().isRebuilding();
  }

  @Test
  @DisplayName("takes over what the others hold, although their dot logs are empty by then")
  void takesEverythingOver() {
    for (int i = 0; i < 500; i++) {
      cluster.put("n1", "k" + i % 120, "v" + i, LEVEL_ALL);
    }
    cluster.delete("n2", "k7", LEVEL_ALL);
    cluster.advance(5_000);
    assertThat(cluster.replica("n1").tables().dots()).isEmpty();

    cluster.replica("n3").startAnew(99);
    assertThat(rebuilds("n3")).isTrue();
    cluster.advance(5_000);

    assertThat(rebuilds("n3")).isFalse();
    assertThat(cluster.replica("n3").tables().rows())
        .isEqualTo(cluster.replica("n1").tables().rows())
        .hasSize(119);
    assertThat(cluster.replica("n3").tables().readClock())
        .isEqualTo(cluster.replica("n1").tables().readClock());
  }

  @Test
  @DisplayName("counts in no quorum of reads before it has")
  void countsInNoQuorumOfReads() {
    // given: a write that n1 and n3 confirmed, and n2 never saw
    cluster.partition("n2|n1,n3");
    cluster.put("n3", "k", "v", LEVEL_QUORUM);
    cluster.replica("n3").startAnew(99);
    cluster.partition("n1|n2,n3");

    Call read = cluster.get("n2", "k", LEVEL_QUORUM);
    cluster.advance(1_000);

    assertThat(read.isOk()).as("it would answer: not found").isFalse();
  }

  @Test
  @DisplayName("asks others even at level one")
  void asksOthers() {
    cluster.put("n1", "k", "v", LEVEL_ALL);
    cluster.replica("n3").startAnew(99);

    assertThat(cluster.get("n3", "k", LEVEL_ONE).values()).containsExactly("v");
  }

  @Test
  @DisplayName("takes writes meanwhile")
  void takesWrites() {
    cluster.put("n1", "k", "v", LEVEL_ALL);
    cluster.partition("n1|n2,n3");
    cluster.replica("n3").startAnew(99);

    assertThat(cluster.put("n3", "j", "w", LEVEL_QUORUM).receipt().getAckedList())
        .containsExactly("n2", "n3");
    assertThat(rebuilds("n3")).isTrue();

    cluster.heal();
    cluster.advance(5_000);

    assertThat(rebuilds("n3")).isFalse();
    assertThat(cluster.get("n1", "j", LEVEL_ONE).values()).containsExactly("w");
  }

  @Test
  @DisplayName("is not fooled by a late message about a key that was deleted")
  void aLateMessageIsNotBelieved() {
    cluster.put("n1", "k", "v", LEVEL_ALL);
    StoredValue old = cluster.held("n1", "k").toProto();
    cluster.delete("n2", "k", LEVEL_ALL);
    cluster.advance(3_000);
    cluster.replica("n3").startAnew(99);

    // when: what was on its way to its earlier incarnation reaches it now
    QuorumMessage late =
        QuorumMessage.newBuilder()
            .setKeyspaceId(7)
            .setEpoch(1)
            .setReplicate(Replicate.newBuilder().setKey(ByteString.copyFromUtf8("k")).setValue(old))
            .build();
    cluster.replica("n3").step(k -> k.onMessage("n1", late, cluster.nowNanos(), 0));
    cluster.advance(5_000);

    assertThat(rebuilds("n3")).isFalse();
    assertThat(cluster.replica("n3").tables().rows()).isEmpty();
  }

  @Test
  @DisplayName("goes on where it was after a restart")
  void survivesARestart() {
    cluster.put("n1", "k", "v", LEVEL_ALL);
    cluster.partition("n3|n1,n2");
    cluster.replica("n3").startAnew(99);
    cluster.advance(1_000);
    cluster.replica("n3").crash();
    cluster.replica("n3").start();
    assertThat(rebuilds("n3")).isTrue();

    cluster.heal();
    cluster.advance(5_000);

    assertThat(rebuilds("n3")).isFalse();
  }

  @Test
  @DisplayName("writes under another name: actor reused after disk loss")
  void actorReusedAfterDiskLoss() {
    TestCluster three = TestCluster.of(3);
    String first = three.put("n1", "k", "before", LEVEL_ALL).receipt().getVersion();
    three.partition("n1|n2,n3");
    three.replica("n1").startAnew(0xb1);

    String second = three.put("n1", "k", "after", LEVEL_ONE).receipt().getVersion();
    three.heal();
    three.advance(5_000);

    // Counted on from one under the old name, the second write would be the first one's dot.
    assertThat(first).endsWith(":1");
    assertThat(second).endsWith(":1").isNotEqualTo(first);
    assertThat(three.get("n2", "k", LEVEL_QUORUM).values()).containsExactly("after", "before");
    assertThat(three.get("n1", "k", LEVEL_ONE).values()).containsExactly("after", "before");
  }
}
