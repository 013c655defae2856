package io.capstan.client;

import static io.capstan.client.FakeNode.refuse;
import static io.capstan.client.FakeNode.uncertain;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.capstan.client.FakeNode.Fault;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.OperationId;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
@DisplayName("A write of an AP keyspace of which nobody can say whether it was applied")
class RepeatedApWriteTest {
  private static final String FEED = "feed";
  private static final Put PUT = Put.of("k", "v").keyspace(FEED);

  // Long: what is tried here is how often, not how fast.
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private FakeCluster cluster;
  private CapstanClient client;

  @BeforeEach
  void connect() throws Exception {
    cluster = new FakeCluster(3);
    client = connected(true, cluster.endpoints().toArray(String[]::new));
  }

  private static CapstanClient connected(boolean operationIds, String... endpoints) {
    return CapstanClient.builder()
        .endpoints(List.of(endpoints))
        .timeout(TIMEOUT)
        .session(operationIds)
        .build();
  }

  @AfterEach
  void end() {
    client.close();
    cluster.close();
  }

  private void everywhere(Fault... faults) {
    cluster.nodes().forEach(node -> node.onWrites(faults));
  }

  private List<OperationId> writes() {
    return cluster.nodes().stream().flatMap(node -> node.writes().stream()).toList();
  }

  private CapstanException failure(Put put) {
    CapstanException failure =
        catchThrowableOfType(CapstanException.class, () -> client.blocking().put(put));
    assertThat(failure).as("the put should have failed").isNotNull();
    return failure;
  }

  @Test
  @DisplayName("is sent once, unless its caller has asked for more")
  void isSentOnce() {
    everywhere(uncertain(ErrorCode.TIMEOUT));

    CapstanException failed = failure(PUT);

    assertThat(failed.outcome()).isEqualTo(Outcome.UNKNOWN);
    assertThat(writes()).hasSize(1);
  }

  @Test
  @DisplayName("and put once more by its caller, is another write to everybody")
  void isAnotherWrite() {
    everywhere(new Fault.Meanwhile(() -> {}, new AtomicBoolean()));

    failure(PUT);
    client.blocking().put(PUT);

    assertThat(writes()).doesNotHaveDuplicates().hasSize(2);
    assertThat(cluster.applied()).isEqualTo(2);
  }

  @Test
  @DisplayName("is repeated through other nodes under one id where the caller wants it: done once")
  void isRepeated() {
    AtomicBoolean happened = new AtomicBoolean();
    everywhere(new Fault.Meanwhile(() -> {}, happened));

    Receipt written = client.blocking().put(PUT.repeatedWhereUnclear().level(Level.ONE));

    assertThat(happened).isTrue();
    assertThat(written.outcome()).isEqualTo(Outcome.OK);
    assertThat(writes()).hasSize(2);
    assertThat(writes().get(0)).isEqualTo(writes().get(1));
    assertThat(cluster.nodes()).allSatisfy(node -> assertThat(node.writes()).hasSizeLessThan(2));
    assertThat(cluster.applied()).isEqualTo(1);
  }

  @Test
  @DisplayName("so is one whose node breaks the connection, or never answers, and a delete")
  void isRepeatedAfterSilence() {
    cluster.put(FEED, "gone", "v");
    cluster.node(1).always(new Fault.Silence(true));
    cluster.node(2).onWrites(new Fault.Break(true));

    for (int i = 0; i < 6; i++) {
      client.blocking().put(Put.of("k" + i, "v").keyspace(FEED).repeatedWhereUnclear());
    }
    client.blocking().delete(Delete.of("gone").keyspace(FEED).repeatedWhereUnclear());

    assertThat(cluster.applied()).isEqualTo(7);
    assertThat(cluster.value(FEED, "gone")).isNull();
  }

  @Test
  @DisplayName("stays UNKNOWN where no node clears it up before the deadline")
  void staysUnknown() {
    client.blocking().put(Put.of("warm", "up").keyspace(FEED));
    cluster.nodes().forEach(node -> node.always(uncertain(ErrorCode.TIMEOUT)));

    CapstanException failed = failure(PUT.repeatedWhereUnclear().timeout(Duration.ofSeconds(2)));

    assertThat(failed.outcome()).isEqualTo(Outcome.UNKNOWN);
    assertThat(writes()).hasSizeGreaterThan(2);
  }

  @Test
  @DisplayName("is not made FAILED by a node that refuses an attempt after it")
  void aRefusalDoesNotMakeItCertain() {
    client.close();
    client = connected(true, cluster.node(1).address());
    cluster.node(1).onWrites(uncertain(ErrorCode.TIMEOUT), refuse(ErrorCode.CLOCK_AHEAD));

    CapstanException failed = failure(PUT.repeatedWhereUnclear());

    assertThat(failed.outcome()).isEqualTo(Outcome.UNKNOWN);
  }

  @Test
  @DisplayName("is UNKNOWN, and not sent on, once it is older than what its session remembers")
  void beyondTheWindow() {
    everywhere(uncertain(ErrorCode.BEYOND_WINDOW));

    CapstanException failed = failure(PUT.repeatedWhereUnclear());

    assertThat(failed.code()).isEqualTo(ErrorCode.BEYOND_WINDOW);
    assertThat(failed.outcome()).isEqualTo(Outcome.UNKNOWN);
    assertThat(writes()).hasSize(1);
  }

  @Test
  @DisplayName("is never performed in a later epoch of AP, where nobody remembers it")
  void notInALaterEpoch() {
    AtomicBoolean happened = new AtomicBoolean();
    everywhere(new Fault.Meanwhile(() -> cluster.nextEpoch(FEED), happened));

    CapstanException failed = failure(PUT.repeatedWhereUnclear());

    assertThat(failed.outcome()).isEqualTo(Outcome.UNKNOWN);
    assertThat(cluster.applied()).isEqualTo(1);
    assertThat(writes()).hasSize(2);
    assertThat(client.blocking().put(PUT).epoch()).isEqualTo(2);
  }

  @Test
  @DisplayName("is asked of the log where the keyspace has become CP: it is there, and done once")
  void isAskedOfTheLog() {
    AtomicBoolean happened = new AtomicBoolean();
    everywhere(new Fault.Meanwhile(() -> cluster.changeSides(FEED, Mode.MODE_CP), happened));

    Receipt written = client.blocking().put(PUT.repeatedWhereUnclear());

    assertThat(written.outcome()).isEqualTo(Outcome.OK);
    assertThat(writes()).hasSizeGreaterThan(1).containsOnly(writes().get(0));
    assertThat(cluster.applied()).isEqualTo(1);
    assertThat(client.blocking().put(PUT).mode()).isEqualTo(io.capstan.client.Mode.CP);
  }

  @Test
  @DisplayName("and not applied in an epoch that is over, is done in the present one")
  void anOldEpochRefuses() {
    client.blocking().put(PUT);
    cluster.nextEpoch(FEED);

    Receipt written = client.blocking().put(PUT.repeatedWhereUnclear());

    assertThat(written.epoch()).isEqualTo(2);
    assertThat(cluster.applied()).isEqualTo(2);
  }

  @Test
  @DisplayName("is sent once where writes carry no ids, whatever its caller wants")
  void withoutIds() {
    client.close();
    client = connected(false, cluster.node(1).address());
    everywhere(uncertain(ErrorCode.TIMEOUT));

    CapstanException failed = failure(PUT.repeatedWhereUnclear());

    assertThat(failed.outcome()).isEqualTo(Outcome.UNKNOWN);
    assertThat(writes()).hasSize(1);
  }
}
