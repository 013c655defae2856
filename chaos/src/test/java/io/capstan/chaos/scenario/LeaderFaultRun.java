package io.capstan.chaos.scenario;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.Extras;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryRecorder;
import io.capstan.chaos.check.Outcome;
import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.check.eventual.BankTotalsChecker;
import io.capstan.chaos.check.linear.LinearizabilityChecker;
import io.capstan.chaos.check.linear.RegisterModel;
import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.workload.AttemptTimes;
import io.capstan.chaos.workload.BankWorkload;
import io.capstan.chaos.workload.KeyspaceClient;
import io.capstan.chaos.workload.OpenLoopDriver;
import io.capstan.chaos.workload.WorkloadClient;
import io.capstan.client.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import org.awaitility.Awaitility;

/**
 * The bank of the split scenario, with its clients, recorder and checkers, while something else
 * befalls the leader.
 */
final class LeaderFaultRun {
  private static final int CLIENTS_PER_NODE = 4;
  private static final Duration INTERVAL = Duration.ofMillis(80);
  private static final Duration ATTEMPT_TIMEOUT = Duration.ofSeconds(1);
  private static final Duration ELECTION_MAX = Duration.ofSeconds(30);
  private static final Duration RECOVERY_MAX = Duration.ofSeconds(30);
  private static final Duration CHECK_BUDGET = Duration.ofSeconds(60);

  private final Cluster cluster;
  private final BankWorkload bank;
  private final Map<String, KeyspaceClient> clients = new LinkedHashMap<>();
  private final SplitPreparation preparation;

  /**
   * What the clients saw.
   *
   * @param faultNanos when the leader was hurt, since the start of the workload
   * @param mendedNanos when it was well again
   */
  record Evidence(
      BankWorkload bank,
      History history,
      String oldLeader,
      String newLeader,
      long faultNanos,
      long mendedNanos) {

    Verdict linearizable() {
      return new LinearizabilityChecker()
          .check(
              BankJudge.registers(history),
              RegisterModel.casRegister(null),
              Budget.of(CHECK_BUDGET))
          .verdict();
    }

    Verdict totalHolds() {
      return BankTotalsChecker.check(history, bank.accounts(), bank.total(), false).verdict();
    }

    /** Returns how many attempts through these nodes succeeded that began in the fault. */
    long okDuring(List<String> nodes) {
      return history.operations().stream()
          .filter(operation -> operation.outcome() == Outcome.OK)
          .filter(operation -> nodes.contains(operation.extra(Extras.NODE)))
          .filter(
              operation ->
                  operation.invokeNanos() > faultNanos && operation.invokeNanos() < mendedNanos)
          .count();
    }
  }

  LeaderFaultRun(Cluster cluster, ScenarioClients scenarioClients, String keyspace) {
    this.cluster = cluster;
    this.bank = new BankWorkload(keyspace);
    this.preparation = new SplitPreparation(scenarioClients);
    for (String node : cluster.nodeIds()) {
      clients.put(node, scenarioClients.open(node, keyspace, Level.LINEARIZABLE));
    }
  }

  /**
   * Lets the clients work for {@code calm}, hurts the leader, waits for another one, lets them work
   * for {@code calm} again, mends, and goes on until every node has served. The two deeds get the
   * name of the leader, and somebody who asks and tells while the clients are at work.
   */
  Evidence run(
      long seed, Duration calm, BiConsumer<String, Witness> hurt, BiConsumer<String, Witness> mend)
      throws InterruptedException {
    preparation.create(bank, clients.values());
    HistoryRecorder recorder = new HistoryRecorder(System::nanoTime);
    AtomicLong processes = new AtomicLong();
    List<WorkloadClient> workers = workers(recorder, processes, new SplittableRandom(seed));
    Witness witness = new Witness(clients, recorder, processes);
    String oldLeader = cluster.leader().orElseThrow();
    String newLeader;
    long faultNanos;
    long mendedNanos;
    try (OpenLoopDriver driver = new OpenLoopDriver(workers, ATTEMPT_TIMEOUT)) {
      driver.start();
      TimeUnit.NANOSECONDS.sleep(calm.toNanos());
      faultNanos = recorder.elapsedNanos();
      recorder.nemesis("hurt", oldLeader);
      hurt.accept(oldLeader, witness);
      newLeader =
          Awaitility.await()
              .atMost(ELECTION_MAX)
              .until(() -> cluster.leader().orElse(oldLeader), leader -> !leader.equals(oldLeader));
      TimeUnit.NANOSECONDS.sleep(calm.toNanos());
      recorder.nemesis("mend", oldLeader);
      mend.accept(oldLeader, witness);
      mendedNanos = recorder.elapsedNanos();
      Awaitility.await("a success through every node")
          .atMost(RECOVERY_MAX)
          .until(
              () ->
                  SplitMeasures.firstOkByNode(recorder.history().operations(), mendedNanos)
                      .keySet()
                      .containsAll(cluster.nodeIds()));
      driver.close();
      driver.drain();
    }
    return new Evidence(bank, recorder.history(), oldLeader, newLeader, faultNanos, mendedNanos);
  }

  private List<WorkloadClient> workers(
      HistoryRecorder recorder, AtomicLong processes, SplittableRandom seeds) {
    List<WorkloadClient> workers = new ArrayList<>();
    for (int round = 0; round < CLIENTS_PER_NODE; round++) {
      for (KeyspaceClient client : clients.values()) {
        workers.add(
            new WorkloadClient(
                bank.keyspace(),
                client,
                bank.script(workers.size(), seeds.split()),
                new AttemptTimes(INTERVAL, seeds.split()),
                recorder,
                processes,
                (keyspace, node, type, answered) -> {}));
      }
    }
    return workers;
  }
}
