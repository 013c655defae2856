package io.capstan.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.capstan.proto.store.v1.Mode;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A client whose keyspace changes sides")
class ChangeOfSidesTest {
  private static final String CP = "default";
  private static final String AP = "feed";

  // Long: what is tried here is how often, not how fast.
  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  private FakeCluster cluster;
  private CapstanClient client;

  @BeforeEach
  void connect() throws Exception {
    cluster = new FakeCluster(2);
    client = CapstanClient.builder().endpoints(cluster.endpoints()).timeout(TIMEOUT).build();
  }

  @AfterEach
  void end() {
    client.close();
    cluster.close();
  }

  private Receipt put(String keyspace, String key, String value) {
    return client.blocking().put(Put.of(key, value).keyspace(keyspace));
  }

  /** The next write is performed, the change comes, and nobody is told how the write went. */
  private void changeMeanwhile(String keyspace, Mode mode) {
    AtomicBoolean happened = new AtomicBoolean();
    for (FakeNode node : cluster.nodes()) {
      node.onWrites(
          new FakeNode.Fault.Meanwhile(() -> cluster.changeSides(keyspace, mode), happened));
    }
  }

  private Set<Object> operations() {
    Set<Object> operations = new HashSet<>();
    cluster.nodes().forEach(node -> operations.addAll(node.writes()));
    return operations;
  }

  private int attempts() {
    return cluster.nodes().stream().mapToInt(node -> node.writes().size()).sum();
  }

  @Test
  @DisplayName("is told the new epoch and goes on in it by itself, in both directions")
  void learnsTheEpoch() {
    put(CP, "k", "1");
    put(AP, "k", "1");
    cluster.changeSides(CP, Mode.MODE_AP);
    cluster.changeSides(AP, Mode.MODE_CP);

    Receipt toAp = put(CP, "k", "2");
    Receipt toCp = put(AP, "k", "2");

    assertThat(toAp.epoch()).isEqualTo(2);
    assertThat(toAp.mode()).isEqualTo(io.capstan.client.Mode.AP);
    assertThat(toCp.epoch()).isEqualTo(2);
    assertThat(toCp.mode()).isEqualTo(io.capstan.client.Mode.CP);
    assertThat(cluster.applied()).isEqualTo(4);
  }

  @Test
  @DisplayName("to AP, repeats a write of unknown outcome under its own id: it is done once")
  void repeatsToAp() {
    put(CP, "k", "1");
    changeMeanwhile(CP, Mode.MODE_AP);

    Receipt written = put(CP, "k", "2");

    assertThat(written.outcome()).isEqualTo(Outcome.OK);
    assertThat(cluster.applied()).isEqualTo(2);
    assertThat(attempts()).isGreaterThan(2);
    assertThat(operations()).hasSize(2);
    assertThat(put(CP, "k", "3").epoch()).isEqualTo(2);
  }

  @Test
  @DisplayName("to CP, repeats an addition of unknown outcome under its own id: it is done once")
  void repeatsToCp() {
    put(AP, "k", "1");
    changeMeanwhile(AP, Mode.MODE_CP);

    Receipt added = client.set(AP, "s").add("element").join();

    assertThat(added.outcome()).isEqualTo(Outcome.OK);
    assertThat(cluster.applied()).isEqualTo(2);
    assertThat(attempts()).isGreaterThan(2);
    assertThat(operations()).hasSize(2);
    assertThat(put(AP, "k", "3").epoch()).isEqualTo(2);
  }

  @Test
  @DisplayName("to CP, asks the log for a put that AP may have taken: it is there, and done once")
  void findsAPut() {
    put(AP, "k", "1");
    changeMeanwhile(AP, Mode.MODE_CP);

    Receipt written = put(AP, "k", "2");

    assertThat(written.outcome()).isEqualTo(Outcome.OK);
    assertThat(cluster.applied()).isEqualTo(2);
    assertThat(attempts()).isGreaterThan(2);
    assertThat(operations()).hasSize(2);
    assertThat(put(AP, "k", "3").epoch()).isEqualTo(2);
  }

  @Test
  @DisplayName("to CP, tells that a put is unknown which the log does not find, and does not do it")
  void tellsOfAPut() {
    put(AP, "k", "1");
    cluster.changeSides(AP, Mode.MODE_CP);
    cluster.nodes().forEach(node -> node.onWrites(FakeNode.uncertain("WRONG_EPOCH")));

    CapstanException unknown =
        catchThrowableOfType(CapstanException.class, () -> put(AP, "k", "2"));

    assertThat(unknown.outcome()).isEqualTo(Outcome.UNKNOWN);
    assertThat(cluster.applied()).isEqualTo(1);
    assertThat(operations()).hasSize(2);
  }

  @Test
  @DisplayName("that stays AP, does not repeat a put of unknown outcome: it could go back")
  void doesNotRepeatWithinAp() {
    put(AP, "k", "1");
    cluster.nodes().forEach(node -> node.onWrites(FakeNode.uncertain("OUTCOME_UNKNOWN")));

    CapstanException unknown =
        catchThrowableOfType(CapstanException.class, () -> put(AP, "k", "2"));

    assertThat(unknown.outcome()).isEqualTo(Outcome.UNKNOWN);
    assertThat(attempts()).isEqualTo(2);
  }

  @Test
  @DisplayName("reads on, and its session claims what it saw before as earlier only")
  void sessionReadsOn() {
    Session session = client.session();
    session.blocking().put(Put.of("k", "1").keyspace(AP));
    cluster.changeSides(AP, Mode.MODE_CP);

    Receipt read = session.blocking().get(Get.of("k").keyspace(AP));

    assertThat(read.valueUtf8()).isEqualTo("1");
    assertThat(read.epoch()).isEqualTo(2);
  }
}
