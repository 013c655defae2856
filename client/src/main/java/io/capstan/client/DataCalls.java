package io.capstan.client;

import io.capstan.proto.store.v1.SessionClaim;
import io.capstan.proto.v1.KeyValueGrpc;
import io.capstan.proto.v1.KeyspaceRef;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The calls on data: what each sends, how far it may be repeated, and what a session claims by it
 * and learns from its answer. Safe for use by several threads.
 */
final class DataCalls {
  private final ClientCore core;

  DataCalls(ClientCore core) {
    this.core = core;
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
            writeKind(put.level(), conditional, put.repeats()),
            keyspace,
            true,
            (id, epoch, operation) ->
                WireRequests.put(put, WireRequests.keyspace(keyspace, id, epoch), operation),
            (response, micros) -> learnt(session, response.getReceipt(), micros),
            Long.MAX_VALUE,
            lingerNanos(put.linger())),
        put.timeout());
  }

  private static long lingerNanos(@Nullable Duration linger) {
    return linger == null ? 0 : linger.toNanos();
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

  CompletableFuture<Receipt> delete(Delete delete, @Nullable Session session) {
    String keyspace = keyspace(delete.keyspace());
    return submitWrite(
        session,
        Limits.problem(keyspace, delete.key(), Bytes.EMPTY),
        new Operation.Call<>(
            "delete",
            KeyValueGrpc.getDeleteMethod(),
            writeKind(delete.level(), delete.ifVersion() != null, delete.repeats()),
            keyspace,
            true,
            (id, epoch, operation) ->
                WireRequests.delete(delete, WireRequests.keyspace(keyspace, id, epoch), operation),
            (response, micros) -> learnt(session, response.getReceipt(), micros)),
        delete.timeout());
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

  private <Q, R, T> CompletableFuture<T> submit(
      @Nullable String problem, Operation.Call<Q, R, T> call, @Nullable Duration timeout) {
    if (problem != null) {
      return ClientCore.refused(ErrorCode.INVALID_ARGUMENT, problem, "");
    }
    return core.submit(call, (timeout != null ? timeout : core.settings().timeout()).toNanos());
  }

  private static Operation.Kind writeKind(
      @Nullable Level level, boolean conditional, boolean repeats) {
    if (conditional || (level != null && level.mode() == Mode.CP)) {
      return Operation.Kind.LOGGED_WRITE;
    }
    if (repeats) {
      return Operation.Kind.REPEATED_WRITE;
    }
    return level == null ? Operation.Kind.WRITE_OF_EITHER_MODE : Operation.Kind.AP_WRITE;
  }

  private String keyspace(@Nullable String named) {
    return named != null ? named : core.settings().keyspace();
  }
}
