package io.capstan.chaos.workload;

import io.capstan.chaos.check.Outcome;
import io.capstan.client.Bytes;
import io.capstan.client.CapstanClient;
import io.capstan.client.CapstanException;
import io.capstan.client.Get;
import io.capstan.client.Level;
import io.capstan.client.Put;
import io.capstan.client.Receipt;
import io.capstan.client.Sibling;
import io.capstan.client.Txn;
import io.capstan.client.TxnResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A keyspace of a real cluster, through a client whose only endpoint is one node. */
public final class CapstanKeyspaceClient implements KeyspaceClient {
  private static final Duration TIMEOUT_MARGIN = Duration.ofMillis(100);

  private final String nodeId;
  private final CapstanClient client;
  private final String keyspace;
  private final Level level;

  /**
   * @param client has the node as its only endpoint; stays the caller's to close
   * @param level of every read and write
   */
  public CapstanKeyspaceClient(String nodeId, CapstanClient client, String keyspace, Level level) {
    this.nodeId = nodeId;
    this.client = client;
    this.keyspace = keyspace;
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
  public CompletableFuture<Reply> send(
      Request request, Duration timeout, Duration linger, Consumer<Reply> late) {
    if (!(request instanceof Request.Write write)) {
      return send(request, timeout);
    }
    CompletableFuture<Reply> inTime = new CompletableFuture<>();
    // Nobody waits for this stage: the answer ends either the one or the other.
    CompletableFuture<Void> unused =
        write(write, timeout, linger)
            .exceptionally(CapstanKeyspaceClient::error)
            .thenAccept(
                reply -> {
                  if (!inTime.complete(reply)) {
                    late.accept(reply);
                  }
                });
    // The client itself says at the timeout what was never sent.
    return inTime.completeOnTimeout(
        Reply.UNANSWERED, timeout.plus(TIMEOUT_MARGIN).toNanos(), TimeUnit.NANOSECONDS);
  }

  @Override
  public CompletableFuture<Reply> send(Request request, Duration timeout) {
    CompletableFuture<Reply> reply =
        switch (request) {
          case Request.Read read -> read(read, timeout);
          case Request.Write write -> write(write, timeout, Duration.ZERO);
          case Request.Transaction transaction -> transact(transaction, timeout);
          case Request.CounterAdd add ->
              client
                  .counter(keyspace, add.key())
                  .level(writeLevel())
                  .timeout(timeout)
                  .add(add.delta())
                  .thenApply(CapstanKeyspaceClient::written);
          case Request.SetAdd add ->
              client
                  .set(keyspace, add.key())
                  .level(writeLevel())
                  .timeout(timeout)
                  .add(add.element())
                  .thenApply(CapstanKeyspaceClient::written);
        };
    return reply.exceptionally(CapstanKeyspaceClient::error);
  }

  private CompletableFuture<Reply> read(Request.Read read, Duration timeout) {
    Get get = Get.of(read.key()).keyspace(keyspace).level(level).timeout(timeout);
    return client
        .get(get)
        .thenApply(
            receipt -> {
              List<StoredValue> values = values(receipt);
              return Reply.read(true, Map.of(read.key(), values), receipt.context());
            });
  }

  private static Reply written(Receipt receipt) {
    return Reply.written(receipt.version(), receipt.context(), receipt.superseded());
  }

  /** A stale read is a level of reads alone. */
  private Level writeLevel() {
    return level == Level.STALE ? Level.LINEARIZABLE : level;
  }

  private static List<StoredValue> values(Receipt receipt) {
    if (receipt.type().equals("set")) {
      return receipt.members().stream().map(member -> new StoredValue(member.utf8(), "")).toList();
    }
    Long counter = receipt.counter();
    if (counter != null) {
      return List.of(new StoredValue(Long.toString(counter), ""));
    }
    Bytes value = receipt.value();
    return receipt.siblings().isEmpty() && value != null
        ? List.of(new StoredValue(value.utf8(), receipt.version()))
        : live(receipt.siblings());
  }

  private static List<StoredValue> live(List<Sibling> siblings) {
    List<StoredValue> values = new ArrayList<>(siblings.size());
    for (Sibling sibling : siblings) {
      Bytes value = sibling.value();
      if (value != null) {
        values.add(new StoredValue(value.utf8(), sibling.version()));
      }
    }
    return values;
  }

  private CompletableFuture<Reply> write(Request.Write write, Duration timeout, Duration linger) {
    Put put =
        Put.of(write.key(), write.value())
            .keyspace(keyspace)
            .level(writeLevel())
            .context(write.context())
            .timeout(timeout)
            .linger(linger);
    return client.put(put).thenApply(CapstanKeyspaceClient::written);
  }

  private CompletableFuture<Reply> transact(Request.Transaction transaction, Duration timeout) {
    Txn.Builder txn = Txn.builder().keyspace(keyspace).timeout(timeout);
    transaction.expected().forEach(txn::ifValue);
    transaction.writes().forEach(txn::put);
    transaction.reads().forEach(txn::get);
    if (!transaction.expected().isEmpty()) {
      txn.otherwise();
      transaction.expected().keySet().forEach(txn::get);
    }
    return client.txn(txn.build()).thenApply(result -> reply(transaction, result));
  }

  private static Reply reply(Request.Transaction transaction, TxnResult result) {
    int firstRead = result.succeeded() ? transaction.writes().size() : 0;
    Map<String, List<StoredValue>> values = new LinkedHashMap<>();
    for (TxnResult.StepResult step : result.results().subList(firstRead, result.results().size())) {
      Bytes value = step.value();
      List<StoredValue> held =
          step.siblings().isEmpty() && value != null
              ? List.of(new StoredValue(value.utf8(), step.version()))
              : live(step.siblings());
      values.put(step.key().utf8(), held);
    }
    boolean wrote = result.succeeded() && !transaction.writes().isEmpty();
    return Reply.transacted(
        result.succeeded(),
        values,
        wrote ? result.receipt().version() : "",
        result.receipt().context());
  }

  private static Reply error(Throwable thrown) {
    Throwable cause =
        thrown instanceof CompletionException && thrown.getCause() != null
            ? thrown.getCause()
            : thrown;
    if (cause instanceof CapstanException refused) {
      return Reply.error(outcome(refused), refused.code());
    }
    // Whatever this is, it says nothing about the request: it may have been applied.
    return Reply.error(Outcome.UNKNOWN, String.valueOf(cause));
  }

  private static Outcome outcome(CapstanException refused) {
    return refused.outcome() == io.capstan.client.Outcome.FAILED ? Outcome.FAILED : Outcome.UNKNOWN;
  }
}
