package io.capstan.node.server;

import io.capstan.node.replica.Effect;
import io.capstan.node.replica.Flush;
import io.capstan.node.replica.Input;
import io.capstan.node.replica.Moment;
import io.capstan.node.replica.SnapshotEffect;
import io.capstan.node.replica.SnapshotInput;
import io.capstan.proto.peer.v1.PeerMessage;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.StatusResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.Supplier;

/**
 * The one thread that drives the replica of a group.
 *
 * <p>One round: drain what is in the inbox (never waiting for more), read the clock once, step the
 * replica with each input, flush once, ask for a sync where something was written, carry out the
 * effects in order. Under load a round grows by itself, and with it what one write and one sync
 * serve. An idle loop sleeps until the next tick; a producer wakes it only when it sleeps.
 *
 * <p>Every method but the constructor and {@link #start} may be called from any thread.
 */
final class EventLoop {

  /** Bytes of everything that waits, above which client calls are refused. */
  static final long CALLS_WAITING_MAX_BYTES = 64L << 20;

  /** Peer messages are let in above the clients' bound: they are what empties the queue. */
  static final int PEER_MESSAGES_WAITING_MAX = 65_536;

  /** Bytes of everything that waits, above which peer messages are dropped too. */
  static final long ALL_WAITING_MAX_BYTES = 3 * CALLS_WAITING_MAX_BYTES;

  /** Inputs of one round, so that ticks and answers are never far off. */
  static final int ROUND_INPUTS_MAX = 2_048;

  /** Bytes of inputs of one round. */
  static final long ROUND_MAX_BYTES = 8L << 20;

  /**
   * While inputs come, the replica is asked so often whether it waits for time to pass: a tick is
   * late by as much at most.
   */
  static final long LOOK_INTERVAL_NANOS = 5_000_000L;

  /** The replica hears of passing time at least this often, whether it waits for it or not. */
  static final long TICK_INTERVAL_MAX_NANOS = 50_000_000L;

  private static final long WATCH_INTERVAL_NANOS = 100_000_000L;

  /**
   * What the loop reaches the world through. All are called on the loop's thread and must not
   * block.
   *
   * @param outbound sends to peers
   * @param answers sends to clients
   * @param syncRequests is told the newest write sequence that wants a sync
   * @param snapshots begins what is asked of snapshot files; answered by {@link #answered}
   * @param peers is told who the other members are
   * @param watch sees the replica's state a few times a second
   * @param failures hears of each call that the replica did not answer OK
   * @param failStop ends the server
   */
  record World(
      Outbound outbound,
      Answers answers,
      LongConsumer syncRequests,
      Consumer<SnapshotEffect> snapshots,
      Consumer<Effect.Peers> peers,
      Consumer<StatusResponse.Builder> watch,
      Consumer<ErrorDetail> failures,
      FailStop failStop) {}

  /** Where messages to other nodes go. */
  interface Outbound {
    /** Queues the message or drops it. */
    void send(String to, PeerMessage message, long nowNanos);

    /** A round is over: what was queued should travel now. */
    void flush();
  }

  private final Inbox<Work> inbox = new Inbox<>();
  private final OpenCalls calls = new OpenCalls();
  private final List<Work> gathered = new ArrayList<>();
  private final List<Work.StatusQuery> queries = new ArrayList<>();
  private final int callsWaitingMax;
  private final ReplicaCore replica;
  private final Supplier<Moment> clock;
  private final World world;
  private final Thread thread;

  private final AtomicBoolean parked = new AtomicBoolean();
  private volatile boolean stopping;
  private volatile boolean abandoned;
  private volatile long lastRoundNanos;
  private volatile long peerMessagesDropped;

  private long tickedNanos;
  // When the replica was asked last what it waits for, what it said, and whether that may have
  // changed since.
  private long lookedNanos;
  private long dueNanos;
  private boolean steppedSinceLook;
  private long nextWatchNanos;
  private long requestedSequence;

  /**
   * Makes a loop that does not run yet.
   *
   * @param callsWaitingMax client calls that may wait; more are refused as overloaded
   */
  EventLoop(
      String name, int callsWaitingMax, ReplicaCore replica, Supplier<Moment> clock, World world) {
    this.callsWaitingMax = callsWaitingMax;
    this.replica = replica;
    this.clock = clock;
    this.world = world;
    Moment now = clock.get();
    this.tickedNanos = now.nanos();
    this.lookedNanos = now.nanos() - LOOK_INTERVAL_NANOS;
    this.dueNanos = now.nanos();
    this.nextWatchNanos = now.nanos();
    this.lastRoundNanos = now.nanos();
    this.thread = new Thread(this::run, name);
    this.thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  /**
   * Hands a client call over.
   *
   * @param sizeBytes of the request
   * @return whether it was taken; false where too much waits already
   */
  boolean offerCall(PendingCall call, int sizeBytes) {
    if (stopping || abandoned) {
      return false;
    }
    return wakeIf(inbox.offer(call, 1, sizeBytes, callsWaitingMax, CALLS_WAITING_MAX_BYTES));
  }

  /** Hands a question for the state over; false where too much waits already. */
  boolean offerStatusQuery(Consumer<StatusResponse.Builder> receiver) {
    if (stopping || abandoned) {
      return false;
    }
    return wakeIf(
        inbox.offer(
            new Work.StatusQuery(receiver), 1, 0, callsWaitingMax, CALLS_WAITING_MAX_BYTES));
  }

  /** Hands the messages of one frame over, or drops them where too much waits already. */
  void offerFromPeer(String from, List<PeerMessage> messages, int sizeBytes) {
    boolean taken =
        inbox.offer(
            new Work.FromPeer(from, messages),
            messages.size(),
            sizeBytes,
            callsWaitingMax + PEER_MESSAGES_WAITING_MAX,
            ALL_WAITING_MAX_BYTES);
    if (!wakeIf(taken)) {
      countDropped(messages.size());
    }
  }

  @SuppressWarnings("NonAtomicOperationOnVolatileField") // a count for people; near enough
  private void countDropped(int messages) {
    peerMessagesDropped += messages;
  }

  /** The stream to a peer was opened or lost. Never dropped. */
  void peerLink(String peer, boolean connected) {
    inbox.put(new Work.Given(new Input.PeerLink(peer, connected)));
    wake();
  }

  /** A peer has introduced itself and was let in. Never dropped. */
  void peerSeen(Input.PeerSeen seen) {
    inbox.put(new Work.Given(seen));
    wake();
  }

  /** A stranger asks to be let in; dropped where too much waits already, since it asks again. */
  void peerKnocks(Input.PeerSeen stranger) {
    wakeIf(inbox.offer(new Work.Given(stranger), 1, 0, callsWaitingMax, CALLS_WAITING_MAX_BYTES));
  }

  /** The node is about to stop: a leader begins to hand over. */
  void handOver() {
    inbox.put(new Work.Given(new Input.HandOver()));
    wake();
  }

  /** Everything up to the sequence is on disk. Never dropped. */
  void durable(long writeSequence) {
    inbox.put(new Work.Given(new Input.Durable(writeSequence)));
    wake();
  }

  /** An answer to an effect on snapshots. Never dropped: each effect has one. */
  void answered(SnapshotInput answer) {
    inbox.put(new Work.Given(answer));
    wake();
  }

  /** Whether the loop takes no more calls because it ends. */
  boolean isStopping() {
    return stopping || abandoned;
  }

  /** How many inputs wait. */
  int waiting() {
    return inbox.count();
  }

  /** Messages of peers that did not fit into the inbox. */
  long peerMessagesDropped() {
    return peerMessagesDropped;
  }

  /** How long ago the last round ended: much more than a tick means that the loop is stuck. */
  long sinceLastRoundNanos() {
    return System.nanoTime() - lastRoundNanos;
  }

  /**
   * Ends the loop after the round it is in, refuses what waits and answers what is open with
   * UNKNOWN.
   *
   * @return whether the thread ended in time
   */
  boolean stop(long timeoutMillis) {
    stopping = true;
    LockSupport.unpark(thread);
    return join(timeoutMillis);
  }

  /** Ends the loop as a crash would: nothing more is flushed or answered. */
  boolean abandon(long timeoutMillis) {
    abandoned = true;
    LockSupport.unpark(thread);
    return join(timeoutMillis);
  }

  private boolean join(long timeoutMillis) {
    if (thread == Thread.currentThread() || thread.getState() == Thread.State.NEW) {
      return true;
    }
    try {
      return thread.join(Duration.ofMillis(timeoutMillis));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private boolean wakeIf(boolean taken) {
    if (taken) {
      wake();
    }
    return taken;
  }

  private void wake() {
    if (parked.get() && parked.compareAndSet(true, false)) {
      LockSupport.unpark(thread);
    }
  }

  private void run() {
    try {
      while (!stopping && !abandoned) {
        if (inbox.isEmpty()) {
          parkUntilNextTick();
        }
        round();
      }
      if (!abandoned) {
        answerWhatIsOpen();
      }
    } catch (Throwable e) {
      // Not even an Error is survived: the replica may be half way through a step.
      if (!abandoned) {
        world.failStop().stop("the event loop met an error that it must not survive", e);
      }
    }
  }

  /** A producer either sees {@code parked} and wakes the loop, or its item is seen here. */
  private void parkUntilNextTick() {
    long waitNanos = nextLookNanos() - clock.get().nanos();
    if (waitNanos <= 0) {
      return;
    }
    parked.set(true);
    if (inbox.isEmpty() && !stopping && !abandoned) {
      LockSupport.parkNanos(this, waitNanos);
    }
    parked.set(false);
  }

  private void round() {
    int inputs = gather();
    // After the inputs were taken: what is decided at this moment, a read under a lease above all,
    // must not be decided as of a time before the request came.
    Moment now = clock.get();
    stepGathered(now);
    steppedSinceLook |= inputs > 0;
    // Only now: where this thread could not run for a while, the leader's heartbeats and the
    // answers of followers wait among the inputs, and are no silence.
    boolean ticked = tickWhereDue(now);
    if (inputs > 0 || ticked) {
      Flush flush = replica.flush(now);
      if (abandoned) {
        return;
      }
      // Before the effects: the disk works while the messages are sent.
      if (flush.awaitedSequence() > requestedSequence) {
        requestedSequence = flush.writeSequence();
        world.syncRequests().accept(requestedSequence);
      }
      if (!flush.effects().isEmpty()) {
        carryOut(flush.effects(), now);
        if (abandoned) {
          return;
        }
      }
    }
    if (ticked) {
      // What the replica waits for now; else the loop would wake up only to ask.
      look(now);
    }
    answerQueries(now);
    watch(now);
    world.answers().send();
    lastRoundNanos = now.nanos();
  }

  /** When a tick may be due: the moment that the replica has named, unless that may be another. */
  private long nextLookNanos() {
    long soonest = lookedNanos + LOOK_INTERVAL_NANOS;
    if (steppedSinceLook) {
      return soonest;
    }
    long latest = tickedNanos + TICK_INTERVAL_MAX_NANOS;
    long due = dueNanos - latest < 0 ? dueNanos : latest;
    return due - soonest < 0 ? soonest : due;
  }

  private boolean tickWhereDue(Moment now) {
    if (now.nanos() - nextLookNanos() < 0) {
      return false;
    }
    look(now);
    if (now.nanos() - dueNanos < 0 && now.nanos() - tickedNanos < TICK_INTERVAL_MAX_NANOS) {
      return false;
    }
    tickedNanos = now.nanos();
    replica.step(new Input.Tick(), now);
    return true;
  }

  private void look(Moment now) {
    lookedNanos = now.nanos();
    dueNanos = replica.nextTickNanos();
    steppedSinceLook = false;
  }

  private int gather() {
    int inputs = 0;
    long bytes = 0;
    while (inputs < ROUND_INPUTS_MAX && bytes < ROUND_MAX_BYTES) {
      Work work = inbox.poll();
      if (work == null) {
        break;
      }
      inputs += inbox.polledWeight();
      bytes += inbox.polledBytes();
      gathered.add(work);
    }
    return inputs;
  }

  private void stepGathered(Moment now) {
    for (Work gatheredWork : gathered) {
      switch (gatheredWork) {
        case PendingCall call -> step(call, now);
        case Work.Given given -> replica.step(given.input(), now);
        case Work.FromPeer frame -> {
          for (PeerMessage message : frame.messages()) {
            replica.step(new Input.FromPeer(frame.from(), message), now);
          }
        }
        case Work.StatusQuery query -> queries.add(query);
      }
    }
    gathered.clear();
  }

  private void step(PendingCall call, Moment now) {
    if (call.isOver()) {
      return;
    }
    if (now.nanos() - call.deadlineNanos() >= 0) {
      world.answers().add(call, tooLate());
      return;
    }
    long callId = calls.add(call);
    replica.step(new Input.ClientCall(callId, call.request(), call.deadlineNanos()), now);
  }

  private void carryOut(List<Effect> effects, Moment now) {
    for (Effect effect : effects) {
      switch (effect) {
        case Effect.Send send -> world.outbound().send(send.to(), send.message(), now.nanos());
        case Effect.Reply reply -> {
          PendingCall call = calls.remove(reply.callId());
          if (call != null) {
            world.answers().add(call, reply.response());
          }
        }
        case Effect.Fail fail -> {
          world.failures().accept(fail.error());
          PendingCall call = calls.remove(fail.callId());
          if (call != null) {
            world.answers().add(call, fail.error());
          }
        }
        case SnapshotEffect snapshot -> world.snapshots().accept(snapshot);
        case Effect.Peers peers -> world.peers().accept(peers);
        case Effect.Stop stop -> {
          abandoned = true;
          world.failStop().stop(stop.reason(), null);
          return;
        }
      }
    }
    world.outbound().flush();
  }

  private void answerQueries(Moment now) {
    if (queries.isEmpty()) {
      return;
    }
    for (Work.StatusQuery query : queries) {
      query.receiver().accept(replica.status(now).setQueued(inbox.count()));
    }
    queries.clear();
  }

  private void watch(Moment now) {
    if (now.nanos() - nextWatchNanos < 0) {
      return;
    }
    nextWatchNanos = now.nanos() + WATCH_INTERVAL_NANOS;
    world.watch().accept(replica.status(now));
    for (PendingCall late : calls.overdue(now.nanos())) {
      world.answers().add(late, OpenCalls.overdueError());
    }
  }

  private void answerWhatIsOpen() {
    for (PendingCall call : calls.removeAll()) {
      world.answers().add(call, stoppingUnknown());
    }
    for (Work work = inbox.poll(); work != null; work = inbox.poll()) {
      if (work instanceof PendingCall call) {
        world.answers().add(call, stoppingFailed());
      }
    }
    world.answers().send();
  }

  private static ErrorDetail tooLate() {
    return ErrorStatus.failed(
        ErrorStatus.TIMEOUT,
        "The deadline passed while the request waited in this node's queue; it was not begun.",
        "Retry later or elsewhere: the node has more to do than it can.");
  }

  private static ErrorDetail stoppingUnknown() {
    return ErrorStatus.unknown(
        ErrorStatus.STOPPING,
        "The node was stopped while the request was under way; it may have been applied.",
        "Ask another node, with the same operation id where there is one.");
  }

  /** What a client is told whose request had not been begun when the node stopped. */
  static ErrorDetail stoppingFailed() {
    return ErrorStatus.failed(
        ErrorStatus.STOPPING,
        "The node is stopping; the request was not begun.",
        "Ask another node.");
  }

  /** For tests that count what is open; exact only while the loop rests. */
  int openCalls() {
    return calls.count();
  }
}
