package io.capstan.chaos.sim;

import com.google.protobuf.Message;
import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryRecorder;
import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.check.linear.LinearizabilityChecker;
import io.capstan.chaos.check.linear.LinearizabilityReport;
import io.capstan.chaos.check.linear.Models;
import io.capstan.node.raft.Configuration;
import io.capstan.node.raft.Entry;
import io.capstan.node.raft.Role;
import io.capstan.node.raft.SnapshotPosition;
import io.capstan.node.replica.Input;
import io.capstan.node.replica.Replica;
import io.capstan.node.storage.Table;
import io.capstan.proto.peer.v1.PeerMessage;
import io.capstan.proto.store.v1.ConflictPolicy;
import io.capstan.proto.store.v1.DiscardedWrite;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.v1.CreateKeyspaceRequest;
import io.capstan.proto.v1.CreateKeyspaceResponse;
import io.capstan.proto.v1.SetModeRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One run of a schedule: a cluster comes up, serves clients while faults hit it, is healed, and
 * must then be live and equal, with nothing promised broken.
 *
 * <p>Not thread-safe, used once; runs share nothing.
 */
public final class Simulation {
  private static final long MILLI = 1_000_000L;
  private static final long START_MILLIS_MAX = 20_000;
  private static final long LOOK_MILLIS = 20;
  private static final long RUN_EVENTS_MAX = 20_000_000;
  private static final Duration CHECK_TIME_MAX = Duration.ofSeconds(30);

  // Uses of the seed; each stream of randomness has its own.
  private static final long USE_NETWORK = 2;
  private static final long USE_FLIPS = 3;
  private static final long USE_PHASE_TROUBLE = 4;
  private static final long USE_OPERATOR = 6;
  private static final long USE_SESSIONS = 7;
  private static final long USE_NODES = 100;

  // One seed of so many forgets sessions soon; with clocks that jump, within a run.
  private static final int FORGETFUL_SEEDS = 4;
  private static final long SESSION_TTL_MILLIS = 2_000;
  private static final long LONG_SESSION_TTL_MILLIS = 86_400_000;

  private final Schedule schedule;
  private final @Nullable Timeline timeline;
  private final EventQueue events = new EventQueue();
  private final Coverage coverage = new Coverage();
  private final SimulatedNetwork network;
  private final List<String> machines = new ArrayList<>();
  private final List<SimulatedNode> nodes = new ArrayList<>();
  private final RaftInvariants raftInvariants;
  private final AppliedOnce appliedOnce = new AppliedOnce();
  private final ExpiredSessions sessions = new ExpiredSessions(coverage);
  private final FinalState finalState = new FinalState(this::memberNodes);
  private final SimulatedOperator operator;
  private final List<ApOracle> oracles = new ArrayList<>();
  private @Nullable TypeOracle apTypes;
  private @Nullable TypeOracle cpTypes;
  private @Nullable FlipOracle flips;
  private long clientsStartMillis = -1;
  private long traceHash = 1;
  private final FaultScript faults;
  private final PhaseTrouble phaseTrouble;

  /** Prepares the run of a schedule. */
  public Simulation(Schedule schedule) {
    this(schedule, null);
  }

  /**
   * Prepares the run of a schedule that tells what happens.
   *
   * @param timeline null where nobody wants to know
   */
  public Simulation(Schedule schedule, @Nullable Timeline timeline) {
    this.schedule = schedule;
    this.timeline = timeline;
    this.network =
        new SimulatedNetwork(
            events, stream(USE_NETWORK), schedule.machines(), coverage, this::arrived);
    for (int i = 1; i <= schedule.machines(); i++) {
      machines.add("n" + i);
    }
    List<String> founders = List.copyOf(machines.subList(0, schedule.nodes()));
    long sessionTtlMillis =
        Math.floorMod(ScheduleGenerator.mixed(schedule.seed(), USE_SESSIONS), FORGETFUL_SEEDS) == 0
            ? SESSION_TTL_MILLIS
            : LONG_SESSION_TTL_MILLIS;
    this.raftInvariants = new RaftInvariants(machines, nodes, coverage);
    for (int i = 0; i < schedule.machines(); i++) {
      nodes.add(
          new SimulatedNode(
              i,
              founders,
              events,
              stream(USE_NODES + i),
              schedule.loopDelayMicros() * 1_000,
              schedule.leaseReads(),
              sessionTtlMillis,
              coverage,
              new NodeWorld(i)));
    }
    this.operator =
        new SimulatedOperator(events, nodes, stream(USE_OPERATOR), coverage, new OperatorWorld());
    this.faults = new FaultScript(events, network, nodes, operator, coverage, this::announced);
    this.phaseTrouble =
        new PhaseTrouble(schedule, events, nodes, stream(USE_PHASE_TROUBLE), faults::beginNow);
  }

  private SplittableRandom stream(long use) {
    return new SplittableRandom(ScheduleGenerator.mixed(schedule.seed(), use));
  }

  /**
   * Runs it to its end.
   *
   * @throws SimulationFailure with the claim that is broken and the virtual time
   */
  public SimulationResult run() {
    try {
      runPhases();
    } catch (SimulationFailure failure) {
      throw located(failure.claim(), failure.getMessage(), failure);
    } catch (RuntimeException violation) {
      throw located(violation.getClass().getSimpleName(), violation.getMessage(), violation);
    } finally {
      coverage.add(Coverage.Counter.EVENTS, events.happened());
      coverage.add(Coverage.Counter.VIRTUAL_MILLIS, events.nowNanos() / MILLI);
    }
    return new SimulationResult(coverage, events.nowNanos() / MILLI, traceHash);
  }

  /** What the run has gone through so far; complete once {@link #run} has ended, however it did. */
  public Coverage coverage() {
    return coverage;
  }

  /** Virtual time at which the clients started, from which a schedule counts; -1 before. */
  public long clientsStartMillis() {
    return clientsStartMillis;
  }

  private SimulationFailure located(String claim, @Nullable String message, Exception cause) {
    long atMillis = events.nowNanos() / MILLI;
    say("claim", claim + " is broken: " + message);
    return new SimulationFailure(claim, claim + ": " + message, atMillis, cause);
  }

  private void runPhases() {
    nodes.stream().filter(SimulatedNode::isFounder).forEach(SimulatedNode::start);
    makeKeyspaces();
    HistoryRecorder history = new HistoryRecorder(events::nowNanos);
    SimulatedClients clients = startClients(history);
    phaseTrouble.start(schedule.faultyMillis());
    faults.plan(schedule.faults(), schedule.faultyMillis());
    runFor(schedule.faultyMillis());
    faults.end();
    say("fault", "no more of them: the cluster is healed");
    clients.stop();
    long millisMax = schedule.healthyMillisMax();
    runUntil("every client got its last answer", millisMax, clients::idle);
    runUntil("the change of members that was begun is done", millisMax, operator::isIdle);
    runUntil(
        "all nodes are up, agree on a leader and have applied the same", millisMax, this::isLive);
    for (SimulatedNode node : memberNodes()) {
      runUntil(
          "a write through " + node.id() + " is confirmed",
          millisMax,
          new ProgressProbe(events, node)::isConfirmed);
    }
    runUntil("all nodes have applied what was written since", millisMax, this::isLive);
    finalState.checkEqual();
    for (ApOracle oracle : oracles) {
      checkAp(oracle);
    }
    checkTypes(apTypes);
    checkTypes(cpTypes);
    if (schedule.mode() == SimulationMode.SWITCH) {
      checkSwitches(clients.all());
    }
    if (schedule.mode().hasCp() || schedule.mode() == SimulationMode.SWITCH) {
      checkLinearizable(history.history());
    }
  }

  private void announced(SimulatedFault fault, boolean begins) {
    if (timeline != null) {
      say("fault", (begins ? "begins: " : "ends: ") + fault.describe());
    }
    FlipOracle watching = flips;
    if (watching != null && fault.kind().cuts()) {
      watching.invariants().cut(begins);
    }
  }

  private void checkAp(ApOracle oracle) {
    long keyspace = oracle.keyspaceId();
    runUntil(
        "all replicas of the AP keyspace "
            + oracle.keyspace()
            + " are equal without anybody reading",
        schedule.healthyMillisMax(),
        () -> finalState.apEqual(keyspace));
    runUntil(
        "all replicas of the AP keyspace " + oracle.keyspace() + " have the same root",
        schedule.healthyMillisMax(),
        () -> finalState.rootsEqual(keyspace));
    finalState.checkRoots(keyspace);
    List<DiscardedWrite> discarded = FinalState.discarded(nodes, keyspace);
    coverage.add(
        Coverage.Counter.DISCARDED,
        discarded.stream().map(DiscardedWrite::getDot).distinct().count());
    coverage.add(Coverage.Counter.LOST_WITH_DISKS, oracle.lostWithDisks());
    coverage.add(Coverage.Counter.DECLARED_LOST, finalState.declaredLost(keyspace));
    oracle.nothingLost(finalState.ap(0, keyspace), discarded);
    oracle.nothingResurrected(finalState.ap(0, keyspace));
    oracle.nothingRepeated(finalState.ap(0, keyspace), finalState.replacedOperations(0, keyspace));
    oracle.latestWon(finalState.ap(0, keyspace));
  }

  private void checkTypes(@Nullable TypeOracle types) {
    if (types == null) {
      return;
    }
    TypeCheck check = new TypeCheck(memberNodes(), types);
    runUntil(
        "all replicas of the counters and sets of " + types.keyspace() + " are equal",
        schedule.healthyMillisMax(),
        check::areEqual);
    check.ask();
    runUntil(
        "every node tells its counters and sets", schedule.healthyMillisMax(), check::isAnswered);
    coverage.add(Coverage.Counter.LOST_WITH_DISKS, types.lostWithDisks());
  }

  private SimulatedClients startClients(HistoryRecorder history) {
    clientsStartMillis = events.nowNanos() / MILLI;
    SimulatedClient.World world =
        new SimulatedClient.World(
            events,
            nodes,
            history,
            oracle(SimulatedClient.AP_KEYSPACE),
            oracle(SimulatedClient.LWW_KEYSPACE),
            apTypes,
            cpTypes,
            flips,
            coverage,
            timeline);
    SimulatedClients clients = new SimulatedClients(schedule, world);
    clients.start();
    return clients;
  }

  private @Nullable ApOracle oracle(String keyspace) {
    return oracles.stream().filter(o -> o.keyspace().equals(keyspace)).findFirst().orElse(null);
  }

  private void makeKeyspaces() {
    runUntil(
        "a leader is elected and the first keyspace exists",
        START_MILLIS_MAX,
        () -> isLive() && nodes.get(0).disk().keyspaces().length > 0);
    long first = nodes.get(0).disk().keyspaces()[0];
    appliedOnce.watch(first);
    if (schedule.operations().stream().anyMatch(o -> o.type().isTyped() && o.type().isCp())) {
      cpTypes = new TypeOracle(SimulatedClient.CP_KEYSPACE, first, true);
    }
    if (schedule.mode() == SimulationMode.SWITCH) {
      makeFlipKeyspace();
    }
    if (!schedule.mode().hasAp()) {
      return;
    }
    boolean anyLww = schedule.operations().stream().anyMatch(o -> o.type().isLww());
    boolean onlyLww =
        anyLww && schedule.operations().stream().allMatch(o -> o.type().isLww() || o.type().isCp());
    if (!onlyLww) {
      makeApKeyspace(SimulatedClient.AP_KEYSPACE, false);
    }
    if (anyLww) {
      makeApKeyspace(SimulatedClient.LWW_KEYSPACE, true);
    }
  }

  private void makeApKeyspace(String name, boolean latestWins) {
    long[] id = {0};
    CreateKeyspaceRequest request =
        CreateKeyspaceRequest.newBuilder()
            .setName(name)
            .setMode(Mode.MODE_AP)
            .setConflicts(
                latestWins
                    ? ConflictPolicy.CONFLICT_POLICY_LWW
                    : ConflictPolicy.CONFLICT_POLICY_SIBLINGS)
            .build();
    nodes.get(0).call(request, START_MILLIS_MAX * MILLI, answer -> id[0] = createdId(answer));
    runUntil("the AP keyspace " + name + " exists", START_MILLIS_MAX, () -> id[0] != 0);
    oracles.add(new ApOracle(name, id[0], latestWins));
    if (!latestWins && schedule.operations().stream().anyMatch(o -> o.type().isTyped())) {
      apTypes = new TypeOracle(name, id[0], false);
    }
  }

  private void makeFlipKeyspace() {
    long[] id = {0};
    SplittableRandom random = stream(USE_FLIPS);
    CreateKeyspaceRequest request =
        CreateKeyspaceRequest.newBuilder()
            .setName(SimulatedClient.FLIP_KEYSPACE)
            .setMode(random.nextInt(3) == 0 ? Mode.MODE_CP : Mode.MODE_AP)
            .setMinWrites(random.nextBoolean() ? Level.LEVEL_ONE : Level.LEVEL_QUORUM)
            .build();
    nodes.get(0).call(request, START_MILLIS_MAX * MILLI, answer -> id[0] = createdId(answer));
    runUntil("the keyspace that changes sides exists", START_MILLIS_MAX, () -> id[0] != 0);
    flips = new FlipOracle(id[0], nodes, events, coverage, request.getMinWrites());
  }

  /** Healed, the keyspace must come to CP and back, with all that was ever confirmed. */
  private void checkSwitches(List<SimulatedClient> clients) {
    FlipOracle oracle = flips;
    if (oracle == null) {
      return;
    }
    long millisMax = schedule.healthyMillisMax();
    List<SimulatedNode> members = memberNodes();
    coverage.add(Coverage.Counter.LOST_WITH_DISKS, oracle.lostWithDisks());
    for (Mode target : List.of(Mode.MODE_CP, Mode.MODE_AP)) {
      long[] askedNanos = {0};
      runUntil(
          "the keyspace changes to " + target + " on all nodes once it is asked to",
          millisMax,
          () -> {
            if (oracle.isAllAt(target, members)) {
              return true;
            }
            if (events.nowNanos() - askedNanos[0] > 1_000 * MILLI) {
              askedNanos[0] = events.nowNanos();
              members
                  .get(0)
                  .call(
                      SetModeRequest.newBuilder()
                          .setName(SimulatedClient.FLIP_KEYSPACE)
                          .setMode(target)
                          .build(),
                      500 * MILLI,
                      answer -> {});
            }
            return false;
          });
      runUntil("all replicas hold the same", millisMax, () -> oracle.isEqual(members));
      oracle.checkNothingLost(members.get(0));
      checkSessions(target, clients, members);
    }
  }

  /** Whatever a session saw, in whichever epoch: any node answers it. Every other one slept. */
  private void checkSessions(
      Mode mode, List<SimulatedClient> clients, List<SimulatedNode> members) {
    SessionProbe probe = new SessionProbe(events, members, mode);
    for (SimulatedClient client : clients) {
      FlipSession session = client.flipSession();
      if (session != null && (mode == Mode.MODE_AP || client.number() % 2 == 0)) {
        probe.add(session);
      }
    }
    runUntil(
        "every session is answered in " + mode + ", whatever it saw",
        schedule.healthyMillisMax(),
        probe::isAnswered);
  }

  private static long createdId(Message answer) {
    if (answer instanceof CreateKeyspaceResponse created) {
      return created.getKeyspace().getId();
    }
    throw new SimulationFailure("a keyspace is created while nothing is wrong", "got " + answer);
  }

  // ---- time ----

  private interface Condition {
    boolean holds();
  }

  private void runFor(long millis) {
    long until = events.nowNanos() + millis * MILLI;
    while (events.runNext(until)) {
      if (events.happened() > RUN_EVENTS_MAX) {
        throw new SimulationFailure("a run comes to an end", RUN_EVENTS_MAX + " events");
      }
    }
  }

  private void runUntil(String goal, long millisMax, Condition condition) {
    long until = events.nowNanos() + millisMax * MILLI;
    while (!condition.holds()) {
      if (events.nowNanos() >= until) {
        throw new SimulationFailure(
            "live in time", "not within " + millisMax + " virtual ms: " + goal);
      }
      runFor(LOOK_MILLIS);
    }
  }

  // ---- what the operator does ----

  private final class OperatorWorld implements SimulatedOperator.World {
    @Override
    public void told(String what) {
      say("operator", what);
    }

    @Override
    public void givesUp(SimulatedNode node) {
      coverage.count(Coverage.Counter.LOSSES_ACCEPTED);
      oracles.forEach(watching -> watching.givesUp(nodes.indexOf(node)));
      TypeOracle types = apTypes;
      if (types != null) {
        types.givesUp(nodes.indexOf(node));
      }
      FlipOracle flipping = flips;
      if (flipping != null) {
        flipping.givesUp(nodes.indexOf(node));
      }
    }

    @Override
    public void left(SimulatedNode node, Set<String> members) {
      Map<Integer, SimulatedNode> staying = new TreeMap<>();
      for (int number = 0; number < nodes.size(); number++) {
        if (members.contains(nodes.get(number).id())) {
          staying.put(number, nodes.get(number));
        }
      }
      int left = nodes.indexOf(node);
      oracles.forEach(each -> each.left(left, new Heirs(each.keyspaceId(), staying)));
      TypeOracle types = apTypes;
      if (types != null) {
        types.left(left, new Heirs(types.keyspaceId(), staying));
      }
      FlipOracle flipping = flips;
      if (flipping != null) {
        flipping.left(left, new Heirs(flipping.keyspaceId(), staying));
      }
    }
  }

  // ---- what the nodes do ----

  private final class NodeWorld implements SimulatedNode.World {
    private final int node;
    private Role role = Role.FOLLOWER;

    NodeWorld(int node) {
      this.node = node;
    }

    @Override
    public void send(Speaker from, String to, PeerMessage message) {
      if (message.hasRaft()) {
        raftInvariants.sent(node, to, message.getRaft());
      }
      FlipOracle watching = flips;
      if (watching != null) {
        watching.invariants().sent(node, message);
      }
      network.send(from, machineNumber(to), message);
    }

    @Override
    public void flushed(Replica replica) {
      raftInvariants.flushed(node, replica);
      FlipOracle watching = flips;
      if (watching != null) {
        watching.invariants().turned(node);
      }
      mix(events.nowNanos() + node);
      mix(replica.appliedIndex());
      if (timeline != null && replica.role() != role) {
        role = replica.role();
        say(machines.get(node), "is " + role + " in term " + replica.term());
      }
    }

    @Override
    public void started(Replica replica) {
      raftInvariants.started(node, replica);
      FlipOracle watching = flips;
      if (watching != null) {
        watching.invariants().started(node);
      }
      role = Role.FOLLOWER;
      if (timeline != null) {
        say(
            machines.get(node),
            "starts in term " + replica.term() + " with applied " + replica.appliedIndex());
      }
    }

    @Override
    public void startsAnew() {
      for (ApOracle watching : oracles) {
        watching.startsAnew(node, nodes.get(node).disk().rows(Table.ledger(watching.keyspaceId())));
      }
      TypeOracle types = apTypes;
      if (types != null) {
        types.disks().startsAnew(node);
      }
      FlipOracle flipping = flips;
      if (flipping != null) {
        flipping.startsAnew(node);
      }
    }

    @Override
    public void died(String why) {
      mix(~node);
      for (ApOracle watching : oracles) {
        watching.restarts(node, nodes.get(node).disk().rows(Table.clock(watching.keyspaceId())));
      }
      FlipOracle watching = flips;
      if (watching != null) {
        watching.invariants().died(node);
      }
      say(machines.get(node), "dies: " + why);
    }

    @Override
    public void changed(Table table, byte[] key, byte @Nullable [] after) {
      mix(Arrays.hashCode(key));
      mix(Arrays.hashCode(after));
      appliedOnce.changed(node, table, after);
      sessions.changed(table, key, after);
      TypeOracle types = apTypes;
      if (types != null) {
        types.changed(table, key, after);
      }
      for (ApOracle watching : oracles) {
        watching.changed(node, table, key, after);
      }
      FlipOracle watching = flips;
      if (watching != null && watching.invariants().changed(node, table, key, after)) {
        phaseTrouble.phaseBegan(node);
      }
    }

    @Override
    public void compacts(SnapshotPosition position) {
      coverage.count(Coverage.Counter.COMPACTIONS);
      raftInvariants.compacts(node, position);
      if (timeline != null) {
        say(machines.get(node), "drops its log up to " + position.index());
      }
    }

    @Override
    public void installs(SnapshotPosition position) {
      coverage.count(Coverage.Counter.SNAPSHOTS);
      raftInvariants.installs(node, position);
      if (timeline != null) {
        say(machines.get(node), "installs a snapshot that ends with " + position.index());
      }
    }

    @Override
    public void logged(long truncateFrom, List<Entry> entries) {
      raftInvariants.logged(node, truncateFrom, entries);
      if (timeline != null) {
        String cut = truncateFrom > 0 ? "cuts its log from " + truncateFrom + ", " : "";
        say(machines.get(node), cut + "writes entries " + entries);
      }
    }
  }

  /** Machines are n1, n2, ...: at most nine of them. */
  private static int machineNumber(String id) {
    return id.charAt(1) - '1';
  }

  private void arrived(Speaker from, int to, PeerMessage message) {
    SimulatedNode receiver = nodes.get(to);
    if (!receiver.isUp() || !receiver.peers().hears(from, events.nowNanos())) {
      return;
    }
    mix((long) from.number() << 8 | (long) to << 4 | message.getMessageCase().getNumber());
    if (timeline != null) {
      String line = MessageText.of(message);
      if (line != null) {
        say(receiver.id(), "hears from " + from.id() + ": " + line);
      }
    }
    if (message.hasQuorum() && receiver.isUp()) {
      for (ApOracle watching : oracles) {
        watching.received(to, message.getQuorum());
      }
    }
    receiver.deliver(new Input.FromPeer(from.id(), message));
  }

  private void mix(long value) {
    traceHash = (traceHash ^ value) * 0x9E3779B97F4A7C15L;
    traceHash ^= traceHash >>> 32;
  }

  private void say(String who, String what) {
    if (timeline != null) {
      timeline.happened(events.nowNanos(), who, what);
    }
  }

  // ---- conditions ----

  private boolean isLive() {
    Replica leader = leader();
    if (leader == null || leader.appliedIndex() == 0) {
      return false;
    }
    Configuration configuration = leader.configuration();
    if (configuration.isJoint() || !configuration.learners().isEmpty()) {
      return false;
    }
    for (SimulatedNode node : nodes) {
      Replica replica = node.replica();
      if (configuration.isMember(node.id())
          && (replica == null || replica.appliedIndex() != leader.appliedIndex())) {
        return false;
      }
    }
    return true;
  }

  /** The only leader, or null. */
  private @Nullable Replica leader() {
    Replica leader = null;
    for (SimulatedNode node : nodes) {
      Replica replica = node.replica();
      if (replica != null && replica.role() == Role.LEADER) {
        if (leader != null) {
          return null;
        }
        leader = replica;
      }
    }
    return leader;
  }

  /** Those who belong to the cluster by now; it must be live. */
  private List<SimulatedNode> memberNodes() {
    Replica leader = leader();
    if (leader == null) {
      throw new SimulationFailure("a healed cluster keeps its leader", "there is none");
    }
    return nodes.stream().filter(node -> leader.configuration().isMember(node.id())).toList();
  }

  private static void checkLinearizable(History history) {
    LinearizabilityReport report =
        new LinearizabilityChecker(1, true)
            .check(
                history,
                Models.named("cas-register", null).orElseThrow(),
                Budget.of(CHECK_TIME_MAX));
    if (report.verdict().status() != Verdict.Status.VALID) {
      throw new SimulationFailure("linearizable", report.verdict().why());
    }
  }
}
