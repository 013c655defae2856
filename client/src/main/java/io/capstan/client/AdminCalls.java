package io.capstan.client;

import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.v1.AdminGrpc;
import io.capstan.proto.v1.ChangeMembersRequest;
import io.capstan.proto.v1.ChangeMembersResponse;
import io.capstan.proto.v1.CreateKeyspaceResponse;
import io.capstan.proto.v1.DropKeyspaceRequest;
import io.capstan.proto.v1.DropKeyspaceResponse;
import io.capstan.proto.v1.ListKeyspacesRequest;
import io.capstan.proto.v1.ListKeyspacesResponse;
import io.capstan.proto.v1.ListMembersRequest;
import io.capstan.proto.v1.ListMembersResponse;
import io.capstan.proto.v1.SetModeRequest;
import io.capstan.proto.v1.StatusRequest;
import io.capstan.proto.v1.StatusResponse;
import io.capstan.proto.v1.TransferLeadershipRequest;
import io.capstan.proto.v1.TransferLeadershipResponse;
import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The calls on keyspaces, sides, members and nodes. Those that read the state of every node ask
 * each endpoint; all others go to whichever answers. Safe for use by several threads.
 */
final class AdminCalls {
  private final ClientCore core;

  AdminCalls(ClientCore core) {
    this.core = core;
  }

  CompletableFuture<Keyspace> createKeyspace(CreateKeyspace create) {
    return admin(
        Limits.problem(create.name()),
        "creation of the keyspace",
        AdminGrpc.getCreateKeyspaceMethod(),
        Operation.Kind.LOGGED_WRITE,
        (id, epoch, operation) -> WireRequests.create(create, operation),
        (CreateKeyspaceResponse response, long micros) ->
            WireAnswers.keyspace(response.getKeyspace()),
        create.timeout());
  }

  CompletableFuture<KeyspaceList> listKeyspaces() {
    return list(null, "");
  }

  private CompletableFuture<KeyspaceList> list(@Nullable String problem, String name) {
    ListKeyspacesRequest request = ListKeyspacesRequest.newBuilder().setName(name).build();
    return admin(
        problem,
        "list of keyspaces",
        AdminGrpc.getListKeyspacesMethod(),
        Operation.Kind.READ,
        (id, epoch, operation) -> request,
        (ListKeyspacesResponse response, long micros) ->
            new KeyspaceList(
                response.getKeyspacesList().stream().map(WireAnswers::keyspace).toList(),
                response.getCurrent()),
        null);
  }

  CompletableFuture<Keyspace> describe(String name) {
    return list(Limits.problem(name), name)
        .thenCompose(
            list ->
                list.keyspaces().stream()
                    .filter(each -> each.name().equals(name))
                    .findFirst()
                    .map(CompletableFuture::completedFuture)
                    .orElseGet(() -> CompletableFuture.failedFuture(unknownKeyspace(name))));
  }

  private static CapstanException unknownKeyspace(String name) {
    return new CapstanException(
        ErrorCode.UNKNOWN_KEYSPACE,
        Outcome.FAILED,
        "There is no keyspace \"" + name + "\".",
        "See which there are: capstan keyspace list",
        null);
  }

  CompletableFuture<Keyspace> dropKeyspace(String name) {
    return admin(
        Limits.problem(name),
        "drop of the keyspace",
        AdminGrpc.getDropKeyspaceMethod(),
        Operation.Kind.LOGGED_WRITE,
        (id, epoch, operation) -> dropRequest(name, operation),
        (DropKeyspaceResponse response, long micros) ->
            WireAnswers.keyspace(response.getKeyspace()),
        null);
  }

  private static DropKeyspaceRequest dropRequest(String name, @Nullable OperationId operation) {
    DropKeyspaceRequest.Builder request = DropKeyspaceRequest.newBuilder().setName(name);
    if (operation != null) {
      request.setOperation(operation);
    }
    return request.build();
  }

  CompletableFuture<Keyspace> setMode(String name, Mode mode, String requestedBy) {
    return setMode(
        SetModeRequest.newBuilder()
            .setName(name)
            .setMode(WireRequests.mode(mode))
            .setRequestedBy(requestedBy)
            .build());
  }

  CompletableFuture<Keyspace> abortModeChange(String name, String requestedBy) {
    return setMode(
        SetModeRequest.newBuilder()
            .setName(name)
            .setAbort(true)
            .setRequestedBy(requestedBy)
            .build());
  }

  private CompletableFuture<Keyspace> setMode(SetModeRequest request) {
    return admin(
        Limits.problem(request.getName()),
        "change of mode",
        AdminGrpc.getSetModeMethod(),
        Operation.Kind.LOGGED_WRITE,
        (id, epoch, operation) ->
            operation == null ? request : request.toBuilder().setOperation(operation).build(),
        (response, micros) -> WireAnswers.keyspace(response.getKeyspace()),
        null);
  }

  CompletableFuture<MemberList> members() {
    return admin(
        null,
        "list of members",
        AdminGrpc.getListMembersMethod(),
        Operation.Kind.READ,
        (id, epoch, operation) -> ListMembersRequest.getDefaultInstance(),
        (ListMembersResponse response, long micros) -> WireAnswers.members(response),
        null);
  }

  CompletableFuture<Long> changeMembers(MemberChange change, @Nullable MemberList seen) {
    ChangeMembersRequest.Builder builder = MemberChange.request(change);
    if (seen != null) {
      builder.setExpectedConfigurationIndex(seen.configurationIndex());
    }
    ChangeMembersRequest request = builder.build();
    return admin(
        null,
        "change of members",
        AdminGrpc.getChangeMembersMethod(),
        Operation.Kind.PLAIN_WRITE,
        (id, epoch, operation) -> request,
        (ChangeMembersResponse response, long micros) -> response.getIndex(),
        null);
  }

  CompletableFuture<String> transferLeadership(String target) {
    TransferLeadershipRequest request =
        TransferLeadershipRequest.newBuilder().setTarget(target).build();
    return admin(
        null,
        "transfer of the leadership",
        AdminGrpc.getTransferLeadershipMethod(),
        Operation.Kind.PLAIN_WRITE,
        (id, epoch, operation) -> request,
        (TransferLeadershipResponse response, long micros) -> response.getTarget(),
        null);
  }

  CompletableFuture<ConflictList> conflicts(ConflictQuery query, String named) {
    String problem = Limits.problem(named);
    return problem != null
        ? ClientCore.refused(ErrorCode.INVALID_ARGUMENT, problem, "")
        : new ConflictReader(core, query, named).read();
  }

  CompletableFuture<Divergence> divergence(String named, boolean byRow) {
    String problem = Limits.problem(named);
    return problem != null
        ? ClientCore.refused(ErrorCode.INVALID_ARGUMENT, problem, "")
        : new DivergenceReader(core, named, byRow).read();
  }

  CompletableFuture<List<NodeStatus>> status(Duration timeout) {
    List<CompletableFuture<NodeStatus>> asked = new ArrayList<>();
    for (Endpoint endpoint : core.endpoints().all()) {
      asked.add(status(endpoint, timeout.toNanos()));
    }
    return CompletableFuture.allOf(asked.toArray(CompletableFuture<?>[]::new))
        .thenApply(done -> asked.stream().map(CompletableFuture::join).toList());
  }

  private CompletableFuture<NodeStatus> status(Endpoint endpoint, long timeoutNanos) {
    CompletableFuture<NodeStatus> result = new CompletableFuture<>();
    if (endpoint.isAside()) {
      endpoint.reconnectNow();
    }
    Attempt.start(
        endpoint,
        AdminGrpc.getStatusMethod(),
        StatusRequest.getDefaultInstance(),
        timeoutNanos,
        timeoutNanos,
        core.delays(),
        new Attempt.Listener<StatusResponse>() {
          @Override
          public void answered(Endpoint from, StatusResponse response) {
            from.recovered();
            core.learn(from, response);
            result.complete(new NodeStatus(from.address(), WireAnswers.node(response), null));
          }

          @Override
          public void failed(Endpoint from, Failure failure) {
            result.complete(
                new NodeStatus(
                    from.address(),
                    null,
                    WireAnswers.exception(failure, Outcome.FAILED, failure.message())));
          }
        });
    return result;
  }

  private <Q, R, T> CompletableFuture<T> admin(
      @Nullable String problem,
      String verb,
      MethodDescriptor<Q, R> method,
      Operation.Kind kind,
      Operation.Requests<Q> requests,
      Operation.Answers<R, T> answers,
      @Nullable Duration timeout) {
    if (problem != null) {
      return ClientCore.refused(ErrorCode.INVALID_ARGUMENT, problem, "");
    }
    Duration limit = timeout != null ? timeout : core.settings().timeout();
    return core.submit(
        new Operation.Call<>(verb, method, kind, "", false, requests, answers), limit.toNanos());
  }
}
