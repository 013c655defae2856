package io.capstan.chaos.sim;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.capstan.chaos.check.EventType;
import io.capstan.chaos.check.HistoryEvent;
import io.capstan.chaos.check.HistoryRecorder;
import io.capstan.proto.store.v1.Comparison;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.v1.DeleteRequest;
import io.capstan.proto.v1.DeleteResponse;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.GetResponse;
import io.capstan.proto.v1.KeyspaceRef;
import io.capstan.proto.v1.OpenSessionRequest;
import io.capstan.proto.v1.OpenSessionResponse;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.PutResponse;
import io.capstan.proto.v1.TxnPut;
import io.capstan.proto.v1.TxnRequest;
import io.capstan.proto.v1.TxnResponse;
import io.capstan.proto.v1.TxnStep;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A client that runs one operation at a time: reads, writes and compare-and-set on the CP keyspace
 * with retries under one operation id, and gets, puts and deletes on the AP keyspace.
 */
final class SimulatedClient {

  static final String CP_KEYSPACE = "default";
  static final String AP_KEYSPACE = "feed";

  private static final long MILLI = 1_000_000L;
  private static final long ATTEMPT_NANOS = 600 * MILLI;
  private static final long OPERATION_NANOS = 1_500 * MILLI;
  private static final long LATE_ANSWER_NANOS = 200 * MILLI;

  private final EventQueue events;
  private final RandomGenerator random;
  private final List<SimulatedNode> nodes;
  private final HistoryRecorder history;
  private final ApOracle oracle;
  private final int keys;
  private final int clients;
  private final long sessionId;

  private long process;
  private long sequence;
  private boolean sessionOpen;
  private boolean stopped;
  private boolean busy;
  private long operations;
  private long ok;
  private long attempt;

  SimulatedClient(
      int number,
      int clients,
      EventQueue events,
      RandomGenerator random,
      List<SimulatedNode> nodes,
      HistoryRecorder history,
      ApOracle oracle,
      int keys) {
    this.process = number;
    this.clients = clients;
    this.events = events;
    this.random = random;
    this.nodes = nodes;
    this.history = history;
    this.oracle = oracle;
    this.keys = keys;
    this.sessionId = 1 + number;
  }

  void start() {
    planNext();
  }

  void stop() {
    stopped = true;
  }

  boolean idle() {
    return !busy;
  }

  long operations() {
    return operations;
  }

  long ok() {
    return ok;
  }

  private void planNext() {
    busy = false;
    if (!stopped) {
      events.after((long) (random.nextDouble() * 100 * MILLI), this::next);
    }
  }

  private void next() {
    if (stopped) {
      return;
    }
    busy = true;
    if (!sessionOpen) {
      openSession();
    } else if (random.nextInt(2) == 0) {
      operations++;
      cpOperation();
    } else {
      operations++;
      apOperation();
    }
  }

  private void openSession() {
    send(
        OpenSessionRequest.newBuilder().setSession(sessionId).build(),
        answer -> {
          sessionOpen = answer instanceof OpenSessionResponse;
          planNext();
        });
  }

  // ---- CP ----

  private void cpOperation() {
    String key = "r" + random.nextInt(keys);
    ByteString bytes = ByteString.copyFromUtf8(key);
    KeyspaceRef keyspace = KeyspaceRef.newBuilder().setName(CP_KEYSPACE).build();
    long value = operations * clients * 1_000L + process;
    switch (random.nextInt(3)) {
      case 0 ->
          new CpOperation(
                  "read",
                  key,
                  null,
                  GetRequest.newBuilder().setKeyspace(keyspace).setKey(bytes).build())
              .begin();
      case 1 ->
          new CpOperation(
                  "write",
                  key,
                  value,
                  PutRequest.newBuilder()
                      .setKeyspace(keyspace)
                      .setKey(bytes)
                      .setValue(text(value))
                      .setOperation(nextOperation())
                      .build())
              .begin();
      default -> {
        long expected = lastRead;
        new CpOperation(
                "cas",
                key,
                List.of(expected, value),
                TxnRequest.newBuilder()
                    .setKeyspace(keyspace)
                    .addComparisons(Comparison.newBuilder().setKey(bytes).setValue(text(expected)))
                    .addThenSteps(
                        TxnStep.newBuilder()
                            .setPut(TxnPut.newBuilder().setKey(bytes).setValue(text(value))))
                    .setOperation(nextOperation())
                    .build())
            .begin();
      }
    }
  }

  private long lastRead;

  private OperationId nextOperation() {
    return OperationId.newBuilder().setSession(sessionId).setSequence(++sequence).build();
  }

  /** One operation with as many attempts as its time allows, all under one operation id. */
  private final class CpOperation {
    private final String f;
    private final String key;
    private final @Nullable Object value;
    private final Message request;
    private final long deadlineNanos = events.nowNanos() + OPERATION_NANOS;
    private final HistoryEvent invocation;
    private boolean uncertain;

    CpOperation(String f, String key, @Nullable Object value, Message request) {
      this.f = f;
      this.key = key;
      this.value = value;
      this.request = request;
      this.invocation = history.invoke(process, f, key, value, Map.of());
    }

    void begin() {
      send(request, this::answered);
    }

    private void answered(@Nullable Message answer) {
      switch (answer) {
        case null -> again(true);
        case ErrorDetail error -> refused(error);
        case GetResponse get -> {
          Object found =
              get.getReceipt().getFound()
                  ? (Object) Long.parseLong(get.getReceipt().getValue().toStringUtf8())
                  : null;
          if (found instanceof Long number) {
            lastRead = number;
          }
          complete(EventType.OK, found);
        }
        case PutResponse put -> complete(EventType.OK, value);
        case TxnResponse txn -> complete(txn.getSucceeded() ? EventType.OK : EventType.FAIL, value);
        default -> throw new SimulationFailure("an answer of another kind: " + answer);
      }
    }

    private void refused(ErrorDetail error) {
      boolean definite = error.getOutcome() == Outcome.OUTCOME_FAILED;
      switch (error.getCode()) {
        case "CONFLICT" -> complete(EventType.FAIL, value);
        case "UNKNOWN_SESSION" -> {
          sessionOpen = false;
          complete(uncertain ? EventType.INFO : EventType.FAIL, value);
        }
        case "BEYOND_WINDOW" -> complete(EventType.INFO, value);
        default -> again(!definite);
      }
    }

    private void again(boolean attemptUncertain) {
      uncertain |= attemptUncertain;
      if (events.nowNanos() + 50 * MILLI < deadlineNanos) {
        events.after(20 * MILLI, this::begin);
        return;
      }
      boolean read = f.equals("read");
      complete(uncertain && !read ? EventType.INFO : EventType.FAIL, value);
    }

    private void complete(EventType type, @Nullable Object result) {
      history.complete(invocation, type, result, Map.of());
      if (type == EventType.OK) {
        ok++;
      } else if (type == EventType.INFO) {
        process += clients;
      }
      planNext();
    }
  }

  // ---- AP ----

  private void apOperation() {
    ByteString key = ByteString.copyFromUtf8("w" + random.nextInt(keys));
    KeyspaceRef keyspace = KeyspaceRef.newBuilder().setName(AP_KEYSPACE).build();
    Level level = List.of(Level.LEVEL_ONE, Level.LEVEL_QUORUM, Level.LEVEL_ALL).get(pickLevel());
    boolean quorum = level != Level.LEVEL_ONE;
    switch (random.nextInt(5)) {
      case 0, 1 -> {
        Set<String> mustSee = oracle.mustSee(key);
        GetRequest get =
            GetRequest.newBuilder().setKeyspace(keyspace).setKey(key).setLevel(level).build();
        send(get, answer -> apRead(key, quorum, mustSee, answer));
      }
      case 2 -> {
        DeleteRequest delete =
            DeleteRequest.newBuilder()
                .setKeyspace(keyspace)
                .setKey(key)
                .setLevel(level)
                .setOperation(nextOperation())
                .build();
        send(delete, answer -> apWritten(key, quorum, answer));
      }
      default -> {
        OperationId operation = nextOperation();
        PutRequest.Builder put =
            PutRequest.newBuilder()
                .setKeyspace(keyspace)
                .setKey(key)
                .setLevel(level)
                .setValue(text(operations * clients * 1_000L + process))
                .setOperation(operation);
        if (key.equals(contextKey) && random.nextBoolean() && !context.isEmpty()) {
          oracle.writesWithContext(operation, key, contextSiblings, context);
          put.setContext(context);
        }
        send(put.build(), answer -> apWritten(key, quorum, answer));
      }
    }
  }

  private ByteString contextKey = ByteString.EMPTY;
  private ByteString context = ByteString.EMPTY;
  private Set<String> contextSiblings = Set.of();

  private int pickLevel() {
    int drawn = random.nextInt(10);
    return drawn < 5 ? 0 : drawn < 9 ? 1 : 2;
  }

  private void apRead(
      ByteString key, boolean quorum, Set<String> mustSee, @Nullable Message answer) {
    if (answer instanceof GetResponse get) {
      ok++;
      contextKey = key;
      context = get.getReceipt().getContext();
      contextSiblings = new TreeSet<>();
      get.getReceipt().getSiblingsList().forEach(s -> contextSiblings.add(s.getVersion()));
      if (quorum) {
        oracle.quorumRead(key, mustSee, context);
      }
    }
    planNext();
  }

  private void apWritten(ByteString key, boolean quorum, @Nullable Message answer) {
    String dot =
        switch (answer) {
          case PutResponse put -> put.getReceipt().getVersion();
          case DeleteResponse delete -> delete.getReceipt().getVersion();
          case null, default -> null;
        };
    if (dot != null) {
      ok++;
      oracle.acknowledged(key, dot, quorum);
    }
    planNext();
  }

  // ---- transport ----

  private interface Handler {
    void answer(@Nullable Message answer);
  }

  /** Asks a random node; null stands for no answer in time, a refused connection for NO_QUORUM. */
  private void send(Message request, Handler handler) {
    SimulatedNode node = nodes.get(random.nextInt(nodes.size()));
    long number = ++attempt;
    if (!node.isUp()) {
      ErrorDetail refused =
          ErrorDetail.newBuilder()
              .setCode("UNREACHABLE")
              .setOutcome(Outcome.OUTCOME_FAILED)
              .build();
      events.after(MILLI, () -> handler.answer(refused));
      return;
    }
    node.call(request, ATTEMPT_NANOS, answer -> arrived(number, answer, handler));
    events.after(ATTEMPT_NANOS + LATE_ANSWER_NANOS, () -> arrived(number, null, handler));
  }

  private void arrived(long number, @Nullable Message answer, Handler handler) {
    if (attempt == number) {
      attempt++;
      handler.answer(answer);
    }
  }

  private static ByteString text(long value) {
    return ByteString.copyFromUtf8(Long.toString(value));
  }
}
