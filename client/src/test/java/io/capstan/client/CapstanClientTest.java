package io.capstan.client;

import static io.capstan.client.FakeNode.refuse;
import static io.capstan.client.FakeNode.uncertain;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.capstan.client.FakeNode.Fault;
import io.capstan.proto.store.v1.OperationId;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class CapstanClientTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(3);

  private FakeCluster cluster;
  private CapstanClient client;

  @BeforeEach
  void threeNodes() throws Exception {
    cluster = new FakeCluster(3);
  }

  @AfterEach
  void close() {
    if (client != null) {
      client.close();
    }
    cluster.close();
  }

  private BlockingClient connect(List<String> endpoints) {
    client = CapstanClient.builder().endpoints(endpoints).timeout(TIMEOUT).build();
    return client.blocking();
  }

  private BlockingClient connectToAll() {
    return connect(cluster.endpoints());
  }

  private BlockingClient connectTo(int... numbers) {
    return connect(IntStream.of(numbers).mapToObj(n -> cluster.node(n).address()).toList());
  }

  private static CapstanException failure(Runnable call) {
    CapstanException failure = catchThrowableOfType(CapstanException.class, call::run);
    assertThat(failure).as("the call should have failed").isNotNull();
    return failure;
  }

  private static String deadAddress() throws Exception {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return "127.0.0.1:" + socket.getLocalPort();
    }
  }

  // ---- what is asked is answered ------------------------------------------------------------

  @Test
  void whatWasPutIsReadWithItsReceipt() {
    BlockingClient blocking = connectToAll();

    Receipt written = blocking.put("greeting", "hello");
    Receipt read = blocking.get("greeting");

    assertThat(written.outcome()).isEqualTo(Outcome.OK);
    assertThat(written.mode()).isEqualTo(Mode.CP);
    assertThat(written.servedBy()).isEqualTo("n1");
    assertThat(read.valueUtf8()).isEqualTo("hello");
    assertThat(read.found()).isTrue();
    assertThat(read.level()).isEqualTo(Level.LINEARIZABLE);
    assertThat(read.stalenessMillis()).isNull();
    assertThat(read.latencyMicros()).isPositive();
  }

  @Test
  void aKeyThatDoesNotExistIsAnAnswer() {
    Receipt read = connectToAll().get("nobody");

    assertThat(read.found()).isFalse();
    assertThat(read.value()).isNull();
  }

  @Test
  void aScanGoesThroughAllPages() {
    IntStream.range(0, 25).forEach(i -> cluster.put("default", "key-" + (10 + i), "v" + i));
    cluster.put("default", "other", "v");
    List<String> keys = new ArrayList<>();

    for (ScanRow row : connectToAll().rows(Scan.prefix("key-").pageRows(10))) {
      keys.add(row.key().utf8());
    }

    assertThat(keys).hasSize(25).startsWith("key-10").endsWith("key-34").isSorted();
  }

  @Test
  void aTransactionAnswersEveryStep() {
    cluster.put("default", "alice", "100");
    Txn transfer =
        Txn.builder().ifValue("alice", "100").put("alice", "90").get("alice").otherwise().build();

    TxnResult result = connectToAll().txn(transfer);

    assertThat(result.succeeded()).isTrue();
    assertThat(result.results()).hasSize(2);
    assertThat(result.results().get(1).valueUtf8()).isEqualTo("90");
  }

  @Test
  void keyspacesAreCreatedDescribedAndDropped() {
    BlockingClient blocking = connectToAll();

    Keyspace made = blocking.createKeyspace("bank", Mode.CP);
    Keyspace described = blocking.describe("bank");
    blocking.dropKeyspace("bank");

    assertThat(described).isEqualTo(made);
    assertThat(failure(() -> blocking.describe("bank")).code())
        .isEqualTo(ErrorCode.UNKNOWN_KEYSPACE);
    assertThat(blocking.listKeyspaces().keyspaces())
        .extracting(Keyspace::name)
        .containsExactly("default", "feed");
  }

  @Test
  void whatTheClusterWouldRefuseAnywayIsNotSent() {
    BlockingClient blocking = connectToAll();

    CapstanException emptyKey = failure(() -> blocking.put("", "v"));
    CapstanException longKey = failure(() -> blocking.get("k".repeat(4_097)));
    CapstanException badName = failure(() -> blocking.get(Get.of("k").keyspace("No")));

    assertThat(List.of(emptyKey, longKey, badName))
        .allSatisfy(e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT))
        .allSatisfy(e -> assertThat(e.outcome()).isEqualTo(Outcome.FAILED));
    assertThat(cluster.nodes()).allSatisfy(node -> assertThat(node.requests()).isZero());
  }

  // ---- where requests go --------------------------------------------------------------------

  @Test
  void onlyGivenEndpointsAreContacted() {
    cluster.leader("n3");
    BlockingClient blocking = connectTo(1, 2);

    for (int i = 0; i < 20; i++) {
      blocking.put("k" + i, "v");
      blocking.put(Put.of("k" + i, "v").keyspace("feed"));
    }

    assertThat(cluster.node(3).requests()).isZero();
  }

  @Test
  void consistentRequestsFollowTheLeader() {
    BlockingClient blocking = connectToAll();
    cluster.leader("n2");
    await().until(() -> blocking.put("k", "v").receivedBy().equals("n2"));

    cluster.leader("n3");

    await().until(() -> blocking.put("k", "v").receivedBy().equals("n3"));
    int before = cluster.node(3).requests();
    for (int i = 0; i < 10; i++) {
      blocking.get("k");
    }
    assertThat(cluster.node(3).requests() - before).isEqualTo(10);
  }

  @Test
  void availableRequestsAreSpreadOverAllEndpoints() {
    BlockingClient blocking = connectToAll();

    for (int i = 0; i < 60; i++) {
      blocking.put(Put.of("k" + i, "v").keyspace("feed").level(Level.ONE));
    }

    assertThat(cluster.nodes())
        .allSatisfy(node -> assertThat(node.requests()).isGreaterThanOrEqualTo(5));
  }

  @Test
  void aNodeThatCameBackIsUsedAgain() throws Exception {
    BlockingClient blocking = connectTo(1, 2);
    cluster.node(1).stop();
    for (int i = 0; i < 5; i++) {
      blocking.put(Put.of("k", "v").keyspace("feed").level(Level.ONE));
    }

    cluster.node(1).start();

    int before = cluster.node(1).requests();
    await()
        .until(
            () -> {
              blocking.put(Put.of("k", "v").keyspace("feed").level(Level.ONE));
              return cluster.node(1).requests() > before;
            });
  }

  // ---- attempts that surely had no effect ---------------------------------------------------

  @Test
  void aRefusedConnectionIsNoReasonToDoubtAWrite() throws Exception {
    BlockingClient blocking = connect(List.of(deadAddress(), cluster.node(1).address()));

    for (int i = 0; i < 10; i++) {
      assertThat(blocking.put(Put.of("k", "v").keyspace("feed").level(Level.ONE)).outcome())
          .isEqualTo(Outcome.OK);
    }
    assertThat(cluster.applied()).isEqualTo(10);
  }

  @Test
  void anEndpointThatAcceptsAndNeverAnswersDoesNotEatTheDeadline() throws Exception {
    try (ServerSocket blackHole = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      String hole = "127.0.0.1:" + blackHole.getLocalPort();
      BlockingClient blocking = connect(List.of(hole, cluster.node(1).address()));

      for (int i = 0; i < 5; i++) {
        Receipt written = blocking.put(Put.of("k", "v").keyspace("feed").level(Level.ONE));

        assertThat(written.outcome()).isEqualTo(Outcome.OK);
        assertThat(written.latencyMicros()).isLessThan(TIMEOUT.toNanos() / 1_000);
      }
      client.close();
      CapstanException alone =
          failure(
              () -> connect(List.of(hole)).put(Put.of("k", "v").timeout(Duration.ofMillis(400))));
      assertThat(alone.code()).isEqualTo(ErrorCode.UNREACHABLE);
      assertThat(alone.outcome()).isEqualTo(Outcome.FAILED);
    }
  }

  @Test
  void overloadIsTriedAgain() {
    cluster.node(1).onWrites(refuse(ErrorCode.OVERLOADED), refuse(ErrorCode.OVERLOADED));

    Receipt written = connectTo(1).put(Put.of("k", "v").keyspace("feed").level(Level.ONE));

    assertThat(written.outcome()).isEqualTo(Outcome.OK);
    assertThat(cluster.node(1).writes()).hasSize(3);
    assertThat(cluster.applied()).isEqualTo(1);
  }

  @Test
  void aNodeWhoseClockIsTooFarAheadIsPassedOver() {
    cluster.node(2).always(refuse(ErrorCode.CLOCK_AHEAD));
    BlockingClient blocking = connectToAll();

    for (int i = 0; i < 10; i++) {
      assertThat(blocking.put(Put.of("k", "v").keyspace("feed").level(Level.ONE)).receivedBy())
          .isNotEqualTo("n2");
    }

    assertThat(cluster.node(2).writes()).isNotEmpty();
    assertThat(cluster.applied()).isEqualTo(10);
  }

  @Test
  void whereEveryClockIsTooFarAheadTheErrorSaysSoAtOnce() {
    cluster.nodes().forEach(node -> node.always(refuse(ErrorCode.CLOCK_AHEAD)));

    CapstanException failed =
        failure(() -> connectToAll().put(Put.of("k", "v").keyspace("feed").level(Level.ONE)));

    assertThat(failed.code()).isEqualTo(ErrorCode.CLOCK_AHEAD);
    assertThat(failed.outcome()).isEqualTo(Outcome.FAILED);
    assertThat(cluster.nodes()).allSatisfy(node -> assertThat(node.writes()).hasSize(1));
  }

  @Test
  void whereNoEndpointCanBeReachedTheErrorSaysSoWithinTheTimeout() throws Exception {
    client =
        CapstanClient.builder()
            .endpoints(List.of(deadAddress(), deadAddress()))
            .timeout(Duration.ofSeconds(10))
            .unreachableAfter(Duration.ofMillis(200))
            .build();
    long startNanos = System.nanoTime();

    CapstanException put = failure(() -> client.blocking().put("k", "v"));
    CapstanException get = failure(() -> client.blocking().get("k"));

    assertThat(put.code()).isEqualTo(ErrorCode.UNREACHABLE);
    assertThat(put.outcome()).isEqualTo(Outcome.FAILED);
    assertThat(put.getMessage()).contains("No endpoint could be reached").contains("127.0.0.1:");
    assertThat(get.code()).isEqualTo(ErrorCode.UNREACHABLE);
    assertThat(System.nanoTime() - startNanos).isLessThan(Duration.ofSeconds(5).toNanos());
  }

  @Test
  void withoutAQuorumAWriteFailsAtTheDeadlineAndIsDefinitelyNotApplied() {
    cluster.nodes().forEach(node -> node.always(refuse(ErrorCode.NO_QUORUM)));
    BlockingClient blocking = connectToAll();
    long startNanos = System.nanoTime();

    CapstanException failed =
        failure(() -> blocking.put(Put.of("k", "v").timeout(Duration.ofMillis(500))));

    assertThat(failed.code()).isEqualTo(ErrorCode.NO_QUORUM);
    assertThat(failed.outcome()).isEqualTo(Outcome.FAILED);
    assertThat(failed.hint()).isEqualTo("Next after NO_QUORUM.");
    assertThat(Duration.ofNanos(System.nanoTime() - startNanos))
        .isBetween(Duration.ofMillis(300), Duration.ofMillis(3_000));
  }

  @Test
  void aConflictIsAnAnswerAndNotTriedAgain() {
    cluster.put("default", "lock", "taken");

    CapstanException failed =
        failure(() -> connectToAll().put(Put.of("lock", "mine").onlyIfAbsent()));

    assertThat(failed.code()).isEqualTo(ErrorCode.CONFLICT);
    assertThat(cluster.nodes().stream().mapToInt(n -> n.writes().size()).sum()).isEqualTo(1);
  }

  // ---- attempts that may have had an effect -------------------------------------------------

  @Test
  void aConnectionThatBreaksLeavesAnAvailableWriteUnknownAndItIsNotRepeated() {
    cluster.node(1).onWrites(new Fault.Break(true));

    CapstanException failed =
        failure(() -> connectTo(1).put(Put.of("k", "v").keyspace("feed").level(Level.ONE)));

    assertThat(failed.outcome()).isEqualTo(Outcome.UNKNOWN);
    assertThat(failed.getMessage()).contains("may or may not have been applied");
    assertThat(cluster.applied()).isEqualTo(1);
  }

  @Test
  void aConsistentWriteIsRepeatedUnderTheSameIdAndHappensOnce() {
    BlockingClient blocking = connectToAll();
    blocking.put("warm", "up");
    cluster.node(1).onWrites(new Fault.Break(true));
    int before = cluster.applied();
    await().until(() -> blocking.get("warm").receivedBy().equals("n1"));

    Receipt written = blocking.put("k", "v");

    assertThat(written.outcome()).isEqualTo(Outcome.OK);
    assertThat(cluster.applied() - before).isEqualTo(1);
    OperationId first = cluster.node(1).writes().get(cluster.node(1).writes().size() - 1);
    assertThat(
            cluster.nodes().subList(1, 3).stream().flatMap(node -> node.writes().stream()).toList())
        .contains(first);
  }

  @Test
  void aFrozenLeaderDoesNotEatTheDeadlineOfAConsistentWrite() {
    BlockingClient blocking = connectToAll();
    blocking.put("warm", "up");
    await().until(() -> blocking.get("warm").receivedBy().equals("n1"));
    cluster.node(1).always(new Fault.Silence(true));
    int before = cluster.applied();

    Receipt written = blocking.put("k", "v");

    assertThat(written.receivedBy()).isNotEqualTo("n1");
    assertThat(cluster.applied() - before).isEqualTo(1);
  }

  @Test
  void withoutASessionAnUncertainWriteIsUnknown() {
    client =
        CapstanClient.builder()
            .endpoints(cluster.endpoints())
            .timeout(TIMEOUT)
            .session(false)
            .build();
    cluster.nodes().forEach(node -> node.onWrites(uncertain(ErrorCode.TIMEOUT)));

    CapstanException failed = failure(() -> client.blocking().put("k", "v"));

    assertThat(failed.outcome()).isEqualTo(Outcome.UNKNOWN);
    assertThat(cluster.nodes().stream().flatMap(n -> n.writes().stream()).toList())
        .containsExactly(OperationId.getDefaultInstance());
  }

  @Test
  void aWriteThatStaysWithoutAnswerIsUnknownAtTheDeadlineAndNotBefore() {
    cluster.nodes().forEach(node -> node.always(new Fault.Silence(false)));
    BlockingClient blocking = connectToAll();
    long startNanos = System.nanoTime();

    CapstanException failed =
        failure(
            () ->
                blocking.put(
                    Put.of("k", "v")
                        .keyspace("feed")
                        .level(Level.ONE)
                        .timeout(Duration.ofMillis(2_000))));

    assertThat(failed.outcome()).isEqualTo(Outcome.UNKNOWN);
    assertThat(Duration.ofNanos(System.nanoTime() - startNanos))
        .isBetween(Duration.ofMillis(1_900), Duration.ofMillis(4_000));
    assertThat(cluster.nodes().stream().mapToInt(n -> n.writes().size()).sum()).isEqualTo(1);
  }

  @Test
  void aReadIsRepeatedWhateverHappened() {
    cluster.put("default", "k", "v");
    cluster.node(1).onReads(new Fault.Break(false));
    cluster.node(2).onReads(uncertain(ErrorCode.TIMEOUT), refuse(ErrorCode.NO_LEADER));

    BlockingClient blocking = connectTo(1, 2);

    for (int i = 0; i < 6; i++) {
      assertThat(blocking.get("k").valueUtf8()).isEqualTo("v");
    }
  }

  @Test
  void aReadThatGetsNoAnswerHasFailedAndNothingIsUnknown() {
    cluster.nodes().forEach(node -> node.always(new Fault.Silence(false)));

    CapstanException failed =
        failure(() -> connectToAll().get(Get.of("k").timeout(Duration.ofMillis(1_500))));

    assertThat(failed.code()).isEqualTo(ErrorCode.TIMEOUT);
    assertThat(failed.outcome()).isEqualTo(Outcome.FAILED);
  }

  @Test
  void aConflictAfterAnUncertainAttemptIsStillAConflict() {
    cluster.put("default", "lock", "taken");
    cluster.node(1).onWrites(uncertain(ErrorCode.TIMEOUT));

    CapstanException failed = failure(() -> connectTo(1).put(Put.of("lock", "me").onlyIfAbsent()));

    assertThat(failed.code()).isEqualTo(ErrorCode.CONFLICT);
    assertThat(failed.outcome()).isEqualTo(Outcome.FAILED);
  }

  @Test
  void aRefusalAfterAnUncertainAttemptDoesNotMakeItCertain() {
    cluster.node(1).onWrites(uncertain(ErrorCode.TIMEOUT), refuse(ErrorCode.INVALID_ARGUMENT));

    CapstanException failed = failure(() -> connectTo(1).put("k", "v"));

    assertThat(failed.outcome()).isEqualTo(Outcome.UNKNOWN);
  }

  // ---- sessions and epochs ------------------------------------------------------------------

  @Test
  void aForgottenSessionIsOpenedAgainUnderAnotherNumber() {
    BlockingClient blocking = connectTo(1);
    blocking.put("k", "1");
    cluster.forgetSessions();

    Receipt written = blocking.put("k", "2");

    assertThat(written.outcome()).isEqualTo(Outcome.OK);
    List<OperationId> writes = cluster.node(1).writes();
    assertThat(writes.get(0).getSession()).isEqualTo(writes.get(1).getSession());
    assertThat(writes.get(2).getSession()).isNotEqualTo(writes.get(1).getSession());
    assertThat(cluster.applied()).isEqualTo(2);
  }

  @Test
  void aSessionLostBetweenTwoAttemptsLeavesTheWriteUnknown() {
    BlockingClient blocking = connectTo(1);
    blocking.put("k", "1");
    cluster.node(1).onWrites(uncertain(ErrorCode.TIMEOUT), refuse(ErrorCode.UNKNOWN_SESSION));

    CapstanException failed = failure(() -> blocking.put("k", "2"));

    assertThat(failed.outcome()).isEqualTo(Outcome.UNKNOWN);
    assertThat(blocking.put("k", "3").outcome()).isEqualTo(Outcome.OK);
  }

  @Test
  void aSessionLostAmongTheAttemptsOfTheForwardingNodeLeavesTheWriteUnknownToo() {
    BlockingClient blocking = connectTo(1);
    blocking.put("k", "1");
    cluster.node(1).onWrites(uncertain(ErrorCode.UNKNOWN_SESSION));

    CapstanException failed = failure(() -> blocking.put("k", "2"));

    assertThat(failed.outcome()).isEqualTo(Outcome.UNKNOWN);
    assertThat(cluster.node(1).writes()).hasSize(2);
  }

  @Test
  void anotherEpochIsLearnedAndTheWriteDoneInIt() {
    BlockingClient blocking = connectTo(1);
    blocking.put("k", "1");
    cluster.nextEpoch("default");

    Receipt written = blocking.put("k", "2");

    assertThat(written.epoch()).isEqualTo(2);
    assertThat(cluster.applied()).isEqualTo(2);
  }

  @Test
  void aKeyspaceThatWasDroppedAndMadeAgainIsFoundUnderItsName() {
    BlockingClient blocking = connectTo(1);
    blocking.put("k", "1");
    cluster.drop("default");
    long id = cluster.addKeyspace("default", io.capstan.proto.store.v1.Mode.MODE_CP).getId();

    assertThat(blocking.put("k", "2").keyspaceId()).isEqualTo(id);
  }

  @Test
  void aKeyspaceThatNoStatusNamesYetIsWrittenToAllTheSame() {
    BlockingClient blocking = connectTo(1);
    blocking.put("k", "1");
    // The client has looked at the keyspaces before this one was made.
    cluster.addKeyspace("bank", io.capstan.proto.store.v1.Mode.MODE_CP);

    assertThat(blocking.put(Put.of("k", "v").keyspace("bank")).mode()).isEqualTo(Mode.CP);
  }

  @Test
  void anUnknownKeyspaceIsAnErrorAtOnce() {
    CapstanException failed =
        failure(() -> connectToAll().put(Put.of("k", "v").keyspace("nowhere")));

    assertThat(failed.code()).isEqualTo(ErrorCode.UNKNOWN_KEYSPACE);
    assertThat(failed.outcome()).isEqualTo(Outcome.FAILED);
  }

  @Test
  void noMoreWritesAreUnderWayThanTheSessionRemembers() {
    BlockingClient blocking = connectTo(1);
    blocking.put("warm", "up");
    cluster.node(1).hold();
    List<CompletableFuture<Receipt>> writes =
        IntStream.range(0, 40).mapToObj(i -> client.put("k" + i, "v")).toList();
    await().until(() -> cluster.node(1).openMost() == FakeCluster.WINDOW_OPERATIONS);

    cluster.node(1).letGo();
    writes.forEach(CompletableFuture::join);

    assertThat(cluster.node(1).openMost()).isEqualTo(FakeCluster.WINDOW_OPERATIONS);
    assertThat(cluster.applied()).isEqualTo(41);
  }

  @Test
  void writesBeyondTheQueueAreRefusedAndNeverSent() {
    BlockingClient blocking = connectTo(1);
    blocking.put("warm", "up");
    cluster.node(1).hold();
    int places = FakeCluster.WINDOW_OPERATIONS + WriteSession.WAITING_MAX_OPERATIONS;
    for (int i = 0; i < places; i++) {
      var unused = client.put("k", "v");
    }

    CapstanException failed = failure(() -> blocking.put("one", "more"));

    assertThat(failed.code()).isEqualTo(ErrorCode.OVERLOADED);
    assertThat(failed.outcome()).isEqualTo(Outcome.FAILED);
    cluster.node(1).letGo();
  }

  // ---- the end ------------------------------------------------------------------------------

  @Test
  void closingEndsEveryOpenCall() {
    BlockingClient blocking = connectTo(1);
    blocking.put("warm", "up");
    cluster.node(1).hold();
    List<CompletableFuture<Receipt>> writes =
        IntStream.range(0, 20).mapToObj(i -> client.put("k" + i, "v")).toList();
    await().until(() -> cluster.node(1).openMost() == FakeCluster.WINDOW_OPERATIONS);

    client.close();

    assertThat(writes).allSatisfy(each -> assertThat(each).failsWithin(Duration.ofSeconds(2)));
    List<Outcome> outcomes =
        writes.stream().map(each -> ((CapstanException) each.exceptionNow()).outcome()).toList();
    assertThat(outcomes).filteredOn(Outcome.UNKNOWN::equals).hasSize(8);
    assertThat(outcomes).filteredOn(Outcome.FAILED::equals).hasSize(12);
    assertThat(failure(() -> blocking.get("k")).code()).isEqualTo(ErrorCode.CANCELLED);
  }

  @Test
  void waitingOnANetworkThreadIsRefusedInsteadOfHanging() {
    BlockingClient blocking = connectTo(1);

    CompletableFuture<Receipt> chained =
        client.get("a").thenApply(receipt -> blocking.get("b")).thenApply(r -> r);

    assertThat(chained)
        .failsWithin(TIMEOUT)
        .withThrowableOfType(ExecutionException.class)
        .withMessageContaining("network thread");
  }

  @Test
  void statusNamesEveryEndpointWhetherItAnswersOrNot() {
    BlockingClient blocking = connectToAll();
    cluster.node(2).stop();
    cluster.node(3).always(new Fault.Silence(false));

    List<NodeStatus> status = blocking.status(Duration.ofMillis(1_500));

    assertThat(status).extracting(NodeStatus::endpoint).isEqualTo(cluster.endpoints());
    assertThat(status).extracting(NodeStatus::reachable).containsExactly(true, false, false);
    assertThat(status.get(0).node().role()).isEqualTo("leader");
  }
}
