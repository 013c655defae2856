package io.capstan.chaos.workload;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.capstan.chaos.check.Outcome;
import io.capstan.chaos.sim.VirtualCluster;
import io.capstan.client.Bytes;
import io.capstan.client.Level;
import io.capstan.proto.store.v1.Comparison;
import io.capstan.proto.v1.CounterAddRequest;
import io.capstan.proto.v1.CounterAddResponse;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.GetResponse;
import io.capstan.proto.v1.KeyspaceRef;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.PutResponse;
import io.capstan.proto.v1.Receipt;
import io.capstan.proto.v1.SetAddRequest;
import io.capstan.proto.v1.SetAddResponse;
import io.capstan.proto.v1.Sibling;
import io.capstan.proto.v1.TxnGet;
import io.capstan.proto.v1.TxnPut;
import io.capstan.proto.v1.TxnRequest;
import io.capstan.proto.v1.TxnResponse;
import io.capstan.proto.v1.TxnStep;
import io.capstan.proto.v1.TxnStepResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * A keyspace of a simulated cluster. Like the real client it asks again, until its time is over,
 * what was refused for certain; what was not answered it leaves open. For one thread.
 */
public final class SimulatedKeyspaceClient implements KeyspaceClient {
  private static final long MILLI = 1_000_000L;
  private static final long RETRY_NANOS = 30 * MILLI;

  /** A node gives up a little before its client does, so that the client hears why. */
  private static final long ANSWER_NANOS = 40 * MILLI;

  private static final long LAST_RETRY_NANOS = 60 * MILLI;

  private final String nodeId;
  private final int node;
  private final VirtualCluster world;
  private final KeyspaceRef keyspace;
  private final Level level;

  public SimulatedKeyspaceClient(
      String nodeId, int node, VirtualCluster world, String keyspace, Level level) {
    this.nodeId = nodeId;
    this.node = node;
    this.world = world;
    this.keyspace = KeyspaceRef.newBuilder().setName(keyspace).build();
    this.level = level;
  }

  @Override
  public String nodeId() {
    return nodeId;
  }

  @Override
  public String level() {
    return level.label();
  }

  @Override
  public CompletableFuture<Reply> send(Request request, Duration timeout) {
    return send(request, timeout, Duration.ZERO, late -> {});
  }

  @Override
  public CompletableFuture<Reply> send(
      Request request, Duration timeout, Duration linger, Consumer<Reply> late) {
    Call call =
        new Call(
            request,
            message(request),
            world.nowNanos() + timeout.toNanos(),
            linger.toNanos(),
            late);
    call.attempt();
    return call.reply;
  }

  /** One request until it is answered or its time is over. */
  private final class Call {
    private final Request request;
    private final Message message;
    private final long deadlineNanos;
    private final long lingerNanos;
    private final Consumer<Reply> late;
    private final CompletableFuture<Reply> reply = new CompletableFuture<>();
    private int attempts;
    private boolean isOver;

    Call(
        Request request,
        Message message,
        long deadlineNanos,
        long lingerNanos,
        Consumer<Reply> late) {
      this.request = request;
      this.message = message;
      this.deadlineNanos = deadlineNanos;
      this.lingerNanos = lingerNanos;
      this.late = late;
    }

    /** Ends the attempt, or tells what became of it afterwards. */
    private void end(Reply answer) {
      if (!isOver && !reply.complete(answer)) {
        late.accept(answer);
      }
      isOver = true;
    }

    void attempt() {
      int number = ++attempts;
      long left = Math.max(1, deadlineNanos - world.nowNanos());
      if (!world.isUp(node)) {
        refused(ErrorDetail.newBuilder().setCode("UNREACHABLE").build());
        return;
      }
      world.after(
          left,
          () -> {
            if (attempts == number) {
              reply.complete(Reply.UNANSWERED);
            }
          });
      if (lingerNanos > 0) {
        world.after(
            left + lingerNanos,
            () -> {
              if (attempts == number) {
                end(Reply.error(Outcome.UNKNOWN, "TIMEOUT"));
              }
            });
      }
      long nodeNanos = Math.max(1, left + lingerNanos - ANSWER_NANOS);
      world.call(node, message, nodeNanos, answer -> answered(number, answer));
    }

    private void answered(int number, Message answer) {
      if (attempts != number || isOver) {
        return;
      }
      if (answer instanceof ErrorDetail error) {
        if (error.getOutcome() == io.capstan.proto.v1.Outcome.OUTCOME_FAILED) {
          refused(error);
        } else {
          end(Reply.error(Outcome.UNKNOWN, error.getCode()));
        }
        return;
      }
      end(reply(request, answer));
    }

    private void refused(ErrorDetail error) {
      boolean isFinal =
          switch (error.getCode()) {
            case "CONFLICT", "WRONG_LEVEL", "WRONG_MODE", "WRONG_TYPE", "INVALID_ARGUMENT" -> true;
            default -> world.nowNanos() + LAST_RETRY_NANOS >= deadlineNanos;
          };
      attempts++;
      if (isFinal) {
        end(Reply.error(Outcome.FAILED, error.getCode()));
      } else {
        world.after(RETRY_NANOS, this::attempt);
      }
    }
  }

  // ---- requests ----

  private static ByteString bytes(String text) {
    return ByteString.copyFromUtf8(text);
  }

  private io.capstan.proto.store.v1.Level wire(Level asked) {
    return switch (asked) {
      case LINEARIZABLE -> io.capstan.proto.store.v1.Level.LEVEL_LINEARIZABLE;
      case STALE -> io.capstan.proto.store.v1.Level.LEVEL_STALE;
      case ONE -> io.capstan.proto.store.v1.Level.LEVEL_ONE;
      case QUORUM -> io.capstan.proto.store.v1.Level.LEVEL_QUORUM;
      case ALL -> io.capstan.proto.store.v1.Level.LEVEL_ALL;
    };
  }

  private io.capstan.proto.store.v1.Level writeLevel() {
    return wire(level == Level.STALE ? Level.LINEARIZABLE : level);
  }

  private Message message(Request request) {
    return switch (request) {
      case Request.Read read ->
          GetRequest.newBuilder()
              .setKeyspace(keyspace)
              .setKey(bytes(read.key()))
              .setLevel(wire(level))
              .build();
      case Request.Write write -> {
        PutRequest.Builder put =
            PutRequest.newBuilder()
                .setKeyspace(keyspace)
                .setKey(bytes(write.key()))
                .setValue(bytes(write.value()))
                .setLevel(writeLevel());
        Bytes context = write.context();
        if (context != null) {
          put.setContext(ByteString.copyFrom(context.toByteArray()));
        }
        yield put.build();
      }
      case Request.Transaction transaction -> transaction(transaction);
      case Request.CounterAdd add ->
          CounterAddRequest.newBuilder()
              .setKeyspace(keyspace)
              .setKey(bytes(add.key()))
              .setDelta(add.delta())
              .setLevel(writeLevel())
              .build();
      case Request.SetAdd add ->
          SetAddRequest.newBuilder()
              .setKeyspace(keyspace)
              .setKey(bytes(add.key()))
              .setElement(bytes(add.element()))
              .setLevel(writeLevel())
              .build();
    };
  }

  private TxnRequest transaction(Request.Transaction transaction) {
    TxnRequest.Builder txn = TxnRequest.newBuilder().setKeyspace(keyspace);
    transaction
        .expected()
        .forEach(
            (key, value) ->
                txn.addComparisons(
                    Comparison.newBuilder().setKey(bytes(key)).setValue(bytes(value))));
    transaction
        .writes()
        .forEach(
            (key, value) ->
                txn.addThenSteps(
                    TxnStep.newBuilder()
                        .setPut(TxnPut.newBuilder().setKey(bytes(key)).setValue(bytes(value)))));
    transaction.reads().forEach(key -> txn.addThenSteps(get(key)));
    transaction.expected().keySet().forEach(key -> txn.addElseSteps(get(key)));
    return txn.build();
  }

  private static TxnStep get(String key) {
    return TxnStep.newBuilder().setGet(TxnGet.newBuilder().setKey(bytes(key))).build();
  }

  // ---- answers ----

  private static Reply reply(Request request, Message answer) {
    return switch (answer) {
      case GetResponse get -> read(((Request.Read) request).key(), get.getReceipt());
      case PutResponse put -> written(put.getReceipt());
      case CounterAddResponse add -> written(add.getReceipt());
      case SetAddResponse add -> written(add.getReceipt());
      case TxnResponse txn -> transacted((Request.Transaction) request, txn);
      default -> throw new IllegalStateException("an answer of no known kind: " + answer);
    };
  }

  private static Bytes context(Receipt receipt) {
    return Bytes.of(receipt.getContext().toByteArray());
  }

  private static Reply written(Receipt receipt) {
    return Reply.written(receipt.getVersion(), context(receipt), receipt.getSupersededList());
  }

  private static Reply read(String key, Receipt receipt) {
    List<StoredValue> values = new ArrayList<>();
    if (receipt.getType().equals("set")) {
      receipt
          .getMembersList()
          .forEach(member -> values.add(new StoredValue(member.toStringUtf8(), "")));
    } else if (receipt.hasCounter()) {
      values.add(new StoredValue(Long.toString(receipt.getCounter()), ""));
    } else if (receipt.getSiblingsCount() == 0 && receipt.hasValue()) {
      values.add(new StoredValue(receipt.getValue().toStringUtf8(), receipt.getVersion()));
    } else {
      values.addAll(live(receipt.getSiblingsList()));
    }
    return Reply.read(true, Map.of(key, values), context(receipt));
  }

  private static List<StoredValue> live(List<Sibling> siblings) {
    List<StoredValue> values = new ArrayList<>();
    for (Sibling sibling : siblings) {
      if (sibling.hasValue()) {
        values.add(new StoredValue(sibling.getValue().toStringUtf8(), sibling.getVersion()));
      }
    }
    return values;
  }

  private static Reply transacted(Request.Transaction transaction, TxnResponse answer) {
    int firstRead = answer.getSucceeded() ? transaction.writes().size() : 0;
    Map<String, List<StoredValue>> values = new LinkedHashMap<>();
    for (TxnStepResult step :
        answer.getResultsList().subList(firstRead, answer.getResultsCount())) {
      values.put(
          step.getKey().toStringUtf8(),
          step.getSiblingsCount() == 0 && step.hasValue()
              ? List.of(new StoredValue(step.getValue().toStringUtf8(), step.getVersion()))
              : live(step.getSiblingsList()));
    }
    boolean wrote = answer.getSucceeded() && !transaction.writes().isEmpty();
    return Reply.transacted(
        answer.getSucceeded(),
        values,
        wrote ? answer.getReceipt().getVersion() : "",
        context(answer.getReceipt()));
  }
}
