package io.capstan.node.replica;

import com.google.protobuf.Message;
import io.capstan.node.quorum.LeaderlessKeyspace;
import io.capstan.node.quorum.QuorumConfig;
import io.capstan.node.quorum.QuorumOutput;
import io.capstan.node.quorum.ReplicaSet;
import io.capstan.proto.peer.v1.PeerMessage;
import io.capstan.proto.peer.v1.QuorumMessage;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.v1.CounterAddRequest;
import io.capstan.proto.v1.CounterGetRequest;
import io.capstan.proto.v1.DeleteRequest;
import io.capstan.proto.v1.DivergenceRequest;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.ListConflictsRequest;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.ScanRequest;
import io.capstan.proto.v1.SetAddRequest;
import io.capstan.proto.v1.SetMembersRequest;
import io.capstan.proto.v1.SetRemoveRequest;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** The AP keyspaces of this replica, and messages for those that it does not know yet. */
final class ApKeyspaces {

  /** Messages kept for keyspaces whose creation this replica has yet to apply. */
  private static final int EARLY_MESSAGES_MAX = 1_000;

  private record Early(String from, QuorumMessage message) {}

  private final ReplicaConfig config;
  private final Supplier<List<String>> members;
  private final BufferedTables tables;
  private final Outbox outbox;
  private final RandomGenerator random;
  private final Map<Long, LeaderlessKeyspace> keyspaces = new TreeMap<>();
  private final ArrayDeque<Early> early = new ArrayDeque<>();

  /**
   * @param members the voters as of the applied log: the replicas of a keyspace that is made now
   */
  ApKeyspaces(
      ReplicaConfig config,
      Supplier<List<String>> members,
      BufferedTables tables,
      Outbox outbox,
      RandomGenerator random) {
    this.config = config;
    this.members = members;
    this.tables = tables;
    this.outbox = outbox;
    this.random = random;
  }

  /**
   * @param older whether the keyspace may be older than this replica
   */
  void created(KeyspaceRecord keyspace, boolean older, Moment now) {
    if (keyspace.getMode() != Mode.MODE_AP) {
      return;
    }
    keyspaces.put(
        keyspace.getId(),
        new LeaderlessKeyspace(
            keyspace,
            quorumConfig(),
            new ApTables(keyspace.getId(), tables),
            older,
            new Output(config.groupId(), outbox),
            random));
    for (Iterator<Early> each = early.iterator(); each.hasNext(); ) {
      Early waiting = each.next();
      if (waiting.message().getKeyspaceId() == keyspace.getId()) {
        each.remove();
        deliver(waiting.from(), waiting.message(), now);
      }
    }
  }

  private QuorumConfig quorumConfig() {
    ReplicaSet replicas = ReplicaSet.of(members.get());
    QuorumConfig defaults = QuorumConfig.defaults(config.nodeId(), config.incarnation(), replicas);
    return new QuorumConfig(
        config.nodeId(),
        config.incarnation(),
        replicas,
        config.antiEntropyIntervalMillis(),
        config.peerSilentMillis(),
        defaults.resendAfterMillis(),
        defaults.limits());
  }

  void dropped(KeyspaceRecord keyspace) {
    LeaderlessKeyspace closing = keyspaces.remove(keyspace.getId());
    if (closing != null) {
      closing.close(
          Errors.UNKNOWN_KEYSPACE, "keyspace " + keyspace.getName() + " was dropped meanwhile");
    }
  }

  /** Starts the request; the answer comes through the outbox. */
  void begin(
      long callId, Message request, KeyspaceRecord keyspace, long deadlineNanos, Moment now) {
    LeaderlessKeyspace leaderless = keyspaces.get(keyspace.getId());
    if (leaderless == null) {
      throw new ReplicaInvariantViolation("no tables for AP keyspace " + keyspace.getName());
    }
    long nanos = now.nanos();
    long wall = now.wallMillis();
    switch (request) {
      case PutRequest put -> leaderless.put(callId, put, deadlineNanos, nanos, wall);
      case GetRequest get -> leaderless.get(callId, get, deadlineNanos, nanos, wall);
      case DeleteRequest delete -> leaderless.delete(callId, delete, deadlineNanos, nanos, wall);
      case ScanRequest scan -> leaderless.scan(callId, scan, deadlineNanos, nanos, wall);
      case ListConflictsRequest list -> leaderless.listConflicts(callId, list, nanos, wall);
      case DivergenceRequest divergence -> leaderless.divergence(callId, divergence, nanos, wall);
      case CounterAddRequest add -> leaderless.counterAdd(callId, add, deadlineNanos, nanos, wall);
      case CounterGetRequest get -> leaderless.counterGet(callId, get, deadlineNanos, nanos, wall);
      case SetAddRequest add -> leaderless.setAdd(callId, add, deadlineNanos, nanos, wall);
      case SetRemoveRequest remove ->
          leaderless.setRemove(callId, remove, deadlineNanos, nanos, wall);
      case SetMembersRequest members ->
          leaderless.setMembers(callId, members, deadlineNanos, nanos, wall);
      default ->
          throw new ReplicaInvariantViolation(
              request.getDescriptorForType().getName() + " is no request of an AP keyspace");
    }
  }

  void onMessage(String from, QuorumMessage message, long appliedIndex, Moment now) {
    if (keyspaces.containsKey(message.getKeyspaceId())) {
      deliver(from, message, now);
    } else if (message.getKeyspaceId() > appliedIndex) {
      // The sender applied the creation earlier than this replica will.
      if (early.size() >= EARLY_MESSAGES_MAX) {
        early.poll();
      }
      early.add(new Early(from, message));
    } else if (!message.hasRefusal()) {
      new Output(config.groupId(), outbox).send(from, LeaderlessKeyspace.refusal(message, true, 0));
    }
  }

  private void deliver(String from, QuorumMessage message, Moment now) {
    LeaderlessKeyspace leaderless = keyspaces.get(message.getKeyspaceId());
    if (leaderless != null) {
      leaderless.onMessage(from, message, now.nanos(), now.wallMillis());
    }
  }

  void tick(long appliedIndex, Moment now) {
    for (LeaderlessKeyspace keyspace : keyspaces.values()) {
      keyspace.tick(now.nanos(), now.wallMillis());
    }
    early.removeIf(waiting -> waiting.message().getKeyspaceId() <= appliedIndex);
  }

  /**
   * The earliest moment at which {@link #tick} has something to do, no later than the one given.
   */
  long nextTickNanos(long latestNanos) {
    long earliest = latestNanos;
    for (LeaderlessKeyspace keyspace : keyspaces.values()) {
      OptionalLong next = keyspace.nextTickNanos();
      if (next.isPresent() && next.getAsLong() - earliest < 0) {
        earliest = next.getAsLong();
      }
    }
    return earliest;
  }

  void peerLink(String peer, boolean connected, Moment now) {
    for (LeaderlessKeyspace keyspace : keyspaces.values()) {
      keyspace.peerLink(peer, connected, now.nanos(), now.wallMillis());
    }
  }

  void beforeFlush() {
    for (LeaderlessKeyspace keyspace : keyspaces.values()) {
      keyspace.beforeFlush();
    }
  }

  @Nullable LeaderlessKeyspace keyspace(long id) {
    return keyspaces.get(id);
  }

  /** Wraps what a keyspace says into the effects of the replica. */
  private record Output(long groupId, Outbox outbox) implements QuorumOutput {

    @Override
    public void send(String to, QuorumMessage message) {
      outbox.emit(
          new Effect.Send(
              to, PeerMessage.newBuilder().setGroupId(groupId).setQuorum(message).build()));
    }

    @Override
    public void whenDurable(Runnable action) {
      outbox.whenDurable(action);
    }

    @Override
    public void reply(long callId, Message response) {
      outbox.emit(new Effect.Reply(callId, response));
    }

    @Override
    public void fail(long callId, ErrorDetail error) {
      outbox.emit(new Effect.Fail(callId, error));
    }
  }
}
