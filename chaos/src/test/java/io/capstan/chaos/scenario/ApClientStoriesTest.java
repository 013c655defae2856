package io.capstan.chaos.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.capstan.chaos.junit.CapstanCluster;
import io.capstan.chaos.junit.TestCluster;
import io.capstan.client.Bytes;
import io.capstan.client.CapstanClient;
import io.capstan.client.CapstanException;
import io.capstan.client.ErrorCode;
import io.capstan.client.Get;
import io.capstan.client.Level;
import io.capstan.client.Mode;
import io.capstan.client.Put;
import io.capstan.client.Receipt;
import io.capstan.client.Resolver;
import io.capstan.client.Scan;
import io.capstan.client.Session;
import io.capstan.client.Update;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** Sessions and merging as an application uses them, on real nodes that a real split parts. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@CapstanCluster(nodes = 3)
@DisplayName("An application on an AP keyspace")
class ApClientStoriesTest {
  private static final Duration WAIT = Duration.ofSeconds(30);

  private TestCluster cluster;
  private CapstanClient left;
  private CapstanClient right;

  @BeforeAll
  void start(TestCluster given) {
    cluster = given;
    cluster.createKeyspace("shop", Mode.AP);
    left = client("n1");
    right = client("n2");
  }

  private CapstanClient client(String... nodes) {
    return cluster.client(
        builder -> builder.keyspace("shop").timeout(Duration.ofSeconds(10)), nodes);
  }

  // ---- sessions ----

  @Test
  @DisplayName("reads its own writes after a failover, or is told who has them")
  void readYourWrites() {
    Session atHome = left.session();
    cluster.partition("n1|n2,n3");
    atHome.blocking().put(Put.of("me", "hello").level(Level.ONE));

    // The process restarts and finds another node.
    Session away = right.session(atHome.export());
    Get read = Get.of("me").level(Level.ONE);
    assertThat(right.blocking().get(read).found()).isFalse();
    CapstanException refused =
        catchThrowableOfType(
            CapstanException.class, () -> away.patience(Duration.ZERO).blocking().get(read));
    assertThat(refused.code()).isEqualTo(ErrorCode.SESSION_NOT_MET);
    assertThat(refused.getMessage()).contains("n1");

    CompletableFuture<Receipt> patient = away.get(read);
    cluster.heal();
    assertThat(patient.join().valueUtf8()).isEqualTo("hello");
    assertThat(away.blocking().scan(Scan.prefix("me").level(Level.ONE)).rows()).hasSize(1);
  }

  @Test
  @DisplayName("never reads new, then old, from a client that balances over all nodes")
  void monotonicReads() {
    Session session = client("n1", "n2", "n3").session();
    int newest = 0;
    for (int i = 1; i <= 200; i++) {
      var unused = left.put(Put.of("clock", String.valueOf(i)).level(Level.ONE));
      String value = session.blocking().get(Get.of("clock").level(Level.ONE)).valueUtf8();
      int seen = value == null ? 0 : Integer.parseInt(value);
      assertThat(seen).isGreaterThanOrEqualTo(newest);
      newest = seen;
    }
  }

  @Test
  @DisplayName("is told that its session belongs to a keyspace that was dropped")
  void droppedKeyspace() {
    left.blocking().createKeyspace("gone", Mode.AP);
    Session session = left.session();
    session.blocking().put(Put.of("k", "v").keyspace("gone"));
    left.blocking().dropKeyspace("gone");
    left.blocking().createKeyspace("gone", Mode.AP);

    CapstanException refused =
        catchThrowableOfType(
            CapstanException.class, () -> session.blocking().get(Get.of("k").keyspace("gone")));

    assertThat(refused.code()).isEqualTo(ErrorCode.SESSION_MISMATCH);
  }

  // ---- a shopping cart ----

  private static Set<String> items(Bytes cart) {
    return new TreeSet<>(cart.isEmpty() ? List.of() : List.of(cart.utf8().split(",")));
  }

  private static Bytes cart(Set<String> items) {
    return Bytes.of(String.join(",", items));
  }

  /** Both carts: the order does not matter, and twice is as good as once. */
  private static final Resolver UNION =
      Resolver.ofValues(
          (one, other) -> {
            Set<String> both = items(one);
            both.addAll(items(other));
            return cart(both);
          });

  private static Update adding(String item) {
    return Update.of(
            "cart",
            UNION,
            value -> {
              Set<String> items = items(value == null ? Bytes.EMPTY : value);
              items.add(item);
              return cart(items);
            })
        .level(Level.ONE);
  }

  @Test
  @DisplayName("keeps what both sides of a split put into the cart")
  void shoppingCart() {
    left.blocking().update(adding("milk").level(Level.ALL));
    cluster.partition("n1|n2,n3");
    left.blocking().update(adding("eggs"));
    right.blocking().update(adding("flour"));
    cluster.heal();
    await()
        .atMost(WAIT)
        .until(() -> right.blocking().get(Get.of("cart").level(Level.ONE)).hasSiblings());

    Receipt merged = right.blocking().update(adding("sugar"));

    assertThat(merged.hasSiblings()).isFalse();
    Receipt read = left.blocking().get(Get.of("cart").level(Level.ALL));
    assertThat(items(read.value())).containsExactly("eggs", "flour", "milk", "sugar");
  }

  @Test
  @DisplayName("loses no item that 30 shoppers add at once through different nodes")
  void manyShoppers() {
    List<CompletableFuture<Receipt>> shoppers = new ArrayList<>();
    Set<String> added = new TreeSet<>();
    for (int i = 0; i < 30; i++) {
      String item = "item" + i;
      added.add(item);
      Update update =
          Update.of(
              "rush",
              UNION,
              value -> {
                Set<String> items = items(value == null ? Bytes.EMPTY : value);
                items.add(item);
                return cart(items);
              });
      shoppers.add((i % 2 == 0 ? left : right).update(update));
    }
    shoppers.forEach(CompletableFuture::join);

    left.blocking().update(Update.merge("rush", UNION));

    Receipt read = left.blocking().get(Get.of("rush").level(Level.ALL));
    assertThat(read.hasSiblings()).isFalse();
    assertThat(items(read.value())).isEqualTo(added);
  }

  @Test
  @DisplayName("updates a CP keyspace by the same code, where a lost race is tried again")
  void updatesInCp() {
    List<CompletableFuture<Receipt>> counts = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      Update count =
          Update.of(
                  "count",
                  UNION,
                  value ->
                      Bytes.of(
                          String.valueOf(value == null ? 1 : Integer.parseInt(value.utf8()) + 1)))
              .keyspace("default")
              .attemptsMax(100);
      counts.add((i % 2 == 0 ? left : right).update(count));
    }
    counts.forEach(CompletableFuture::join);

    assertThat(left.blocking().get(Get.of("count").keyspace("default")).valueUtf8()).isEqualTo("8");
  }
}
