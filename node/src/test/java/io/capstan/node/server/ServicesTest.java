package io.capstan.node.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.capstan.node.replica.Effect;
import io.capstan.node.replica.Input;
import io.capstan.node.replica.Moment;
import io.capstan.proto.peer.v1.PeerMessage;
import io.capstan.proto.v1.AdminGrpc;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.GetResponse;
import io.capstan.proto.v1.KeyValueGrpc;
import io.capstan.proto.v1.KeyspaceRef;
import io.capstan.proto.v1.ListKeyspacesRequest;
import io.capstan.proto.v1.ListKeyspacesResponse;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.PutResponse;
import io.capstan.proto.v1.Receipt;
import io.capstan.proto.v1.SetModeRequest;
import io.capstan.proto.v1.StatusRequest;
import io.capstan.proto.v1.StatusResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class ServicesTest {

  private static final int CALLS_WAITING_MAX = 10_000;
  private static final KeyspaceRef BANK = KeyspaceRef.newBuilder().setName("bank").build();

  private final ScriptedReplica replica = new ScriptedReplica();
  private final EventLoop loop =
      new EventLoop(
          "test-services-loop",
          CALLS_WAITING_MAX,
          replica,
          () -> new Moment(System.nanoTime(), System.currentTimeMillis()),
          new EventLoop.World(
              new EventLoop.Outbound() {
                @Override
                public void send(String to, PeerMessage message, long nowNanos) {}

                @Override
                public void flush() {}
              },
              new Answers("n1", Runnable::run),
              sequence -> {},
              effect -> {},
              peers -> {},
              status -> {},
              failure -> {},
              (reason, cause) -> {}));
  private Server server;
  private ManagedChannel channel;

  @BeforeEach
  void begin() throws Exception {
    CallIntake intake = new CallIntake("n1", loop);
    StatusReport status =
        new StatusReport(
            new StatusReport.Identity(
                "127.0.0.1:7101", 99, "1.2.3", () -> Map.of("n2", "127.0.0.1:7202")),
            loop,
            () -> 4_096,
            Runnable::run);
    server =
        InProcessServerBuilder.forName("services")
            .directExecutor()
            .addService(new KeyValueService(intake))
            .addService(new AdminService(intake, status))
            .build()
            .start();
    channel = InProcessChannelBuilder.forName("services").build();
    loop.start();
  }

  @AfterEach
  void end() throws Exception {
    channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    server.shutdownNow().awaitTermination();
    loop.abandon(5_000);
  }

  @Test
  void aGoodCallReachesTheReplicaWithItsDeadlineAndComesBackWithAReceipt() {
    replica.script =
        (input, now) ->
            input instanceof Input.ClientCall call
                ? List.of(
                    new Effect.Reply(
                        call.callId(),
                        GetResponse.newBuilder()
                            .setReceipt(Receipt.newBuilder().setFound(true).setServedBy("n3"))
                            .build()))
                : List.of();

    long before = System.nanoTime();
    GetResponse answer =
        keyValue(2_000).get(GetRequest.newBuilder().setKeyspace(BANK).setKey(bytes("k")).build());

    assertThat(answer.getReceipt().getServedBy()).isEqualTo("n3");
    assertThat(answer.getReceipt().getReceivedBy()).isEqualTo("n1");
    Input.ClientCall call = (Input.ClientCall) replica.inputs.get(0);
    long timeoutMillis = (call.deadlineNanos() - before) / 1_000_000;
    assertThat(timeoutMillis).isBetween(1_000L, 1_960L);
  }

  @Test
  void aBadCallIsRefusedWithASentenceAndNeverReachesTheReplica() {
    StatusRuntimeException refusal =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () -> keyValue(5_000).put(PutRequest.newBuilder().setKeyspace(BANK).build()));

    ErrorDetail error = RecordedCall.detail(refusal);
    assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(error.getCode()).isEqualTo("INVALID_ARGUMENT");
    assertThat(error.getOutcome()).isEqualTo(Outcome.OUTCOME_FAILED);
    assertThat(error.getMessage()).contains("1 to 4,096 bytes");
    assertThat(replica.inputs).isEmpty();
  }

  @Test
  void anErrorOfTheReplicaComesBackWhole() {
    ErrorDetail noQuorum =
        ErrorDetail.newBuilder()
            .setCode("NO_QUORUM")
            .setOutcome(Outcome.OUTCOME_FAILED)
            .setMessage("n1 sees 1 of 3 nodes.")
            .setReceipt(Receipt.newBuilder().addMissing("n2").addMissing("n3"))
            .build();
    replica.script =
        (input, now) ->
            input instanceof Input.ClientCall call
                ? List.of(new Effect.Fail(call.callId(), noQuorum))
                : List.of();

    StatusRuntimeException refusal =
        catchThrowableOfType(StatusRuntimeException.class, () -> keyValue(5_000).put(put()));

    assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    ErrorDetail error = RecordedCall.detail(refusal);
    assertThat(error.getReceipt().getMissingList()).containsExactly("n2", "n3");
    assertThat(error.getReceipt().getReceivedBy()).isEqualTo("n1");
  }

  @Test
  void aClientHearsWhyBeforeItsOwnDeadlineEvenWhenTheReplicaAnswersAtTheLastMoment() {
    // given a replica that answers each call exactly at the deadline it was given
    var open = new java.util.concurrent.ConcurrentLinkedQueue<Input.ClientCall>();
    replica.script =
        (input, now) -> {
          if (input instanceof Input.ClientCall call) {
            open.add(call);
          }
          Input.ClientCall due = open.peek();
          if (due == null || now.nanos() < due.deadlineNanos()) {
            return List.of();
          }
          open.poll();
          return List.of(
              new Effect.Fail(
                  due.callId(), ErrorStatus.unknown("NO_QUORUM", "1 of 3 answered.", "")));
        };

    // and classes that are loaded, which takes a slow machine longer than the margin
    assertThatThrownBy(() -> keyValue(5_000).put(PutRequest.getDefaultInstance()))
        .isInstanceOf(StatusRuntimeException.class);

    StatusRuntimeException refusal =
        catchThrowableOfType(StatusRuntimeException.class, () -> keyValue(1_000).put(put()));

    assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(RecordedCall.detail(refusal).getMessage()).isEqualTo("1 of 3 answered.");
  }

  @Test
  void deadlinesAreTheClientsWithinBounds() {
    assertThat(CallIntake.timeoutNanos(null)).isEqualTo(TimeUnit.SECONDS.toNanos(5));
    assertThat(CallIntake.timeoutNanos(Deadline.after(1, TimeUnit.HOURS)))
        .isBetween(TimeUnit.SECONDS.toNanos(59), TimeUnit.SECONDS.toNanos(60));
    assertThat(CallIntake.timeoutNanos(Deadline.after(-1, TimeUnit.SECONDS))).isZero();
  }

  @Test
  @DisplayName("leave room for an answer that says what is known, before the client gives up")
  void answersComeBeforeTheClientGivesUp() {
    assertThat(CallIntake.timeoutNanos(Deadline.after(1, TimeUnit.SECONDS)))
        .isLessThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(900));
    assertThat(CallIntake.timeoutNanos(Deadline.after(5, TimeUnit.SECONDS)))
        .isLessThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(4_750));
  }

  @Test
  void aCancelledCallIsLetGoAndTheNextOneIsAnswered() {
    replica.script =
        (input, now) ->
            input instanceof Input.ClientCall call
                    && call.request() instanceof PutRequest put
                    && put.getKey().equals(bytes("answer"))
                ? List.of(new Effect.Reply(call.callId(), PutResponse.getDefaultInstance()))
                : List.of();
    ClientCall<PutRequest, PutResponse> call =
        ((Channel) channel).newCall(KeyValueGrpc.getPutMethod(), CallOptions.DEFAULT);
    call.start(new ClientCall.Listener<>() {}, new Metadata());
    call.sendMessage(put());
    call.halfClose();
    await().until(() -> replica.inputs.size() == 1);

    call.cancel("changed my mind", null);

    PutResponse answer = keyValue(5_000).put(put().toBuilder().setKey(bytes("answer")).build());
    assertThat(answer).isEqualTo(PutResponse.getDefaultInstance());
  }

  @Test
  void adminCallsGoToTheReplicaToo() {
    replica.script =
        (input, now) ->
            input instanceof Input.ClientCall call && call.request() instanceof ListKeyspacesRequest
                ? List.of(
                    new Effect.Reply(
                        call.callId(), ListKeyspacesResponse.newBuilder().setCurrent(true).build()))
                : List.of();

    assertThat(admin().listKeyspaces(ListKeyspacesRequest.getDefaultInstance()).getCurrent())
        .isTrue();
  }

  @Test
  void changingToNoModeIsRefusedWithASentenceAndChangesNothing() {
    SetModeRequest request = SetModeRequest.newBuilder().setName("bank").build();

    StatusRuntimeException refusal =
        catchThrowableOfType(StatusRuntimeException.class, () -> admin().setMode(request));

    assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    ErrorDetail error = RecordedCall.detail(refusal);
    assertThat(error.getOutcome()).isEqualTo(Outcome.OUTCOME_FAILED);
    assertThat(replica.inputs).isEmpty();
  }

  @Test
  void statusJoinsWhatTheReplicaAndTheShellKnow() {
    replica.role = "leader";

    StatusResponse status = admin().status(StatusRequest.getDefaultInstance());

    assertThat(status.getRole()).isEqualTo("leader");
    assertThat(status.getAddress()).isEqualTo("127.0.0.1:7101");
    assertThat(status.getIncarnation()).isEqualTo(99);
    assertThat(status.getVersion()).isEqualTo("1.2.3");
    assertThat(status.getDiskBytes()).isEqualTo(4_096);
    assertThat(status.getCpuMicros()).isPositive();
  }

  @Test
  void aStoppingNodeSaysSo() {
    loop.stop(5_000);

    StatusRuntimeException refusal =
        catchThrowableOfType(StatusRuntimeException.class, () -> keyValue(5_000).put(put()));

    assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(RecordedCall.detail(refusal).getOutcome()).isEqualTo(Outcome.OUTCOME_FAILED);
  }

  private KeyValueGrpc.KeyValueBlockingStub keyValue(long timeoutMillis) {
    return KeyValueGrpc.newBlockingStub(channel)
        .withDeadlineAfter(timeoutMillis, TimeUnit.MILLISECONDS);
  }

  private AdminGrpc.AdminBlockingStub admin() {
    return AdminGrpc.newBlockingStub(channel).withDeadlineAfter(5, TimeUnit.SECONDS);
  }

  private static PutRequest put() {
    return PutRequest.newBuilder().setKeyspace(BANK).setKey(bytes("k")).build();
  }

  private static ByteString bytes(String text) {
    return ByteString.copyFromUtf8(text);
  }
}
