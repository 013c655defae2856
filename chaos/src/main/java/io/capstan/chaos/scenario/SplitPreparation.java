package io.capstan.chaos.scenario;

import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.workload.KeyspaceClient;
import io.capstan.chaos.workload.Reply;
import io.capstan.chaos.workload.Request;
import io.capstan.chaos.workload.Workload;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.TimeUnit;

/** Brings a keyspace to where its clients can start. Nothing of it is recorded. */
final class SplitPreparation {
  private static final Duration READY_MAX = Duration.ofSeconds(15);
  private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(2);
  private static final long RETRY_MILLIS = 25;

  /** The first calls of a JVM are slow; they are not what a run is about. */
  private static final int WARM_UP_ROUNDS = 40;

  private static final String WARM_UP_KEY = "warm-up";

  private final ScenarioClients clients;

  SplitPreparation(ScenarioClients clients) {
    this.clients = clients;
  }

  /**
   * Creates the keyspace, waits until every node serves it, writes what the workload starts from,
   * and warms up.
   *
   * @throws ClusterException if that does not succeed in time
   */
  void prepare(Workload workload, Collection<KeyspaceClient> byNode) throws InterruptedException {
    clients.createKeyspace(workload.keyspace(), workload.mode(), READY_MAX);
    KeyspaceClient any = byNode.iterator().next();
    for (KeyspaceClient client : byNode) {
      untilOk(client, new Request.Read(WARM_UP_KEY), workload);
    }
    for (Request request : workload.setUp()) {
      untilOk(any, request, workload);
    }
    for (int round = 0; round < WARM_UP_ROUNDS; round++) {
      for (KeyspaceClient client : byNode) {
        String key = WARM_UP_KEY + "/" + client.nodeId();
        untilOk(client, new Request.Write(key, Integer.toString(round), null), workload);
        untilOk(client, new Request.Read(key), workload);
      }
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
}
