package io.capstan.chaos.workload;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * One keyspace as a client sees it who can reach one node and asks at one consistency level.
 *
 * <p>Safe for use by several threads.
 */
public interface KeyspaceClient {

  /** Returns the only node that is ever asked. */
  String nodeId();

  /** Returns the name of the consistency level: linearizable, stale, one, quorum or all. */
  String level();

  /**
   * Sends a request and returns at once. The future always ends with a reply, within the timeout
   * and a little; it never ends with an exception and is not to be cancelled. Retries that are safe
   * happen inside.
   *
   * @param timeout how long the whole call may take
   */
  CompletableFuture<Reply> send(Request request, Duration timeout);
}
