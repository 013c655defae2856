package io.capstan.chaos.workload;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

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

  /**
   * Sends a write whose answer is worth having after its time: the attempt ends at its timeout all
   * the same, but the answer to what was sent by then is still waited for. It tells what became of
   * a write whose outcome had been unknown.
   *
   * @param timeout how long the attempt may take
   * @param linger how much longer the answer is waited for
   * @param late hears of the answer, or of UNKNOWN if none comes, where the attempt ended with
   *     {@link Reply#UNANSWERED}; never otherwise. On any thread. This one listens no longer than
   *     the timeout
   */
  default CompletableFuture<Reply> send(
      Request request, Duration timeout, Duration linger, Consumer<Reply> late) {
    return send(request, timeout);
  }
}
