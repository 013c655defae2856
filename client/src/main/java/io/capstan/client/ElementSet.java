package io.capstan.client;

import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.SessionClaim;
import io.capstan.proto.v1.KeyValueGrpc;
import io.capstan.proto.v1.KeyspaceRef;
import io.capstan.proto.v1.SetAddRequest;
import io.capstan.proto.v1.SetAddResponse;
import io.capstan.proto.v1.SetMembersRequest;
import io.capstan.proto.v1.SetMembersResponse;
import io.capstan.proto.v1.SetRemoveRequest;
import io.capstan.proto.v1.SetRemoveResponse;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A set of byte strings in a keyspace of either mode: {@code client.set("feed",
 * "tags").add("new")}.
 *
 * <p>In an AP keyspace additions on both sides of a partition all survive. A removal takes away the
 * additions that its coordinator has seen; one that happens elsewhere at the same time wins. A
 * change without a clear answer is sent again, through other nodes too, under one operation id: it
 * happens once, so a late repetition neither brings back what was removed since nor removes what
 * was added since.
 *
 * <p>Immutable and safe for use by several threads; each of {@link #level} and {@link #timeout}
 * returns a changed copy.
 */
public final class ElementSet {
  private final CapstanClient client;
  private final @Nullable Session session;
  private final String keyspace;
  private final Bytes key;
  private final @Nullable Level level;
  private final @Nullable Duration timeout;

  ElementSet(
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

  ElementSet of(Session owner) {
    return new ElementSet(client, owner, keyspace, key, level, timeout);
  }

  /** With a level of the keyspace's mode; null for its default. */
  public ElementSet level(@Nullable Level wanted) {
    return new ElementSet(client, session, keyspace, key, wanted, timeout);
  }

  /** With a timeout of its own; null for the one of the client. */
  public ElementSet timeout(@Nullable Duration limit) {
    return new ElementSet(client, session, keyspace, key, level, limit);
  }

  public CompletableFuture<Receipt> add(String element) {
    return add(Bytes.of(element));
  }

  /** Adds an element of 1 to 4,096 bytes. */
  public CompletableFuture<Receipt> add(Bytes element) {
    return perform(
        new TypedCall<>(
            "addition",
            KeyValueGrpc.getSetAddMethod(),
            false,
            keyspace,
            problem(element),
            (reference, operation) -> addRequest(reference, element, operation),
            SetAddResponse::getReceipt,
            timeout));
  }

  private SetAddRequest addRequest(
      KeyspaceRef reference, Bytes element, @Nullable OperationId operation) {
    SetAddRequest.Builder request =
        SetAddRequest.newBuilder()
            .setKeyspace(reference)
            .setKey(key.byteString())
            .setElement(element.byteString())
            .setLevel(WireRequests.level(level));
    if (operation != null) {
      request.setOperation(operation);
    }
    return request.build();
  }

  public CompletableFuture<Receipt> remove(String element) {
    return remove(Bytes.of(element));
  }

  /**
   * Removes what the deciding node has seen of the element.
   *
   * @return a receipt that names in {@code superseded} the additions that were removed
   */
  public CompletableFuture<Receipt> remove(Bytes element) {
    return perform(
        new TypedCall<>(
            "removal",
            KeyValueGrpc.getSetRemoveMethod(),
            false,
            keyspace,
            problem(element),
            (reference, operation) -> removeRequest(reference, element, operation),
            SetRemoveResponse::getReceipt,
            timeout));
  }

  private SetRemoveRequest removeRequest(
      KeyspaceRef reference, Bytes element, @Nullable OperationId operation) {
    SetRemoveRequest.Builder request =
        SetRemoveRequest.newBuilder()
            .setKeyspace(reference)
            .setKey(key.byteString())
            .setElement(element.byteString())
            .setLevel(WireRequests.level(level));
    if (operation != null) {
      request.setOperation(operation);
    }
    return request.build();
  }

  /**
   * Reads the set.
   *
   * @return a receipt with all {@code members}; not found where nothing was ever added or removed
   */
  public CompletableFuture<Receipt> members() {
    SessionClaim claim = session == null ? null : session.claim(keyspace, key.byteString());
    return perform(
        new TypedCall<>(
            "read of the set",
            KeyValueGrpc.getSetMembersMethod(),
            true,
            keyspace,
            Limits.problem(keyspace, key, Bytes.EMPTY),
            (reference, operation) -> membersRequest(reference, claim),
            SetMembersResponse::getReceipt,
            timeout));
  }

  private SetMembersRequest membersRequest(KeyspaceRef reference, @Nullable SessionClaim claim) {
    SetMembersRequest.Builder request =
        SetMembersRequest.newBuilder()
            .setKeyspace(reference)
            .setKey(key.byteString())
            .setLevel(WireRequests.level(level));
    if (claim != null) {
      request.setAtLeast(claim);
    }
    return request.build();
  }

  private @Nullable String problem(Bytes element) {
    String problem = Limits.problem(keyspace, key, Bytes.EMPTY);
    return problem != null ? problem : Limits.elementProblem(element);
  }

  private <Q, R> CompletableFuture<Receipt> perform(TypedCall<Q, R> call) {
    CompletableFuture<Receipt> answer = client.data().typed(call, session, level);
    return session == null ? answer : session.told(keyspace, answer);
  }
}
