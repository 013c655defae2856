package io.capstan.node.quorum;

import static io.capstan.proto.store.v1.Level.LEVEL_ALL;
import static io.capstan.proto.store.v1.Level.LEVEL_ONE;
import static io.capstan.proto.store.v1.Level.LEVEL_QUORUM;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** A weaker design keeps a sibling for every write whose context it cannot place. */
@DisplayName("The number of siblings")
class SiblingBoundsTest {
  private static final int WRITERS = 50;
  private static final int ROUNDS = 4;

  private static String coordinator(int writer) {
    return "n" + (writer % 5 + 1);
  }

  @Test
  @DisplayName("never exceeds 50 where 50 writers write concurrently, each with its context")
  void concurrentWritersWithContexts() {
    // given: everybody has read the same state
    TestCluster cluster = TestCluster.of(5);
    cluster.put("n1", "k", "base", LEVEL_ALL);

    for (int round = 0; round < ROUNDS; round++) {
      List<ByteString> contexts = new ArrayList<>();
      for (int writer = 0; writer < WRITERS; writer++) {
        contexts.add(cluster.get(coordinator(writer), "k", LEVEL_QUORUM).receipt().getContext());
      }
      // when: each writes on what it has read, none knows of the others
      for (int writer = 0; writer < WRITERS; writer++) {
        cluster.put(coordinator(writer), "k", "w" + writer, LEVEL_ONE, contexts.get(writer));
      }
      cluster.advance(1_500);

      // then: as many as writers, not as many as writes; and the rounds before are gone
      for (int node = 1; node <= 5; node++) {
        assertThat(cluster.held("n" + node, "k").siblings()).hasSize(WRITERS);
      }
    }

    // and one write that has read them all leaves one
    ByteString all = cluster.get("n3", "k", LEVEL_QUORUM).receipt().getContext();
    cluster.put("n4", "k", "merged", LEVEL_ALL, all);
    assertThat(cluster.get("n2", "k", LEVEL_ALL).values()).containsExactly("merged");
  }

  @Test
  @DisplayName("does not grow where the same 50 writers go on and on, each from its own last write")
  void writersThatGoOn() {
    TestCluster cluster = TestCluster.of(5);
    cluster.put("n1", "k", "base", LEVEL_ALL);
    ByteString base = cluster.get("n1", "k", LEVEL_ALL).receipt().getContext();
    List<ByteString> contexts = new ArrayList<>();
    for (int writer = 0; writer < WRITERS; writer++) {
      contexts.add(base);
    }

    for (int round = 0; round < ROUNDS; round++) {
      for (int writer = 0; writer < WRITERS; writer++) {
        ByteString written =
            cluster
                .put(coordinator(writer), "k", "w" + writer, LEVEL_ONE, contexts.get(writer))
                .receipt()
                .getContext();
        contexts.set(writer, written);
      }
      assertThat(cluster.held("n1", "k").siblings()).hasSizeLessThanOrEqualTo(WRITERS);
    }
  }

  @Test
  @DisplayName("is at most that of the coordinators where 50 writers write blindly")
  void blindWriters() {
    // given: a split into five, so that no coordinator hears of another one's writes
    TestCluster cluster = TestCluster.of(5);
    for (int one = 1; one <= 5; one++) {
      for (int other = 1; other <= 5; other++) {
        if (one != other) {
          cluster.cut("n" + one, "n" + other);
        }
      }
    }

    // when
    for (int round = 0; round < ROUNDS; round++) {
      for (int writer = 0; writer < WRITERS; writer++) {
        cluster.put(coordinator(writer), "k", "w" + writer, LEVEL_ONE);
      }
    }
    cluster.heal();
    cluster.advance(3_000);

    // then
    for (int node = 1; node <= 5; node++) {
      assertThat(cluster.held("n" + node, "k").siblings()).hasSize(5);
    }
  }
}
