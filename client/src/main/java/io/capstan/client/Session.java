package io.capstan.client;

import com.google.protobuf.ByteString;
import io.capstan.proto.store.v1.SessionClaim;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Reads that never go back behind what this session wrote or read before, through whichever node
 * they go: read-your-writes and monotonic reads (Terry, Demers, Petersen, Spreitzer, Theimer,
 * Welch: Session Guarantees for Weakly Consistent Replicated Data, 1994), at level {@code one} and
 * {@code stale} too.
 *
 * <p>Remembers, key by key, the versions that answers have shown, and sends them along. A node that
 * lacks them asks the other replicas; where none that can be reached has them, the read fails with
 * {@link ErrorCode#SESSION_NOT_MET} instead of answering something older. The client goes on trying
 * other nodes, and the same again, for as long as {@link #patience} allows.
 *
 * <p>The memory is bounded ({@link #KEYS_MAX}, {@link #KEY_BYTES_MAX}): what was seen longest ago
 * collapses into one mark for the whole keyspace, which promises no less but may have to wait for
 * more. What a scan did not show is not remembered.
 *
 * <p>Safe for use by several threads. A read that is begun before another answer has come is held
 * to what was known at its beginning.
 */
public final class Session {
  /** Keys remembered one by one, over all keyspaces. */
  public static final int KEYS_MAX = 4_096;

  /** Bytes of keys remembered one by one. */
  public static final int KEY_BYTES_MAX = 4 << 20;

  private final CapstanClient client;
  private final SessionMemory memory;
  private final Duration patience;
  private final BlockingClient blocking;

  Session(CapstanClient client, SessionMemory memory, Duration patience) {
    this.client = client;
    this.memory = memory;
    this.patience = patience;
    this.blocking = new BlockingClient(client, this);
  }

  /** Returns the same session with methods that wait for the answer. */
  public BlockingClient blocking() {
    return blocking;
  }

  /**
   * Returns the same session, sharing what it has seen, whose reads are given up this long after
   * their start where no reachable replica has what the session saw; zero tries every node once.
   * Without it they try until their timeout.
   */
  public Session patience(Duration limit) {
    return new Session(client, memory, limit);
  }

  public CompletableFuture<Receipt> put(String key, String value) {
    return put(Put.of(key, value));
  }

  public CompletableFuture<Receipt> put(Put put) {
    return told(client.keyspace(put.keyspace()), client.data().put(put, this));
  }

  public CompletableFuture<Receipt> get(String key) {
    return get(Get.of(key));
  }

  public CompletableFuture<Receipt> get(Get get) {
    return told(client.keyspace(get.keyspace()), client.data().get(get, this));
  }

  public CompletableFuture<Receipt> delete(String key) {
    return delete(Delete.of(key));
  }

  public CompletableFuture<Receipt> delete(Delete delete) {
    return told(client.keyspace(delete.keyspace()), client.data().delete(delete, this));
  }

  /** Reads one page, which contains what the session has seen of the keys in its range. */
  public CompletableFuture<ScanPage> scan(Scan scan) {
    return told(client.keyspace(scan.keyspace()), client.data().scan(scan, this));
  }

  /** Performs a transaction; later reads of the session come after it. */
  public CompletableFuture<TxnResult> txn(Txn txn) {
    return told(client.keyspace(txn.keyspace()), client.data().txn(txn, this));
  }

  /** As {@link CapstanClient#counter}; what it reads contains what the session has seen. */
  public Counter counter(@Nullable String keyspace, String key) {
    return client.counter(keyspace, key).of(this);
  }

  /** As {@link CapstanClient#set}; what it reads contains what the session has seen. */
  public ElementSet set(@Nullable String keyspace, String key) {
    return client.set(keyspace, key).of(this);
  }

  /** As {@link CapstanClient#update}, on top of what the session has seen. */
  public CompletableFuture<Receipt> update(Update update) {
    return client.update(
        update,
        new UpdateLoop.Store() {
          @Override
          public CompletableFuture<Receipt> get(Get get) {
            return Session.this.get(get);
          }

          @Override
          public CompletableFuture<Receipt> put(Put put) {
            return Session.this.put(put);
          }

          @Override
          public CompletableFuture<Receipt> delete(Delete delete) {
            return Session.this.delete(delete);
          }
        });
  }

  /** Returns what the session has seen, as JSON in UTF-8: {@link CapstanClient#session(byte[])}. */
  public byte[] export() {
    return memory.toJson();
  }

  /**
   * Remembers what another session has seen as well.
   *
   * @throws IllegalArgumentException where the bytes are no exported session; the message says why
   */
  public void join(byte[] exported) {
    memory.join(SessionMemory.fromJson(exported));
  }

  SessionClaim claim(String keyspace, ByteString key) {
    return memory.claim(keyspace, key);
  }

  SessionClaim claim(String keyspace, ByteString prefix, ByteString from) {
    return memory.claim(keyspace, prefix, from);
  }

  long keyspaceId(String keyspace) {
    return memory.keyspaceId(keyspace);
  }

  long patienceNanos() {
    return patience.toNanos();
  }

  void learn(io.capstan.proto.v1.Receipt receipt) {
    memory.learn(receipt);
  }

  void learn(io.capstan.proto.v1.ScanResponse page) {
    memory.learn(page);
  }

  void learnFloor(io.capstan.proto.v1.Receipt receipt) {
    memory.learnFloor(receipt);
  }

  /** A keyspace that is not the one of the session is told as that. */
  <T> CompletableFuture<T> told(String keyspace, CompletableFuture<T> answer) {
    long seenId = keyspaceId(keyspace);
    if (seenId == 0) {
      return answer;
    }
    return answer.exceptionallyCompose(
        error -> {
          boolean mismatch =
              error instanceof CapstanException refused
                  && refused.code().equals(ErrorCode.UNKNOWN_KEYSPACE);
          return CompletableFuture.failedFuture(mismatch ? mismatch(keyspace, seenId) : error);
        });
  }

  static CapstanException mismatch(String keyspace, long seenId) {
    return new CapstanException(
        ErrorCode.SESSION_MISMATCH,
        Outcome.FAILED,
        "The session has used keyspace \""
            + keyspace
            + "\" when its id was "
            + seenId
            + "; no keyspace has that name and id now. It was dropped since, or this is another"
            + " cluster than the session's. Nothing was done.",
        "Begin a new session (another --session file), or name the cluster of this one:"
            + " --endpoints",
        null);
  }
}
