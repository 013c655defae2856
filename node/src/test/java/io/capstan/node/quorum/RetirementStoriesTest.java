package io.capstan.node.quorum;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.capstan.node.version.Actor;
import io.capstan.node.version.Dot;
import io.capstan.node.version.NodeClock;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.SessionClaim;
import io.capstan.proto.v1.GetRequest;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("When a writer is gone that gave a write to nobody")
class RetirementStoriesTest {

  private static final ReplicaSet WITHOUT_N3 =
      new ReplicaSet(6, List.of("n1", "n2"), List.of(), Set.of());

  /** n3 wrote "alone" for itself, then deleted "k" everywhere, then was removed. */
  private static TestCluster clusterWithAGap() {
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n1", "k", "v", Level.LEVEL_ALL);
    cluster.advance(5_000);
    cluster.lose(
        e ->
            e.from().equals("n3")
                && !(e.message().hasReplicate()
                    && e.message().getReplicate().getKey().toStringUtf8().equals("k")));
    cluster.put("n3", "alone", "nobody gets it", Level.LEVEL_ONE);
    cluster.delete("n3", "k", Level.LEVEL_ONE);
    cluster.partition("n3|n1,n2");
    cluster.configure(WITHOUT_N3, "n1", "n2");
    cluster.advance(5_000);
    return cluster;
  }

  private static void decide(TestCluster cluster, NodeClock held, String... nodes) {
    for (String node : nodes) {
      cluster.replica(node).step(k -> k.retire(held));
    }
    cluster.advance(5_000);
  }

  @Test
  @DisplayName("its later delete stays a tombstone only until the gap is declared lost")
  void tombstoneBehindAGap() {
    TestCluster cluster = clusterWithAGap();
    assertThat(cluster.held("n1", "k").siblings()).as("a gap is in front of it").isNotEmpty();

    NodeClock due = cluster.replica("n1").keyspace().retirable();
    assertThat(due.actors()).containsExactly(cluster.replica("n3").actor());
    decide(cluster, due, "n1", "n2");

    for (String node : List.of("n1", "n2")) {
      assertThat(cluster.held(node, "k").siblings()).isEmpty();
      assertThat(cluster.replica(node).keyspace().retirable().isEmpty()).isTrue();
    }
    assertThat(cluster.replica("n1").keyspace().root())
        .isEqualTo(cluster.replica("n2").keyspace().root());
  }

  @Test
  @DisplayName("a replica that applies the decision later is not filled as if it had lost its disk")
  void oneAppliesItLater() {
    TestCluster cluster = clusterWithAGap();
    NodeClock due = cluster.replica("n1").keyspace().retirable();
    cluster.forgetDelivered();

    decide(cluster, due, "n1");
    assertThat(cluster.deliveredOfAnyKind())
        .noneMatch(e -> e.message().hasTakeoverRequest() || e.message().hasMissingDots());
    decide(cluster, due, "n2");

    assertThat(cluster.held("n2", "k").siblings()).isEmpty();
  }

  @Test
  @DisplayName("nothing is decided before every replica has spoken of the new configuration")
  void somebodyHasNotSpoken() {
    TestCluster cluster = clusterWithAGap();
    cluster.partition("n1|n2");
    ReplicaSet later = new ReplicaSet(9, List.of("n1", "n2"), List.of(), Set.of());
    cluster.configure(later, "n1", "n2");

    assertThat(cluster.replica("n1").keyspace().retirable().isEmpty())
        .as("n2 may still listen to n3")
        .isTrue();
    cluster.heal();
    cluster.advance(5_000);
    assertThat(cluster.replica("n1").keyspace().retirable().isEmpty()).isFalse();
  }

  @Test
  @DisplayName("nothing is decided while a change is under way, or of a writer that is there")
  void writersThatAreThere() {
    TestCluster cluster = clusterWithAGap();
    ReplicaSet joint = new ReplicaSet(9, List.of("n1", "n2", "n3"), List.of("n1", "n2"), Set.of());
    cluster.configure(joint, "n1", "n2");
    assertThat(cluster.replica("n1").keyspace().retirable().isEmpty()).isTrue();

    ReplicaSet back = new ReplicaSet(10, List.of("n1", "n2", "n3"), List.of(), Set.of());
    cluster.configure(back, "n1", "n2", "n3");
    assertThat(cluster.replica("n1").keyspace().retirable().isEmpty()).isTrue();
    cluster.heal();
    cluster.advance(5_000);
    assertThat(cluster.held("n1", "alone").siblings()).as("n3 still had it").hasSize(1);
  }

  @Test
  @DisplayName("a session that saw the lost write is answered, and told that it is left behind")
  void sessionThatSawIt() {
    TestCluster cluster = clusterWithAGap();
    NodeClock due = cluster.replica("n1").keyspace().retirable();
    io.capstan.proto.store.v1.Dot alone = new Dot(cluster.replica("n3").actor(), 1).toProto();
    GetRequest get =
        GetRequest.newBuilder()
            .setKey(ByteString.copyFromUtf8("alone"))
            .setLevel(Level.LEVEL_ONE)
            .setAtLeast(SessionClaim.newBuilder().setEpoch(1).addDots(alone))
            .build();
    assertThat(cluster.get("n1", get).isOk()).as("another replica may have it").isFalse();

    decide(cluster, due, "n1", "n2");

    assertThat(cluster.get("n1", get).receipt().getLeftBehindList()).containsExactly(alone);
  }

  @Test
  @DisplayName("whoever got the lost write by a late message drops it")
  void lateMessage() {
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n3", "k", "late", Level.LEVEL_ALL);
    cluster.put("n3", "other", "v", Level.LEVEL_ALL);
    Actor gone = cluster.replica("n3").actor();
    cluster.partition("n3|n1,n2");
    // Neither knows yet that the other one has it too.
    cluster.lose(envelope -> envelope.message().hasClockExchange());
    cluster.configure(WITHOUT_N3, "n1", "n2");
    NodeClock withoutTheFirst = new NodeClock();
    withoutTheFirst.add(new Dot(gone, 2));

    decide(cluster, withoutTheFirst, "n1", "n2");

    assertThat(cluster.held("n1", "k").siblings()).isEmpty();
    assertThat(cluster.held("n2", "k").siblings()).isEmpty();
    assertThat(cluster.held("n2", "other").siblings()).hasSize(1);
  }
}
