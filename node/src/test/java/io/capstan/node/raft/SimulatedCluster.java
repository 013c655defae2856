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
  private static final long TIMEOUT_MILLIS = 300;
  private static final List<String> JOINERS = List.of("n8", "n9");
  private static final long UNCOMMITTED_BYTES_MAX = 300;

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
    private long leadsFrom;
    private long leadsTerm;
    private long commitSeen;
    long appliedIndex;

    Node(String id, MemoryDisk disk, long appliedIndex) {
      this.id = id;
      this.disk = disk;
      this.appliedIndex = appliedIndex;
      this.commitSeen = appliedIndex;
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
                if (raft.role() == Role.LEADER) {
                  checker.stillLeads(raft.status(), TIMEOUT_MILLIS * MILLI);
                }
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
        disk.write(output, appliedIndex);
        checker.writes(output.entries(), disk);
        startSync();
      }
      if (output.install() != null) {
        appliedIndex = output.install().index();
        raft.installed(output.install());
        installs++;
      }
      for (String follower : output.snapshotsNeeded()) {
        schedule(random.nextLong(100 * MILLI), () -> sendSnapshot(this, follower));
      }
      RoleChange change = output.roleChange();
      if (change != null && change.role() == Role.LEADER) {
        checker.leads(id, change.term(), disk);
        leadsFrom = raft.lastIndex();
        leadsTerm = change.term();
      }
      if (raft.role() == Role.LEADER && raft.commitIndex() > commitSeen) {
        checker.commitsAsLeader(id, raft.term(), raft.commitIndex(), disk);
      }
      commitSeen = raft.commitIndex();
      output.sendNow().forEach(SimulatedCluster.this::send);
      if (!output.sendWhenDurable().isEmpty()) {
        held.addLast(new Held(output.sendWhenDurableAfter(), output.sendWhenDurable()));
      }
      for (Entry entry : output.committed()) {
        if (entry.index() != appliedIndex + 1) {
          throw new AssertionError(id + " applies " + entry + " after " + appliedIndex);
        }
        checker.applies(
            id,
            raft.term(),
            entry,
            disks(),
            List.of(raft.positionAt(entry.index()).configuration(), raft.configuration()));
        appliedIndex = entry.index();
        if (entry.kind() == Entry.Kind.CONFIGURATION) {
          memberships++;
        }
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

    boolean alive() {
      return alive;
    }

    ProposeResult propose(byte[] payload) {
      ProposeResult result = raft.propose(payload);
      if (result instanceof ProposeResult.Accepted accepted
          && accepted.term() == leadsTerm
          && raft.commitIndex() >= leadsFrom) {
        long waiting = accepted.index() - 1 - raft.commitIndex();
        if (waiting * Entry.OVERHEAD_BYTES > UNCOMMITTED_BYTES_MAX) {
          throw new AssertionError(id + " accepted more while " + waiting + " entries wait");
        }
      }
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
  private double crashRate = 0.1;
  private long nowNanos;
  private long order;
  private long trace;
  private long reads;
  private long installs;
  private long memberships;
  private final boolean leaseReads;
  private final long commitNewsDelayMillis;

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
    leaseReads = random.nextBoolean();
    commitNewsDelayMillis = random.nextBoolean() ? 0 : 10;
    for (String id : ids) {
      nodes.put(id, new Node(id, new MemoryDisk(), 0));
    }
    for (String id : JOINERS) {
      nodes.put(id, new Node(id, new MemoryDisk(), 0));
    }
  }

  /** Small limits, so that every one of them is met. */
  private RaftConfig config(String id) {
    return RaftConfig.builder(id, JOINERS.contains(id) ? Configuration.NONE : membership)
        .electionTimeoutMillis(TIMEOUT_MILLIS)
        .heartbeatIntervalMillis(50)
        .commitNewsDelayMillis(commitNewsDelayMillis)
        .inflightMessagesMax(4)
        .inflightBytesMax(600)
        .appendBytesMax(200)
        .uncommittedBytesMax(UNCOMMITTED_BYTES_MAX)
        .leaseReads(leaseReads)
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

  private Map<String, MemoryDisk> disks() {
    Map<String, MemoryDisk> disks = new LinkedHashMap<>();
    nodes.values().forEach(node -> disks.put(node.id, node.disk));
    return disks;
  }

  /** A snapshot of what the leader has applied now; it may be lost, and so may the report. */
  private void sendSnapshot(Node leader, String follower) {
    if (!leader.alive || leader.raft.role() != Role.LEADER) {
      return;
    }
    SnapshotPosition position = leader.raft.positionAt(leader.appliedIndex);
    long term = leader.raft.term();
    schedule(
        random.nextLong(100 * MILLI),
        () -> {
          Node receiver = nodes.get(follower);
          boolean delivered =
              receiver.alive
                  && !cutLinks.contains(leader.id + ">" + follower)
                  && random.nextDouble() >= lossRate;
          if (delivered) {
            receiver.runHere(
                () -> {
                  if (receiver.alive) {
                    receiver.raft.offerSnapshot(position, term, leader.id, nowNanos);
                    receiver.changed();
                  }
                });
          }
          leader.scheduleHere(
              random.nextLong(20 * MILLI),
              () -> {
                if (leader.alive && leader.raft.term() == term) {
                  leader.raft.snapshotFinished(follower, position, delivered);
                  leader.changed();
                }
              });
        });
  }

  /** Removes most of what was applied, as far as this node is concerned. */
  void compact(Node node) {
    if (isRunning(node)) {
      node.raft.compactTo(Math.max(0, node.appliedIndex - random.nextInt(5)));
      node.changed();
    }
  }

  /** Asks every node that believes to lead for a change of the membership or a hand-over. */
  void reorganise() {
    List<String> ids = new ArrayList<>(nodes.keySet());
    String one = ids.get(random.nextInt(ids.size()));
    String other = ids.get(random.nextInt(ids.size()));
    int choice = random.nextInt(8);
    for (Node node : new ArrayList<>(nodes.values())) {
      if (!isRunning(node)) {
        continue;
      }
      switch (choice) {
        case 0 -> node.raft.changeMembership(new MembershipChange.AddLearner(one));
        case 1, 2 -> node.raft.changeMembership(new MembershipChange.AddVoter(one));
        case 3, 4 -> node.raft.changeMembership(new MembershipChange.Remove(one));
        case 5 -> node.raft.changeMembership(new MembershipChange.Replace(one, other));
        default -> node.raft.transferLeadership(choice == 6 ? null : one);
      }
      node.changed();
    }
  }

  long installs() {
    return installs;
  }

  long memberships() {
    return memberships;
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
    if (message instanceof Message.VoteResponse vote
        && vote.granted()
        && crashRate > 0
        && random.nextDouble() < crashRate) {
      crashSoon(nodes.get(vote.from()));
    }
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

  /** Just after a promise is the moment at which forgetting hurts. */
  private void crashSoon(Node node) {
    schedule(
        random.nextLong(5 * MILLI),
        () -> {
          if (nodes.get(node.id) == node && isRunning(node)) {
            crash(node);
            schedule(
                random.nextLong(20 * MILLI),
                () -> {
                  if (nodes.get(node.id) == node && !node.alive) {
                    restart(node);
                  }
                });
          }
        });
  }

  void crash(Node node) {
    node.alive = false;
    node.disk.crash(random.nextInt(node.disk.unsyncedCount() + 1));
    checker.crashed(node.id);
  }

  /** The applied state on disk may be older than what was applied, never newer than the log. */
  void restart(Node node) {
    long least = node.disk.firstIndex() - 1;
    long most = Math.max(least, node.disk.appliedIndex());
    nodes.put(node.id, new Node(node.id, node.disk, least + random.nextLong(most - least + 1)));
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
    crashRate = 0;
    for (Node node : new ArrayList<>(nodes.values())) {
      if (!node.alive) {
        restart(node);
      }
    }
  }
}
