package io.capstan.node.raft;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Runs the input lines of a transcript and tells their effects, one a line. See {@code README.txt}
 * beside the scripts for the language.
 */
final class Transcript {
  private static final long MILLI = 1_000_000L;

  private record Held(long afterSequence, Message message) {}

  private static final class Node {
    private final String id;
    private final MemoryDisk disk;
    private final Deque<Held> held = new ArrayDeque<>();
    private Raft raft;
    private long nowNanos;
    private long sequence;
    private long appliedIndex;
    private boolean draining = true;

    Node(String id, MemoryDisk disk, Raft raft) {
      this.id = id;
      this.disk = disk;
      this.raft = raft;
    }
  }

  private final Map<String, Node> nodes = new LinkedHashMap<>();
  private final Map<String, Long> settings = new LinkedHashMap<>();
  private final TreeSet<String> joiners = new TreeSet<>();
  private final List<Message> network = new ArrayList<>();
  private final List<String> effects = new ArrayList<>();
  private Configuration membership = Configuration.ofVoters();
  private boolean autoSync;

  /** Runs one input line and returns what it caused. */
  List<String> run(String line) {
    effects.clear();
    String[] words = line.trim().split("\\s+", -1);
    switch (words[0]) {
      case "set" -> set(words);
      case "cluster" -> cluster(words);
      case "join" -> join(words[1]);
      case "log" -> preset(node(words[1]), words);
      case "tick" -> {
        for (String id : words[1].split(",")) {
          tick(node(id), Long.parseLong(words[2]));
        }
      }
      case "propose" -> propose(node(words[1]), Arrays.copyOfRange(words, 2, words.length));
      case "read" -> read(node(words[1]), Arrays.copyOfRange(words, 2, words.length));
      case "change" -> change(node(words[1]), Arrays.copyOfRange(words, 2, words.length));
      case "transfer" -> transfer(node(words[1]), words.length > 2 ? words[2] : null);
      case "forget" -> {
        node(words[1]).raft.forgetLeader();
        drainUnlessHeld(node(words[1]));
      }
      case "compact" -> {
        node(words[1]).raft.compactTo(Long.parseLong(words[2]));
        drainUnlessHeld(node(words[1]));
      }
      case "offer" -> offer(node(words[1]), TranscriptInput.named(words));
      case "sent" -> {
        node(words[1])
            .raft
            .snapshotFinished(
                words[2],
                node(words[1]).raft.positionAt(Long.parseLong(words[3])),
                words[4].equals("delivered"));
        drainUnlessHeld(node(words[1]));
      }
      case "step" -> step(node(words[1]), words);
      case "deliver" -> deliver(words.length > 1 ? words[1] : "*");
      case "drop" -> drop(words.length > 1 ? words[1] : "*");
      case "sync" ->
          sync(node(words[1]), words.length > 2 ? Long.parseLong(words[2]) : Long.MAX_VALUE);
      case "hold" -> node(words[1]).draining = false;
      case "drain" -> {
        node(words[1]).draining = true;
        drain(node(words[1]));
      }
      case "crash" -> crash(node(words[1]), words.length > 2 ? Integer.parseInt(words[2]) : 0);
      case "settle" -> settle();
      case "status" -> status(words[1]);
      case "members" -> members(node(words[1]));
      default -> throw new IllegalArgumentException("unknown input: " + line);
    }
    return List.copyOf(effects);
  }

  private Node node(String id) {
    Node node = nodes.get(id);
    if (node == null) {
      throw new IllegalArgumentException("no node " + id);
    }
    return node;
  }

  private void set(String[] words) {
    if (words[1].equals("autosync")) {
      autoSync = words[2].equals("on");
    } else {
      settings.put(words[1], Long.parseLong(words[2]));
    }
  }

  /** {@code cluster n1 n2 n3 learner:n4 outgoing:n5}. */
  private void cluster(String[] words) {
    TreeSet<String> voters = new TreeSet<>();
    TreeSet<String> outgoing = new TreeSet<>();
    TreeSet<String> learners = new TreeSet<>();
    for (String word : Arrays.asList(words).subList(1, words.length)) {
      if (word.startsWith("learner:")) {
        learners.add(word.substring(8));
      } else if (word.startsWith("outgoing:")) {
        outgoing.add(word.substring(9));
      } else {
        voters.add(word);
      }
    }
    membership = new Configuration(voters, outgoing, learners);
    for (String id : membership.members()) {
      MemoryDisk disk = new MemoryDisk();
      nodes.put(id, new Node(id, disk, start(id, disk, 0, 0)));
    }
  }

  /** A node that was told of no group. */
  private void join(String id) {
    MemoryDisk disk = new MemoryDisk();
    joiners.add(id);
    nodes.put(id, new Node(id, disk, start(id, disk, 0, 0)));
  }

  private Raft start(String id, MemoryDisk disk, long appliedIndex, long nowNanos) {
    RaftConfig config =
        RaftConfig.builder(id, joiners.contains(id) ? Configuration.NONE : membership)
            .commitNewsDelayMillis(setting("commitNewsDelayMillis", 0))
            .inflightMessagesMax(setting("inflightMessagesMax", 256).intValue())
            .inflightBytesMax(setting("inflightBytesMax", 1 << 20))
            .appendBytesMax(setting("appendBytesMax", 1 << 20))
            .uncommittedBytesMax(setting("uncommittedBytesMax", 1 << 20))
            .applyBytesMax(setting("applyBytesMax", 1 << 20))
            .readsPendingMax(setting("readsPendingMax", 100).intValue())
            .readRoundsMax(setting("readRoundsMax", 1).intValue())
            .cacheBytesMax(setting("cacheBytesMax", 1 << 20))
            .applyLagEntriesMax(setting("applyLagEntriesMax", 1 << 20))
            .applyLagBytesMax(setting("applyLagBytesMax", 1 << 20))
            .leaseReads(setting("leaseReads", 0) == 1)
            .clockDriftMaxPartsPerMillion(setting("clockDriftMaxPartsPerMillion", 0).intValue())
            .automaticLeave(setting("automaticLeave", 1) == 1)
            .build();
    // The first member waits 1,000 ms for a leader, the second 1,100 ms and so on, always.
    TreeSet<String> all = new TreeSet<>(membership.members());
    all.addAll(joiners);
    long extraNanos = 100 * MILLI * all.headSet(id).size();
    return new Raft(config, disk.hardState(), disk, appliedIndex, () -> extraNanos << 1, nowNanos);
  }

  private Long setting(String name, long otherwise) {
    return settings.getOrDefault(name, otherwise);
  }

  /**
   * {@code log n1 1/1 2/1 3/4 term=5 vote=n2 applied=1}: starts the node again with this on its
   * disk.
   */
  private void preset(Node node, String[] words) {
    List<Entry> entries = new ArrayList<>();
    for (String word : words) {
      if (word.contains("/")) {
        entries.add(TranscriptInput.entry(word));
      }
    }
    Map<String, String> named = TranscriptInput.named(words);
    String vote = named.get("vote");
    HardState hardState = new HardState(Long.parseLong(named.getOrDefault("term", "0")), vote);
    node.disk.preset(entries, hardState);
    node.appliedIndex = Long.parseLong(named.getOrDefault("applied", "0"));
    node.raft = start(node.id, node.disk, node.appliedIndex, node.nowNanos);
  }

  private void tick(Node node, long millis) {
    node.nowNanos += millis * MILLI;
    node.raft.tick(node.nowNanos);
    drainUnlessHeld(node);
  }

  private void propose(Node node, String[] payloads) {
    for (String payload : payloads) {
      ProposeResult result = node.raft.propose(payload.getBytes(StandardCharsets.UTF_8));
      switch (result) {
        case ProposeResult.Accepted accepted ->
            effect(node, "accepts " + accepted.index() + "/" + accepted.term() + ":" + payload);
        case ProposeResult.NotLeader notLeader ->
            effect(
                node,
                "refuses "
                    + payload
                    + ": not leader, try "
                    + TranscriptText.orDash(notLeader.leaderId()));
        case ProposeResult.Overloaded overloaded ->
            effect(
                node,
                "refuses "
                    + payload
                    + ": overloaded, "
                    + overloaded.current()
                    + switch (overloaded.limit()) {
                      case UNCOMMITTED_BYTES -> " bytes wait";
                      case APPLY_LAG_BYTES -> " bytes wait to be applied";
                      case APPLY_LAG_ENTRIES -> " entries wait to be applied";
                    });
        case ProposeResult.Transferring transferring ->
            effect(node, "refuses " + payload + ": transferring to " + transferring.target());
      }
    }
    drainUnlessHeld(node);
  }

  private void change(Node node, String[] words) {
    MembershipResult result = node.raft.changeMembership(TranscriptInput.change(words));
    effect(
        node,
        switch (result) {
          case MembershipResult.Accepted accepted ->
              "accepts the change " + accepted.index() + "/" + accepted.term();
          case MembershipResult.NotLeader notLeader ->
              "refuses the change: not leader, try " + TranscriptText.orDash(notLeader.leaderId());
          case MembershipResult.Refused refused ->
              "refuses the change: " + refused.reason() + ", " + refused.because();
        });
    drainUnlessHeld(node);
  }

  private void transfer(Node node, String target) {
    TransferResult result = node.raft.transferLeadership(target);
    effect(
        node,
        switch (result) {
          case TransferResult.Started started -> "hands over to " + started.target();
          case TransferResult.NotLeader notLeader ->
              "hands nothing over: not leader, try " + TranscriptText.orDash(notLeader.leaderId());
          case TransferResult.Refused refused -> "hands nothing over: " + refused.because();
        });
    drainUnlessHeld(node);
  }

  /** {@code offer n2 from=n1 index=5}: the snapshot that n1 could make there. */
  private void offer(Node node, Map<String, String> named) {
    Raft sender = node(named.get("from")).raft;
    long term = Long.parseLong(named.getOrDefault("term", String.valueOf(sender.term())));
    SnapshotOffer answer =
        node.raft.offerSnapshot(
            sender.positionAt(Long.parseLong(named.get("index"))),
            term,
            named.get("from"),
            node.nowNanos);
    effect(node, "says " + answer);
    drainUnlessHeld(node);
  }

  private void read(Node node, String[] ids) {
    for (String id : ids) {
      node.raft.readIndex(Long.parseLong(id), node.nowNanos);
    }
    drainUnlessHeld(node);
  }

  private void step(Node node, String[] words) {
    stepInto(node, TranscriptInput.message(node.id, words));
    drainUnlessHeld(node);
  }

  private void stepInto(Node node, Message message) {
    try {
      node.raft.step(message, node.nowNanos);
    } catch (RaftInvariantViolation violation) {
      effect(node, "stops: " + violation.getMessage());
      node.draining = false;
    }
  }

  /** Delivers what is on the wire now, in order; each receiver drains once, after all of it. */
  private void deliver(String route) {
    List<Message> arriving = take(route);
    TreeSet<String> receivers = new TreeSet<>();
    for (Message message : arriving) {
      stepInto(node(message.to()), message);
      receivers.add(message.to());
    }
    receivers.forEach(id -> drainUnlessHeld(node(id)));
  }

  private void drop(String route) {
    take(route).forEach(message -> effects.add("lost: " + TranscriptText.describe(message)));
  }

  /** A route is {@code *}, a receiver, or {@code from>to}, with {@code *} for any. */
  private List<Message> take(String route) {
    String from = route.contains(">") ? route.substring(0, route.indexOf('>')) : "*";
    String to = route.substring(route.indexOf('>') + 1);
    List<Message> taken = new ArrayList<>();
    for (Message message : network) {
      if ((from.equals("*") || from.equals(message.from()))
          && (to.equals("*") || to.equals(message.to()))) {
        taken.add(message);
      }
    }
    network.removeAll(Collections.unmodifiableList(taken));
    return taken;
  }

  private void sync(Node node, long sequence) {
    long target = Math.min(sequence, node.disk.lastUnsynced());
    if (target > 0) {
      node.disk.sync(target);
      node.raft.durable(target);
      release(node, target);
      drainUnlessHeld(node);
    }
  }

  private void release(Node node, long sequence) {
    while (!node.held.isEmpty() && node.held.getFirst().afterSequence() <= sequence) {
      post(node.held.removeFirst().message());
    }
  }

  private void crash(Node node, int survivingWrites) {
    node.disk.crash(survivingWrites);
    node.held.clear();
    node.draining = true;
    node.appliedIndex = Math.min(node.appliedIndex, node.disk.lastIndex());
    node.raft = start(node.id, node.disk, node.appliedIndex, node.nowNanos);
    node.sequence = 0;
    effect(
        node,
        "restarts with term="
            + node.raft.term()
            + " vote="
            + TranscriptText.orDash(node.disk.hardState().votedFor())
            + " log="
            + TranscriptText.describe(node.disk.writtenEntries()));
  }

  /**
   * Syncs and delivers everything until nothing moves any more; only roles and applied entries are
   * told.
   */
  private void settle() {
    for (int round = 0; round < 100; round++) {
      nodes.values().forEach(node -> sync(node, Long.MAX_VALUE));
      if (network.isEmpty()) {
        break;
      }
      deliver("*");
    }
    effects.removeIf(
        effect ->
            !effect.contains(" applies ")
                && !effect.contains(" is ")
                && !effect.contains(" owes ")
                && !effect.contains(" stops")
                && !effect.contains(" reads "));
  }

  private void members(Node node) {
    RaftStatus status = node.raft.status();
    effect(
        node,
        "follows "
            + TranscriptText.describe(status.configuration())
            + (status.changeOpen() ? ", a change is open" : ""));
  }

  private void status(String id) {
    RaftStatus status = node(id).raft.status();
    effects.add(
        "%s %s term=%d leader=%s commit=%d last=%d durable=%d"
            .formatted(
                id,
                status.role(),
                status.term(),
                TranscriptText.orDash(status.leaderId()),
                status.commitIndex(),
                status.lastIndex(),
                status.durableIndex()));
    for (RaftStatus.FollowerStatus follower : status.followers()) {
      effects.add(
          "  %s %s match=%d next=%d inflight=%d"
              .formatted(
                  follower.nodeId(),
                  follower.state(),
                  follower.matchIndex(),
                  follower.nextIndex(),
                  follower.inflightMessages()));
    }
  }

  private void drainUnlessHeld(Node node) {
    if (node.draining) {
      drain(node);
    }
  }

  private void drain(Node node) {
    Output output = node.raft.drain(++node.sequence);
    RoleChange change = output.roleChange();
    if (change != null) {
      effect(
          node,
          "is "
              + change.role()
              + " in term "
              + change.term()
              + ", leader "
              + TranscriptText.orDash(change.leaderId()));
    }
    if (output.hasWrite()) {
      node.disk.write(output);
      effect(node, "writes #" + output.writeSequence() + TranscriptText.describeWrite(output));
    }
    if (output.install() != null) {
      node.appliedIndex = output.install().index();
      node.raft.installed(output.install());
    }
    for (String follower : output.snapshotsNeeded()) {
      effect(node, "owes " + follower + " a snapshot");
    }
    output.sendNow().forEach(message -> post(message));
    for (Message message : output.sendWhenDurable()) {
      node.held.addLast(new Held(output.sendWhenDurableAfter(), message));
      if (!autoSync) {
        effects.add(
            "after #" + output.sendWhenDurableAfter() + ": " + TranscriptText.describe(message));
      }
    }
    if (!output.committed().isEmpty()) {
      node.appliedIndex += output.committed().size();
      effect(
          node,
          "applies "
              + TranscriptText.describe(output.committed())
              + (output.committedMore() ? " and has more" : ""));
    }
    for (ReadState read : output.reads()) {
      effect(node, "reads " + read.requestId() + " at " + read.readIndex());
    }
    for (ReadRejection rejection : output.rejectedReads()) {
      effect(
          node,
          "refuses read "
              + rejection.requestId()
              + ": "
              + rejection.reason()
              + ", try "
              + TranscriptText.orDash(rejection.leaderId()));
    }
    if (autoSync && node.disk.lastUnsynced() > 0) {
      sync(node, Long.MAX_VALUE);
    } else if (output.committedMore()) {
      drainUnlessHeld(node);
    }
  }

  private void post(Message message) {
    // A peer that is only played by script lines has no queue.
    if (nodes.containsKey(message.to())) {
      network.add(message);
    }
    effects.add(TranscriptText.describe(message));
  }

  private void effect(Node node, String text) {
    effects.add(node.id + " " + text);
  }
}
