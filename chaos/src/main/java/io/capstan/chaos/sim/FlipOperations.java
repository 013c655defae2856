package io.capstan.chaos.sim;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.capstan.chaos.check.EventType;
import io.capstan.chaos.check.HistoryEvent;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.v1.CounterAddRequest;
import io.capstan.proto.v1.CounterAddResponse;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.GetResponse;
import io.capstan.proto.v1.KeyspaceRef;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.PutResponse;
import io.capstan.proto.v1.Receipt;
import io.capstan.proto.v1.SetAddRequest;
import io.capstan.proto.v1.SetAddResponse;
import io.capstan.proto.v1.SetModeRequest;
import io.capstan.proto.v1.SetModeResponse;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * What one client does to the keyspace that changes sides. Values, elements and additions go on
 * under one operation id through whichever nodes, epochs and modes. Registers belong to the CP
 * epoch that the client knows of and are asked for in that one only, so that their history is one
 * of a single CP stretch, counted from its opening.
 */
final class FlipOperations {
  private static final long OPERATION_NANOS = 2_500 * SimulatedClient.MILLI;
  private static final long RETRY_NANOS = 40 * SimulatedClient.MILLI;
  private static final long LAST_RETRY_NANOS = 100 * SimulatedClient.MILLI;

  private final SimulatedClient client;
  private final SimulatedClient.World world;
  private final FlipOracle oracle;
  private final FlipSession session;
  private long process;

  FlipOperations(SimulatedClient client, SimulatedClient.World world, FlipOracle oracle) {
    this.client = client;
    this.world = world;
    this.oracle = oracle;
    this.session = new FlipSession(oracle, world.coverage());
    this.process = client.number();
  }

  FlipSession session() {
    return session;
  }

  private static KeyspaceRef keyspace(long epoch) {
    return KeyspaceRef.newBuilder().setName(SimulatedClient.FLIP_KEYSPACE).setEpoch(epoch).build();
  }

  private static ByteString key(String name) {
    return ByteString.copyFromUtf8(name);
  }

  void begin(SimulatedOperation operation, SplittableRandom random) {
    OperationId id = client.nextOperation();
    long value = client.freshValue();
    boolean one = oracle.allowsOne() && oracle.epochSeenCp() == 0 && random.nextInt(3) > 0;
    Level level = one ? Level.LEVEL_ONE : Level.LEVEL_UNSPECIFIED;
    List<Integer> losses = oracle.losses();
    switch (operation.type()) {
      case FLIP_PUT -> {
        oracle.writes(Long.toString(value));
        PutRequest put =
            PutRequest.newBuilder()
                .setKeyspace(keyspace(0))
                .setKey(key("e" + value))
                .setValue(SimulatedClient.text(value))
                .setLevel(level)
                .setOperation(id)
                .build();
        new Attempts(
                put,
                (ok, uncertain, receipt) -> {
                  if (receipt != null) {
                    oracle.confirmed(
                        ConfirmedWrites.Kind.VALUE, Long.toString(value), receipt, losses);
                    oracle.named(put.getKey(), Long.toString(value), receipt, losses);
                    session.wrote(put.getKey(), Long.toString(value), receipt);
                  }
                })
            .begin();
      }
      case FLIP_SET_ADD -> {
        SetAddRequest add =
            SetAddRequest.newBuilder()
                .setKeyspace(keyspace(0))
                .setKey(key("s"))
                .setElement(SimulatedClient.text(value))
                .setLevel(level)
                .setOperation(id)
                .build();
        new Attempts(
                add,
                (ok, uncertain, receipt) -> {
                  if (receipt != null) {
                    oracle.confirmed(
                        ConfirmedWrites.Kind.ELEMENT, Long.toString(value), receipt, losses);
                  }
                })
            .begin();
      }
      case FLIP_COUNTER_ADD -> {
        CounterAddRequest add =
            CounterAddRequest.newBuilder()
                .setKeyspace(keyspace(0))
                .setKey(key("c"))
                .setDelta(1)
                .setLevel(level)
                .setOperation(id)
                .build();
        new Attempts(
                add,
                (ok, uncertain, receipt) -> {
                  if (receipt != null) {
                    oracle.confirmed(
                        ConfirmedWrites.Kind.ADDITION, Long.toString(value), receipt, losses);
                  } else if (uncertain) {
                    oracle.uncertainAddition();
                  }
                })
            .begin();
      }
      case FLIP_READ -> {
        if (oracle.epochSeenCp() == 0 || random.nextInt(3) == 0) {
          readOfSession(random);
        } else {
          register(operation, id, value);
        }
      }
      case FLIP_WRITE -> register(operation, id, value);
      case FLIP_TO_AP, FLIP_TO_CP, FLIP_ABORT -> flip(operation.type());
      default -> throw new IllegalArgumentException(operation.type() + " is not of this keyspace");
    }
  }

  private void flip(SimulatedOperation.Type type) {
    SetModeRequest.Builder request =
        SetModeRequest.newBuilder()
            .setName(SimulatedClient.FLIP_KEYSPACE)
            .setRequestedBy("client " + client.number());
    if (type == SimulatedOperation.Type.FLIP_ABORT) {
      request.setAbort(true);
    } else {
      request.setMode(type == SimulatedOperation.Type.FLIP_TO_AP ? Mode.MODE_AP : Mode.MODE_CP);
    }
    if (client.says()) {
      client.say("asks for " + type);
    }
    oracle.invariants().asking(true);
    client.send(
        request.build(),
        answer -> {
          oracle.invariants().asking(false);
          client.ended(answer instanceof SetModeResponse ? Coverage.Counter.OPERATIONS_OK : null);
        });
  }

  /** Reads what was written lately, or what the session knows, wherever that leads. */
  private void readOfSession(SplittableRandom random) {
    String lately = oracle.writtenLately(random);
    List<ByteString> keys = session.keys();
    ByteString key = key(lately == null ? "none" : "e" + lately);
    if (!keys.isEmpty() && random.nextBoolean()) {
      key = keys.get(random.nextInt(keys.size()));
    }
    ByteString asked = key;
    Level level = oracle.epochSeenCp() == 0 ? Level.LEVEL_ONE : Level.LEVEL_STALE;
    GetRequest get =
        GetRequest.newBuilder()
            .setKeyspace(keyspace(0))
            .setKey(asked)
            .setLevel(level)
            .setAtLeast(session.claim(asked))
            .build();
    new Attempts(
            get,
            (ok, uncertain, receipt) -> {
              if (ok && receipt != null) {
                session.read(asked, receipt);
              }
            })
        .begin();
  }

  /** Reads or writes a register of the CP epoch that is known, where one is. */
  private void register(SimulatedOperation operation, OperationId id, long value) {
    long epoch = oracle.epochSeenCp();
    if (epoch == 0) {
      // Ask what epoch it is.
      GetRequest get = GetRequest.newBuilder().setKeyspace(keyspace(0)).setKey(key("none")).build();
      new Attempts(get, (ok, uncertain, receipt) -> {}).begin();
      return;
    }
    String name = "r" + operation.key() % 2 + "@" + epoch;
    boolean read = operation.type() == SimulatedOperation.Type.FLIP_READ;
    Message request =
        read
            ? GetRequest.newBuilder().setKeyspace(keyspace(epoch)).setKey(key(name)).build()
            : PutRequest.newBuilder()
                .setKeyspace(keyspace(epoch))
                .setKey(key(name))
                .setValue(SimulatedClient.text(value))
                .setOperation(id)
                .build();
    HistoryEvent invocation =
        world
            .history()
            .invoke(process, read ? "read" : "write", name, read ? null : value, Map.of());
    new Attempts(
            request,
            (ok, uncertain, receipt) -> {
              EventType type =
                  ok ? EventType.OK : uncertain && !read ? EventType.INFO : EventType.FAIL;
              Object result = read ? null : value;
              if (ok && read && receipt != null && receipt.getFound()) {
                result = Long.parseLong(receipt.getValue().toStringUtf8());
              }
              world.history().complete(invocation, type, result, Map.of());
              if (type == EventType.INFO) {
                process += Schedule.CLIENTS_MAX;
              }
            })
        .begin();
  }

  private interface End {
    void ended(boolean ok, boolean uncertain, @Nullable Receipt receipt);
  }

  /** One operation from its first attempt to its outcome. */
  private final class Attempts {
    private Message request;
    private final End end;
    private final long deadlineNanos = world.events().nowNanos() + OPERATION_NANOS;
    private final long epochBefore = oracle.epochSeen();
    private boolean uncertain;

    Attempts(Message request, End end) {
      this.request = request;
      this.end = end;
      if (client.says()) {
        client.say(
            "begins "
                + request.getDescriptorForType().getName()
                + " "
                + request.toString().replace('\n', ' '));
      }
    }

    void begin() {
      client.send(request, this::answered);
    }

    private void answered(@Nullable Message answer) {
      switch (answer) {
        case null -> again(true);
        case PutResponse put -> succeeded(put.getReceipt());
        case GetResponse get -> {
          oracle.read(get.getReceipt());
          succeeded(get.getReceipt());
        }
        case SetAddResponse add -> succeeded(add.getReceipt());
        case CounterAddResponse add -> succeeded(add.getReceipt());
        case ErrorDetail error -> refused(error);
        default ->
            throw new SimulationFailure("a request gets its own kind of answer", "got " + answer);
      }
    }

    private void succeeded(Receipt receipt) {
      if (request instanceof GetRequest get && get.getKeyspace().getEpoch() == 0) {
        // At these levels a replica that was left behind answers as of then.
        oracle.saw(receipt);
      } else {
        oracle.succeeded(receipt, epochBefore);
      }
      ended(true, receipt);
    }

    private void refused(ErrorDetail error) {
      switch (error.getCode()) {
        case "UNKNOWN_SESSION" -> {
          // The node itself may have tried before, while the session was known.
          uncertain |= error.getOutcome() != Outcome.OUTCOME_FAILED;
          client.sessionLost();
          ended(false, null);
        }
        case "SESSION_NOT_MET" -> {
          world.coverage().count(Coverage.Counter.SESSION_READS_REFUSED);
          again(false);
        }
        case "BEYOND_WINDOW" -> {
          uncertain = true;
          ended(false, null);
        }
        case "WRONG_LEVEL" -> {
          request = withoutLevel();
          again(false);
        }
        case "SIBLINGS", "WRONG_TYPE" ->
            throw new SimulationFailure("nobody writes the same key twice", "got " + error);
        default -> {
          boolean pinned = error.getCode().equals("WRONG_EPOCH") && isPinned();
          uncertain |= error.getOutcome() != Outcome.OUTCOME_FAILED;
          if (pinned) {
            ended(false, null);
          } else {
            again(false);
          }
        }
      }
    }

    private boolean isPinned() {
      return (request instanceof PutRequest put && put.getKeyspace().getEpoch() != 0)
          || (request instanceof GetRequest get && get.getKeyspace().getEpoch() != 0);
    }

    private Message withoutLevel() {
      return switch (request) {
        case PutRequest put -> put.toBuilder().clearLevel().build();
        case SetAddRequest add -> add.toBuilder().clearLevel().build();
        case CounterAddRequest add -> add.toBuilder().clearLevel().build();
        case GetRequest get -> get.toBuilder().clearLevel().build();
        default -> request;
      };
    }

    private void again(boolean attemptUncertain) {
      uncertain |= attemptUncertain;
      if (world.events().nowNanos() + LAST_RETRY_NANOS < deadlineNanos) {
        world.events().after(RETRY_NANOS, this::begin);
      } else {
        ended(false, null);
      }
    }

    private void ended(boolean ok, @Nullable Receipt receipt) {
      end.ended(ok, uncertain, receipt);
      if (client.says()) {
        client.say(
            "ends "
                + request.getDescriptorForType().getName()
                + ": "
                + (ok ? "OK" : uncertain ? "UNKNOWN" : "FAILED")
                + (receipt == null
                    ? ""
                    : " in epoch " + receipt.getEpoch() + " at " + receipt.getServedBy()));
      }
      client.ended(
          ok
              ? Coverage.Counter.OPERATIONS_OK
              : uncertain ? Coverage.Counter.OPERATIONS_UNKNOWN : null);
    }
  }
}
