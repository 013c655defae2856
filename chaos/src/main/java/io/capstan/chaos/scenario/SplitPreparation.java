package io.capstan.chaos.scenario;

import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.workload.KeyspaceClient;
import io.capstan.chaos.workload.Reply;
import io.capstan.chaos.workload.Request;
import io.capstan.chaos.workload.Workload;
import io.capstan.client.Mode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Brings keyspaces to where their clients can start. Nothing of it is recorded. */
final class SplitPreparation {
  private static final Duration READY_MAX = Duration.ofSeconds(15);
  private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(2);
  private static final long RETRY_MILLIS = 25;

  // The first thousands of calls of a JVM are slow, and a run is not about that. It is warm once
  // some rounds in a row were quick; on a busy machine that may never be.
  private static final Duration WARM_UP_MAX = Duration.ofSeconds(6);
  private static final Duration WARM_ROUND_MAX = Duration.ofMillis(40);
  private static final int WARM_ROUNDS = 12;
  private static final int WARM_UP_REQUESTS = 3;
  private static final String WARM_UP_PREFIX = "warm-up/";

  private final ScenarioClients clients;

  SplitPreparation(ScenarioClients clients) {
    this.clients = clients;
  }

  /**
   * Creates the keyspace, waits until every node serves it, and writes what the workload starts
   * from.
   *
   * @throws ClusterException if that does not succeed in time
   */
  void create(Workload workload, Collection<KeyspaceClient> byNode) throws InterruptedException {
    clients.createKeyspace(workload.keyspace(), workload.mode(), READY_MAX);
    for (KeyspaceClient client : byNode) {
      untilOk(client, new Request.Read(WARM_UP_PREFIX + client.nodeId()), workload);
    }
    KeyspaceClient any = byNode.iterator().next();
    for (Request request : workload.setUp()) {
      untilOk(any, request, workload);
    }
  }

  private static void untilOk(KeyspaceClient client, Request request, Workload workload)
      throws InterruptedException {
    long deadlineNanos = System.nanoTime() + READY_MAX.toNanos();
    Reply reply = client.send(request, REQUEST_TIMEOUT).join();
    while (!reply.isOk()) {
      if (System.nanoTime() - deadlineNanos >= 0) {
        throw new ClusterException(
            ClusterException.Kind.FAILED,
            "The keyspace "
                + workload.keyspace()
                + " does not answer on "
                + client.nodeId()
                + " after "
                + READY_MAX.toSeconds()
                + " s ("
                + reply.errorCode()
                + ").",
            "");
      }
      TimeUnit.MILLISECONDS.sleep(RETRY_MILLIS);
      reply = client.send(request, REQUEST_TIMEOUT).join();
    }
  }

  /**
   * Sends requests through all clients at once, round after round, until they are quick or the time
   * for it is over. Their answers do not matter.
   */
  static void warmUp(
      Collection<KeyspaceClient> bankClients, Collection<KeyspaceClient> feedClients) {
    long deadlineNanos = System.nanoTime() + WARM_UP_MAX.toNanos();
    int quickRounds = 0;
    while (quickRounds < WARM_ROUNDS) {
      long startNanos = System.nanoTime();
      List<CompletableFuture<Reply>> replies = new ArrayList<>();
      bankClients.forEach(client -> sendAll(client, Mode.CP, replies));
      feedClients.forEach(client -> sendAll(client, Mode.AP, replies));
      replies.forEach(CompletableFuture::join);
      long nowNanos = System.nanoTime();
      if (nowNanos - deadlineNanos >= 0) {
        return;
      }
      quickRounds = nowNanos - startNanos <= WARM_ROUND_MAX.toNanos() ? quickRounds + 1 : 0;
    }
  }

  private static void sendAll(
      KeyspaceClient client, Mode mode, List<CompletableFuture<Reply>> replies) {
    for (int i = 0; i < WARM_UP_REQUESTS; i++) {
      String key = WARM_UP_PREFIX + client.nodeId() + "/" + i;
      replies.add(client.send(new Request.Write(key, "warm", null), REQUEST_TIMEOUT));
      replies.add(client.send(new Request.Read(key), REQUEST_TIMEOUT));
      if (mode == Mode.CP) {
        replies.add(
            client.send(
                new Request.Transaction(Map.of(key, "warm"), Map.of(key, "warm"), List.of(key)),
                REQUEST_TIMEOUT));
      }
    }
  }
}
