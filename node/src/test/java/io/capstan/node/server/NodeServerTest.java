package io.capstan.node.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.capstan.node.storage.StorageException;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.v1.KeyspaceRef;
import io.capstan.proto.v1.OpenSessionRequest;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.PutResponse;
import io.capstan.proto.v1.Receipt;
import io.capstan.proto.v1.StatusResponse;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real nodes: gRPC, RocksDB and sockets, all in this JVM. */
class NodeServerTest {

  @TempDir private Path folder;
  private LocalCluster cluster;

  @BeforeEach
  void begin() throws Exception {
    cluster = new LocalCluster(folder);
  }

  @AfterEach
  void end() throws Exception {
    cluster.close();
    await().untilAsserted(() -> assertThat(capstanThreads()).isEmpty());
  }

  @Test
  void aCpKeyspaceIsServedByEveryNode() throws Exception {
    cluster.startAll();
    awaitLeader();

    for (String writer : LocalCluster.IDS) {
      Receipt written = cluster.put(writer, "default", "written-by-" + writer, writer);
      assertThat(written.getReceivedBy()).isEqualTo(writer);
      assertThat(written.getMode()).isEqualTo(Mode.MODE_CP);
      for (String reader : LocalCluster.IDS) {
        Receipt read = cluster.get(reader, "default", "written-by-" + writer);
        assertThat(read.getValue().toStringUtf8()).isEqualTo(writer);
        assertThat(read.getVersion()).isEqualTo(written.getVersion());
        assertThat(read.getReceivedBy()).isEqualTo(reader);
      }
    }
  }

  @Test
  void anApKeyspaceIsServedByEveryNode() throws Exception {
    cluster.startAll();
    awaitLeader();
    cluster.create("feed", Mode.MODE_AP);

    for (String writer : LocalCluster.IDS) {
      await()
          .ignoreExceptionsMatching(NodeServerTest::isNotYetEverywhere)
          .until(() -> cluster.put(writer, "feed", "post-" + writer, writer).getAckedCount() >= 2);
      for (String reader : LocalCluster.IDS) {
        await()
            .ignoreExceptionsMatching(NodeServerTest::isNotYetEverywhere)
            .until(
                () ->
                    cluster
                        .get(reader, "feed", "post-" + writer)
                        .getValue()
                        .toStringUtf8()
                        .equals(writer));
      }
    }
  }

  @Test
  void theNextPutSucceedsWithinThreeSecondsAfterTheLeaderHasStopped() throws Exception {
    cluster.startAll();
    String leader = awaitLeader();
    String other = leader.equals("n1") ? "n2" : "n1";
    var unused =
        cluster.client(other).openSession(OpenSessionRequest.newBuilder().setSession(5).build());

    cluster.stop(leader);

    OperationId operation = OperationId.newBuilder().setSession(5).setSequence(1).build();
    await()
        .atMost(Duration.ofSeconds(3))
        .ignoreExceptionsInstanceOf(StatusRuntimeException.class)
        .until(() -> !cluster.put(other, "default", "k", "v", operation).getServedBy().isEmpty());
    assertThat(cluster.get(other, "default", "k").getValue().toStringUtf8()).isEqualTo("v");
  }

  @Test
  void aNodeThatCameBackCatchesUpWithItsPeers() throws Exception {
    cluster.startAll();
    String leader = awaitLeader();
    String follower = leader.equals("n1") ? "n2" : "n1";
    cluster.kill(follower);
    cluster.put(leader, "default", "k", "meanwhile");

    cluster.start(follower);

    await()
        .ignoreExceptionsInstanceOf(StatusRuntimeException.class)
        .until(
            () ->
                cluster
                    .get(follower, "default", "k")
                    .getValue()
                    .toStringUtf8()
                    .equals("meanwhile"));
  }

  @Test
  void aClusterThatWasKilledHasItsDataWhenItStartsAgain() throws Exception {
    cluster.startAll();
    awaitLeader();
    cluster.create("feed", Mode.MODE_AP);
    cluster.put("n2", "default", "k", "cp");
    await()
        .ignoreExceptionsMatching(NodeServerTest::isNotYetEverywhere)
        .until(() -> cluster.put("n3", "feed", "k", "ap").getAckedCount() >= 2);

    LocalCluster.IDS.forEach(cluster::kill);
    cluster.startAll();
    awaitLeader();

    await()
        .ignoreExceptionsInstanceOf(StatusRuntimeException.class)
        .until(() -> cluster.get("n1", "default", "k").getValue().toStringUtf8().equals("cp"));
    await()
        .ignoreExceptionsInstanceOf(StatusRuntimeException.class)
        .until(() -> cluster.get("n1", "feed", "k").getValue().toStringUtf8().equals("ap"));
  }

  @Test
  void aServerThatMustNotGoOnEndsWithItsReasonAndTheOthersServeOn() throws Exception {
    cluster.startAll();
    String leader = awaitLeader();
    String broken = leader.equals("n1") ? "n2" : "n1";
    NodeServer server = cluster.server(broken);

    server.failStop("a sync failed", new StorageException("the disk says EIO", null));

    assertThat(server.awaitEnd()).contains("a sync failed: the disk says EIO");
    assertThat(server.isRunning()).isFalse();
    assertThat(capstanThreads()).noneMatch(name -> name.startsWith("capstan-" + broken + "-loop"));
    assertThat(cluster.put(leader, "default", "k", "v").getServedBy()).isEqualTo(leader);
    // its folder and ports are free: it can be started again
    cluster.stop(broken);
    cluster.start(broken);
  }

  @Test
  void tellsItsStateAndHealth() throws Exception {
    cluster.startAll();
    String leader = awaitLeader();

    StatusResponse status = cluster.status(leader);
    assertThat(status.getId()).isEqualTo(leader);
    assertThat(status.getAddress()).isEqualTo(cluster.server(leader).address().toString());
    assertThat(status.getDiskBytes()).isPositive();
    assertThat(status.getIncarnation()).isNotZero();
    assertThat(status.getVersion()).isNotEmpty();
    assertThat(status.getPeersList()).hasSize(2);
    await()
        .until(
            () ->
                HealthGrpc.newBlockingStub(cluster.channel(leader))
                        .check(
                            HealthCheckRequest.newBuilder()
                                .setService("capstan.v1.KeyValue")
                                .build())
                        .getStatus()
                    == ServingStatus.SERVING);
    assertThat(services(leader)).contains("capstan.v1.KeyValue", "capstan.v1.Admin");
  }

  @Test
  void aDataFolderInUseIsRefusedAndTheFirstServerGoesOn() throws Exception {
    cluster.startAll();
    awaitLeader();
    LocalCluster elsewhere = new LocalCluster(folder);

    assertThatThrownBy(() -> elsewhere.start("n1"))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("is in use");

    cluster.put("n1", "default", "k", "v");
  }

  @Test
  void aPortInUseIsRefusedWithASentenceThatNamesItAndNothingIsLeftRunning() throws Exception {
    int clientPort = cluster.config("n1").listen().port();
    try (ServerSocket taken = new ServerSocket(clientPort, 1, InetAddress.getByName("127.0.0.1"))) {
      assertThat(taken.isBound()).isTrue();
      assertThatThrownBy(() -> cluster.start("n1"))
          .isInstanceOf(StartException.class)
          .hasMessage(
              "Port %d (listen is 127.0.0.1:%d) is in use already. Stop what uses it, or set listen"
                  + " or --listen to another.",
              clientPort, clientPort);
    }
    await().untilAsserted(() -> assertThat(capstanThreads()).isEmpty());

    // and the folder is free again
    cluster.start("n1");
  }

  @Test
  void aNodeThatIsLeftAloneRefusesOnItsCpSideAndServesOnItsApSide() throws Exception {
    cluster.startAll();
    awaitLeader();
    cluster.create("feed", Mode.MODE_AP);
    await().until(() -> cluster.status("n1").getKeyspacesCount() == 2);
    cluster.stop("n2");
    cluster.stop("n3");

    StatusRuntimeException refusal =
        catchThrowableOfType(
            StatusRuntimeException.class, () -> cluster.put("n1", "default", "k", "v"));
    assertThat(RecordedCall.detail(refusal).getCode()).isIn("NO_LEADER", "NO_QUORUM", "TIMEOUT");

    PutResponse post =
        cluster
            .client("n1")
            .put(
                PutRequest.newBuilder()
                    .setKeyspace(KeyspaceRef.newBuilder().setName("feed"))
                    .setKey(ByteString.copyFromUtf8("k"))
                    .setLevel(Level.LEVEL_ONE)
                    .build());
    assertThat(post.getReceipt().getAckedList()).containsExactly("n1");
  }

  private String awaitLeader() {
    String[] leader = new String[1];
    await()
        .atMost(Duration.ofSeconds(15))
        .ignoreExceptionsInstanceOf(StatusRuntimeException.class)
        .until(
            () -> {
              leader[0] = cluster.leader();
              return leader[0] != null
                  && LocalCluster.IDS.stream()
                      .allMatch(id -> cluster.status(id).getKeyspacesCount() > 0);
            });
    return leader[0];
  }

  /** A keyspace reaches the followers a moment after its creation was answered. */
  private static boolean isNotYetEverywhere(Throwable problem) {
    return problem instanceof StatusRuntimeException;
  }

  private List<String> services(String id) {
    List<String> names = new CopyOnWriteArrayList<>();
    StreamObserver<ServerReflectionRequest> requests =
        ServerReflectionGrpc.newStub(cluster.channel(id))
            .serverReflectionInfo(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ServerReflectionResponse response) {
                    response
                        .getListServicesResponse()
                        .getServiceList()
                        .forEach(service -> names.add(service.getName()));
                  }

                  @Override
                  public void onError(Throwable problem) {}

                  @Override
                  public void onCompleted() {}
                });
    requests.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
    requests.onCompleted();
    await().until(() -> !names.isEmpty());
    return names;
  }

  private static Collection<String> capstanThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("capstan-"))
        .toList();
  }
}
