package io.capstan.node.quorum;

import static io.capstan.proto.store.v1.Level.LEVEL_ALL;
import static io.capstan.proto.store.v1.Level.LEVEL_ONE;
import static io.capstan.proto.store.v1.Level.LEVEL_QUORUM;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.ScanRequest;
import io.capstan.proto.v1.ScanResponse;
import io.capstan.proto.v1.ScanRow;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A scan")
class ScanStoriesTest {

  private static ScanRequest.Builder request(String prefix, int limit, Level level) {
    return ScanRequest.newBuilder()
        .setPrefix(ByteString.copyFromUtf8(prefix))
        .setLimit(limit)
        .setLevel(level);
  }

  /** Follows the pages to the end. */
  private static List<String> allKeys(TestCluster cluster, String node, ScanRequest first) {
    List<String> keys = new ArrayList<>();
    ScanRequest next = first;
    for (int pages = 0; pages < 1_000; pages++) {
      ScanResponse page = cluster.scan(node, next).page();
      page.getRowsList().forEach(row -> keys.add(row.getKey().toStringUtf8()));
      if (!page.getMore()) {
        return keys;
      }
      next = first.toBuilder().setFrom(page.getNextFrom()).build();
    }
    throw new AssertionError("pages without end");
  }

  private static String key(int number) {
    return String.format(Locale.ROOT, "k%03d", number);
  }

  @Test
  void atLevelOnePagesThroughWhatThisNodeHolds() {
    TestCluster cluster = TestCluster.of(3);
    for (int i = 0; i < 25; i++) {
      cluster.put("n1", key(i), "v" + i, LEVEL_ALL);
    }
    cluster.put("n1", "other", "v", LEVEL_ALL);

    ScanResponse page = cluster.scan("n2", request("k", 10, LEVEL_ONE).build()).page();

    assertThat(page.getRowsCount()).isEqualTo(10);
    assertThat(page.getMore()).isTrue();
    assertThat(page.getRows(3).getSiblings(0).getValue().toStringUtf8()).isEqualTo("v3");
    assertThat(page.getReceipt().getAckedList()).containsExactly("n2");
    assertThat(allKeys(cluster, "n2", request("k", 10, LEVEL_ONE).build())).hasSize(25);
  }

  @Test
  @DisplayName("at quorum finds every confirmed row although each replica lacks some")
  void quorumScanMergesPages() {
    // given: every key is on two of three replicas
    TestCluster cluster = TestCluster.of(3);
    cluster.lose(e -> e.message().hasClockExchange());
    List<String> written = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      String away = "n" + (1 + i % 3);
      String coordinator = "n" + (1 + (i + 1) % 3);
      cluster.lose(e -> e.to().equals(away) || e.message().hasClockExchange());
      cluster.put(coordinator, key(i), "v", LEVEL_QUORUM);
      written.add(key(i));
    }
    cluster.heal();

    // when, then
    for (String node : List.of("n1", "n2", "n3")) {
      for (int limit : new int[] {1, 7, 20, 100}) {
        assertThat(allKeys(cluster, node, request("", limit, LEVEL_QUORUM).build()))
            .as("%s, %s rows a page", node, limit)
            .isEqualTo(written);
      }
    }
  }

  @Test
  @DisplayName("believes no replica beyond the last row of its page")
  void pagesThatEndAtDifferentKeys() {
    // given: n1 lacks a stretch of keys, so that its pages reach further than those of the others
    var limits =
        new QuorumConfig.Limits(9, 9, 1 << 20, 10, 10, 1 << 20, 5, 100, 1 << 20, 100, 50, 1_000);
    TestCluster cluster = TestCluster.of(3, LEVEL_ONE, limits);
    for (int i = 0; i < 30; i++) {
      boolean hidden = i >= 10 && i < 20;
      cluster.lose(e -> hidden && e.to().equals("n1") || e.message().hasClockExchange());
      cluster.put("n2", key(i), "v", LEVEL_QUORUM);
    }
    cluster.heal();

    List<String> keys = allKeys(cluster, "n1", request("k", 10, LEVEL_QUORUM).build());

    assertThat(keys).hasSize(30);
  }

  @Test
  void leavesDeletedKeysOutAlsoWhereOneReplicaStillHasThem() {
    TestCluster cluster = TestCluster.of(3);
    for (int i = 0; i < 10; i++) {
      cluster.put("n1", key(i), "v", LEVEL_ALL);
    }
    cluster.partition("n3|n1,n2");
    for (int i = 0; i < 10; i += 2) {
      cluster.delete("n1", key(i), LEVEL_QUORUM);
    }
    cluster.heal();

    List<String> keys = allKeys(cluster, "n3", request("k", 2, LEVEL_QUORUM).build());

    assertThat(keys).containsExactly(key(1), key(3), key(5), key(7), key(9));
  }

  @Test
  void passesManyDeletedKeysInBoundedPages() {
    var limits =
        new QuorumConfig.Limits(9, 9, 1 << 20, 10, 10, 1 << 20, 5, 100, 1 << 20, 100, 50, 1_000);
    TestCluster cluster = TestCluster.of(3, LEVEL_ONE, limits);
    for (int i = 0; i < 30; i++) {
      cluster.put("n1", key(i), "v", LEVEL_ALL);
      if (i < 29) {
        cluster.delete("n1", key(i), LEVEL_ALL);
      }
    }

    ScanResponse first = cluster.scan("n1", request("k", 10, LEVEL_QUORUM).build()).page();

    assertThat(first.getRowsList()).isEmpty();
    assertThat(first.getMore()).isTrue();
    assertThat(allKeys(cluster, "n1", request("k", 10, LEVEL_QUORUM).build()))
        .containsExactly(key(29));
    assertThat(allKeys(cluster, "n1", request("k", 10, LEVEL_ONE).build()))
        .containsExactly(key(29));
  }

  @Test
  void endsAPageAfterItsBytesButHasAtLeastOneRow() {
    var limits =
        new QuorumConfig.Limits(9, 9, 1 << 20, 10, 10, 100, 50, 100, 1 << 20, 100, 50, 1_000);
    TestCluster cluster = TestCluster.of(3, LEVEL_ONE, limits);
    for (int i = 0; i < 5; i++) {
      cluster.put("n1", key(i), "x".repeat(500), LEVEL_ALL);
    }

    ScanResponse page = cluster.scan("n1", request("k", 10, LEVEL_QUORUM).build()).page();

    assertThat(page.getRowsCount()).isEqualTo(1);
    assertThat(allKeys(cluster, "n1", request("k", 10, LEVEL_QUORUM).build())).hasSize(5);
  }

  @Test
  void withKeysOnlyShowsVersionsAndNoValues() {
    TestCluster cluster = TestCluster.of(3);
    cluster.put("n1", "k", "v", LEVEL_ALL);

    ScanRow row =
        cluster
            .scan("n1", request("", 0, LEVEL_QUORUM).setKeysOnly(true).build())
            .page()
            .getRows(0);

    assertThat(row.getSiblings(0).hasValue()).isFalse();
    assertThat(row.getVersion()).isEqualTo("n1.a0:1");
  }

  @Test
  void showsSiblingsAndAContextToResolveThemWith() {
    TestCluster cluster = TestCluster.of(3);
    cluster.partition("n1|n2,n3");
    cluster.put("n1", "k", "left", LEVEL_ONE);
    cluster.put("n2", "k", "right", LEVEL_QUORUM);
    cluster.heal();

    ScanRow row = cluster.scan("n3", request("", 0, LEVEL_ALL).build()).page().getRows(0);
    assertThat(row.getSiblingsCount()).isEqualTo(2);
    assertThat(row.getVersion()).isEmpty();

    cluster.put("n3", "k", "both", LEVEL_ALL, row.getContext());
    assertThat(cluster.get("n1", "k", LEVEL_ONE).values()).containsExactly("both");
  }

  @Test
  void failsAtTheDeadlineWithoutAQuorum() {
    TestCluster cluster = TestCluster.of(3);
    cluster.partition("n1|n2,n3");
    Call call = cluster.scan("n1", request("", 0, LEVEL_QUORUM).build());

    cluster.advance(TestCluster.TIMEOUT_MILLIS);

    assertThat(call.error().getCode()).isEqualTo("NO_QUORUM");
    assertThat(call.error().getOutcome()).isEqualTo(Outcome.OUTCOME_FAILED);
  }
}
