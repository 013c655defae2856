package io.capstan.client;

import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.SessionClaim;
import io.capstan.proto.v1.AdminGrpc;
import io.capstan.proto.v1.ChangeMembersRequest;
import io.capstan.proto.v1.ChangeMembersResponse;
import io.capstan.proto.v1.CreateKeyspaceResponse;
import io.capstan.proto.v1.DropKeyspaceRequest;
import io.capstan.proto.v1.DropKeyspaceResponse;
import io.capstan.proto.v1.KeyValueGrpc;
import io.capstan.proto.v1.KeyspaceRef;
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
 * The asynchronous client of a Capstan cluster; {@link #blocking()} is the plain one.
 *
 * <p>Every future ends by the deadline of its call, either with an answer (outcome OK) or with a
 * {@link CapstanException} whose outcome says whether the call may have been applied. Dependent
 * stages run on a network thread: they must not block (use the {@code ...Async} forms of {@link
 * CompletableFuture} for work that does). A cancelled future does not recall what was sent.
 *
 * <p>Connects when first used, and only to the endpoints that it was given. Safe for use by several
 * threads; one client serves a whole application.
 */
public final class CapstanClient implements AutoCloseable {
  private static final Duration FOREVER = Duration.ofDays(365);

  private final ClientCore core;
  private final BlockingClient blocking = new BlockingClient(this, null);

  private CapstanClient(ClientSettings settings) {
    core = new ClientCore(settings);
  }

  public static Builder builder() {
    return new Builder();
  }

  /** Returns a client with the default settings for these endpoints (host:port). */
  public static CapstanClient of(String... endpoints) {
    return builder().endpoints(List.of(endpoints)).build();
  }

  /** Returns the same client with methods that wait for the answer. */
  public BlockingClient blocking() {
    return blocking;
  }

  public CompletableFuture<Receipt> put(String key, String value) {
    return put(Put.of(key, value));
  }

  public CompletableFuture<Receipt> put(Put put) {
    return put(put, null);
  }

  CompletableFuture<Receipt> put(Put put, @Nullable Session session) {
    String keyspace = keyspace(put.keyspace());
    boolean conditional = put.ifVersion() != null || put.ifAbsent();
    return submitWrite(
        session,
        Limits.problem(keyspace, put.key(), put.value()),
        new Operation.Call<>(
            "put",
            KeyValueGrpc.getPutMethod(),
            writeKind(put.level(), conditional),
            keyspace,
            true,
            (id, epoch, operation) ->
                WireRequests.put(put, WireRequests.keyspace(keyspace, id, epoch), operation),
            (response, micros) -> learnt(session, response.getReceipt(), micros)),
        put.timeout());
  }

  public CompletableFuture<Receipt> get(String key) {
    return get(Get.of(key));
  }

  /** Reads one key. A key that does not exist is an answer ({@code found} is false), no error. */
  public CompletableFuture<Receipt> get(Get get) {
    return get(get, null);
  }

  CompletableFuture<Receipt> get(Get get, @Nullable Session session) {
    String keyspace = keyspace(get.keyspace());
    SessionClaim claim = session == null ? null : session.claim(keyspace, get.key().byteString());
    return submit(
        Limits.problem(keyspace, get.key(), Bytes.EMPTY),
        new Operation.Call<>(
            "get",
            KeyValueGrpc.getGetMethod(),
            Operation.Kind.READ,
            keyspace,
            get.level() != Level.STALE,
            (id, epoch, operation) ->
                WireRequests.get(get, reference(keyspace, id, epoch, session), claim),
            (response, micros) -> learnt(session, response.getReceipt(), micros),
            session == null ? Long.MAX_VALUE : session.patienceNanos()),
        get.timeout());
  }

  public CompletableFuture<Receipt> delete(String key) {
    return delete(Delete.of(key));
  }

  public CompletableFuture<Receipt> delete(Delete delete) {
    return delete(delete, null);
  }

  CompletableFuture<Receipt> delete(Delete delete, @Nullable Session session) {
    String keyspace = keyspace(delete.keyspace());
    return submitWrite(
        session,
        Limits.problem(keyspace, delete.key(), Bytes.EMPTY),
        new Operation.Call<>(
            "delete",
            KeyValueGrpc.getDeleteMethod(),
            writeKind(delete.level(), delete.ifVersion() != null),
            keyspace,
            true,
            (id, epoch, operation) ->
                WireRequests.delete(delete, WireRequests.keyspace(keyspace, id, epoch), operation),
            (response, micros) -> learnt(session, response.getReceipt(), micros)),
        delete.timeout());
  }

  /** Reads one page; {@link BlockingClient#rows} goes through all of them. */
  public CompletableFuture<ScanPage> scan(Scan scan) {
    return scan(scan, null);
  }

  CompletableFuture<ScanPage> scan(Scan scan, @Nullable Session session) {
    String keyspace = keyspace(scan.keyspace());
    SessionClaim claim =
        session == null
            ? null
            : session.claim(keyspace, scan.prefix().byteString(), scan.from().byteString());
    return submit(
        Limits.problem(keyspace),
        new Operation.Call<>(
            "scan",
            KeyValueGrpc.getScanMethod(),
            Operation.Kind.READ,
            keyspace,
            scan.level() != Level.STALE,
            (id, epoch, operation) ->
                WireRequests.scan(scan, reference(keyspace, id, epoch, session), claim),
            (response, micros) -> {
              ScanPage page = WireAnswers.page(response, micros);
              if (session != null) {
                session.learn(response);
              }
              return page;
            },
            session == null ? Long.MAX_VALUE : session.patienceNanos()),
        scan.timeout());
  }

  /** Performs a transaction; one that only reads is repeated freely. */
  public CompletableFuture<TxnResult> txn(Txn txn) {
    return txn(txn, null);
  }

  CompletableFuture<TxnResult> txn(Txn txn, @Nullable Session session) {
    String keyspace = keyspace(txn.keyspace());
    return submitWrite(
        session,
        Limits.problem(keyspace),
        new Operation.Call<>(
            "transaction",
            KeyValueGrpc.getTxnMethod(),
            txn.isReadOnly() ? Operation.Kind.READ : Operation.Kind.LOGGED_WRITE,
            keyspace,
            true,
            (id, epoch, operation) ->
                WireRequests.txn(txn, WireRequests.keyspace(keyspace, id, epoch), operation),
            (response, micros) -> {
              TxnResult result = WireAnswers.txn(response, micros);
              if (session != null) {
                session.learnFloor(response.getReceipt());
              }
              return result;
            }),
        txn.timeout());
  }

  /**
   * Reads, resolves, changes and writes one key without losing anybody else's change.
   *
   * @return the receipt of the last write; it has siblings where concurrent writers left some in
   *     the last attempt that was allowed
   */
  public CompletableFuture<Receipt> update(Update update) {
    return update(
        update,
        new UpdateLoop.Store() {
          @Override
          public CompletableFuture<Receipt> get(Get get) {
            return CapstanClient.this.get(get);
          }

          @Override
          public CompletableFuture<Receipt> put(Put put) {
            return CapstanClient.this.put(put);
          }

          @Override
          public CompletableFuture<Receipt> delete(Delete delete) {
            return CapstanClient.this.delete(delete);
          }
        });
  }

  CompletableFuture<Receipt> update(Update update, UpdateLoop.Store store) {
    Duration limit = update.timeout();
    return new UpdateLoop(
            store, update, core.delays(), limit != null ? limit : core.settings().timeout())
        .start();
  }

  /** Begins a session: reads through it never go back behind what it wrote or read before. */
  public Session session() {
    return new Session(this, new SessionMemory(), FOREVER);
  }

  /**
   * Goes on with a session that {@link Session#export} wrote, perhaps before a restart.
   *
   * @throws IllegalArgumentException where the bytes are no exported session; the message says why
   */
  public Session session(byte[] exported) {
    return new Session(this, SessionMemory.fromJson(exported), FOREVER);
  }

  /**
   * The counter under this key. A key that was never written becomes one with the first addition.
   *
   * @param keyspace null for the default of the client
   */
  public Counter counter(@Nullable String keyspace, String key) {
    return new Counter(this, null, keyspace(keyspace), Bytes.of(key), null, null);
  }

  /**
   * The set under this key. A key that was never written becomes one with the first change.
   *
   * @param keyspace null for the default of the client
   */
  public ElementSet set(@Nullable String keyspace, String key) {
    return new ElementSet(this, null, keyspace(keyspace), Bytes.of(key), null, null);
  }

  /** Performs a call on a counter or a set. */
  <Q, R> CompletableFuture<Receipt> typed(
      TypedCall<Q, R> typed, @Nullable Session session, @Nullable Level level) {
    boolean isRead = typed.isRead();
    Operation.Call<Q, R, Receipt> call =
        new Operation.Call<>(
            typed.verb(),
            typed.method(),
            isRead
                ? Operation.Kind.READ
                : level != null && level.mode() == Mode.CP
                    ? Operation.Kind.LOGGED_WRITE
                    : Operation.Kind.TYPED_WRITE,
            typed.keyspace(),
            !isRead || level != Level.STALE,
            (id, epoch, operation) ->
                typed
                    .requests()
                    .request(
                        reference(typed.keyspace(), id, epoch, isRead ? session : null), operation),
            (response, micros) -> learnt(session, typed.receipts().apply(response), micros),
            session == null || !isRead ? Long.MAX_VALUE : session.patienceNanos());
    return isRead
        ? submit(typed.problem(), call, typed.timeout())
        : submitWrite(session, typed.problem(), call, typed.timeout());
  }

  private static Receipt learnt(
      @Nullable Session session, io.capstan.proto.v1.Receipt receipt, long micros) {
    Receipt answer = WireAnswers.okReceipt(receipt, micros);
    if (session != null) {
      session.learn(receipt);
    }
    return answer;
  }

  /** A read of a session means the keyspace that the session has seen, and no later one. */
  private static KeyspaceRef reference(
      String keyspace, long id, long epoch, @Nullable Session session) {
    long meant = session == null ? 0 : session.keyspaceId(keyspace);
    return WireRequests.keyspace(keyspace, meant != 0 ? meant : id, epoch);
  }

  /** A write of a session is not sent where the keyspace is known to be another one. */
  private <Q, R, T> CompletableFuture<T> submitWrite(
      @Nullable Session session,
      @Nullable String problem,
      Operation.Call<Q, R, T> call,
      @Nullable Duration timeout) {
    long seenId = session == null || problem != null ? 0 : session.keyspaceId(call.keyspace());
    if (seenId == 0) {
      return submit(problem, call, timeout);
    }
    Duration limit = timeout != null ? timeout : core.settings().timeout();
    CompletableFuture<T> result = new CompletableFuture<>();
    Runnable decided =
        () -> {
          KeyspaceDirectory.Entry known = core.directory().get(call.keyspace());
          if (known != null && known.id() != seenId) {
            result.completeExceptionally(Session.mismatch(call.keyspace(), seenId));
            return;
          }
          submit(null, call, limit)
              .whenComplete(
                  (answer, error) -> {
                    if (error == null) {
                      result.complete(answer);
                    } else {
                      result.completeExceptionally(error);
                    }
                  });
        };
    if (core.directory().get(call.keyspace()) == null) {
      core.lookUpKeyspaces(limit.toNanos(), decided);
    } else {
      decided.run();
    }
    return result;
  }

  public CompletableFuture<Keyspace> createKeyspace(String name, Mode mode) {
    return createKeyspace(CreateKeyspace.of(name, mode));
  }

  public CompletableFuture<Keyspace> createKeyspace(CreateKeyspace create) {
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

  public CompletableFuture<KeyspaceList> listKeyspaces() {
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

  /** Describes one keyspace; one that does not exist is an error, UNKNOWN_KEYSPACE. */
  public CompletableFuture<Keyspace> describe(String name) {
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

  /** Drops a keyspace with all its data. */
  public CompletableFuture<Keyspace> dropKeyspace(String name) {
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

  /**
   * Begins to change the side of a keyspace; {@link #describe} tells how far it is. Asked again it
   * changes nothing.
   *
   * @param requestedBy for the history; may be empty
   */
  public CompletableFuture<Keyspace> setMode(String name, Mode mode, String requestedBy) {
    return setMode(
        SetModeRequest.newBuilder()
            .setName(name)
            .setMode(WireRequests.mode(mode))
            .setRequestedBy(requestedBy)
            .build());
  }

  /** Gives up the change of sides that is under way; the keyspace stays AP. */
  public CompletableFuture<Keyspace> abortModeChange(String name, String requestedBy) {
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

  /** Lists who belongs to the cluster. */
  public CompletableFuture<MemberList> members() {
    return admin(
        null,
        "list of members",
        AdminGrpc.getListMembersMethod(),
        Operation.Kind.READ,
        (id, epoch, operation) -> ListMembersRequest.getDefaultInstance(),
        (ListMembersResponse response, long micros) -> WireAnswers.members(response),
        null);
  }

  /**
   * Begins a change of members; {@link #members} tells when it is done.
   *
   * @return the log index at which it began
   */
  public CompletableFuture<Long> changeMembers(MemberChange change) {
    ChangeMembersRequest request = MemberChange.request(change);
    return admin(
        null,
        "change of members",
        AdminGrpc.getChangeMembersMethod(),
        Operation.Kind.PLAIN_WRITE,
        (id, epoch, operation) -> request,
        (ChangeMembersResponse response, long micros) -> response.getIndex(),
        null);
  }

  /**
   * Begins to hand the leadership over; {@link #members} tells who leads.
   *
   * @param target empty for the node whose log is longest
   * @return who is to lead
   */
  public CompletableFuture<String> transferLeadership(String target) {
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

  /**
   * Reads what the ledgers of all endpoints list: writes that lost against a concurrent one. A node
   * that does not answer, or refuses, is part of the list.
   */
  public CompletableFuture<ConflictList> conflicts(ConflictQuery query) {
    String named = keyspace(query.keyspace());
    String problem = Limits.problem(named);
    return problem != null
        ? ClientCore.refused(ErrorCode.INVALID_ARGUMENT, problem, "")
        : new ConflictReader(core, query, named).read();
  }

  /**
   * Compares what all endpoints hold of an AP keyspace by their hash trees, down to the rows. A
   * node that does not answer, or refuses, is part of the answer.
   *
   * @param keyspaceName null for that of the client
   */
  public CompletableFuture<Divergence> divergence(@Nullable String keyspaceName) {
    String named = keyspace(keyspaceName);
    String problem = Limits.problem(named);
    return problem != null
        ? ClientCore.refused(ErrorCode.INVALID_ARGUMENT, problem, "")
        : new DivergenceReader(core, named).read();
  }

  /** Asks every endpoint for its state; one that does not answer is part of the list. */
  public CompletableFuture<List<NodeStatus>> status() {
    return status(core.settings().timeout());
  }

  /** Asks every endpoint for its state, for at most so long each. */
  public CompletableFuture<List<NodeStatus>> status(Duration timeout) {
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

  private <Q, R, T> CompletableFuture<T> submit(
      @Nullable String problem, Operation.Call<Q, R, T> call, @Nullable Duration timeout) {
    if (problem != null) {
      return ClientCore.refused(ErrorCode.INVALID_ARGUMENT, problem, "");
    }
    return core.submit(call, (timeout != null ? timeout : core.settings().timeout()).toNanos());
  }

  private <Q, R, T> CompletableFuture<T> admin(
      @Nullable String problem,
      String verb,
      MethodDescriptor<Q, R> method,
      Operation.Kind kind,
      Operation.Requests<Q> requests,
      Operation.Answers<R, T> answers,
      @Nullable Duration timeout) {
    return submit(
        problem, new Operation.Call<>(verb, method, kind, "", false, requests, answers), timeout);
  }

  private static Operation.Kind writeKind(@Nullable Level level, boolean conditional) {
    if (conditional) {
      return Operation.Kind.LOGGED_WRITE;
    }
    if (level == null) {
      return Operation.Kind.WRITE_OF_EITHER_MODE;
    }
    return level.mode() == Mode.CP ? Operation.Kind.LOGGED_WRITE : Operation.Kind.AP_WRITE;
  }

  String keyspace(@Nullable String named) {
    return named != null ? named : core.settings().keyspace();
  }

  /** Ends all connections; calls that are still open end with the code CANCELLED. */
  @Override
  public void close() {
    core.close();
  }

  /** The settings of a client. Not safe for use by several threads. */
  public static final class Builder {
    private List<String> endpoints = List.of("127.0.0.1:7101");
    private String keyspace = "default";
    private Duration timeout = Duration.ofSeconds(5);
    private @Nullable Duration unreachableAfter;
    private boolean session = true;
    private int networkThreads = 1;

    private Builder() {}

    /** The complete list of what may be contacted, as host:port. */
    public Builder endpoints(List<String> addresses) {
      endpoints = addresses;
      return this;
    }

    /** The keyspace of requests that name none; "default" unless set. */
    public Builder keyspace(String name) {
      keyspace = name;
      return this;
    }

    /** The time that a call may take, retries included; 5 s unless set. */
    public Builder timeout(Duration limit) {
      timeout = limit;
      return this;
    }

    /**
     * When every endpoint has refused a call its connection, the call gives up this long after its
     * start instead of trying until its deadline. Unless set it tries until its deadline.
     */
    public Builder unreachableAfter(Duration limit) {
      unreachableAfter = limit;
      return this;
    }

    /**
     * Whether writes carry operation ids, so that a CP write can be repeated when its outcome is
     * not clear. On unless set; off, more writes end UNKNOWN.
     */
    public Builder session(boolean on) {
      session = on;
      return this;
    }

    /** Threads for the network; 1 unless set. */
    public Builder networkThreads(int threads) {
      networkThreads = threads;
      return this;
    }

    /**
     * @throws IllegalArgumentException where a setting is not allowed; the message names it
     */
    public CapstanClient build() {
      Duration giveUp = unreachableAfter != null ? unreachableAfter : timeout;
      return new CapstanClient(
          new ClientSettings(endpoints, keyspace, timeout, giveUp, session, networkThreads));
    }
  }
}
