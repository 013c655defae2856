package io.capstan.client;

import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * The plain form of {@link CapstanClient}: the same verbs, each of which waits for its answer, by
 * its deadline at the latest, and throws a {@link CapstanException} where the outcome is not OK.
 * Safe for use by several threads.
 */
public final class BlockingClient {
  private final CapstanClient client;
  private final @Nullable Session session;

  /**
   * @param session that reads and writes belong to; null for none
   */
  BlockingClient(CapstanClient client, @Nullable Session session) {
    this.client = client;
    this.session = session;
  }

  public Receipt put(String key, String value) {
    return put(Put.of(key, value));
  }

  public Receipt put(Put put) {
    return await(session == null ? client.put(put) : session.put(put));
  }

  public Receipt get(String key) {
    return get(Get.of(key));
  }

  /** Reads one key. A key that does not exist is an answer ({@code found} is false), no error. */
  public Receipt get(Get get) {
    return await(session == null ? client.get(get) : session.get(get));
  }

  public Receipt delete(String key) {
    return delete(Delete.of(key));
  }

  public Receipt delete(Delete delete) {
    return await(session == null ? client.delete(delete) : session.delete(delete));
  }

  /** Reads, resolves, changes and writes one key: {@link CapstanClient#update}. */
  public Receipt update(Update update) {
    return await(session == null ? client.update(update) : session.update(update));
  }

  /** Reads one page. */
  public ScanPage scan(Scan scan) {
    return await(session == null ? client.scan(scan) : session.scan(scan));
  }

  /** Goes through all rows, reading page after page as they are needed. */
  public Iterable<ScanRow> rows(Scan scan) {
    return () -> new Rows(scan);
  }

  public TxnResult txn(Txn txn) {
    return await(session == null ? client.txn(txn) : session.txn(txn));
  }

  /**
   * The counter under this key, of the session if there is one.
   *
   * @param keyspace null for the default of the client
   */
  public Counter counter(@Nullable String keyspace, String key) {
    return session == null ? client.counter(keyspace, key) : session.counter(keyspace, key);
  }

  /** Adds to the counter; the receipt tells its value as the deciding node knows it. */
  public Receipt add(Counter counter, long delta) {
    return await(counter.add(delta));
  }

  /** Reads the counter. */
  public Receipt get(Counter counter) {
    return await(counter.get());
  }

  /**
   * The set under this key, of the session if there is one.
   *
   * @param keyspace null for the default of the client
   */
  public ElementSet set(@Nullable String keyspace, String key) {
    return session == null ? client.set(keyspace, key) : session.set(keyspace, key);
  }

  /** Adds the element to the set. */
  public Receipt add(ElementSet set, Bytes element) {
    return await(set.add(element));
  }

  /** Removes what is seen of the element. */
  public Receipt remove(ElementSet set, Bytes element) {
    return await(set.remove(element));
  }

  /** Reads the elements of the set. */
  public Receipt members(ElementSet set) {
    return await(set.members());
  }

  public Keyspace createKeyspace(String name, Mode mode) {
    return await(client.createKeyspace(name, mode));
  }

  public Keyspace createKeyspace(CreateKeyspace create) {
    return await(client.createKeyspace(create));
  }

  public KeyspaceList listKeyspaces() {
    return await(client.listKeyspaces());
  }

  /** Describes one keyspace; one that does not exist is an error, UNKNOWN_KEYSPACE. */
  public Keyspace describe(String name) {
    return await(client.describe(name));
  }

  /** Drops a keyspace with all its data. */
  public Keyspace dropKeyspace(String name) {
    return await(client.dropKeyspace(name));
  }

  /** Changes the side of a keyspace, without a name for the history. */
  public Keyspace setMode(String name, Mode mode) {
    return setMode(name, mode, "");
  }

  /** As {@link CapstanClient#setMode}. */
  public Keyspace setMode(String name, Mode mode, String requestedBy) {
    return await(client.setMode(name, mode, requestedBy));
  }

  /** As {@link CapstanClient#abortModeChange}. */
  public Keyspace abortModeChange(String name, String requestedBy) {
    return await(client.abortModeChange(name, requestedBy));
  }

  /** Lists who belongs to the cluster. */
  public MemberList members() {
    return await(client.members());
  }

  /** Begins a change of members; {@link #members} tells when it is done. */
  public long changeMembers(MemberChange change) {
    return await(client.changeMembers(change));
  }

  /** Begins a change of members, unless they are no longer those that were seen. */
  public long changeMembers(MemberChange change, MemberList seen) {
    return await(client.changeMembers(change, seen));
  }

  /** Begins to hand the leadership over, to the named node or, where empty, to the best one. */
  public String transferLeadership(String target) {
    return await(client.transferLeadership(target));
  }

  /** Reads what the ledgers of all endpoints list: writes that lost against a concurrent one. */
  public ConflictList conflicts(ConflictQuery query) {
    return await(client.conflicts(query));
  }

  /** See {@link CapstanClient#divergence}. */
  public Divergence divergence(@Nullable String keyspaceName) {
    return await(client.divergence(keyspaceName));
  }

  /** See {@link CapstanClient#compareRoots}. */
  public Divergence compareRoots(@Nullable String keyspaceName) {
    return await(client.compareRoots(keyspaceName));
  }

  /** Asks every endpoint for its state; one that does not answer is part of the list. */
  public List<NodeStatus> status() {
    return await(client.status());
  }

  /** Asks every endpoint for its state, for at most so long each. */
  public List<NodeStatus> status(Duration timeout) {
    return await(client.status(timeout));
  }

  private static <T> T await(CompletableFuture<T> future) {
    if (Thread.currentThread() instanceof ClientCore.NetworkThread) {
      throw new IllegalStateException(
          "a dependent stage must not wait for another answer on the network thread that would"
              + " bring it; use thenCompose, or an ...Async form with an executor of your own");
    }
    try {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CapstanException(
          ErrorCode.CANCELLED,
          Outcome.UNKNOWN,
          "The thread was interrupted while it waited; the call may have been applied.",
          "",
          null);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (cause instanceof CompletionException && cause.getCause() != null) {
        cause = cause.getCause();
      }
      if (cause instanceof CapstanException refused) {
        throw refused.withCallersTrace();
      }
      throw new IllegalStateException("the client failed in a way that it should not", e);
    }
  }

  private final class Rows implements Iterator<ScanRow> {
    private Scan next;
    private @Nullable Iterator<ScanRow> page;
    private boolean more = true;

    Rows(Scan first) {
      next = first;
    }

    @Override
    public boolean hasNext() {
      while (more && (page == null || !page.hasNext())) {
        ScanPage read = scan(next);
        page = read.rows().iterator();
        more = read.more();
        next = next.from(read.nextFrom());
      }
      return page != null && page.hasNext();
    }

    @Override
    public ScanRow next() {
      if (!hasNext() || page == null) {
        throw new NoSuchElementException("the scan has no more rows");
      }
      return page.next();
    }
  }
}
