package io.capstan.client;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import io.capstan.proto.store.v1.Actor;
import io.capstan.proto.store.v1.Dot;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.SessionClaim;
import io.capstan.proto.v1.AdminGrpc;
import io.capstan.proto.v1.Conflict;
import io.capstan.proto.v1.CreateKeyspaceRequest;
import io.capstan.proto.v1.CreateKeyspaceResponse;
import io.capstan.proto.v1.DeleteRequest;
import io.capstan.proto.v1.DeleteResponse;
import io.capstan.proto.v1.DropKeyspaceRequest;
import io.capstan.proto.v1.DropKeyspaceResponse;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.GetResponse;
import io.capstan.proto.v1.KeyValueGrpc;
import io.capstan.proto.v1.KeyspaceDescription;
import io.capstan.proto.v1.KeyspaceRef;
import io.capstan.proto.v1.KeyspaceStatus;
import io.capstan.proto.v1.ListConflictsRequest;
import io.capstan.proto.v1.ListConflictsResponse;
import io.capstan.proto.v1.ListKeyspacesRequest;
import io.capstan.proto.v1.ListKeyspacesResponse;
import io.capstan.proto.v1.OpenSessionRequest;
import io.capstan.proto.v1.OpenSessionResponse;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.PutResponse;
import io.capstan.proto.v1.Receipt;
import io.capstan.proto.v1.ScanRequest;
import io.capstan.proto.v1.ScanResponse;
import io.capstan.proto.v1.ScanRow;
import io.capstan.proto.v1.SetAddRequest;
import io.capstan.proto.v1.SetAddResponse;
import io.capstan.proto.v1.Sibling;
import io.capstan.proto.v1.StatusRequest;
import io.capstan.proto.v1.StatusResponse;
import io.capstan.proto.v1.TxnRequest;
import io.capstan.proto.v1.TxnResponse;
import io.capstan.proto.v1.TxnStep;
import io.capstan.proto.v1.TxnStepResult;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** One node of a {@link FakeCluster}, on a port of its own. */
public final class FakeNode {
  /** What happens to a request instead of an answer. */
  public sealed interface Fault {
    /** The node refuses, with the outcome that it states. */
    record Refuse(String code, io.capstan.proto.v1.Outcome outcome) implements Fault {}

    /** The node never answers; whether it performs the request first. */
    record Silence(boolean performed) implements Fault {}

    /**
     * The node performs the request, and something happens before it says that it may have; of
     * nodes that share the flag only the first one.
     */
    record Meanwhile(Runnable happening, AtomicBoolean happened) implements Fault {}

    /** The connection breaks; whether the node performs the request first. */
    record Break(boolean performed) implements Fault {}
  }

  public static Fault refuse(String code) {
    return new Fault.Refuse(code, io.capstan.proto.v1.Outcome.OUTCOME_FAILED);
  }

  public static Fault uncertain(String code) {
    return new Fault.Refuse(code, io.capstan.proto.v1.Outcome.OUTCOME_UNKNOWN);
  }

  private final FakeCluster cluster;
  private final String id;
  private final Queue<Fault> writeFaults = new ConcurrentLinkedQueue<>();
  private final Queue<Fault> readFaults = new ConcurrentLinkedQueue<>();
  private volatile Fault always;
  private volatile ListConflictsResponse ledger;
  private volatile Consumer<KeyspaceStatus.Builder> troubles = row -> {};
  private final List<OperationId> writes = new CopyOnWriteArrayList<>();
  private final List<SessionClaim> claims = new CopyOnWriteArrayList<>();
  private final AtomicInteger requests = new AtomicInteger();
  private final AtomicInteger open = new AtomicInteger();
  private volatile int openMost;
  private final Queue<Runnable> held = new ConcurrentLinkedQueue<>();
  private volatile boolean holding;
  private Server server;
  private int port;

  FakeNode(FakeCluster cluster, String id) {
    this.cluster = cluster;
    this.id = id;
  }

  public void start() throws Exception {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", port))
            .addService(new KeyValues())
            .addService(new Administration())
            .build()
            .start();
    port = server.getPort();
  }

  public void stop() {
    server.shutdownNow();
    try {
      server.awaitTermination();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  public String id() {
    return id;
  }

  public String address() {
    return "127.0.0.1:" + port;
  }

  /** The next writes meet these faults, in order. */
  public void onWrites(Fault... faults) {
    writeFaults.addAll(List.of(faults));
  }

  /** The next reads meet these faults, in order. */
  public void onReads(Fault... faults) {
    readFaults.addAll(List.of(faults));
  }

  /** Every data request meets this fault from now on; null ends that. */
  public void always(Fault fault) {
    always = fault;
  }

  /** What the ledger of the node answers, whatever is asked of it; none means wrong mode. */
  public void ledger(ListConflictsResponse listed) {
    ledger = listed;
  }

  /** What its status says of each keyspace beside how it is described. */
  public void troubles(Consumer<KeyspaceStatus.Builder> added) {
    troubles = added;
  }

  /** Writes wait until they are let go. */
  public void hold() {
    holding = true;
  }

  public void letGo() {
    holding = false;
    for (Runnable each = held.poll(); each != null; each = held.poll()) {
      each.run();
    }
  }

  /** The operation ids of the writes that arrived, in order. */
  public List<OperationId> writes() {
    return writes;
  }

  /** What the sessions of the gets that arrived had seen, in order. */
  public List<SessionClaim> claims() {
    return claims;
  }

  /** Everything that arrived, but for questions after the state. */
  public int requests() {
    return requests.get();
  }

  /** The largest number of writes that were held at once. */
  public int openMost() {
    return openMost;
  }

  private <R> void answer(StreamObserver<R> observer, Queue<Fault> faults, Supplier<R> performing) {
    requests.incrementAndGet();
    Fault queued = faults.poll();
    Fault fault = queued != null ? queued : always;
    if (fault == null) {
      perform(observer, performing);
      return;
    }
    switch (fault) {
      case Fault.Refuse refuse -> observer.onError(error(refuse.code(), refuse.outcome()));
      case Fault.Meanwhile meanwhile -> {
        if (!meanwhile.happened().compareAndSet(false, true)) {
          perform(observer, performing);
          return;
        }
        var unused = performing.get();
        meanwhile.happening().run();
        observer.onError(error("OUTCOME_UNKNOWN", io.capstan.proto.v1.Outcome.OUTCOME_UNKNOWN));
      }
      case Fault.Silence silence -> {
        if (silence.performed()) {
          var unused = performing.get();
        }
      }
      case Fault.Break broken -> {
        if (broken.performed()) {
          var unused = performing.get();
        }
        server.shutdownNow();
      }
    }
  }

  private static <R> void perform(StreamObserver<R> observer, Supplier<R> performing) {
    try {
      observer.onNext(performing.get());
      observer.onCompleted();
    } catch (Refused e) {
      observer.onError(error(e.code, io.capstan.proto.v1.Outcome.OUTCOME_FAILED));
    }
  }

  private static RuntimeException error(String code, io.capstan.proto.v1.Outcome outcome) {
    ErrorDetail detail =
        ErrorDetail.newBuilder()
            .setCode(code)
            .setOutcome(outcome)
            .setMessage("The node says " + code + ".")
            .setHint("Next after " + code + ".")
            .build();
    return StatusProto.toStatusRuntimeException(
        com.google.rpc.Status.newBuilder()
            .setCode(Status.Code.UNAVAILABLE.value())
            .setMessage(code)
            .addDetails(Any.pack(detail))
            .build());
  }

  private static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final String code;

    Refused(String code) {
      super(code);
      this.code = code;
    }
  }

  private String check(KeyspaceRef ref) {
    KeyspaceDescription keyspace = cluster.keyspace(ref.getName());
    if (keyspace == null || (ref.getId() != 0 && ref.getId() != keyspace.getId())) {
      throw new Refused(ErrorCode.UNKNOWN_KEYSPACE);
    }
    if (ref.getEpoch() != 0 && ref.getEpoch() != keyspace.getEpoch()) {
      throw new Refused(ErrorCode.WRONG_EPOCH);
    }
    return ref.getName();
  }

  private void checkLevel(String keyspace, Level level) {
    boolean isCp = cluster.keyspace(keyspace).getMode() == Mode.MODE_CP;
    boolean ofCp = level == Level.LEVEL_LINEARIZABLE || level == Level.LEVEL_STALE;
    if (level != Level.LEVEL_UNSPECIFIED && isCp != ofCp) {
      throw new Refused(ErrorCode.WRONG_LEVEL);
    }
  }

  private void checkSession(String keyspace, OperationId operation) {
    boolean isCp = cluster.keyspace(keyspace).getMode() == Mode.MODE_CP;
    // An AP epoch took operations of sessions that the log knows nothing of.
    if (isCp
        && operation.getSession() != 0
        && !cluster.knowsSession(operation.getSession())
        && !cluster.hasDone(operation)) {
      throw new Refused(ErrorCode.UNKNOWN_SESSION);
    }
  }

  private Receipt complete(Receipt receipt, ByteString key, Level asked) {
    boolean isCp = receipt.getMode() == Mode.MODE_CP;
    String servedBy = isCp && asked != Level.LEVEL_STALE ? cluster.leader() : id;
    Level level =
        asked != Level.LEVEL_UNSPECIFIED
            ? asked
            : isCp ? Level.LEVEL_LINEARIZABLE : Level.LEVEL_QUORUM;
    return receipt.toBuilder()
        .setKey(key)
        .setServedBy(servedBy)
        .setReceivedBy(id)
        .addAcked(servedBy)
        .setLevel(level)
        .setContext(ByteString.copyFromUtf8("ctx"))
        .addSeen(
            Dot.newBuilder()
                .setActor(Actor.newBuilder().setName("n1").setIncarnation(0xa0))
                .setCounter(cluster.applied() + 1L))
        .build();
  }

  private final class KeyValues extends KeyValueGrpc.KeyValueImplBase {
    @Override
    public void put(PutRequest request, StreamObserver<PutResponse> observer) {
      writes.add(request.getOperation());
      Runnable act =
          () ->
              answer(
                  observer,
                  writeFaults,
                  () -> {
                    String keyspace = check(request.getKeyspace());
                    checkLevel(keyspace, request.getLevel());
                    checkSession(keyspace, request.getOperation());
                    String key = request.getKey().toStringUtf8();
                    if (request.getIfAbsent() && cluster.value(keyspace, key) != null) {
                      throw new Refused(ErrorCode.CONFLICT);
                    }
                    Receipt receipt =
                        cluster.write(
                            keyspace,
                            key,
                            request.getValue().toStringUtf8(),
                            request.getOperation());
                    return PutResponse.newBuilder()
                        .setReceipt(
                            complete(receipt, request.getKey(), request.getLevel()).toBuilder()
                                .setFound(true)
                                .setValue(request.getValue()))
                        .build();
                  });
      if (holding) {
        openMost = Math.max(openMost, open.incrementAndGet());
        held.add(
            () -> {
              open.decrementAndGet();
              act.run();
            });
      } else {
        act.run();
      }
    }

    @Override
    public void get(GetRequest request, StreamObserver<GetResponse> observer) {
      answer(
          observer,
          readFaults,
          () -> {
            String keyspace = check(request.getKeyspace());
            checkLevel(keyspace, request.getLevel());
            claims.add(request.getAtLeast());
            return GetResponse.newBuilder().setReceipt(read(keyspace, request)).build();
          });
    }

    private Receipt read(String keyspace, GetRequest request) {
      Receipt.Builder receipt =
          complete(cluster.receipt(keyspace).build(), request.getKey(), request.getLevel())
              .toBuilder();
      String key = request.getKey().toStringUtf8();
      List<String> siblings = cluster.siblingsOf(key);
      String value = cluster.value(keyspace, key);
      if (!siblings.isEmpty()) {
        siblings.forEach(each -> receipt.addSiblings(sibling(each)));
        return receipt.setFound(true).setVersion("n1.1:4").build();
      }
      if (value == null) {
        return receipt.build();
      }
      return receipt
          .setFound(true)
          .setValue(bytes(value))
          .setVersion("11")
          .addSiblings(sibling(value))
          .build();
    }

    private Sibling sibling(String value) {
      return Sibling.newBuilder()
          .setValue(bytes(value))
          .setVersion("v-" + value)
          .setWrittenAtMillis(5)
          .build();
    }

    private ByteString bytes(String value) {
      return value.equals("\u0000binary")
          ? ByteString.copyFrom(new byte[] {(byte) 0xff, 0})
          : ByteString.copyFromUtf8(value);
    }

    @Override
    public void setAdd(SetAddRequest request, StreamObserver<SetAddResponse> observer) {
      writes.add(request.getOperation());
      answer(
          observer,
          writeFaults,
          () -> {
            String keyspace = check(request.getKeyspace());
            checkSession(keyspace, request.getOperation());
            Receipt receipt =
                cluster.write(
                    keyspace,
                    request.getKey().toStringUtf8(),
                    request.getElement().toStringUtf8(),
                    request.getOperation());
            return SetAddResponse.newBuilder()
                .setReceipt(complete(receipt, request.getKey(), request.getLevel()))
                .build();
          });
    }

    @Override
    public void delete(DeleteRequest request, StreamObserver<DeleteResponse> observer) {
      writes.add(request.getOperation());
      answer(
          observer,
          writeFaults,
          () -> {
            String keyspace = check(request.getKeyspace());
            checkSession(keyspace, request.getOperation());
            Receipt receipt =
                cluster.write(
                    keyspace, request.getKey().toStringUtf8(), null, request.getOperation());
            return DeleteResponse.newBuilder()
                .setReceipt(complete(receipt, request.getKey(), request.getLevel()))
                .build();
          });
    }

    @Override
    public void scan(ScanRequest request, StreamObserver<ScanResponse> observer) {
      answer(observer, readFaults, () -> page(request));
    }

    private ScanResponse page(ScanRequest request) {
      String keyspace = check(request.getKeyspace());
      String prefix = request.getPrefix().toStringUtf8();
      int limit = request.getLimit() == 0 ? 100 : request.getLimit();
      NavigableMap<String, String> rows =
          cluster.table(keyspace).tailMap(request.getFrom().toStringUtf8(), true);
      ScanResponse.Builder page = ScanResponse.newBuilder();
      for (Map.Entry<String, String> each : rows.entrySet()) {
        if (!each.getKey().startsWith(prefix)) {
          continue;
        }
        if (page.getRowsCount() == limit) {
          page.setMore(true).setNextFrom(ByteString.copyFromUtf8(each.getKey()));
          break;
        }
        ScanRow.Builder row =
            ScanRow.newBuilder().setKey(ByteString.copyFromUtf8(each.getKey())).setVersion("11");
        Sibling sibling = sibling(each.getValue());
        row.addSiblings(request.getKeysOnly() ? sibling.toBuilder().clearValue().build() : sibling);
        page.addRows(row);
      }
      Receipt receipt = cluster.receipt(keyspace).build();
      return page.setReceipt(complete(receipt, ByteString.EMPTY, request.getLevel())).build();
    }

    @Override
    public void txn(TxnRequest request, StreamObserver<TxnResponse> observer) {
      writes.add(request.getOperation());
      answer(observer, writeFaults, () -> transact(request));
    }

    private TxnResponse transact(TxnRequest request) {
      String keyspace = check(request.getKeyspace());
      if (cluster.keyspace(keyspace).getMode() != Mode.MODE_CP) {
        throw new Refused(ErrorCode.WRONG_MODE);
      }
      checkSession(keyspace, request.getOperation());
      boolean holds =
          request.getComparisonsList().stream()
              .allMatch(
                  each ->
                      each.getAbsent()
                          ? cluster.value(keyspace, each.getKey().toStringUtf8()) == null
                          : each.getValue()
                              .toStringUtf8()
                              .equals(cluster.value(keyspace, each.getKey().toStringUtf8())));
      TxnResponse.Builder response = TxnResponse.newBuilder().setSucceeded(holds);
      for (TxnStep step : holds ? request.getThenStepsList() : request.getElseStepsList()) {
        response.addResults(step(keyspace, step));
      }
      Receipt receipt = cluster.receipt(keyspace).setVersion("12").build();
      return response
          .setReceipt(complete(receipt, ByteString.EMPTY, Level.LEVEL_LINEARIZABLE))
          .build();
    }

    private TxnStepResult step(String keyspace, TxnStep step) {
      TxnStepResult.Builder result = TxnStepResult.newBuilder().setVersion("12");
      switch (step.getStepCase()) {
        case PUT -> {
          cluster.put(
              keyspace,
              step.getPut().getKey().toStringUtf8(),
              step.getPut().getValue().toStringUtf8());
          result.setKey(step.getPut().getKey()).setFound(true);
        }
        case GET -> {
          String value = cluster.value(keyspace, step.getGet().getKey().toStringUtf8());
          result.setKey(step.getGet().getKey()).setFound(value != null);
          if (value != null) {
            result.setValue(bytes(value));
          }
        }
        default -> throw new Refused(ErrorCode.INVALID_ARGUMENT);
      }
      return result.build();
    }

    @Override
    public void openSession(
        OpenSessionRequest request, StreamObserver<OpenSessionResponse> observer) {
      answer(
          observer,
          new ConcurrentLinkedQueue<>(),
          () -> {
            cluster.openSession(request.getSession());
            return OpenSessionResponse.newBuilder()
                .setWindowOperations(FakeCluster.WINDOW_OPERATIONS)
                .build();
          });
    }
  }

  private final class Administration extends AdminGrpc.AdminImplBase {
    @Override
    public void status(StatusRequest request, StreamObserver<StatusResponse> observer) {
      StatusResponse.Builder response =
          StatusResponse.newBuilder()
              .setId(id)
              .setAddress(address())
              .setRole(id.equals(cluster.leader()) ? "leader" : "follower")
              .setTerm(3)
              .setLeader(cluster.leader())
              .setCommitIndex(40)
              .setAppliedIndex(40)
              .setDiskBytes(2048)
              .setVersion("0.1.0")
              .setIncarnation(-1)
              .setCpuMicros(1_000);
      cluster
          .keyspaces()
          .forEach(
              each -> {
                KeyspaceStatus.Builder row = KeyspaceStatus.newBuilder().setKeyspace(each);
                troubles.accept(row);
                response.addKeyspaces(row);
              });
      if (!(always instanceof Fault.Silence)) {
        observer.onNext(response.build());
        observer.onCompleted();
      }
    }

    @Override
    public void createKeyspace(
        CreateKeyspaceRequest request, StreamObserver<CreateKeyspaceResponse> observer) {
      answer(
          observer,
          writeFaults,
          () -> {
            if (cluster.keyspace(request.getName()) != null) {
              throw new Refused(ErrorCode.KEYSPACE_EXISTS);
            }
            return CreateKeyspaceResponse.newBuilder()
                .setKeyspace(cluster.addKeyspace(request.getName(), request.getMode()))
                .build();
          });
    }

    @Override
    public void listKeyspaces(
        ListKeyspacesRequest request, StreamObserver<ListKeyspacesResponse> observer) {
      answer(
          observer,
          readFaults,
          () ->
              ListKeyspacesResponse.newBuilder()
                  .addAllKeyspaces(
                      cluster.keyspaces().stream()
                          .filter(
                              each ->
                                  request.getName().isEmpty()
                                      || each.getName().equals(request.getName()))
                          .toList())
                  .setCurrent(true)
                  .build());
    }

    @Override
    public void listConflicts(
        ListConflictsRequest request, StreamObserver<ListConflictsResponse> observer) {
      answer(observer, readFaults, () -> page(request));
    }

    private ListConflictsResponse page(ListConflictsRequest request) {
      ListConflictsResponse listed = ledger;
      if (listed == null) {
        throw new Refused(ErrorCode.WRONG_MODE);
      }
      ListConflictsResponse.Builder page = listed.toBuilder().setNodeId(id).clearConflicts();
      long before = request.getBefore() == 0 ? Long.MAX_VALUE : request.getBefore();
      for (Conflict each : listed.getConflictsList()) {
        boolean asked =
            request.getVersion().isEmpty() || request.getVersion().equals(each.getVersion());
        if (each.getNumber() < before && asked) {
          if (page.getConflictsCount() == request.getLimit()) {
            page.setNextBefore(each.getNumber() + 1);
            break;
          }
          page.addConflicts(each);
        }
      }
      return page.build();
    }

    @Override
    public void dropKeyspace(
        DropKeyspaceRequest request, StreamObserver<DropKeyspaceResponse> observer) {
      answer(
          observer,
          writeFaults,
          () -> {
            if (cluster.keyspace(request.getName()) == null) {
              throw new Refused(ErrorCode.UNKNOWN_KEYSPACE);
            }
            return DropKeyspaceResponse.newBuilder()
                .setKeyspace(cluster.drop(request.getName()))
                .build();
          });
    }
  }
}
