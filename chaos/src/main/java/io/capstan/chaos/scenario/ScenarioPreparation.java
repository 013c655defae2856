package io.capstan.chaos.scenario;

import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.workload.KeyspaceClient;
import io.capstan.chaos.workload.Reply;
import io.capstan.chaos.workload.Request;
import io.capstan.chaos.workload.Workload;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Brings a keyspace to where its clients can start. Nothing of it is recorded. */
final class ScenarioPreparation {
  private static final Duration READY_MAX = Duration.ofSeconds(30);
  private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(2);
  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(25);
  private static final int WARM_ROUNDS_MIN = 40;
  private static final Duration WARM_MAX = Duration.ofSeconds(10);

  /** So many rounds in a row, each as short as this, and the machine keeps up. */
  private static final int QUICK_ROUNDS = 10;

  private static final Duration QUICK_ROUND_MAX = Duration.ofMillis(100);
  private static final String WARM_UP_PREFIX = "warm-up/";

  private final ScenarioClients clients;
  private final Pace pace;

  ScenarioPreparation(ScenarioClients clients, Pace pace) {
    this.clients = clients;
    this.pace = pace;
  }

  /**
   * Creates the keyspace, waits until every node serves it, and writes what the workload starts
   * from.
   *
   * @throws ClusterException if that does not succeed in time
   */
  void create(KeyspacePlan plan, Workload workload, Collection<KeyspaceClient> byNode)
      throws InterruptedException {
    clients.createKeyspace(plan.keyspace(), plan.mode(), plan.conflicts(), plan.level(), READY_MAX);
    for (KeyspaceClient client : byNode) {
      untilOk(client, new Request.Read(WARM_UP_PREFIX + client.nodeId()), plan.keyspace());
    }
    KeyspaceClient any = byNode.iterator().next();
    for (Request request : workload.setUp()) {
      untilOk(any, request, plan.keyspace());
    }
    untilEverywhere(workload, byNode);
  }

  /** What the workload starts from has to be on every replica, or a first write would lose it. */
  private void untilEverywhere(Workload workload, Collection<KeyspaceClient> byNode)
      throws InterruptedException {
    if (workload.setUp().isEmpty()) {
      return;
    }
    long deadlineNanos = pace.nowNanos() + READY_MAX.toNanos();
    while (!ReplicaContents.read(byNode, workload.keys(), REQUEST_TIMEOUT, pace).agree()) {
      if (pace.nowNanos() - deadlineNanos >= 0) {
        throw new ClusterException(
            ClusterException.Kind.FAILED,
            "What " + workload.keyspace() + " starts from does not reach every replica.",
            "");
      }
      pace.sleep(RETRY_NANOS);
    }
  }

  private void untilOk(KeyspaceClient client, Request request, String keyspace)
      throws InterruptedException {
    long deadlineNanos = pace.nowNanos() + READY_MAX.toNanos();
    Reply reply = ask(client, request);
    while (!reply.isOk()) {
      if (pace.nowNanos() - deadlineNanos >= 0) {
        throw new ClusterException(
            ClusterException.Kind.FAILED,
            "The keyspace "
                + keyspace
                + " does not answer on "
                + client.nodeId()
                + " after "
                + READY_MAX.toSeconds()
                + " s ("
                + reply.errorCode()
                + ").",
            "");
      }
      pace.sleep(RETRY_NANOS);
      reply = ask(client, request);
    }
  }

  private Reply ask(KeyspaceClient client, Request request) {
    CompletableFuture<Reply> reply = client.send(request, REQUEST_TIMEOUT);
    pace.await(reply);
    return reply.join();
  }

  /**
   * The first calls of new processes are slow, and a run is not about that: asks until the answers
   * come quickly, or the time is over. Whether they come quickly enough the run itself finds out,
   * before its first fault.
   *
   * @return how many rounds of calls it took
   */
  int warmUp(Collection<KeyspaceClient> all) {
    long beganNanos = pace.nowNanos();
    int rounds = 0;
    int quick = 0;
    while ((rounds < WARM_ROUNDS_MIN || quick < QUICK_ROUNDS)
        && pace.nowNanos() - beganNanos < WARM_MAX.toNanos()) {
      long roundNanos = pace.nowNanos();
      List<CompletableFuture<Reply>> replies = new ArrayList<>();
      for (KeyspaceClient client : all) {
        String key = WARM_UP_PREFIX + client.nodeId();
        if (!client.level().equals("stale")) {
          replies.add(client.send(new Request.Write(key, "warm", null), REQUEST_TIMEOUT));
        }
        replies.add(client.send(new Request.Read(key), REQUEST_TIMEOUT));
      }
      replies.forEach(pace::await);
      rounds++;
      quick = pace.nowNanos() - roundNanos <= QUICK_ROUND_MAX.toNanos() ? quick + 1 : 0;
    }
    return rounds;
  }
}
