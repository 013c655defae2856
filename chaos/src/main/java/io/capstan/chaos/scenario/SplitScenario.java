package io.capstan.chaos.scenario;

import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryRecorder;
import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.fault.Fault;
import io.capstan.chaos.fault.FaultInjector;
import io.capstan.chaos.fault.FaultJournal;
import io.capstan.chaos.fault.InjectedFault;
import io.capstan.chaos.workload.AttemptTimes;
import io.capstan.chaos.workload.BankWorkload;
import io.capstan.chaos.workload.FeedWorkload;
import io.capstan.chaos.workload.HistoryCompletion;
import io.capstan.chaos.workload.KeyspaceClient;
import io.capstan.chaos.workload.OpenLoopDriver;
import io.capstan.chaos.workload.Phase;
import io.capstan.chaos.workload.Workload;
import io.capstan.chaos.workload.WorkloadClient;
import io.capstan.client.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A bank (CP) and a feed (AP) on one cluster, a split with the leader alone in the minority, a
 * heal. One object is one run; {@link #run} is called once.
 *
 * <p>Each client is bound to one node for the whole run, so that a cut is felt by the clients whose
 * node is cut off; the side of a client is the side of its node.
 */
public final class SplitScenario {
  /** The name of the scenario, as reports give it. */
  public static final String NAME = "split";

  private static final Duration READY_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration CUT_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration POLL_TIMEOUT = Duration.ofSeconds(1);
  private static final long POLL_PAUSE_MILLIS = 25;

  /** A slow verification of the cut may take at most so much of the planned split. */
  private static final double DURING_SHARE_MIN = 0.4;

  private static final Duration QUIET_MARGIN = Duration.ofMillis(50);

  private final Cluster cluster;
  private final ScenarioClients clients;
  private final SplitSettings settings;
  private final RunProgress progress;
  private final BankWorkload bank = new BankWorkload("bank");
  private final FeedWorkload feed = new FeedWorkload("feed");
  private final Map<String, KeyspaceClient> bankClients = new LinkedHashMap<>();
  private final Map<String, KeyspaceClient> feedClients = new LinkedHashMap<>();

  /**
   * @param cluster running, with a leader and every link open
   * @param progress is told where the run is
   */
  public SplitScenario(
      Cluster cluster, ScenarioClients clients, SplitSettings settings, RunProgress progress) {
    this.cluster = cluster;
    this.clients = clients;
    this.settings = settings;
    this.progress = progress;
    for (String node : cluster.nodeIds()) {
      bankClients.put(node, clients.open(node, bank.keyspace(), Level.LINEARIZABLE));
      feedClients.put(node, clients.open(node, feed.keyspace(), Level.ONE));
    }
  }

  /**
   * Runs it.
   *
   * @param journal file for the fault journal
   * @throws ClusterException if the cluster cannot be prepared, cut or healed
   * @throws InterruptedException if the thread is interrupted; links are healed then
   */
  public SplitEvidence run(Path journal) throws InterruptedException {
    progress.advance(RunProgress.Step.PREPARE, "creating the keyspaces");
    SplitPreparation preparation = new SplitPreparation(clients);
    preparation.create(bank, bankClients.values());
    preparation.create(feed, feedClients.values());
    progress.advance(RunProgress.Step.WARM_UP, "warming up");
    SplitPreparation.warmUp(bankClients.values(), feedClients.values());
    cluster.awaitReady(READY_TIMEOUT);
    progress.leader(cluster.leader().orElse(""));

    HistoryRecorder bankRecorder = new HistoryRecorder(System::nanoTime);
    HistoryRecorder feedRecorder = new HistoryRecorder(System::nanoTime);
    SplittableRandom seeds = new SplittableRandom(settings.seed());
    List<WorkloadClient> bankWorkers = workers(bank, bankClients, bankRecorder, seeds);
    List<WorkloadClient> feedWorkers = workers(feed, feedClients, feedRecorder, seeds);
    List<WorkloadClient> workers = new ArrayList<>(bankWorkers);
    workers.addAll(feedWorkers);
    try (FaultJournal faults = FaultJournal.create(journal);
        FaultInjector injector = new FaultInjector(cluster, faults, bankRecorder::elapsedNanos);
        OpenLoopDriver driver = new OpenLoopDriver(workers, settings.attemptTimeout())) {
      driver.start();
      progress.started(System.nanoTime() - bankRecorder.elapsedNanos());
      Course course = new Course(bankRecorder, feedRecorder, driver, injector);
      course.split();
      course.afterHeal();
      driver.close();
      driver.drain();
      return course.settle(bankWorkers);
    }
  }

  private List<WorkloadClient> workers(
      Workload workload,
      Map<String, KeyspaceClient> byNode,
      HistoryRecorder recorder,
      SplittableRandom seeds) {
    AtomicLong processes = new AtomicLong();
    List<WorkloadClient> workers = new ArrayList<>();
    for (int round = 0; round < settings.clientsPerNode(); round++) {
      for (KeyspaceClient client : byNode.values()) {
        workers.add(
            new WorkloadClient(
                workload.keyspace(),
                client,
                workload.script(workers.size(), seeds.split()),
                new AttemptTimes(settings.interval(), seeds.split()),
                recorder,
                processes,
                progress));
      }
    }
    return workers;
  }

  /** The run itself, with everything that it has found out so far. */
  private final class Course {
    private final HistoryRecorder bankRecorder;
    private final HistoryRecorder feedRecorder;
    private final OpenLoopDriver driver;
    private final FaultInjector injector;
    private @Nullable InjectedFault fault;
    private List<String> minority = List.of();
    private String newLeader = "";
    private long healNanos;
    private long healedNanos;
    private long endNanos;
    private @Nullable Long convergedNanos;

    Course(
        HistoryRecorder bankRecorder,
        HistoryRecorder feedRecorder,
        OpenLoopDriver driver,
        FaultInjector injector) {
      this.bankRecorder = bankRecorder;
      this.feedRecorder = feedRecorder;
      this.driver = driver;
      this.injector = injector;
    }

    private long nowNanos() {
      return bankRecorder.elapsedNanos();
    }

    private void sleepUntil(long nanos) throws InterruptedException {
      long left = nanos - nowNanos();
      if (left > 0) {
        TimeUnit.NANOSECONDS.sleep(left);
      }
    }

    private void note(String f, String detail) {
      bankRecorder.nemesis(f, detail);
      feedRecorder.nemesis(f, detail);
    }

    void split() throws InterruptedException {
      progress.advance(RunProgress.Step.BEFORE, "every link carries");
      sleepUntil(TimeUnit.MILLISECONDS.toNanos(settings.cutMillis()));
      driver.phase(Phase.DURING);
      Fault isolate = new Fault.IsolateLeader();
      progress.leader(cluster.leader().orElse(""));
      progress.minority(List.of(progress.leader()));
      progress.advance(RunProgress.Step.CUTTING, "cutting the leader off");
      note("cut", isolate.detail());
      InjectedFault injected = injector.begin(isolate, CUT_TIMEOUT);
      fault = injected;
      minority = minorityOf(injected.partition().sides());
      note("split", injected.partition().text());
      progress.minority(minority);
      progress.advance(
          RunProgress.Step.DURING, "the links are cut: " + injected.partition().text());
      awaitHealTime(injected);
      newLeader = cluster.leader().filter(leader -> !minority.contains(leader)).orElse("");
      healNanos = nowNanos();
      healedNanos = injector.end(injected);
      note("heal", injected.partition().text());
      driver.phase(Phase.AFTER);
      progress.advance(RunProgress.Step.AFTER, "every link carries again");
      driver.quiet(false);
    }

    private void awaitHealTime(InjectedFault injected) throws InterruptedException {
      long quietNanos = settings.attemptTimeout().plus(QUIET_MARGIN).toNanos();
      long earliest = injected.verifiedNanos() + duringMinNanos() + quietNanos;
      long heal = Math.max(TimeUnit.MILLISECONDS.toNanos(settings.healMillis()), earliest);
      while (nowNanos() < heal - quietNanos) {
        String leader = cluster.leader().orElse("");
        if (!leader.isEmpty()) {
          progress.leader(leader);
        }
        sleepUntil(Math.min(heal - quietNanos, nowNanos() + TimeUnit.MILLISECONDS.toNanos(250)));
      }
      driver.quiet(true);
      sleepUntil(heal);
    }

    private long duringMinNanos() {
      long plannedMillis = settings.healMillis() - settings.cutMillis();
      return TimeUnit.MILLISECONDS.toNanos(Math.round(DURING_SHARE_MIN * plannedMillis));
    }

    private List<String> minorityOf(List<List<String>> sides) {
      return sides.stream()
          .filter(side -> 2 * side.size() <= cluster.nodeIds().size())
          .flatMap(List::stream)
          .toList();
    }

    /** Watches the keys that nobody writes any more while the clients go on with the others. */
    void afterHeal() throws InterruptedException {
      long planned = settings.duration().toNanos();
      long shortest =
          healNanos
              + Math.round((1 - SplitSettings.HEAL_SHARE) * settings.duration().toNanos() / 2);
      long end = Math.max(planned, shortest);
      while (nowNanos() < end) {
        if (convergedNanos == null) {
          lookForConvergence();
          sleepUntil(Math.min(end, nowNanos() + TimeUnit.MILLISECONDS.toNanos(POLL_PAUSE_MILLIS)));
        } else {
          sleepUntil(end);
        }
      }
      progress.leader(cluster.leader().orElse(""));
      endNanos = nowNanos();
      progress.advance(RunProgress.Step.SETTLE, "the clients stop; the cluster comes to rest");
    }

    private void lookForConvergence() {
      ReplicaContents quiet =
          ReplicaContents.read(feedClients.values(), feed.quietKeys(), POLL_TIMEOUT);
      if (quiet.agree()) {
        convergedNanos = nowNanos();
      }
    }

    /** Gives what has not come true yet the rest of its bound. */
    SplitEvidence settle(List<WorkloadClient> bankWorkers) throws InterruptedException {
      InjectedFault injected = fault;
      if (injected == null) {
        throw new IllegalStateException("a run cannot settle before its split");
      }
      long recoveryDeadline = healNanos + SplitClaims.RECOVERED_MAX.toNanos();
      while (!unrecovered().isEmpty() && nowNanos() < recoveryDeadline) {
        Set<String> waitingFor = unrecovered();
        bankWorkers.stream()
            .filter(worker -> waitingFor.contains(worker.nodeId()))
            .forEach(worker -> worker.attempt(Phase.AFTER, settings.attemptTimeout()));
        driver.drain();
      }
      long convergenceDeadline = nowNanos() + SplitClaims.CONVERGED_MAX.toNanos();
      ReplicaContents contents =
          ReplicaContents.read(feedClients.values(), feed.keys(), POLL_TIMEOUT);
      while (!contents.agree() && nowNanos() < convergenceDeadline) {
        TimeUnit.MILLISECONDS.sleep(POLL_PAUSE_MILLIS);
        contents = ReplicaContents.read(feedClients.values(), feed.keys(), POLL_TIMEOUT);
      }
      if (convergedNanos == null && contents.agree()) {
        convergedNanos = nowNanos();
      }
      return new SplitEvidence(
          settings,
          cluster.nodeIds(),
          minority,
          injected.partition().text(),
          newLeader,
          new SplitTimes(
              injected.startNanos(), injected.verifiedNanos(), healNanos, healedNanos, endNanos),
          bank,
          feed,
          completed(bankRecorder.history()),
          completed(feedRecorder.history()),
          convergedNanos,
          contents);
    }

    private Set<String> unrecovered() {
      Set<String> nodes = new LinkedHashSet<>(cluster.nodeIds());
      nodes.removeAll(
          SplitMeasures.firstOkByNode(bankRecorder.history().operations(), healedNanos).keySet());
      return nodes;
    }

    private History completed(History history) {
      return HistoryCompletion.withSides(
          HistoryCompletion.withSupersededValues(history), Set.copyOf(minority));
    }
  }
}
