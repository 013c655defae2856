package io.capstan.chaos.sim;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.v1.CounterAddRequest;
import io.capstan.proto.v1.CounterAddResponse;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.KeyspaceRef;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.Receipt;
import io.capstan.proto.v1.SetAddRequest;
import io.capstan.proto.v1.SetAddResponse;
import io.capstan.proto.v1.SetRemoveRequest;
import io.capstan.proto.v1.SetRemoveResponse;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Additions to counters and changes of sets by one client in one keyspace, each with several
 * attempts through whichever nodes, all under one operation id.
 */
final class TypeOperations {
  private static final long OPERATION_NANOS = 1_500 * SimulatedClient.MILLI;
  private static final long RETRY_NANOS = 40 * SimulatedClient.MILLI;
  private static final long LAST_RETRY_NANOS = 100 * SimulatedClient.MILLI;
  private static final int ELEMENTS = 8;

  private final SimulatedClient client;
  private final SimulatedClient.World world;
  private final TypeOracle oracle;
  private final KeyspaceRef keyspace;

  TypeOperations(SimulatedClient client, SimulatedClient.World world, TypeOracle oracle) {
    this.client = client;
    this.world = world;
    this.oracle = oracle;
    this.keyspace = KeyspaceRef.newBuilder().setName(oracle.keyspace()).build();
  }

  void begin(SimulatedOperation operation, SplittableRandom random) {
    OperationId id = client.nextOperation();
    Level level =
        oracle.isCp()
            ? Level.LEVEL_UNSPECIFIED
            : random.nextBoolean() ? Level.LEVEL_ONE : Level.LEVEL_QUORUM;
    int lane = operation.key() % 2;
    switch (operation.type()) {
      case AP_COUNTER_ADD, CP_COUNTER_ADD -> {
        TypeOracle.Addition addition = oracle.addition(lane, random.nextInt(4) == 0);
        CounterAddRequest request =
            CounterAddRequest.newBuilder()
                .setKeyspace(keyspace)
                .setKey(addition.key)
                .setDelta(addition.delta())
                .setLevel(level)
                .setOperation(id)
                .build();
        new Attempts(request, (attempts, receipt) -> attempts.tell(addition, receipt)).begin();
      }
      case AP_SET_ADD, AP_SET_REMOVE, CP_SET_ADD, CP_SET_REMOVE ->
          change(operation.type(), ByteString.copyFromUtf8("s" + lane), level, id, random);
      default -> throw new IllegalArgumentException(operation.type() + " is on no counter or set");
    }
  }

  private void change(
      SimulatedOperation.Type type,
      ByteString key,
      Level level,
      OperationId id,
      SplittableRandom random) {
    boolean isAddition =
        type == SimulatedOperation.Type.AP_SET_ADD || type == SimulatedOperation.Type.CP_SET_ADD;
    ByteString element = ByteString.copyFromUtf8("x" + random.nextInt(ELEMENTS));
    TypeOracle.Change change = oracle.change(key, element, isAddition, id);
    Message request =
        isAddition
            ? SetAddRequest.newBuilder()
                .setKeyspace(keyspace)
                .setKey(key)
                .setElement(element)
                .setLevel(level)
                .setOperation(id)
                .build()
            : SetRemoveRequest.newBuilder()
                .setKeyspace(keyspace)
                .setKey(key)
                .setElement(element)
                .setLevel(level)
                .setOperation(id)
                .build();
    new Attempts(
            request,
            (attempts, receipt) -> {
              attempts.tell(change, receipt);
              oracle.ended(change, key, receipt, attempts.made);
            })
        .begin();
  }

  /** One operation from its first attempt to its outcome. */
  private final class Attempts {
    private final Message request;
    private final BiConsumer<Attempts, @Nullable Receipt> end;
    private final long deadlineNanos = world.events().nowNanos() + OPERATION_NANOS;
    private List<Integer> lossesAtBegin = List.of();
    private int made;
    private boolean uncertain;
    private boolean ok;

    Attempts(Message request, BiConsumer<Attempts, @Nullable Receipt> end) {
      this.request = request;
      this.end = end;
      if (client.says()) {
        client.say("begins " + request.getDescriptorForType().getName() + " " + brief());
      }
    }

    private String brief() {
      return request.toString().replace('\n', ' ');
    }

    TypeOracle.Outcome outcome() {
      return ok
          ? TypeOracle.Outcome.OK
          : uncertain ? TypeOracle.Outcome.UNKNOWN : TypeOracle.Outcome.FAILED;
    }

    /** What is known of the operation now that it is over. */
    void tell(TypeOracle.Typed operation, @Nullable Receipt receipt) {
      operation.outcome = outcome();
      if (receipt != null && !oracle.isCp()) {
        operation.versions.add(receipt.getVersion());
        operation.disks = oracle.disks().confirming(receipt, world.nodes(), lossesAtBegin);
      }
    }

    void begin() {
      made++;
      lossesAtBegin = oracle.disks().losses(world.nodes());
      client.send(request, this::answered);
    }

    private void answered(@Nullable Message answer) {
      switch (answer) {
        case null -> again(true);
        case CounterAddResponse add -> succeeded(add.getReceipt());
        case SetAddResponse add -> succeeded(add.getReceipt());
        case SetRemoveResponse remove -> succeeded(remove.getReceipt());
        case ErrorDetail error -> refused(error);
        default ->
            throw new SimulationFailure("a request gets its own kind of answer", "got " + answer);
      }
    }

    private void succeeded(Receipt receipt) {
      ok = true;
      ended(receipt);
    }

    private void refused(ErrorDetail error) {
      switch (error.getCode()) {
        case "UNKNOWN_SESSION" -> {
          // The node itself may have tried before, while the session was known.
          uncertain |= error.getOutcome() != Outcome.OUTCOME_FAILED;
          client.sessionLost();
          ended(null);
        }
        case "BEYOND_WINDOW" -> {
          uncertain = true;
          ended(null);
        }
        case "WRONG_TYPE", "RESOURCE_EXHAUSTED" ->
            throw new SimulationFailure("counters and sets are used as such", "got " + error);
        default -> again(error.getOutcome() != Outcome.OUTCOME_FAILED);
      }
    }

    private void again(boolean attemptUncertain) {
      uncertain |= attemptUncertain;
      if (world.events().nowNanos() + LAST_RETRY_NANOS < deadlineNanos) {
        world.events().after(RETRY_NANOS, this::begin);
      } else {
        ended(null);
      }
    }

    private void ended(@Nullable Receipt receipt) {
      end.accept(this, receipt);
      if (client.says()) {
        client.say("ends " + request.getDescriptorForType().getName() + ": " + outcome());
      }
      switch (outcome()) {
        case OK -> client.ended(Coverage.Counter.OPERATIONS_OK);
        case UNKNOWN -> client.ended(Coverage.Counter.OPERATIONS_UNKNOWN);
        case FAILED -> client.ended(null);
      }
    }
  }
}
