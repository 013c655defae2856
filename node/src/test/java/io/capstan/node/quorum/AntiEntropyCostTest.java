package io.capstan.node.quorum;

import static io.capstan.proto.store.v1.Level.LEVEL_ONE;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.capstan.node.version.RowHash;
import io.capstan.proto.peer.v1.QuorumMessage.MessageCase;
import java.util.Objects;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * What anti-entropy sends where few of many keys differ. Counted in bytes; time is printed and not
 * judged. {@code -Dcapstan.antiEntropyKeys=1000000} runs it in the size that docs/ap.md tells of.
 */
@DisplayName("Anti-entropy")
final class AntiEntropyCostTest {
  private static final int KEYS = Integer.getInteger("capstan.antiEntropyKeys", 20_000);
  private static final int DIFFERENT = 100;
  private static final int VALUE_BYTES = 100;
  private static final String VALUE = "v".repeat(VALUE_BYTES);

  /** Of a differing key: twice its key and value, and a version. */
  private static final int BYTES_A_KEY_MAX = 2 * (VALUE_BYTES + 100);

  private static String key(int number) {
    return "key-%08d".formatted(number);
  }

  /** Two replicas with the same keys, one exchange away from each other. */
  private static TestCluster filled(int keys) {
    TestCluster cluster = TestCluster.of(2);
    for (int i = 0; i < keys; i++) {
      cluster.put(i % 2 == 0 ? "n1" : "n2", key(i), VALUE, LEVEL_ONE);
      if (i % 1_000 == 999) {
        cluster.advance(20);
        cluster.forgetDelivered();
      }
    }
    cluster.advance(10_000);
    return cluster;
  }

  private record Cost(long missingBytes, long clockBytes, int rows, long nanos) {}

  /** Writes that only one replica has seen, then a heal, until both hold the same. */
  private static Cost heal(TestCluster cluster, int keys) {
    cluster.partition("n1|n2");
    for (int i = 0; i < DIFFERENT; i++) {
      // Spread over the keyspace, without hints: those would bring them by themselves.
      cluster.put(i % 2 == 0 ? "n1" : "n2", key(i * (keys / DIFFERENT)), VALUE + i, LEVEL_ONE);
    }
    cluster.heal();
    cluster.lose(envelope -> envelope.message().hasReplicate());
    cluster.forgetDelivered();
    long begunNanos = System.nanoTime();
    int rounds = 0;
    while (!root(cluster, "n1").equals(root(cluster, "n2")) && rounds++ < 1_000) {
      cluster.advance(10);
    }
    long nanos = System.nanoTime() - begunNanos;
    assertThat(root(cluster, "n1")).isEqualTo(root(cluster, "n2"));
    return new Cost(
        bytes(cluster, MessageCase.MISSING_DOTS),
        bytes(cluster, MessageCase.CLOCK_EXCHANGE),
        cluster.delivered(MessageCase.MISSING_DOTS).stream()
            .mapToInt(e -> e.message().getMissingDots().getRowsCount())
            .sum(),
        nanos);
  }

  private static RowHash root(TestCluster cluster, String node) {
    return Objects.requireNonNull(cluster.replica(node).keyspace().root());
  }

  private static long bytes(TestCluster cluster, MessageCase kind) {
    return cluster.delivered(kind).stream().mapToLong(e -> e.message().getSerializedSize()).sum();
  }

  @Test
  @DisplayName("sends what differs and not what is there: its bytes do not grow with the keyspace")
  void costFollowsTheDifference() {
    Cost few = heal(filled(1_000), 1_000);
    TestCluster large = filled(KEYS);
    Cost many = heal(large, KEYS);

    System.out.printf(
        "%d keys, %d different: %d rows, %d bytes of rows and %d of clocks in %d ms%n",
        KEYS,
        DIFFERENT,
        many.rows(),
        many.missingBytes(),
        many.clockBytes(),
        many.nanos() / 1_000_000);
    assertThat(many.rows()).isLessThanOrEqualTo(2 * DIFFERENT);
    assertThat(many.missingBytes()).isLessThan((long) DIFFERENT * BYTES_A_KEY_MAX);
    assertThat(many.missingBytes()).isLessThan(2 * few.missingBytes());
    assertThat(large.held("n1", key(0)).siblings()).isEqualTo(large.held("n2", key(0)).siblings());
    assertThat(large.replica("n1").tables().read(ByteString.copyFromUtf8(key(1)))).isNotNull();
  }
}
