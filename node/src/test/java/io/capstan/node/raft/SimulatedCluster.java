package io.capstan.node.raft;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;

/**
 * A Raft group in virtual time: a network that loses, repeats, delays and reorders, disks whose
 * syncs take time, nodes that crash and come back. One seed decides everything.
 */
final class SimulatedCluster {
  static final long MILLI = 1_000_000L;

  private record Event(long atNanos, long order, Runnable action) implements Comparable<Event> {
    @Override
    public int compareTo(Event other) {
      int byTime = Long.compare(atNanos, other.atNanos);
      return byTime != 0 ? byTime : Long.compare(order, other.order);
    }
  }

  private record Held(long afterSequence, List<Message> messages) {}

  /** One process; a restart makes a new one on the same disk. */
  final class Node {
    final String id;
    final MemoryDisk disk;
    final Raft raft;
    private final Deque<Held> held = new ArrayDeque<>();
    private final Map<Long, Long> committedAtRead = new HashMap<>();
    private boolean alive = true;
    private boolean drainScheduled;
    private boolean syncRunning;
    private long sequence;
    private long tickScheduledNanos = Long.MAX_VALUE;
    private long pausedUntilNanos;
    long appliedIndex;

    Node(String id, MemoryDisk disk, long appliedIndex) {
      this.id = id;
      this.disk = disk;
      this.appliedIndex = appliedIndex;
      this.raft =
          new Raft(
              config(id),
              disk.hardState(),
              disk,
              appliedIndex,
              new SplittableRandom(random.nextLong()),
              nowNanos);
      scheduleTick();
    }

    private void scheduleTick() {
      long next = Math.max(raft.nextTickNanos(), nowNanos);
      if (next < tickScheduledNanos) {
        tickScheduledNanos = next;
        scheduleHere(
            next - nowNanos,
            () -> {
              if (alive && tickScheduledNanos == next) {
                tickScheduledNanos = Long.MAX_VALUE;
                raft.tick(nowNanos);
                changed();
              }
            });
      }
    }

    /** What this process does itself; a pause lets all of it wait, in order, for its end. */
    private void scheduleHere(long delayNanos, Runnable action) {
      schedule(delayNanos, () -> runHere(action));
    }

    private void runHere(Runnable action) {
      if (nowNanos < pausedUntilNanos) {
        scheduleHere(pausedUntilNanos - nowNanos, action);
      } else {
        action.run();
      }
    }

    /** Inputs gather for a moment before they are drained together. */
    void changed() {
      if (!drainScheduled) {
        drainScheduled = true;
        scheduleHere(
            random.nextLong(MILLI),
            () -> {
              drainScheduled = false;
              if (alive) {
                drain();
              }
            });
      }
    }

    private void drain() {
      Output output = raft.drain(++sequence);
      checker.runs(id, raft.term());
      trace = trace * 31 + output.hashCode();
      if (output.hasWrite()) {
        disk.write(output);
        checker.writes(output.entries(), disk);
        startSync();
      }
      RoleChange change = output.roleChange();
      if (change != null && change.role() == Role.LEADER) {
        checker.leads(id, change.term(), disk);
      }
      output.sendNow().forEach(SimulatedCluster.this::send);
      if (!output.sendWhenDurable().isEmpty()) {
        held.addLast(new Held(output.sendWhenDurableAfter(), output.sendWhenDurable()));
      }
      for (Entry entry : output.committed()) {
        if (entry.index() != appliedIndex + 1) {
          throw new AssertionError(id + " applies " + entry + " after " + appliedIndex);
        }
        checker.applies(id, raft.term(), entry, disks());
        appliedIndex = entry.index();
      }
      for (ReadState read : output.reads()) {
        reads++;
        checker.confirmsRead(id, read.readIndex(), committedAtRead.remove(read.requestId()));
      }
      for (ReadRejection rejection : output.rejectedReads()) {
        if (committedAtRead.remove(rejection.requestId()) == null) {
          throw new AssertionError("answered twice: " + rejection);
        }
      }
      if (output.committedMore()) {
        changed();
      }
      scheduleTick();
    }

    private void startSync() {
      long target = disk.lastUnsynced();
      if (syncRunning || target == 0) {
        return;
      }
      syncRunning = true;
      schedule(
          1 + random.nextLong(syncMaxNanos),
          () -> {
            if (alive) {
              disk.sync(target);
              syncRunning = false;
              // The report travels on its own: other inputs may come before it.
              scheduleHere(random.nextLong(MILLI), () -> synced(target));
              startSync();
            }
          });
    }

    private void synced(long target) {
      if (!alive) {
        return;
      }
      raft.durable(target);
      while (!held.isEmpty() && held.getFirst().afterSequence() <= target) {
        held.removeFirst().messages().forEach(SimulatedCluster.this::send);
      }
      changed();
    }

    private void receive(Message message) {
      if (alive) {
        raft.step(message, nowNanos);
        changed();
      }
    }

    ProposeResult propose(byte[] payload) {
      ProposeResult result = raft.propose(payload);
      changed();
      return result;
    }

    void read(long requestId) {
      committedAtRead.put(requestId, checker.committedIndex());
      raft.readIndex(requestId, nowNanos);
      changed();
    }
  }

  final SafetyChecker checker = new SafetyChecker();
  final SplittableRandom random;
  private final Configuration membership;
  private final PriorityQueue<Event> events = new PriorityQueue<>();
  private final Map<String, Node> nodes = new LinkedHashMap<>();
  private final Set<String> cutLinks = new HashSet<>();
  private final long syncMaxNanos;
  private final long delayMaxNanos;
  private double lossRate;
  private double duplicationRate;
  private long nowNanos;
  private long order;
  private long trace;
  private long reads;

  SimulatedCluster(int size, long seed) {
    random = new SplittableRandom(seed);
    Set<String> ids = new TreeSet<>();
    for (int i = 1; i <= size; i++) {
      ids.add("n" + i);
    }
    membership = Configuration.ofVoters(ids);
    syncMaxNanos = (1 + random.nextLong(30)) * MILLI;
    delayMaxNanos = (1 + random.nextLong(30)) * MILLI;
    lossRate = random.nextInt(3) == 0 ? 0 : random.nextDouble(0.15);
    duplicationRate = random.nextInt(3) == 0 ? 0 : random.nextDouble(0.1);
    for (String id : ids) {
      nodes.put(id, new Node(id, new MemoryDisk(), 0));
    }
  }

  /** Small limits, so that every one of them is met. */
  private RaftConfig config(String id) {
    return RaftConfig.builder(id, membership)
        .electionTimeoutMillis(300)
        .heartbeatIntervalMillis(50)
        .inflightMessagesMax(4)
        .inflightBytesMax(600)
        .appendBytesMax(200)
        .uncommittedBytesMax(3_000)
        .applyBytesMax(250)
        .readsPendingMax(20)
        .readRoundsMax(2)
        .cacheBytesMax(400)
        .build();
  }

  Collection<Node> nodes() {
    return nodes.values();
  }

  Node randomNode() {
    return new ArrayList<>(nodes.values()).get(random.nextInt(nodes.size()));
  }

  boolean isRunning(Node node) {
    return node.alive && nowNanos >= node.pausedUntilNanos;
  }

  private List<MemoryDisk> disks() {
    return nodes.values().stream().map(node -> node.disk).toList();
  }

  long trace() {
    return trace;
  }

  long reads() {
    return reads;
  }

  long nowNanos() {
    return nowNanos;
  }

  void schedule(long delayNanos, Runnable action) {
    events.add(new Event(nowNanos + delayNanos, order++, action));
  }

  void runUntil(long untilNanos) {
    while (!events.isEmpty() && events.peek().atNanos() <= untilNanos) {
      Event event = events.remove();
      nowNanos = event.atNanos();
      event.action().run();
    }
    nowNanos = untilNanos;
  }

  private void send(Message message) {
    checker.sends(message);
    deliverLater(message);
    if (random.nextDouble() < duplicationRate) {
      deliverLater(message);
    }
  }

  private void deliverLater(Message message) {
    if (random.nextDouble() < lossRate) {
      return;
    }
    schedule(
        1 + random.nextLong(delayMaxNanos),
        () -> {
          Node receiver = nodes.get(message.to());
          if (!cutLinks.contains(message.from() + ">" + message.to())) {
            receiver.runHere(() -> receiver.receive(message));
          }
        });
  }

  void crash(Node node) {
    node.alive = false;
    node.disk.crash(random.nextInt(node.disk.unsyncedCount() + 1));
    checker.crashed(node.id);
  }

  /**
   * The applied state on disk may be older than what was applied, never newer than the log on disk.
   */
  void restart(Node node) {
    long applied = Math.min(node.appliedIndex, node.disk.lastIndex());
    nodes.put(
        node.id, new Node(node.id, node.disk, applied == 0 ? 0 : random.nextLong(applied + 1)));
  }

  /** A long garbage collection or a stopped process: nothing moves, then everything at once. */
  void pause(Node node, long nanos) {
    node.pausedUntilNanos = nowNanos + nanos;
  }

  /** Cuts each directed link with the given probability. */
  void cutLinks(double probability) {
    for (String from : nodes.keySet()) {
      for (String to : nodes.keySet()) {
        if (random.nextDouble() < probability) {
          cutLinks.add(from + ">" + to);
        }
      }
    }
  }

  void isolate(Node node) {
    for (String other : nodes.keySet()) {
      cutLinks.add(node.id + ">" + other);
      cutLinks.add(other + ">" + node.id);
    }
  }

  void healLinks() {
    cutLinks.clear();
  }

  void healAll() {
    healLinks();
    lossRate = 0;
    duplicationRate = 0;
    for (Node node : new ArrayList<>(nodes.values())) {
      if (!node.alive) {
        restart(node);
      }
    }
  }
}
