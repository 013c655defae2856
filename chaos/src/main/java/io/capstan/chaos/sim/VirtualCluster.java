package io.capstan.chaos.sim;

import com.google.protobuf.Message;
import io.capstan.node.raft.Entry;
import io.capstan.node.raft.SnapshotPosition;
import io.capstan.node.replica.Input;
import io.capstan.node.replica.Replica;
import io.capstan.node.storage.Table;
import io.capstan.proto.peer.v1.PeerMessage;
import io.capstan.proto.v1.StatusResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A simulated cluster for whoever brings clients and faults of his own: nodes, network, disks and
 * time, and the invariants of Raft checked at every step. Nothing happens but in {@link #runUntil}.
 *
 * <p>Not thread-safe; two of them share nothing.
 */
public final class VirtualCluster {
  // Uses of the seed; each stream of randomness has its own.
  private static final long USE_NETWORK = 12;
  private static final long USE_NODES = 200;

  /** A disk that is full stays so until it is freed; the fault's own time is for schedules. */
  private static final long FOR_EVER_MILLIS = 1_000_000_000L;

  private static final long SESSION_TTL_MILLIS = 86_400_000;

  private final long seed;
  private final EventQueue events = new EventQueue();
  private final Coverage coverage = new Coverage();
  private final SimulatedNetwork network;
  private final List<String> members = new ArrayList<>();
  private final List<SimulatedNode> nodes = new ArrayList<>();
  private final RaftInvariants invariants;
  private final boolean[][] isCut;
  private final boolean[] isPaused;
  private final long[] skewMillis;

  /**
   * @param seed decides everything that the caller leaves open
   * @param size how many nodes
   */
  public VirtualCluster(long seed, int size) {
    this.seed = seed;
    this.network = new SimulatedNetwork(events, stream(USE_NETWORK), size, coverage, this::arrived);
    for (int i = 1; i <= size; i++) {
      members.add("n" + i);
    }
    this.invariants = new RaftInvariants(members, nodes, coverage);
    this.isCut = new boolean[size][size];
    this.isPaused = new boolean[size];
    this.skewMillis = new long[size];
    for (int i = 0; i < size; i++) {
      nodes.add(
          new SimulatedNode(
              i,
              members,
              events,
              stream(USE_NODES + i),
              0,
              false,
              SESSION_TTL_MILLIS,
              coverage,
              new NodeWorld(i)));
    }
  }

  private SplittableRandom stream(long use) {
    return new SplittableRandom(ScheduleGenerator.mixed(seed, use));
  }

  // ---- time ----

  /** Virtual nanoseconds since the cluster was made. */
  public long nowNanos() {
    return events.nowNanos();
  }

  /** Plans something. */
  public void after(long delayNanos, Runnable action) {
    events.after(delayNanos, action);
  }

  /** Lets the next thing happen that is due by then; returns false where time is there now. */
  public boolean runNext(long untilNanos) {
    return events.runNext(untilNanos);
  }

  /** Lets everything happen that is due by then. */
  public void runUntil(long nanos) {
    while (events.runNext(nanos)) {
      continue;
    }
  }

  // ---- nodes ----

  /** The ids of all nodes, in order. */
  public List<String> members() {
    return List.copyOf(members);
  }

  /** Starts a node that does not run. */
  public void start(int node) {
    nodes.get(node).disarm();
    nodes.get(node).start();
  }

  /** Whether it runs. */
  public boolean isUp(int node) {
    return nodes.get(node).isUp();
  }

  /** kill -9: what was written survives. */
  public void kill(int node) {
    unpause(node);
    nodes.get(node).end(SimulatedNode.Death.KILLED, "killed");
  }

  /** The machine loses power: of what was not synced an arbitrary part is lost. */
  public void losePower(int node) {
    unpause(node);
    nodes.get(node).end(SimulatedNode.Death.POWER_LOST, "power is lost");
  }

  /** The next write of the node finds no room, and the process stops. */
  public void fillDisk(int node) {
    nodes
        .get(node)
        .arm(new SimulatedFault(FaultKind.FULL_DISK, 0, FOR_EVER_MILLIS, List.of(node), 0));
  }

  /** Holds the process still. */
  public void pause(int node) {
    if (!isPaused[node]) {
      isPaused[node] = true;
      nodes.get(node).pause(true);
    }
  }

  /** Lets it go on. */
  public void unpause(int node) {
    if (isPaused[node]) {
      isPaused[node] = false;
      nodes.get(node).pause(false);
    }
  }

  /** Whether it is held still. */
  public boolean isPaused(int node) {
    return isPaused[node];
  }

  /** Sets its wall clock wrong by so much; 0 sets it right. */
  public void skewClock(int node, long millis) {
    nodes.get(node).clock().addWallOffset(millis - skewMillis[node]);
    skewMillis[node] = millis;
  }

  /** What the node says of itself; null where it does not run. */
  public StatusResponse.@Nullable Builder status(int node) {
    Replica replica = nodes.get(node).replica();
    return replica == null ? null : replica.status(nodes.get(node).clock().now());
  }

  // ---- network ----

  /** Cuts a directed link, or opens it. */
  public void setCut(int from, int to, boolean cut) {
    if (isCut[from][to] == cut) {
      return;
    }
    isCut[from][to] = cut;
    if (cut) {
      network.cut(from, to);
    } else {
      network.heal(from, to);
    }
  }

  /** Whether a directed link is cut. */
  public boolean isCut(int from, int to) {
    return isCut[from][to];
  }

  /** Lets a link carry so much later and lose so much. */
  public void setQuality(int from, int to, long delayMillis, int lossPercent) {
    network.degrade(from, to, delayMillis, lossPercent);
  }

  private void arrived(Speaker from, int to, PeerMessage message) {
    SimulatedNode receiver = nodes.get(to);
    if (receiver.isUp() && receiver.peers().hears(from, events.nowNanos())) {
      receiver.deliver(new Input.FromPeer(from.id(), message));
    }
  }

  // ---- clients ----

  /**
   * Hands a request to a node. The answer is a response message or an {@link
   * io.capstan.proto.v1.ErrorDetail}; none comes where the node dies before.
   *
   * @param timeoutNanos how long the node may work on it
   */
  public void call(int node, Message request, long timeoutNanos, Consumer<Message> answered) {
    if (nodes.get(node).isUp()) {
      nodes.get(node).call(request, timeoutNanos, answered::accept);
    }
  }

  private final class NodeWorld implements SimulatedNode.World {
    private final int node;

    NodeWorld(int node) {
      this.node = node;
    }

    @Override
    public void send(Speaker from, String to, PeerMessage message) {
      if (message.hasRaft()) {
        invariants.sent(node, to, message.getRaft());
      }
      network.send(from, members.indexOf(to), message);
    }

    @Override
    public void flushed(Replica replica) {
      invariants.flushed(node, replica);
    }

    @Override
    public void started(Replica replica) {
      invariants.started(node, replica);
    }

    @Override
    public void died(String why) {
      // Whoever ended it knows.
    }

    @Override
    public void changed(Table table, byte[] key, byte @Nullable [] after) {
      // What clients are told is judged from their history.
    }

    @Override
    public void logged(long truncateFrom, List<Entry> entries) {
      invariants.logged(node, truncateFrom, entries);
    }

    @Override
    public void compacts(SnapshotPosition position) {
      invariants.compacts(node, position);
    }

    @Override
    public void installs(SnapshotPosition position) {
      invariants.installs(node, position);
    }
  }
}
