package io.capstan.chaos.sim;

import com.google.protobuf.Message;
import io.capstan.node.replica.Effect;
import io.capstan.node.replica.Flush;
import io.capstan.node.replica.Input;
import io.capstan.node.replica.Moment;
import io.capstan.node.replica.Replica;
import io.capstan.node.replica.ReplicaConfig;
import io.capstan.proto.v1.ErrorDetail;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** One process: the event loop and the sync thread around a replica, in virtual time. */
final class SimulatedNode {

  private static final long MILLI = 1_000_000L;
  private static final long TICK_NANOS = 10 * MILLI;
  private static final long WALL_START_MILLIS = 1_700_000_000_000L;

  /** Takes the answer to a call: a response message or an {@link ErrorDetail}. */
  interface Answered {
    void answer(Message answer);
  }

  /** What the rest of the simulation is told. */
  interface World {
    void send(int from, String to, Effect.Send send);

    void flushed(int node, Replica replica);
  }

  private final int number;
  private final String id;
  private final List<String> members;
  private final EventQueue events;
  private final RandomGenerator random;
  private final SimulatedDisk disk;
  private final World world;
  private final ArrayDeque<Input> inbox = new ArrayDeque<>();
  private final Map<Long, Answered> calls = new HashMap<>();
  private final double clockRate;
  private long clockOffsetNanos;
  private long fsyncMaxNanos = MILLI;

  private @Nullable Replica replica;
  private boolean paused;
  private boolean loopPlanned;
  private boolean syncing;
  private long syncWanted;
  private long run;
  private long lastCall;

  SimulatedNode(
      int number,
      List<String> members,
      EventQueue events,
      RandomGenerator random,
      SimulatedDisk disk,
      World world) {
    this.number = number;
    this.id = members.get(number);
    this.members = members;
    this.events = events;
    this.random = random;
    this.disk = disk;
    this.world = world;
    this.clockRate = 1 + (random.nextDouble() - 0.5) / 50;
    this.clockOffsetNanos = (long) (random.nextDouble() * 1_000 * MILLI);
  }

  void fsyncMaxNanos(long nanos) {
    fsyncMaxNanos = nanos;
  }

  void jumpWallClock(long nanos) {
    clockOffsetNanos = nanos;
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

  private Moment moment() {
    long local = (long) (events.nowNanos() * clockRate);
    return new Moment(local, WALL_START_MILLIS + (local + clockOffsetNanos) / MILLI);
  }

  void start() {
    if (replica != null) {
      return;
    }
    run++;
    paused = false;
    syncing = false;
    syncWanted = 0;
    ReplicaConfig config = ReplicaConfig.defaults(id, 1_000 + number, members);
    replica = new Replica(config, disk, random, moment());
    planTick(run);
  }

  /** kill -9 together with the machine's page cache: the worst that a crash can do. */
  void crash() {
    if (replica == null) {
      return;
    }
    run++;
    replica = null;
    inbox.clear();
    calls.clear();
    loopPlanned = false;
    disk.crash(random);
  }

  void pause(boolean stop) {
    paused = stop;
    if (!stop) {
      planLoop();
    }
  }

  /** Hands in a client's request; never answered where the node dies before. */
  void call(Message request, long timeoutNanos, Answered answered) {
    long callId = ++lastCall;
    calls.put(callId, answered);
    deliver(new Input.ClientCall(callId, request, moment().nanos() + timeoutNanos));
  }

  void deliver(Input input) {
    if (replica != null) {
      inbox.add(input);
      planLoop();
    }
  }

  private void planTick(long ofRun) {
    events.after(
        TICK_NANOS,
        () -> {
          if (run == ofRun && replica != null) {
            if (!paused) {
              deliver(new Input.Tick());
            }
            planTick(ofRun);
          }
        });
  }

  private void planLoop() {
    if (loopPlanned || paused || replica == null || inbox.isEmpty()) {
      return;
    }
    loopPlanned = true;
    long ofRun = run;
    events.after(
        (long) (random.nextDouble() * MILLI / 5),
        () -> {
          if (run == ofRun) {
            loopPlanned = false;
            runLoop();
          }
        });
  }

  private void runLoop() {
    Replica running = replica;
    if (running == null || paused) {
      return;
    }
    Moment now = moment();
    while (!inbox.isEmpty()) {
      running.step(inbox.poll(), now);
    }
    Flush flush = running.flush(now);
    if (flush.writeSequence() != disk.writes()) {
      throw new SimulationFailure(
          id + " counts " + flush.writeSequence() + " writes, its disk " + disk.writes());
    }
    syncWanted = flush.writeSequence();
    planSync();
    for (Effect effect : flush.effects()) {
      carryOut(effect);
    }
    world.flushed(number, running);
  }

  private void carryOut(Effect effect) {
    switch (effect) {
      case Effect.Send send -> world.send(number, send.to(), send);
      case Effect.Reply reply -> answer(reply.callId(), reply.response());
      case Effect.Fail fail -> answer(fail.callId(), fail.error());
      case Effect.Stop stop -> throw new SimulationFailure(id + " stopped: " + stop.reason());
    }
  }

  private void answer(long callId, Message message) {
    Answered waiting = calls.remove(callId);
    if (waiting == null) {
      throw new SimulationFailure(id + " answered call " + callId + " twice");
    }
    waiting.answer(message);
  }

  private void planSync() {
    if (syncing || syncWanted <= disk.syncedWrites()) {
      return;
    }
    syncing = true;
    long target = syncWanted;
    long ofRun = run;
    events.after(
        MILLI / 10 + (long) (random.nextDouble() * fsyncMaxNanos),
        () -> {
          if (run != ofRun) {
            return;
          }
          syncing = false;
          disk.sync(target);
          deliver(new Input.Durable(target));
          planSync();
        });
  }
}
