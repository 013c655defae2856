package io.capstan.client;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The asynchronous client of a Capstan cluster; {@link #blocking()} is the plain one.
 *
 * <p>Every future ends by the deadline of its call, either with an answer (outcome OK) or with a
 * {@link CapstanException} whose outcome says whether the call may have been applied. Dependent
 * stages run on a network thread: they must not block (use the {@code ...Async} forms of {@link
 * CompletableFuture} for work that does). A cancelled future does not recall what was sent.
 *
 * <p>Connects when first used, and only to the endpoints that it was given. Safe for use by several
 * threads; one client serves a whole application.
 */
public final class CapstanClient implements AutoCloseable {
  private static final Duration FOREVER = Duration.ofDays(365);

  private final ClientCore core;
  private final DataCalls data;
  private final AdminCalls admin;
  private final BlockingClient blocking = new BlockingClient(this, null);

  private CapstanClient(ClientSettings settings) {
    core = new ClientCore(settings);
    data = new DataCalls(core);
    admin = new AdminCalls(core);
  }

  public static Builder builder() {
    return new Builder();
  }

  /** Returns a client with the default settings for these endpoints (host:port). */
  public static CapstanClient of(String... endpoints) {
    return builder().endpoints(List.of(endpoints)).build();
  }

  /** Returns the same client with methods that wait for the answer. */
  public BlockingClient blocking() {
    return blocking;
  }

  public CompletableFuture<Receipt> put(String key, String value) {
    return put(Put.of(key, value));
  }

  /**
   * Writes one key. Where it is not clear whether an attempt was applied, a write of a CP keyspace
   * is repeated until the deadline and happens once. One of an AP keyspace ends UNKNOWN, unless it
   * is {@link Put#repeatedWhereUnclear()}: putting the value again would be another write, which
   * replaces what came meanwhile; read the key, and write with the context of that read.
   */
  public CompletableFuture<Receipt> put(Put put) {
    return data.put(put, null);
  }

  public CompletableFuture<Receipt> get(String key) {
    return get(Get.of(key));
  }

  /** Reads one key. A key that does not exist is an answer ({@code found} is false), no error. */
  public CompletableFuture<Receipt> get(Get get) {
    return data.get(get, null);
  }

  public CompletableFuture<Receipt> delete(String key) {
    return delete(Delete.of(key));
  }

  /** Removes the value of one key; as {@link #put(Put)} where the outcome is not clear. */
  public CompletableFuture<Receipt> delete(Delete delete) {
    return data.delete(delete, null);
  }

  /** Reads one page; {@link BlockingClient#rows} goes through all of them. */
  public CompletableFuture<ScanPage> scan(Scan scan) {
    return data.scan(scan, null);
  }

  /** Performs a transaction; one that only reads is repeated freely. */
  public CompletableFuture<TxnResult> txn(Txn txn) {
    return data.txn(txn, null);
  }

  /**
   * Reads, resolves, changes and writes one key without losing anybody else's change.
   *
   * @return the receipt of the last write; it has siblings where concurrent writers left some in
   *     the last attempt that was allowed
   */
  public CompletableFuture<Receipt> update(Update update) {
    return update(
        update,
        new UpdateLoop.Store() {
          @Override
          public CompletableFuture<Receipt> get(Get get) {
            return CapstanClient.this.get(get);
          }

          @Override
          public CompletableFuture<Receipt> put(Put put) {
            return CapstanClient.this.put(put);
          }

          @Override
          public CompletableFuture<Receipt> delete(Delete delete) {
            return CapstanClient.this.delete(delete);
          }
        });
  }

  CompletableFuture<Receipt> update(Update update, UpdateLoop.Store store) {
    Duration limit = update.timeout();
    return new UpdateLoop(
            store, update, core.delays(), limit != null ? limit : core.settings().timeout())
        .start();
  }

  /** Begins a session: reads through it never go back behind what it wrote or read before. */
  public Session session() {
    return new Session(this, new SessionMemory(), FOREVER);
  }

  /**
   * Goes on with a session that {@link Session#export} wrote, perhaps before a restart.
   *
   * @throws IllegalArgumentException where the bytes are no exported session; the message says why
   */
  public Session session(byte[] exported) {
    return new Session(this, SessionMemory.fromJson(exported), FOREVER);
  }

  /**
   * The counter under this key. A key that was never written becomes one with the first addition.
   *
   * @param keyspace null for the default of the client
   */
  public Counter counter(@Nullable String keyspace, String key) {
    return new Counter(this, null, keyspace(keyspace), Bytes.of(key), null, null);
  }

  /**
   * The set under this key. A key that was never written becomes one with the first change.
   *
   * @param keyspace null for the default of the client
   */
  public ElementSet set(@Nullable String keyspace, String key) {
    return new ElementSet(this, null, keyspace(keyspace), Bytes.of(key), null, null);
  }

  public CompletableFuture<Keyspace> createKeyspace(String name, Mode mode) {
    return createKeyspace(CreateKeyspace.of(name, mode));
  }

  public CompletableFuture<Keyspace> createKeyspace(CreateKeyspace create) {
    return admin.createKeyspace(create);
  }

  public CompletableFuture<KeyspaceList> listKeyspaces() {
    return admin.listKeyspaces();
  }

  /** Describes one keyspace; one that does not exist is an error, UNKNOWN_KEYSPACE. */
  public CompletableFuture<Keyspace> describe(String name) {
    return admin.describe(name);
  }

  /** Drops a keyspace with all its data. */
  public CompletableFuture<Keyspace> dropKeyspace(String name) {
    return admin.dropKeyspace(name);
  }

  /**
   * Begins to change the side of a keyspace; {@link #describe} tells how far it is. Asked again it
   * changes nothing.
   *
   * @param requestedBy for the history; may be empty
   */
  public CompletableFuture<Keyspace> setMode(String name, Mode mode, String requestedBy) {
    return admin.setMode(name, mode, requestedBy);
  }

  /** Gives up the change of sides that is under way; the keyspace stays AP. */
  public CompletableFuture<Keyspace> abortModeChange(String name, String requestedBy) {
    return admin.abortModeChange(name, requestedBy);
  }

  /** Lists who belongs to the cluster. */
  public CompletableFuture<MemberList> members() {
    return admin.members();
  }

  /**
   * Begins a change of members; {@link #members} tells when it is done.
   *
   * @return the log index at which it began
   */
  public CompletableFuture<Long> changeMembers(MemberChange change) {
    return admin.changeMembers(change, null);
  }

  /**
   * Begins a change of members, unless they are no longer those that were seen: then it is refused
   * ({@link ErrorCode#MEMBERSHIP_REFUSED}). A request whose answer was lost, and that arrives late,
   * cannot undo what was asked after it.
   *
   * @return the log index at which it began
   */
  public CompletableFuture<Long> changeMembers(MemberChange change, MemberList seen) {
    return admin.changeMembers(change, seen);
  }

  /**
   * Begins to hand the leadership over; {@link #members} tells who leads.
   *
   * @param target empty for the node whose log is longest
   * @return who is to lead
   */
  public CompletableFuture<String> transferLeadership(String target) {
    return admin.transferLeadership(target);
  }

  /**
   * Reads what the ledgers of all endpoints list: writes that lost against a concurrent one. A node
   * that does not answer, or refuses, is part of the list.
   */
  public CompletableFuture<ConflictList> conflicts(ConflictQuery query) {
    return admin.conflicts(query, keyspace(query.keyspace()));
  }

  /**
   * Compares what all endpoints hold of an AP keyspace by their hash trees, down to the rows. A
   * node that does not answer, or refuses, is part of the answer.
   *
   * @param keyspaceName null for that of the client
   */
  public CompletableFuture<Divergence> divergence(@Nullable String keyspaceName) {
    return admin.divergence(keyspace(keyspaceName), true);
  }

  /**
   * Compares what all endpoints hold of an AP keyspace by the roots of their hash trees alone: as
   * cheap as can be, so that it may be asked often. No rows are named.
   *
   * @param keyspaceName null for that of the client
   */
  public CompletableFuture<Divergence> compareRoots(@Nullable String keyspaceName) {
    return admin.divergence(keyspace(keyspaceName), false);
  }

  /** Asks every endpoint for its state; one that does not answer is part of the list. */
  public CompletableFuture<List<NodeStatus>> status() {
    return status(core.settings().timeout());
  }

  /** Asks every endpoint for its state, for at most so long each. */
  public CompletableFuture<List<NodeStatus>> status(Duration timeout) {
    return admin.status(timeout);
  }

  DataCalls data() {
    return data;
  }

  String keyspace(@Nullable String named) {
    return named != null ? named : core.settings().keyspace();
  }

  /** Ends all connections; calls that are still open end with the code CANCELLED. */
  @Override
  public void close() {
    core.close();
  }

  /** The settings of a client. Not safe for use by several threads. */
  public static final class Builder {
    private List<String> endpoints = List.of("127.0.0.1:7101");
    private String keyspace = "default";
    private Duration timeout = Duration.ofSeconds(5);
    private @Nullable Duration unreachableAfter;
    private boolean session = true;
    private int networkThreads = 1;

    private Builder() {}

    /** The complete list of what may be contacted, as host:port. */
    public Builder endpoints(List<String> addresses) {
      endpoints = addresses;
      return this;
    }

    /** The keyspace of requests that name none; "default" unless set. */
    public Builder keyspace(String name) {
      keyspace = name;
      return this;
    }

    /** The time that a call may take, retries included; 5 s unless set. */
    public Builder timeout(Duration limit) {
      timeout = limit;
      return this;
    }

    /**
     * When every endpoint has refused a call its connection, the call gives up this long after its
     * start instead of trying until its deadline. Unless set it tries until its deadline.
     */
    public Builder unreachableAfter(Duration limit) {
      unreachableAfter = limit;
      return this;
    }

    /**
     * Whether writes carry operation ids, so that a CP write, an addition to a counter or a set,
     * and an AP write that asks for it ({@link Put#repeatedWhereUnclear()}) can be repeated when
     * their outcome is not clear. On unless set; off, more writes end UNKNOWN.
     */
    public Builder session(boolean on) {
      session = on;
      return this;
    }

    /** Threads for the network; 1 unless set. */
    public Builder networkThreads(int threads) {
      networkThreads = threads;
      return this;
    }

    /**
     * @throws IllegalArgumentException where a setting is not allowed; the message names it
     */
    public CapstanClient build() {
      Duration giveUp = unreachableAfter != null ? unreachableAfter : timeout;
      return new CapstanClient(
          new ClientSettings(endpoints, keyspace, timeout, giveUp, session, networkThreads));
    }
  }
}
