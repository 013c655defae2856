package io.capstan.chaos.scenario;

import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryRecorder;
import io.capstan.chaos.check.SideBySide;
import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.fault.FaultCrew;
import io.capstan.chaos.fault.FaultJournal;
import io.capstan.chaos.fault.FaultType;
import io.capstan.chaos.workload.AttemptDriver;
import io.capstan.chaos.workload.AttemptTimes;
import io.capstan.chaos.workload.ClientScript;
import io.capstan.chaos.workload.HistoryCompletion;
import io.capstan.chaos.workload.KeyspaceClient;
import io.capstan.chaos.workload.Phase;
import io.capstan.chaos.workload.Reply;
import io.capstan.chaos.workload.StoredValue;
import io.capstan.chaos.workload.Workload;
import io.capstan.chaos.workload.WorkloadClient;
import io.capstan.chaos.workload.Workloads;
import io.capstan.client.ConflictPolicy;
import io.capstan.client.Level;
import io.capstan.client.Mode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * Runs a scenario: clients at work in each keyspace, faults as the schedule says, everything healed
 * and seen to be healed, and then what every client saw. It knows the cluster only through {@link
 * Substrate}, so the same run happens on processes, on containers and in virtual time. One object
 * is one run.
 */
public final class ScenarioRun {
  private static final Duration READY_TIMEOUT = Duration.ofSeconds(30);
  private static final Duration HEALED_MAX = Duration.ofSeconds(40);
  private static final Duration POLL_TIMEOUT = Duration.ofSeconds(1);
  private static final long POLL_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(25);
  private static final long SAMPLE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  /** After the last fault the clients go on for this part of the duration at least. */
  private static final double AFTER_SHARE_MIN = 0.12;

  private static final String SWITCH_PROBE = "switch-probe";

  private static final String LINK_PROBE = "link-probe";

  private final Substrate substrate;
  private final Cluster cluster;
  private final Pace pace;
  private final RunPlan plan;
  private final RunProgress progress;
  private final List<Lane> lanes = new ArrayList<>();
  private final ScenarioWatch watch;

  /** One keyspace at work. */
  private record Lane(
      KeyspacePlan plan,
      Workload workload,
      Map<String, KeyspaceClient> byNode,
      Map<String, KeyspaceClient> lookers,
      HistoryRecorder recorder,
      List<WorkloadClient> workers) {}

  /**
   * @param substrate running, with a leader and every link open
   * @param progress is told where the run is
   */
  public ScenarioRun(Substrate substrate, RunPlan plan, RunProgress progress) {
    this.substrate = substrate;
    this.cluster = substrate.cluster();
    this.pace = substrate.pace();
    this.plan = plan;
    this.progress = progress;
    this.watch = new ScenarioWatch(cluster, this::elapsedNanos, progress);
  }

  /**
   * Runs it.
   *
   * @param journal file for the fault journal
   * @throws ScenarioFile.InvalidScenarioException if this build cannot do what the scenario needs
   * @throws ClusterException if the cluster cannot be prepared, hurt or healed
   * @throws InterruptedException if the thread is interrupted; everything is healed then
   */
  public ScenarioEvidence run(Path journal) throws InterruptedException {
    try (FaultJournal faults = FaultJournal.create(journal)) {
      return run(faults);
    }
  }

  /** The same with a journal that was begun already; it stays the caller's to close. */
  public ScenarioEvidence run(FaultJournal faults) throws InterruptedException {
    List<String> nodes = cluster.nodeIds();
    progress.advance(RunProgress.Step.PREPARE, "creating the keyspaces");
    refuseImpossible();
    ScenarioPreparation preparation = new ScenarioPreparation(substrate.clients(), pace);
    List<KeyspaceClient> all = new ArrayList<>();
    for (KeyspacePlan keyspace : plan.keyspaces()) {
      Lane lane = lane(keyspace, nodes);
      preparation.create(keyspace, lane.workload(), lane.byNode().values());
      all.addAll(lane.byNode().values());
    }
    if (plan.keyspaces().stream().allMatch(each -> each.mode() == Mode.CP)) {
      // Followers have nothing to say to each other while all they hold is CP, and then nobody
      // could see that a link between them carries.
      substrate
          .clients()
          .createKeyspace(
              LINK_PROBE, Mode.AP, ConflictPolicy.SIBLINGS, Level.QUORUM, READY_TIMEOUT);
    }
    progress.advance(RunProgress.Step.WARM_UP, "warming up");
    if (!pace.isVirtual()) {
      preparation.warmUp(all);
    }
    cluster.awaitReady(READY_TIMEOUT);
    progress.leader(cluster.leader().orElse(""));

    // Made last: their clocks begin here, and are the same but for microseconds.
    List<Lane> ready = new ArrayList<>();
    for (Lane lane : lanes) {
      ready.add(working(lane));
    }
    lanes.clear();
    lanes.addAll(ready);
    List<WorkloadClient> workers = lanes.stream().flatMap(lane -> lane.workers().stream()).toList();
    try (FaultCrew crew =
            new FaultCrew(cluster, faults, this::elapsedNanos, substrate.office(plan.keyspaces()));
        AttemptDriver driver = substrate.driver(workers, RunPlan.ATTEMPT_TIMEOUT);
        Pace.Repeated watching = pace.every(SAMPLE_NANOS, watch::sample)) {
      driver.start();
      progress.started(pace.nowNanos() - elapsedNanos());
      return new Course(nodes, driver, crew).run(watching);
    }
  }

  private void refuseImpossible() throws InterruptedException {
    if (plan.schedule().stream().noneMatch(each -> each.type() == FaultType.MODE_SWITCH)) {
      return;
    }
    substrate
        .clients()
        .createKeyspace(SWITCH_PROBE, Mode.CP, ConflictPolicy.SIBLINGS, READY_TIMEOUT);
    String problem = substrate.modeSwitchProblem(SWITCH_PROBE);
    if (!problem.isEmpty()) {
      throw new ScenarioFile.InvalidScenarioException(
          plan.scenario().name() + " changes the mode of a keyspace: " + problem);
    }
  }

  private Lane lane(KeyspacePlan keyspace, List<String> nodes) {
    Workload workload = Workloads.named(keyspace.workload(), keyspace.keyspace(), keyspace.mode());
    Map<String, KeyspaceClient> byNode = new LinkedHashMap<>();
    Map<String, KeyspaceClient> lookers = new LinkedHashMap<>();
    // What a single replica holds: at other levels several of them answer together.
    Level looking = keyspace.mode() == Mode.CP ? Level.STALE : Level.ONE;
    for (String node : nodes) {
      byNode.put(node, substrate.clients().open(node, keyspace.keyspace(), keyspace.level()));
      lookers.put(node, substrate.clients().open(node, keyspace.keyspace(), looking));
    }
    Lane lane =
        new Lane(
            keyspace, workload, byNode, lookers, new HistoryRecorder(pace::nowNanos), List.of());
    lanes.add(lane);
    return lane;
  }

  private Lane working(Lane prepared) {
    HistoryRecorder recorder = new HistoryRecorder(pace::nowNanos);
    // Of the seed alone: every keyspace is asked for the same at the same times.
    SplittableRandom seeds = new SplittableRandom(plan.seed());
    AtomicLong processes = new AtomicLong();
    List<WorkloadClient> workers = new ArrayList<>();
    for (String seat : plan.seats(List.copyOf(prepared.byNode().keySet()))) {
      KeyspaceClient client = prepared.byNode().get(seat);
      if (client == null) {
        throw new ScenarioFile.InvalidScenarioException(
            "a client sits at " + seat + ", but the nodes are " + prepared.byNode().keySet());
      }
      workers.add(
          new WorkloadClient(
              prepared.plan().keyspace(),
              client,
              script(prepared.workload(), workers.size(), seeds.split()),
              new AttemptTimes(plan.interval(), seeds.split()),
              recorder,
              processes,
              progress,
              pace::nowNanos));
    }
    return new Lane(
        prepared.plan(),
        prepared.workload(),
        prepared.byNode(),
        prepared.lookers(),
        recorder,
        List.copyOf(workers));
  }

  /**
   * A node that dies takes receipts with it, and what a write without a context replaced is told by
   * nobody else. In virtual time clients write so all the same: there, few are under way at once.
   */
  private ClientScript script(Workload workload, int client, SplittableRandom random) {
    ClientScript script = workload.script(client, random);
    return plan.takesNodesDown() && !pace.isVirtual() ? script.exact() : script;
  }

  private long elapsedNanos() {
    return lanes.get(0).recorder().elapsedNanos();
  }

  /** The run itself, with everything that it has found out so far. */
  private final class Course {
    private final List<String> nodes;
    private final AttemptDriver driver;
    private final FaultCrew crew;
    private final FaultCourse faults;
    private final Map<String, Long> convergedNanos = new LinkedHashMap<>();
    private long firstFaultNanos;
    private long lastEndNanos;
    private long healedNanos;
    private String healProblem = "";

    Course(List<String> nodes, AttemptDriver driver, FaultCrew crew) {
      this.nodes = nodes;
      this.driver = driver;
      this.crew = crew;
      this.faults =
          new FaultCourse(
              plan, pace, ScenarioRun.this::elapsedNanos, driver, crew, progress, this::note);
    }

    private void sleepUntil(long elapsed) throws InterruptedException {
      pace.sleepUntil(pace.nowNanos() + elapsed - elapsedNanos());
    }

    private void note(String f, String detail) {
      lanes.forEach(lane -> lane.recorder().nemesis(f, detail));
    }

    ScenarioEvidence run(Pace.Repeated watching) throws InterruptedException {
      progress.advance(RunProgress.Step.BEFORE, "all is well");
      faults.run();
      heal();
      // First what has a bound: what is looked at later is seen to be late.
      watchConvergence(healedNanos + RunClaims.CONVERGED_MAX.toNanos());
      awaitHealth();
      afterHeal();
      driver.close();
      driver.drain();
      settle();
      listen();
      watching.close();
      return evidence();
    }

    /**
     * Everything is undone. What was not, is the harness's fault, and then nothing can be said of
     * the cluster; what the nodes do not make of it afterwards is for the judge.
     *
     * @throws ClusterException if a link stays cut
     */
    private void heal() {
      firstFaultNanos = faults.firstFaultNanos();
      lastEndNanos = faults.lastEndNanos();
      if (firstFaultNanos < 0) {
        firstFaultNanos = elapsedNanos();
        lastEndNanos = firstFaultNanos;
      }
      cluster.heal();
      // Not before: in containers it takes seconds until the links are open and seen to be.
      healedNanos = elapsedNanos();
      driver.phase(Phase.AFTER);
      driver.quiet(false);
      progress.advance(RunProgress.Step.AFTER, "everything is undone");
      note("heal", "everything is undone");
      if (!cluster.cutLinks().isEmpty()) {
        throw new ClusterException(
            ClusterException.Kind.FAILED,
            "After the heal these links are still cut: " + cluster.cutLinks() + ".",
            "");
      }
    }

    private void awaitHealth() {
      try {
        cluster.awaitLinks(HEALED_MAX);
        cluster.awaitReady(HEALED_MAX);
      } catch (ClusterException e) {
        healProblem = String.valueOf(e.getMessage());
      }
    }

    // ---- after ----

    private List<String> present() {
      Set<String> gone = crew.gone();
      return nodes.stream().filter(node -> !gone.contains(node)).toList();
    }

    private Collection<KeyspaceClient> lookers(Lane lane) {
      Map<String, KeyspaceClient> present = new LinkedHashMap<>(lane.lookers());
      present.keySet().retainAll(present());
      return present.values();
    }

    /** Watches the keys that nobody writes any more while the clients go on with the others. */
    private void afterHeal() throws InterruptedException {
      long shortest = healedNanos + Math.round(AFTER_SHARE_MIN * plan.duration().toNanos());
      long end = Math.max(plan.duration().toNanos(), shortest);
      watchConvergence(end);
      sleepUntil(end);
      progress.advance(RunProgress.Step.SETTLE, "the clients stop; the cluster comes to rest");
    }

    /** Returns at the given time, or as soon as every keyspace has been seen to converge. */
    private void watchConvergence(long end) throws InterruptedException {
      while (elapsedNanos() < end) {
        boolean allConverged = true;
        for (Lane lane : lanes) {
          allConverged &= lookForConvergence(lane);
        }
        if (allConverged) {
          return;
        }
        sleepUntil(Math.min(end, elapsedNanos() + POLL_PAUSE_NANOS));
      }
    }

    private boolean lookForConvergence(Lane lane) {
      String keyspace = lane.plan().keyspace();
      if (convergedNanos.containsKey(keyspace) || lane.workload().quietKeys().isEmpty()) {
        return true;
      }
      if (ReplicaContents.read(lookers(lane), lane.workload().quietKeys(), POLL_TIMEOUT, pace)
          .agree()) {
        convergedNanos.put(keyspace, elapsedNanos());
        return true;
      }
      return false;
    }

    /** Gives what has not come true yet the rest of its bound. */
    private void settle() throws InterruptedException {
      long deadline = Math.max(healedNanos, elapsedNanos()) + RunClaims.RECOVERED_MAX.toNanos();
      for (Lane lane : lanes) {
        while (!unrecovered(lane).isEmpty() && elapsedNanos() < deadline) {
          Set<String> waitingFor = unrecovered(lane);
          lane.workers().stream()
              .filter(worker -> waitingFor.contains(worker.nodeId()))
              .forEach(worker -> worker.attempt(Phase.AFTER, RunPlan.ATTEMPT_TIMEOUT));
          driver.drain();
          pace.sleep(POLL_PAUSE_NANOS);
        }
      }
    }

    /** Hears what became of writes that were not answered in time. */
    private void listen() throws InterruptedException {
      long deadline = elapsedNanos() + WorkloadClient.LINGER.toNanos();
      while (elapsedNanos() < deadline
          && lanes.stream()
              .flatMap(lane -> lane.workers().stream())
              .anyMatch(worker -> worker.listening() > 0)) {
        pace.sleep(POLL_PAUSE_NANOS);
      }
    }

    private Set<String> unrecovered(Lane lane) {
      Set<String> seats = new LinkedHashSet<>();
      lane.workers().forEach(worker -> seats.add(worker.nodeId()));
      seats.retainAll(present());
      seats.removeAll(
          SplitMeasures.firstOkByNode(lane.recorder().history().operations(), healedNanos)
              .keySet());
      return seats;
    }

    private ReplicaContents finalContents(Lane lane) throws InterruptedException {
      long deadline = elapsedNanos() + RunClaims.CONVERGED_MAX.toNanos();
      List<String> keys = lane.workload().keys();
      ReplicaContents contents = ReplicaContents.read(lookers(lane), keys, POLL_TIMEOUT, pace);
      while (!contents.agree() && elapsedNanos() < deadline) {
        pace.sleep(POLL_PAUSE_NANOS);
        contents = ReplicaContents.read(lookers(lane), keys, POLL_TIMEOUT, pace);
      }
      if (contents.agree()) {
        convergedNanos.putIfAbsent(lane.plan().keyspace(), elapsedNanos());
      }
      return contents;
    }

    private ScenarioEvidence evidence() throws InterruptedException {
      long endNanos = elapsedNanos();
      ReachTimeline reach = new ReachTimeline(nodes, crew.linkChanges(), crew.faults(), endNanos);
      List<Supplier<ScenarioEvidence.KeyspaceEvidence>> seen = new ArrayList<>();
      for (Lane lane : lanes) {
        ReplicaContents contents = finalContents(lane);
        List<ScenarioClients.Discarded> discarded = discarded(lane.plan());
        Long converged = convergedNanos.get(lane.plan().keyspace());
        seen.add(
            () ->
                new ScenarioEvidence.KeyspaceEvidence(
                    lane.plan(), completed(lane, contents, reach), contents, discarded, converged));
      }
      return new ScenarioEvidence(
          plan,
          substrate.name(),
          nodes,
          crew.faults(),
          faults.leftOut(),
          crew.linkChanges(),
          watch.samples(),
          reach,
          firstFaultNanos,
          lastEndNanos,
          healedNanos,
          endNanos,
          healProblem,
          List.copyOf(crew.gone()),
          SideBySide.all(seen));
    }

    private List<ScenarioClients.Discarded> discarded(KeyspacePlan keyspace) {
      return keyspace.mode() == Mode.AP
          ? substrate.clients().discarded(keyspace.keyspace())
          : List.of();
    }

    private History completed(Lane lane, ReplicaContents contents, ReachTimeline reach) {
      Map<Long, Reply> late = new HashMap<>();
      lane.workers().forEach(worker -> late.putAll(worker.lateReplies()));
      Map<String, List<StoredValue>> held = new LinkedHashMap<>();
      for (Map<String, List<StoredValue>> byKey : contents.valuesByNode().values()) {
        byKey.forEach(
            (key, values) -> held.computeIfAbsent(key, unused -> new ArrayList<>()).addAll(values));
      }
      return HistoryCompletion.completed(
          lane.recorder().events(), late, held, (node, nanos) -> reach.sideAt(node, nanos));
    }
  }
}
