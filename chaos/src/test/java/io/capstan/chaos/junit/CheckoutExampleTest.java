package io.capstan.chaos.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.client.CapstanClient;
import io.capstan.client.CapstanException;
import io.capstan.client.Get;
import io.capstan.client.Level;
import io.capstan.client.Mode;
import io.capstan.client.Outcome;
import io.capstan.client.Put;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

@CapstanCluster(nodes = 3)
class CheckoutExampleTest {

  @BeforeAll
  static void createKeyspaces(TestCluster cluster) {
    cluster.createKeyspace("carts", Mode.AP);
    cluster.createKeyspace("orders", Mode.CP);
  }

  @Test
  void cartsStayOpenOnBothSidesOfASplitAndOrdersOnlyWithAMajority(TestCluster cluster) {
    String leader = cluster.leader();
    CapstanClient alone = cluster.client(builder -> builder.timeout(Duration.ofSeconds(2)), leader);
    CapstanClient others = cluster.client(cluster.others(leader).toArray(String[]::new));

    cluster.isolate(leader);

    // The cart of a customer who reaches only the node that was cut off is still writable ...
    Put cart = Put.of("cart/7", "book").keyspace("carts").level(Level.ONE);
    assertThat(alone.blocking().put(cart).outcome()).isEqualTo(Outcome.OK);
    // ... an order there is refused rather than taken twice ...
    Put order = Put.of("order/7", "paid").keyspace("orders");
    assertThatThrownBy(() -> alone.blocking().put(order)).isInstanceOf(CapstanException.class);
    // ... and the side with a majority goes on.
    assertThat(others.blocking().put(order).outcome()).isEqualTo(Outcome.OK);

    cluster.heal();

    Get read = Get.of("cart/7").keyspace("carts").level(Level.ALL);
    assertThat(others.blocking().get(read).valueUtf8()).isEqualTo("book");
  }

  @Test
  void anOrderSurvivesTheDeathOfANode(TestCluster cluster) {
    Put order = Put.of("order/8", "paid").keyspace("orders");
    cluster.client().blocking().put(order);

    cluster.kill(cluster.leader());

    String order8 =
        cluster.client().blocking().get(Get.of("order/8").keyspace("orders")).valueUtf8();
    assertThat(order8).isEqualTo("paid");
  }
}
