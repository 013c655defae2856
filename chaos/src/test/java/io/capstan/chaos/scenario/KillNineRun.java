package io.capstan.chaos.scenario;

import io.capstan.chaos.check.EventType;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryEvent;
import io.capstan.chaos.check.HistoryRecorder;
import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.cluster.NodeState;
import io.capstan.chaos.cluster.NodeView;
import io.capstan.chaos.cluster.ProcessCluster;
import io.capstan.chaos.workload.AttemptTimes;
import io.capstan.chaos.workload.BankWorkload;
import io.capstan.chaos.workload.ClientScript;
import io.capstan.chaos.workload.KeyspaceClient;
import io.capstan.chaos.workload.OpenLoopDriver;
import io.capstan.chaos.workload.WorkloadClient;
import io.capstan.client.CapstanClient;
import io.capstan.client.CapstanException;
import io.capstan.client.Level;
import io.capstan.client.MemberChange;
import io.capstan.client.MemberList;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A cluster under load whose nodes are killed, one each second, and started again at once, while
 * one of its members is replaced by a new node.
 *
 * <p>Each second one of the nodes that have a process is hit, whichever it is and whatever it is
 * doing: leading, starting, or the last one that a majority needs.
 */
final class KillNineRun {
  static final String KEYSPACE = "bank-of-kills";

  private static final Duration KILL_INTERVAL = Duration.ofSeconds(1);
  private static final Duration POLL_INTERVAL = Duration.ofMillis(20);
  private static final Duration ATTEMPT_TIMEOUT = Duration.ofSeconds(2);
  private static final Duration BANK_INTERVAL = Duration.ofMillis(200);
  private static final Duration KEPT_INTERVAL = Duration.ofMillis(100);
  private static final int BANK_CLIENTS_PER_NODE = 2;

  private static final Duration REPLACE_MAX = Duration.ofSeconds(300);
  private static final Duration REPLACE_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration REPLACE_INTERVAL = Duration.ofMillis(250);
  private static final Duration RECOVERY_MAX = Duration.ofSeconds(60);

  private final ProcessCluster cluster;
  private final SplittableRandom random;
  private final BankWorkload bank = new BankWorkload(KEYSPACE);
  private final KeptWrites kept = new KeptWrites();
  private final HistoryRecorder recorder = new HistoryRecorder(System::nanoTime);
  private final AtomicLong processes = new AtomicLong();
  private final List<String> targets = new CopyOnWriteArrayList<>();
  private final ExecutorService deeds = Executors.newVirtualThreadPerTaskExecutor();

  /** How often each was killed: a start that a later kill cut short has not failed. */
  private final Map<String, Integer> deaths = new ConcurrentHashMap<>();

  /** Those that have answered since they were started. */
  private final Set<String> up = ConcurrentHashMap.newKeySet();

  private volatile @Nullable ClusterException notStarted;
  private long nextKillNanos;
  private int bankClients;
  private int attempts;
  private int kills;
  private int killsWhileStarting;
  private int killsWithoutMajority;

  /**
   * What came of it.
   *
   * @param kept the writes that must not be lost
   * @param members who belongs to the cluster at the end
   * @param attempts the seconds at which somebody was to be killed
   * @param kills of these, how many were carried out: all but those when no node had a process
   * @param killsWhileStarting of these, how many hit a node that had yet to answer
   * @param killsWithoutMajority of these, how many left no majority that had answered
   * @param killing for how long it went on
   * @param replacing how long it took from the start of the new node until its predecessor had left
   * @param replacedMeanwhile whether that came to pass while nodes were still killed
   * @param elections terms that began meanwhile
   */
  record Evidence(
      BankWorkload bank,
      KeptWrites kept,
      History history,
      String removed,
      String added,
      List<String> members,
      int attempts,
      int kills,
      int killsWhileStarting,
      int killsWithoutMajority,
      Duration killing,
      Duration replacing,
      boolean replacedMeanwhile,
      long elections) {

    /** Returns for how long, at worst, no client got an answer through any node. */
    Duration longestUnserved() {
      long lastNanos = 0;
      long longestNanos = 0;
      for (HistoryEvent event : history.events()) {
        if (event.isClient() && event.type() == EventType.OK) {
          longestNanos = Math.max(longestNanos, event.timeNanos() - lastNanos);
          lastNanos = event.timeNanos();
        }
      }
      return Duration.ofNanos(Math.max(longestNanos, killing.toNanos() - lastNanos));
    }
  }

  KillNineRun(ProcessCluster cluster, long seed) {
    this.cluster = cluster;
    this.random = new SplittableRandom(seed);
    this.targets.addAll(cluster.nodeIds());
    this.up.addAll(targets);
  }

  /**
   * Kills for so long; the replacement begins at half time, and is given more time afterwards if it
   * needs it. All members run when it returns, and agree; the removed node is stopped.
   */
  Evidence run(Duration duration) throws InterruptedException {
    long termBefore = highestTerm();
    Duration killing;
    String removed = cluster.nodeIds().get(random.nextInt(cluster.nodeIds().size()));
    try (CapstanScenarioClients clients = new CapstanScenarioClients(cluster);
        OpenLoopDriver driver = driver(clients, cluster.nodeIds())) {
      driver.start();
      long endNanos = duration.toNanos();
      nextKillNanos = recorder.elapsedNanos() + KILL_INTERVAL.toNanos();
      killUntil(() -> recorder.elapsedNanos() >= endNanos / 2);
      CompletableFuture<String> replacement =
          CompletableFuture.supplyAsync(this::addNode, deeds)
              .thenApply(
                  added -> {
                    replace(removed, added);
                    return added;
                  });
      killUntil(() -> replacement.isDone() || recorder.elapsedNanos() >= endNanos);
      boolean replacedMeanwhile = replacement.isDone();
      killing = Duration.ofNanos(recorder.elapsedNanos());
      if (!replacedMeanwhile) {
        // A machine on which it takes that long has too much to do.
        driver.quiet(true);
      }
      String added = replacement.join();
      Duration replaced = Duration.ofNanos(recorder.elapsedNanos() - endNanos / 2);
      recorder.nemesis("replaced", List.of(removed, added));
      targets.remove(removed);
      try (CapstanScenarioClients clientsOfAdded = new CapstanScenarioClients(cluster);
          OpenLoopDriver driverOfAdded = driver(clientsOfAdded, List.of(added))) {
        driverOfAdded.start();
        if (replacedMeanwhile) {
          killUntil(() -> recorder.elapsedNanos() >= endNanos);
          killing = Duration.ofNanos(recorder.elapsedNanos());
        }
        settle(removed);
        driver.close();
        driverOfAdded.close();
        driver.drain();
        driverOfAdded.drain();
      }
      awaitEqual();
      return new Evidence(
          bank,
          kept,
          recorder.history(),
          removed,
          added,
          List.copyOf(targets),
          attempts,
          kills,
          killsWhileStarting,
          killsWithoutMajority,
          killing,
          replaced,
          replacedMeanwhile,
          highestTerm() - termBefore);
    } finally {
      deeds.shutdownNow();
    }
  }

  private OpenLoopDriver driver(CapstanScenarioClients clients, List<String> nodes)
      throws InterruptedException {
    List<KeyspaceClient> byNode =
        nodes.stream().map(node -> clients.open(node, KEYSPACE, Level.LINEARIZABLE)).toList();
    if (bankClients == 0) {
      new SplitPreparation(clients).create(bank, byNode);
    }
    List<WorkloadClient> workers = new ArrayList<>();
    for (KeyspaceClient client : byNode) {
      for (int i = 0; i < BANK_CLIENTS_PER_NODE; i++) {
        workers.add(worker(client, bank.script(bankClients++, random.split()), BANK_INTERVAL));
      }
      workers.add(worker(client, kept.script(), KEPT_INTERVAL));
    }
    return new OpenLoopDriver(workers, ATTEMPT_TIMEOUT);
  }

  private WorkloadClient worker(KeyspaceClient client, ClientScript script, Duration interval) {
    return new WorkloadClient(
        KEYSPACE,
        client,
        script,
        new AttemptTimes(interval, random.split()),
        recorder,
        processes,
        (keyspace, node, type, answered) -> {});
  }

  /** Something that comes to pass meanwhile. */
  private interface Condition {
    boolean holds();
  }

  /** Keeps to a clock: a kill that took its time does not put off the next one. */
  private void killUntil(Condition condition) throws InterruptedException {
    while (!condition.holds()) {
      long leftNanos = nextKillNanos - recorder.elapsedNanos();
      if (leftNanos > 0) {
        TimeUnit.NANOSECONDS.sleep(Math.min(leftNanos, POLL_INTERVAL.toNanos()));
      } else {
        nextKillNanos += KILL_INTERVAL.toNanos();
        requireNoneEndedByItself();
        killOne();
      }
    }
  }

  private void killOne() {
    attempts++;
    List<String> alive = targets.stream().filter(node -> cluster.state(node).isAlive()).toList();
    if (alive.isEmpty()) {
      // The processes of those that were killed before have yet to be forked.
      recorder.nemesis("nobody", null);
      return;
    }
    String target = alive.get(random.nextInt(alive.size()));
    recorder.nemesis("kill", target);
    boolean answered = up.remove(target);
    int death = deaths.merge(target, 1, Integer::sum);
    cluster.kill(target);
    kills++;
    killsWhileStarting += answered ? 0 : 1;
    killsWithoutMajority +=
        up.stream().filter(targets::contains).count() > targets.size() / 2 ? 0 : 1;
    deeds.execute(() -> start(target, death));
  }

  private void start(String target, int death) {
    try {
      cluster.start(target);
      if (deaths.getOrDefault(target, 0) == death) {
        up.add(target);
      }
    } catch (ClusterException e) {
      if (deaths.getOrDefault(target, 0) == death) {
        notStarted = e;
      }
    }
  }

  /** A node that ends by itself, or does not come up, is a finding. */
  private void requireNoneEndedByItself() {
    ClusterException failure = notStarted;
    if (failure != null) {
      throw failure;
    }
    for (String node : targets) {
      if (cluster.state(node) == NodeState.FAILED) {
        throw new IllegalStateException(node + " ended by itself:\n" + cluster.logTail(node));
      }
    }
  }

  private String addNode() {
    String added = cluster.add();
    recorder.nemesis("add", added);
    up.add(added);
    targets.add(added);
    return added;
  }

  /** Asks until it is done: the leader that took the order may die with it. */
  private void replace(String removed, String added) {
    MemberChange change =
        new MemberChange.Replace(
            removed,
            new MemberChange.Add(
                added, cluster.layout().peerAddress(added), cluster.clientAddress(added)));
    List<String> addresses =
        targets.stream().filter(node -> !node.equals(added)).map(cluster::clientAddress).toList();
    recorder.nemesis("replace", List.of(removed, added));
    Map<String, Integer> answers = new ConcurrentHashMap<>();
    try (CapstanClient admin =
        CapstanClient.builder().endpoints(addresses).timeout(REPLACE_TIMEOUT).build()) {
      Awaitility.await(removed + " is replaced by " + added)
          .atMost(REPLACE_MAX)
          .pollInterval(REPLACE_INTERVAL)
          .until(
              () -> {
                try {
                  MemberList list = admin.blocking().members();
                  if (list.current() && list.isSettledVoter(added) && list.isGone(removed)) {
                    return true;
                  }
                  answers.merge(
                      list.current() ? "members listed" : "members of old", 1, Integer::sum);
                  if (!list.changing()) {
                    admin.blocking().changeMembers(change, list);
                    answers.merge("change accepted", 1, Integer::sum);
                  }
                } catch (CapstanException e) {
                  answers.merge(e.code() + ": " + e.getMessage(), 1, Integer::sum);
                }
                return false;
              });
    } catch (ConditionTimeoutException e) {
      throw new IllegalStateException(e.getMessage() + " Answers: " + answers, e);
    }
  }

  private void settle(String removed) {
    requireNoneEndedByItself();
    targets.forEach(cluster::start);
    cluster.stop(removed);
    cluster.awaitReady(RECOVERY_MAX);
  }

  private void awaitEqual() {
    Awaitility.await("all nodes have applied the same")
        .atMost(RECOVERY_MAX)
        .until(
            () -> {
              Map<String, NodeView> views = cluster.views();
              return views.keySet().containsAll(targets)
                  && views.values().stream()
                      .allMatch(view -> view.appliedIndex() == highestCommit(views));
            });
  }

  private static long highestCommit(Map<String, NodeView> views) {
    return views.values().stream().mapToLong(NodeView::commitIndex).max().orElseThrow();
  }

  private long highestTerm() {
    return cluster.views().values().stream().mapToLong(NodeView::term).max().orElseThrow();
  }
}
