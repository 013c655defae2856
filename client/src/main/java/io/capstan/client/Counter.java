package io.capstan.client;

import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.SessionClaim;
import io.capstan.proto.v1.CounterAddRequest;
import io.capstan.proto.v1.CounterAddResponse;
import io.capstan.proto.v1.CounterGetRequest;
import io.capstan.proto.v1.CounterGetResponse;
import io.capstan.proto.v1.KeyValueGrpc;
import io.capstan.proto.v1.KeyspaceRef;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A counter in a keyspace of either mode: {@code client.counter("feed", "likes").add(1)}.
 *
 * <p>In an AP keyspace additions on both sides of a partition all count. An addition without a
 * clear answer is sent again, through other nodes too, under one operation id: it counts once.
 *
 * <p>Immutable and safe for use by several threads; each of {@link #level} and {@link #timeout}
 * returns a changed copy.
 */
public final class Counter {
  private final CapstanClient client;
  private final @Nullable Session session;
  private final String keyspace;
  private final Bytes key;
  private final @Nullable Level level;
  private final @Nullable Duration timeout;

  Counter(
      CapstanClient client,
      @Nullable Session session,
      String keyspace,
      Bytes key,
      @Nullable Level level,
      @Nullable Duration timeout) {
    this.client = client;
    this.session = session;
    this.keyspace = keyspace;
    this.key = key;
    this.level = level;
    this.timeout = timeout;
  }

  Counter of(Session owner) {
    return new Counter(client, owner, keyspace, key, level, timeout);
  }

  /** With a level of the keyspace's mode; null for its default. */
  public Counter level(@Nullable Level wanted) {
    return new Counter(client, session, keyspace, key, wanted, timeout);
  }

  /** With a timeout of its own; null for the one of the client. */
  public Counter timeout(@Nullable Duration limit) {
    return new Counter(client, session, keyspace, key, level, limit);
  }

  /**
   * Adds; a negative number subtracts.
   *
   * @return a receipt whose {@code counter} is the value afterwards, as the deciding node knows it
   */
  public CompletableFuture<Receipt> add(long delta) {
    return perform(
        new TypedCall<>(
            "addition",
            KeyValueGrpc.getCounterAddMethod(),
            false,
            keyspace,
            Limits.problem(keyspace, key, Bytes.EMPTY),
            (reference, operation) -> addRequest(reference, delta, operation),
            CounterAddResponse::getReceipt,
            timeout));
  }

  private CounterAddRequest addRequest(
      KeyspaceRef reference, long delta, @Nullable OperationId operation) {
    CounterAddRequest.Builder request =
        CounterAddRequest.newBuilder()
            .setKeyspace(reference)
            .setKey(key.byteString())
            .setDelta(delta)
            .setLevel(WireRequests.level(level));
    if (operation != null) {
      request.setOperation(operation);
    }
    return request.build();
  }

  /**
   * Reads the value.
   *
   * @return a receipt whose {@code counter} is the value; 0 and not found where nothing was added
   */
  public CompletableFuture<Receipt> get() {
    SessionClaim claim = session == null ? null : session.claim(keyspace, key.byteString());
    return perform(
        new TypedCall<>(
            "read of the counter",
            KeyValueGrpc.getCounterGetMethod(),
            true,
            keyspace,
            Limits.problem(keyspace, key, Bytes.EMPTY),
            (reference, operation) -> getRequest(reference, claim),
            CounterGetResponse::getReceipt,
            timeout));
  }

  private CounterGetRequest getRequest(KeyspaceRef reference, @Nullable SessionClaim claim) {
    CounterGetRequest.Builder request =
        CounterGetRequest.newBuilder()
            .setKeyspace(reference)
            .setKey(key.byteString())
            .setLevel(WireRequests.level(level));
    if (claim != null) {
      request.setAtLeast(claim);
    }
    return request.build();
  }

  private <Q, R> CompletableFuture<Receipt> perform(TypedCall<Q, R> call) {
    CompletableFuture<Receipt> answer = client.data().typed(call, session, level);
    return session == null ? answer : session.told(keyspace, answer);
  }
}
