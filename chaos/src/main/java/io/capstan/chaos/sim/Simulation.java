package io.capstan.chaos.sim;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryRecorder;
import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.check.linear.LinearizabilityChecker;
import io.capstan.chaos.check.linear.LinearizabilityReport;
import io.capstan.chaos.check.linear.Models;
import io.capstan.node.raft.Entry;
import io.capstan.node.raft.Role;
import io.capstan.node.replica.Effect;
import io.capstan.node.replica.Input;
import io.capstan.node.replica.Replica;
import io.capstan.node.storage.Table;
import io.capstan.proto.peer.v1.PeerMessage;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.StoredValue;
import io.capstan.proto.v1.CreateKeyspaceRequest;
import io.capstan.proto.v1.CreateKeyspaceResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.jspecify.annotations.Nullable;

/**
 * One run: a cluster with a CP and an AP keyspace comes up, serves clients while faults hit it, is
 * healed, and must then be live and equal, with nothing promised broken.
 *
 * <p>Not thread-safe, used once; runs of different seeds share nothing.
 */
public final class Simulation {

  private static final long MILLI = 1_000_000L;
  private static final long START_MILLIS_MAX = 20_000;
  private static final Duration CHECK_TIME_MAX = Duration.ofSeconds(30);

  private final long seed;
  private final SimulationSettings settings;
  private final RandomGenerator random;
  private final EventQueue events = new EventQueue();
  private final SimulatedNetwork network;
  private final List<String> members = new ArrayList<>();
  private final List<SimulatedNode> nodes = new ArrayList<>();
  private final CpInvariants cpInvariants;
  private final List<SimulatedClient> clients = new ArrayList<>();
  private @Nullable ApOracle oracle;
  private long traceHash = 1;

  /** Prepares the run of a seed. */
  public Simulation(long seed, SimulationSettings settings) {
    this.seed = seed;
    this.settings = settings;
    this.random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    this.cpInvariants = new CpInvariants(settings.nodes());
    this.network = new SimulatedNetwork(events, random, settings.nodes(), this::arrived);
    for (int i = 1; i <= settings.nodes(); i++) {
      members.add("n" + i);
    }
    for (int i = 0; i < settings.nodes(); i++) {
      int node = i;
      SimulatedDisk disk =
          new SimulatedDisk((table, key, after) -> rowChanged(node, table, key, after));
      nodes.add(new SimulatedNode(i, members, events, random, disk, new NodeWorld()));
    }
  }

  /**
   * Runs it to its end.
   *
   * @throws SimulationFailure with the seed and the virtual time, where a claim is broken
   */
  public SimulationResult run() {
    try {
      return runPhases();
    } catch (SimulationFailure failure) {
      throw located(failure);
    } catch (RuntimeException violation) {
      throw located(violation);
    }
  }

  private SimulationFailure located(RuntimeException cause) {
    SimulationFailure located =
        new SimulationFailure(
            "seed " + seed + " at " + events.nowNanos() / MILLI + " ms: " + cause);
    located.initCause(cause);
    return located;
  }

  private SimulationResult runPhases() {
    nodes.forEach(SimulatedNode::start);
    long feed = createFeed();
    ApOracle watching = new ApOracle(feed);
    oracle = watching;
    HistoryRecorder history = new HistoryRecorder(events::nowNanos);
    for (int i = 0; i < settings.clients(); i++) {
      SimulatedClient client =
          new SimulatedClient(
              i, settings.clients(), events, random, nodes, history, watching, settings.keys());
      clients.add(client);
      client.start();
    }
    long crashes = 0;
    if (settings.faults()) {
      FaultInjector faults =
          new FaultInjector(events, random, network, nodes, cpInvariants::restarted);
      faults.start();
      runFor(settings.faultyMillis());
      faults.end();
      crashes = faults.crashes();
    } else {
      runFor(settings.faultyMillis());
    }
    clients.forEach(SimulatedClient::stop);
    runUntil("every client got its last answer", settings.healthyMillisMax(), this::clientsIdle);
    runUntil(
        "all nodes are up, agree on a leader and have applied the same",
        settings.healthyMillisMax(),
        this::isLive);
    runUntil(
        "all replicas of the AP keyspace are equal without anybody reading",
        settings.healthyMillisMax(),
        () -> apEqual(feed));
    checkFinalState(watching, feed);
    checkLinearizable(history.history());
    return result(crashes);
  }

  private long createFeed() {
    long[] id = {0};
    CreateKeyspaceRequest request =
        CreateKeyspaceRequest.newBuilder()
            .setName(SimulatedClient.AP_KEYSPACE)
            .setMode(Mode.MODE_AP)
            .build();
    boolean[] asked = {false};
    runUntil(
        "a leader is elected and the first keyspaces exist",
        START_MILLIS_MAX,
        () -> {
          if (!asked[0] && isLive() && nodes.get(0).disk().keyspaces().length > 0) {
            asked[0] = true;
            nodes
                .get(0)
                .call(request, START_MILLIS_MAX * MILLI, answer -> id[0] = createdId(answer));
          }
          return id[0] != 0;
        });
    return id[0];
  }

  private static long createdId(Message answer) {
    if (answer instanceof CreateKeyspaceResponse created) {
      return created.getKeyspace().getId();
    }
    throw new SimulationFailure("the AP keyspace was not created: " + answer);
  }

  // ---- time ----

  private interface Condition {
    boolean holds();
  }

  private void runFor(long millis) {
    long until = events.nowNanos() + millis * MILLI;
    while (events.runNext(until)) {
      // Each event happens inside runNext.
    }
  }

  private void runUntil(String goal, long millisMax, Condition condition) {
    long until = events.nowNanos() + millisMax * MILLI;
    while (!condition.holds()) {
      if (events.nowNanos() >= until) {
        throw new SimulationFailure("not within " + millisMax + " virtual ms: " + goal);
      }
      runFor(20);
    }
  }

  // ---- what the nodes do ----

  private final class NodeWorld implements SimulatedNode.World {
    @Override
    public void send(int from, String to, Effect.Send send) {
      network.send(from, members.indexOf(to), send.message());
    }

    @Override
    public void flushed(int node, Replica replica) {
      List<Entry> log = nodes.get(node).disk().entries();
      cpInvariants.flushed(node, replica, log);
      mix(node);
      mix(replica.appliedIndex());
      mix(events.nowNanos());
    }
  }

  private void arrived(int from, int to, PeerMessage message) {
    mix(message.getSerializedSize());
    ApOracle watching = oracle;
    if (watching != null && message.hasQuorum() && nodes.get(to).isUp()) {
      watching.received(to, message.getQuorum());
    }
    nodes.get(to).deliver(new Input.FromPeer(members.get(from), message));
  }

  private void rowChanged(int node, Table table, byte[] key, byte @Nullable [] after) {
    mix(Arrays.hashCode(key));
    mix(Arrays.hashCode(after));
    ApOracle watching = oracle;
    if (watching != null) {
      watching.changed(node, table, key, after);
    }
  }

  private void mix(long value) {
    traceHash = (traceHash ^ value) * 0x9E3779B97F4A7C15L;
    traceHash ^= traceHash >>> 32;
  }

  // ---- conditions ----

  private boolean clientsIdle() {
    return clients.stream().allMatch(SimulatedClient::idle);
  }

  private boolean isLive() {
    long applied = -1;
    int leaders = 0;
    for (SimulatedNode node : nodes) {
      Replica replica = node.replica();
      if (replica == null) {
        return false;
      }
      if (replica.raftStatus().role() == Role.LEADER) {
        leaders++;
      }
      if (applied >= 0 && applied != replica.appliedIndex()) {
        return false;
      }
      applied = replica.appliedIndex();
    }
    return leaders == 1 && applied > 0;
  }

  private boolean apEqual(long feed) {
    Map<ByteString, StoredValue> first = apState(0, feed);
    for (int i = 1; i < nodes.size(); i++) {
      if (!siblingsEqual(first, apState(i, feed))) {
        return false;
      }
    }
    return true;
  }

  private static boolean siblingsEqual(
      Map<ByteString, StoredValue> first, Map<ByteString, StoredValue> second) {
    if (!first.keySet().equals(second.keySet())) {
      return false;
    }
    return first.entrySet().stream()
        .allMatch(
            row -> {
              StoredValue other = second.get(row.getKey());
              return other != null
                  && row.getValue().getSiblingsList().equals(other.getSiblingsList());
            });
  }

  private Map<ByteString, StoredValue> apState(int node, long feed) {
    Map<ByteString, StoredValue> state =
        new TreeMap<>(ByteString.unsignedLexicographicalComparator());
    nodes
        .get(node)
        .disk()
        .rows(Table.data(feed))
        .forEach((key, value) -> state.put(ByteString.copyFrom(key), ApOracle.parse(value)));
    return state;
  }

  // ---- the end ----

  private void checkFinalState(ApOracle watching, long feed) {
    Map<ByteString, StoredValue> state = apState(0, feed);
    watching.nothingLost(state);
    watching.nothingResurrected(state);
    List<List<Entry>> logs = new ArrayList<>();
    nodes.forEach(node -> logs.add(node.disk().entries()));
    CpInvariants.logMatching(logs);
    long defaultKeyspace = nodes.get(0).disk().keyspaces()[0];
    for (int i = 1; i < nodes.size(); i++) {
      if (!cpState(0, defaultKeyspace).equals(cpState(i, defaultKeyspace))) {
        throw new SimulationFailure("the CP data of nodes 0 and " + i + " differ");
      }
    }
  }

  private Map<ByteString, ByteString> cpState(int node, long keyspaceId) {
    Map<ByteString, ByteString> state =
        new TreeMap<>(ByteString.unsignedLexicographicalComparator());
    nodes
        .get(node)
        .disk()
        .rows(Table.data(keyspaceId))
        .forEach((key, value) -> state.put(ByteString.copyFrom(key), ByteString.copyFrom(value)));
    return state;
  }

  private static void checkLinearizable(History history) {
    LinearizabilityReport report =
        new LinearizabilityChecker(1, true)
            .check(
                history,
                Models.named("cas-register", null).orElseThrow(),
                Budget.of(CHECK_TIME_MAX));
    if (report.verdict().status() != Verdict.Status.VALID) {
      throw new SimulationFailure("the CP history is not linearizable: " + report.verdict().why());
    }
  }

  private SimulationResult result(long crashes) {
    long operations = clients.stream().mapToLong(SimulatedClient::operations).sum();
    long ok = clients.stream().mapToLong(SimulatedClient::ok).sum();
    return new SimulationResult(
        seed,
        events.happened(),
        events.nowNanos() / MILLI,
        operations,
        ok,
        cpInvariants.elections(),
        crashes,
        network.cuts(),
        network.lost(),
        traceHash);
  }
}
