package io.capstan.chaos.sim;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.capstan.chaos.check.EventType;
import io.capstan.chaos.check.HistoryEvent;
import io.capstan.proto.store.v1.Comparison;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.GetResponse;
import io.capstan.proto.v1.KeyspaceRef;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.PutResponse;
import io.capstan.proto.v1.TxnPut;
import io.capstan.proto.v1.TxnRequest;
import io.capstan.proto.v1.TxnResponse;
import io.capstan.proto.v1.TxnStep;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Reads, writes and compare-and-set of one client on the CP keyspace, recorded in the history, each
 * with as many attempts as its time allows, all under one operation id.
 */
final class CpOperations {
  private static final long OPERATION_NANOS = 1_500 * SimulatedClient.MILLI;
  private static final long RETRY_NANOS = 40 * SimulatedClient.MILLI;
  private static final long LAST_RETRY_NANOS = 100 * SimulatedClient.MILLI;
  private static final KeyspaceRef KEYSPACE =
      KeyspaceRef.newBuilder().setName(SimulatedClient.CP_KEYSPACE).build();

  private final SimulatedClient client;
  private final SimulatedClient.World world;
  // After an outcome that it cannot know, a client goes on under another number: Jepsen's rule.
  private long process;
  private long lastRead;

  CpOperations(SimulatedClient client, SimulatedClient.World world) {
    this.client = client;
    this.world = world;
    this.process = client.number();
  }

  void begin(SimulatedOperation operation, SplittableRandom random) {
    String key = "r" + operation.key();
    ByteString bytes = ByteString.copyFromUtf8(key);
    switch (operation.type()) {
      case CP_READ -> {
        GetRequest get = GetRequest.newBuilder().setKeyspace(KEYSPACE).setKey(bytes).build();
        new Attempts("read", key, null, get).begin();
      }
      case CP_WRITE -> {
        OperationId id = client.nextOperation();
        long value = client.freshValue();
        PutRequest put =
            PutRequest.newBuilder()
                .setKeyspace(KEYSPACE)
                .setKey(bytes)
                .setValue(SimulatedClient.text(value))
                .setOperation(id)
                .build();
        new Attempts("write", key, value, put).begin();
      }
      case CP_CAS -> {
        OperationId id = client.nextOperation();
        long value = client.freshValue();
        new Attempts("cas", key, List.of(lastRead, value), cas(bytes, value, id)).begin();
      }
      default -> throw new IllegalArgumentException(operation.type() + " is not of this side");
    }
  }

  private TxnRequest cas(ByteString key, long value, OperationId id) {
    return TxnRequest.newBuilder()
        .setKeyspace(KEYSPACE)
        .addComparisons(
            Comparison.newBuilder().setKey(key).setValue(SimulatedClient.text(lastRead)))
        .addThenSteps(
            TxnStep.newBuilder()
                .setPut(TxnPut.newBuilder().setKey(key).setValue(SimulatedClient.text(value))))
        .setOperation(id)
        .build();
  }

  /** One operation from its invocation to its outcome. */
  private final class Attempts {
    private final String f;
    private final String key;
    private final @Nullable Object value;
    private final Message request;
    private final long deadlineNanos = world.events().nowNanos() + OPERATION_NANOS;
    private final HistoryEvent invocation;
    private boolean uncertain;

    Attempts(String f, String key, @Nullable Object value, Message request) {
      this.f = f;
      this.key = key;
      this.value = value;
      this.request = request;
      this.invocation = world.history().invoke(process, f, key, value, Map.of());
      if (client.says()) {
        client.say("begins " + f + " " + key + (value == null ? "" : " " + value));
      }
    }

    void begin() {
      client.send(request, this::answered);
    }

    private void answered(@Nullable Message answer) {
      switch (answer) {
        case null -> again(true);
        case ErrorDetail error -> refused(error);
        case GetResponse get -> read(get);
        case PutResponse put -> complete(EventType.OK, value);
        case TxnResponse txn -> complete(txn.getSucceeded() ? EventType.OK : EventType.FAIL, value);
        default ->
            throw new SimulationFailure("a request gets its own kind of answer", "got " + answer);
      }
    }

    private void read(GetResponse get) {
      Object found = null;
      if (get.getReceipt().getFound()) {
        lastRead = Long.parseLong(get.getReceipt().getValue().toStringUtf8());
        found = lastRead;
      }
      complete(EventType.OK, found);
    }

    private void refused(ErrorDetail error) {
      switch (error.getCode()) {
        case "CONFLICT" -> complete(EventType.FAIL, value);
        case "UNKNOWN_SESSION" -> {
          // The node itself may have tried before, while the session was known.
          uncertain |= error.getOutcome() != Outcome.OUTCOME_FAILED;
          client.sessionLost();
          complete(uncertain ? EventType.INFO : EventType.FAIL, value);
        }
        case "BEYOND_WINDOW" -> complete(EventType.INFO, value);
        default -> again(error.getOutcome() != Outcome.OUTCOME_FAILED);
      }
    }

    private void again(boolean attemptUncertain) {
      uncertain |= attemptUncertain;
      if (world.events().nowNanos() + LAST_RETRY_NANOS < deadlineNanos) {
        world.events().after(RETRY_NANOS, this::begin);
        return;
      }
      boolean read = f.equals("read");
      complete(uncertain && !read ? EventType.INFO : EventType.FAIL, value);
    }

    private void complete(EventType type, @Nullable Object result) {
      world.history().complete(invocation, type, result, Map.of());
      if (client.says()) {
        client.say("ends " + f + " " + key + ": " + type + (result == null ? "" : " " + result));
      }
      switch (type) {
        case OK -> client.ended(Coverage.Counter.OPERATIONS_OK);
        case INFO -> {
          process += Schedule.CLIENTS_MAX;
          client.ended(Coverage.Counter.OPERATIONS_UNKNOWN);
        }
        default -> client.ended(null);
      }
    }
  }
}
