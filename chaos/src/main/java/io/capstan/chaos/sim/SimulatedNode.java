package io.capstan.chaos.sim;

import com.google.protobuf.Message;
import io.capstan.node.replica.Effect;
import io.capstan.node.replica.Flush;
import io.capstan.node.replica.Input;
import io.capstan.node.replica.Moment;
import io.capstan.node.replica.Replica;
import io.capstan.node.replica.ReplicaConfig;
import io.capstan.node.replica.SnapshotConfig;
import io.capstan.node.replica.SnapshotEffect;
import io.capstan.node.replica.SnapshotInput;
import io.capstan.node.storage.WriteBatch;
import io.capstan.proto.peer.v1.PeerMessage;
import io.capstan.proto.v1.ErrorDetail;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** One process: the event loop and the sync thread around a replica, in virtual time. */
final class SimulatedNode {
  private static final long MILLI = 1_000_000L;
  private static final long TICK_LATE_NANOS_MAX = 5 * MILLI;
  private static final long FSYNC_LEAST_NANOS = MILLI / 10;
  private static final long FSYNC_NANOS_MAX = MILLI;
  private static final long INCARNATION_FIRST = 1_000;

  /** Short logs and small chunks: a follower that is away for a second needs a snapshot. */
  private static final SnapshotConfig SNAPSHOTS =
      new SnapshotConfig(40, 1L << 20, 10, 512, 4, 1L << 20, 200, 5, 2_000);

  private static final double SNAPSHOT_STEP_NANOS_MAX = 5 * MILLI;

  /** Takes the answer to a call: a response message or an {@link ErrorDetail}. */
  interface Answered {
    void answer(Message answer);
  }

  /** What the rest of the simulation is told. */
  interface World extends SimulatedDisk.Observer {
    void send(Speaker from, String to, PeerMessage message);

    void flushed(Replica replica);

    void started(Replica replica);

    /** It is about to begin with an empty disk. */
    default void startsAnew() {}

    void died(String why);
  }

  /** A moment between two effects, where a process may die. */
  enum Boundary {
    BEFORE_WRITE(Coverage.Counter.CRASHES_BEFORE_WRITE),
    AFTER_WRITE(Coverage.Counter.CRASHES_AFTER_WRITE),
    BETWEEN_EFFECTS(Coverage.Counter.CRASHES_BETWEEN_EFFECTS),
    AROUND_SYNC(Coverage.Counter.CRASHES_AROUND_SYNC);

    private final Coverage.Counter counter;

    Boundary(Coverage.Counter counter) {
      this.counter = counter;
    }
  }

  /** How the process ends, and what of its unsynced writes the next one finds. */
  enum Death {
    /** Everything: the operating system still has it. */
    KILLED,
    /** An arbitrary number of the first ones. */
    POWER_LOST
  }

  /** Thrown through the replica, which is not used again. */
  private static final class Died extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final Died HERE = new Died();

    private Died() {
      super("the process is dead", null, false, false);
    }
  }

  private final int number;
  private final boolean founder;
  private final long sessionTtlMillis;
  private final String id;
  private List<String> members;
  private List<String> joins = List.of();
  private final EventQueue events;
  private final SplittableRandom random;
  private final long loopDelayNanos;
  private final ReplicaConfig.LeaseReads leaseReads;
  private final Coverage coverage;
  private SimulatedDisk disk;
  private final NodeClock clock;
  private final World world;
  private final ArrayDeque<Input> inbox = new ArrayDeque<>();
  private final Map<Long, Answered> calls = new HashMap<>();

  private @Nullable Replica replica;
  private int paused;
  private boolean loopPlanned;
  private boolean loopRunning;
  private boolean syncing;
  // The newest write that the replica waits for.
  private long awaitedWrite;
  private long tickPlannedNanos = Long.MAX_VALUE;
  // When the node looks at its clock next: at the planned tick, or before.
  private long wakeNanos = Long.MAX_VALUE;
  private long run;
  private long lastCall;
  private long snapshotsBusyNanos;
  private SimulatedPeers peers;
  private int lives;

  private final List<SimulatedFault> armed = new ArrayList<>();
  private long boundariesLeft;
  private long fsyncExtraMillis;

  SimulatedNode(
      int number,
      List<String> members,
      EventQueue events,
      SplittableRandom random,
      long loopDelayNanos,
      boolean leaseReads,
      long sessionTtlMillis,
      Coverage coverage,
      World world) {
    this.number = number;
    this.id = "n" + (number + 1);
    this.members = members.contains(id) ? members : List.of();
    this.founder = members.contains(id);
    this.sessionTtlMillis = sessionTtlMillis;
    this.events = events;
    this.random = random;
    this.loopDelayNanos = loopDelayNanos;
    this.leaseReads = new ReplicaConfig.LeaseReads(leaseReads, NodeClock.RATE_PPM_MAX);
    this.coverage = coverage;
    this.world = world;
    this.disk = new SimulatedDisk(world, new Gate());
    this.clock = new NodeClock(events, random.nextInt(10_000) - 5_000, random.nextInt(1_000));
    this.peers = newPeers();
  }

  String id() {
    return id;
  }

  boolean isUp() {
    return replica != null;
  }

  @Nullable Replica replica() {
    return replica;
  }

  SimulatedDisk disk() {
    return disk;
  }

  NodeClock clock() {
    return clock;
  }

  /** Whom the running process speaks to and listens to. */
  SimulatedPeers peers() {
    return peers;
  }

  /** Whether the cluster begins with it. */
  boolean isFounder() {
    return founder;
  }

  /** How often it has begun without data; its votes and promises of earlier lives are nobody's. */
  int lives() {
    return lives;
  }

  private long incarnation() {
    return INCARNATION_FIRST + number + (long) lives * SimulatedPeers.SPEAKERS_MAX;
  }

  private SimulatedPeers newPeers() {
    List<String> others = new ArrayList<>(members.isEmpty() ? joins : members);
    others.remove(id);
    return new SimulatedPeers(
        new Speaker(number, id, incarnation()),
        !members.isEmpty(),
        others,
        coverage,
        this::deliver);
  }

  // ---- life and death ----

  void start() {
    if (replica != null) {
      return;
    }
    run++;
    String damage = disk.damage();
    if (damage != null) {
      coverage.count(Coverage.Counter.STARTS_REFUSED);
      world.died("refuses to start: " + damage);
      return;
    }
    ReplicaConfig config =
        ReplicaConfig.defaults(id, incarnation(), members)
            .withSnapshots(SNAPSHOTS)
            .withSessionTtlMillis(sessionTtlMillis)
            .withLeaseReads(leaseReads);
    peers = newPeers();
    Replica started = new Replica(config, disk, random, clock.now());
    replica = started;
    tickPlannedNanos = Long.MAX_VALUE;
    wakeNanos = Long.MAX_VALUE;
    world.started(started);
    planTick(started);
  }

  /** Ends the process at once, and starts the next one after the time of the fault. */
  void die(SimulatedFault cause, Death death) {
    if (replica == null) {
      return;
    }
    coverage.count(cause.kind());
    armed.remove(cause);
    end(death, cause.describe());
    long ofRun = run;
    events.after(
        cause.forMillis() * MILLI,
        () -> {
          if (run == ofRun) {
            start();
          }
        });
  }

  /** Ends the process at once; somebody starts the next one. */
  void end(Death death, String why) {
    if (replica == null) {
      return;
    }
    coverage.count(Coverage.Counter.CRASHES);
    run++;
    replica = null;
    inbox.clear();
    calls.clear();
    loopPlanned = false;
    syncing = false;
    awaitedWrite = 0;
    int unsynced = disk.unsyncedWrites();
    int survivors = death == Death.KILLED ? unsynced : random.nextInt(unsynced + 1);
    coverage.add(Coverage.Counter.WRITES_LOST, unsynced - survivors);
    disk.restart(survivors);
    disk.snapshots().crash(random);
    world.died(why + ", " + (unsynced - survivors) + " unsynced writes are lost");
  }

  /** Its disk is gone for good: it stays down until {@link #startAnew}. */
  void loseDisk(SimulatedFault cause) {
    halt(cause.describe());
  }

  /**
   * Power fails, a bit flips on the disk while it is off, and the process is started.
   *
   * @return whether it found the bit, and so refused; then it stays down until {@link #startAnew}
   */
  boolean refusesAfterFlip(SimulatedFault cause) {
    if (!disk.hasBitsToFlip()) {
      return false;
    }
    halt(cause.describe());
    // What the failure of power took along may have been all.
    if (disk.hasBitsToFlip()) {
      disk.flipBit(random);
    }
    start();
    return replica == null;
  }

  /** Ends the process for good, or keeps one that is down from starting. */
  private void halt(String why) {
    armed.clear();
    if (replica != null) {
      end(Death.POWER_LOST, why);
    } else {
      run++;
    }
  }

  /**
   * Starts with an empty disk and the setting join, as another incarnation; what runs is ended.
   *
   * @param others the nodes by which it joins
   */
  void startAnew(List<String> others) {
    halt("is started anew, without data");
    world.startsAnew();
    disk = new SimulatedDisk(world, new Gate());
    lives++;
    members = List.of();
    joins = others;
    start();
  }

  /** Lets the fault happen at the next write, sync or boundary that is of its kind. */
  void arm(SimulatedFault fault) {
    if (replica == null) {
      return;
    }
    if (fault.kind() == FaultKind.CRASH) {
      armed.removeIf(other -> other.kind() == FaultKind.CRASH);
      boundariesLeft = fault.amount();
    }
    armed.add(fault);
  }

  /** Faults that have not happened will not happen any more. */
  void disarm() {
    armed.clear();
  }

  private @Nullable SimulatedFault armed(FaultKind kind) {
    for (int i = 0; i < armed.size(); i++) {
      if (armed.get(i).kind() == kind) {
        return armed.get(i);
      }
    }
    return null;
  }

  private void boundary(Boundary where) {
    if (armed.isEmpty()) {
      return;
    }
    SimulatedFault crash = armed(FaultKind.CRASH);
    if (crash != null && --boundariesLeft <= 0) {
      coverage.count(where.counter);
      throw dead(crash, Death.KILLED);
    }
  }

  private Died dead(SimulatedFault cause, Death death) {
    die(cause, death);
    return Died.HERE;
  }

  /** What may go wrong around a write. */
  private final class Gate implements SimulatedDisk.WriteGate {
    @Override
    public void before(WriteBatch batch) {
      boundary(Boundary.BEFORE_WRITE);
      if (armed.isEmpty()) {
        return;
      }
      SimulatedFault torn = armed(FaultKind.TORN_WRITE);
      if (torn != null) {
        throw dead(torn, Death.POWER_LOST);
      }
      SimulatedFault full = armed(FaultKind.FULL_DISK);
      if (full != null) {
        throw dead(full, Death.KILLED);
      }
    }

    @Override
    public void after() {
      boundary(Boundary.AFTER_WRITE);
    }
  }

  void pause(boolean stop) {
    paused += stop ? 1 : -1;
    Replica resumed = replica;
    if (paused == 0 && resumed != null) {
      // Its timer is late like everything else: what waited in its inbox comes first, or not.
      planTick(resumed);
      if (!inbox.isEmpty() && !loopPlanned && !loopRunning) {
        runLoop();
      }
    }
  }

  void addFsyncMillis(long millis) {
    fsyncExtraMillis += millis;
  }

  // ---- the event loop ----

  /** Hands in a client's request; never answered where the node dies before. */
  void call(Message request, long timeoutNanos, Answered answered) {
    long callId = ++lastCall;
    calls.put(callId, answered);
    deliver(new Input.ClientCall(callId, request, clock.localNanos() + timeoutNanos));
  }

  void deliver(Input input) {
    if (replica == null) {
      return;
    }
    inbox.add(input);
    if (loopRunning || loopPlanned || paused > 0) {
      return;
    }
    if (loopDelayNanos == 0) {
      runLoop();
      return;
    }
    loopPlanned = true;
    long ofRun = run;
    events.after(
        random.nextLong(loopDelayNanos),
        () -> {
          if (run == ofRun) {
            loopPlanned = false;
            if (paused == 0) {
              runLoop();
            }
          }
        });
  }

  private void runLoop() {
    loopRunning = true;
    try {
      Replica running = replica;
      while (running != null && !inbox.isEmpty()) {
        turn(running);
        running = replica;
      }
    } catch (Died dead) {
      // The next process starts by itself.
    } finally {
      loopRunning = false;
    }
  }

  private void turn(Replica running) {
    Moment now = clock.now();
    Input input;
    while ((input = inbox.poll()) != null) {
      running.step(input, now);
    }
    Flush flush = running.flush(now);
    if (flush.writeSequence() != disk.writes()) {
      throw new SimulationFailure(
          "numbering of writes",
          id + " counts " + flush.writeSequence() + " writes, its disk " + disk.writes());
    }
    world.flushed(running);
    awaitedWrite = flush.awaitedSequence();
    planSync();
    List<Effect> effects = flush.effects();
    for (int i = 0; i < effects.size(); i++) {
      carryOut(effects.get(i));
      boundary(Boundary.BETWEEN_EFFECTS);
    }
    planTick(running);
  }

  private void carryOut(Effect effect) {
    switch (effect) {
      case Effect.Send send -> {
        if (peers.linksTo(send.to())) {
          world.send(peers.self(), send.to(), send.message());
        }
      }
      case Effect.Reply reply -> answer(reply.callId(), reply.response());
      case Effect.Fail fail -> answer(fail.callId(), fail.error());
      case SnapshotEffect snapshot -> perform(snapshot);
      case Effect.Peers now -> peers.changed(now);
      case Effect.Stop stop ->
          throw new SimulationFailure("a node stops itself", id + ": " + stop.reason());
    }
  }

  /** The snapshot thread: what it answers is as of now, and comes later. */
  private void perform(SnapshotEffect effect) {
    SnapshotInput answer = disk.snapshots().perform(effect);
    if (answer == null) {
      return;
    }
    long ofRun = run;
    // In order, as one thread would: a later answer never overtakes an earlier one.
    snapshotsBusyNanos =
        Math.max(events.nowNanos(), snapshotsBusyNanos)
            + (long) (random.nextDouble() * SNAPSHOT_STEP_NANOS_MAX);
    events.after(
        snapshotsBusyNanos - events.nowNanos(),
        () -> {
          if (run == ofRun) {
            deliver(answer);
          }
        });
  }

  private void answer(long callId, Message message) {
    Answered waiting = calls.remove(callId);
    if (waiting == null) {
      throw new SimulationFailure(
          "a call is answered once", id + " answered call " + callId + " twice");
    }
    waiting.answer(message);
  }

  /** One tick is planned at a time; a later deadline is noticed when the earlier one comes. */
  private void planTick(Replica running) {
    long waitNanos = Math.max(0, clock.untilLocal(running.nextTickNanos()));
    long atNanos = events.nowNanos() + waitNanos;
    if (atNanos >= tickPlannedNanos) {
      return;
    }
    long late = (random.nextLong() >>> 1) % TICK_LATE_NANOS_MAX;
    tickPlannedNanos = atNanos + late;
    // Most plans only move the tick a little: an event for each would be most of all events.
    if (tickPlannedNanos < wakeNanos) {
      planWake();
    }
  }

  private void planWake() {
    wakeNanos = tickPlannedNanos;
    events.after(wakeNanos - events.nowNanos(), this::wake);
  }

  private void wake() {
    if (events.nowNanos() != wakeNanos) {
      return; // of an earlier run, or an earlier one has come since
    }
    wakeNanos = Long.MAX_VALUE;
    if (events.nowNanos() < tickPlannedNanos) {
      planWake();
    } else {
      tickPlannedNanos = Long.MAX_VALUE;
      tick();
    }
  }

  private void tick() {
    Replica running = replica;
    if (running == null || paused > 0) {
      return;
    }
    if (clock.untilLocal(running.nextTickNanos()) > 0) {
      planTick(running);
    } else {
      deliver(new Input.Tick());
    }
  }

  // ---- the sync thread ----

  private void planSync() {
    if (syncing || disk.syncedWrites() >= awaitedWrite) {
      return;
    }
    syncing = true;
    long target = disk.writes();
    long ofRun = run;
    double longestNanos = FSYNC_NANOS_MAX + fsyncExtraMillis * (double) MILLI;
    if (fsyncExtraMillis > 0) {
      coverage.count(FaultKind.SLOW_FSYNC);
    }
    events.after(
        FSYNC_LEAST_NANOS + (long) (random.nextDouble() * longestNanos),
        () -> {
          if (run == ofRun) {
            synced(target);
          }
        });
  }

  private void synced(long target) {
    try {
      boundary(Boundary.AROUND_SYNC);
      SimulatedFault failing = armed.isEmpty() ? null : armed(FaultKind.FAILED_FSYNC);
      if (failing != null) {
        throw dead(failing, Death.POWER_LOST);
      }
      syncing = false;
      disk.sync(target);
      boundary(Boundary.AROUND_SYNC);
    } catch (Died dead) {
      return;
    }
    deliver(new Input.Durable(target));
    planSync();
  }
}
