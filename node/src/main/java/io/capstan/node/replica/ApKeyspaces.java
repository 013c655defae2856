package io.capstan.node.replica;

import com.google.protobuf.Message;
import io.capstan.node.keyspace.ActorRetirements;
import io.capstan.node.keyspace.ModeSwitches;
import io.capstan.node.quorum.LeaderlessKeyspace;
import io.capstan.node.quorum.QuorumConfig;
import io.capstan.node.quorum.ReplicaSet;
import io.capstan.node.storage.Table;
import io.capstan.node.version.NodeClock;
import io.capstan.proto.peer.v1.QuorumMessage;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.RebuildingRecord;
import io.capstan.proto.v1.CounterAddRequest;
import io.capstan.proto.v1.CounterGetRequest;
import io.capstan.proto.v1.DeleteRequest;
import io.capstan.proto.v1.DivergenceRequest;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.ListConflictsRequest;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.ScanRequest;
import io.capstan.proto.v1.SetAddRequest;
import io.capstan.proto.v1.SetMembersRequest;
import io.capstan.proto.v1.SetRemoveRequest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** The AP keyspaces of this replica, and messages for those that it does not know yet. */
final class ApKeyspaces {

  /** Messages kept for keyspaces whose creation this replica has yet to apply. */
  private static final int EARLY_MESSAGES_MAX = 1_000;

  // Odd, so that different indexes give different incarnations.
  private static final long INCARNATION_STEP = 0x9E3779B97F4A7C15L;

  private record Early(String from, QuorumMessage message) {}

  private final ReplicaConfig config;
  private final Supplier<Members> members;
  private final LongConsumer empty;
  private final BufferedTables tables;
  private final Outbox outbox;
  private final RandomGenerator random;
  private final Map<Long, LeaderlessKeyspace> keyspaces = new TreeMap<>();
  private final ArrayDeque<Early> early = new ArrayDeque<>();
  // In the configuration with this index this node held no replica, as one that does has said.
  private long leftBeforeIndex;

  /**
   * @param members as of the applied log
   * @param empty removes what a keyspace has on this disk
   */
  ApKeyspaces(
      ReplicaConfig config,
      Supplier<Members> members,
      BufferedTables tables,
      LongConsumer empty,
      Outbox outbox,
      RandomGenerator random) {
    this.config = config;
    this.members = members;
    this.empty = empty;
    this.tables = tables;
    this.outbox = outbox;
    this.random = random;
  }

  private ReplicaSet replicas() {
    return members.get().replicas();
  }

  /**
   * Whether this node holds replicas: it belongs to the members as the incarnation that the log
   * names. A node that came back without its data, under the id of a former member, meets that
   * one's membership while it goes through the log: what it confirmed as that one would be nobody's
   * once the log has gone on to its removal.
   */
  private boolean holds() {
    return replicas().contains(config.nodeId())
        && members.get().isNamed(config.nodeId(), config.incarnation())
        && replicas().configurationIndex() >= leftBeforeIndex;
  }

  /**
   * Whether the keyspace is older than this node's membership. Where it is not, nobody has ever
   * counted on what a predecessor of this replica held, for there was none.
   */
  private boolean isOlder(KeyspaceRecord keyspace) {
    long since =
        isComing() ? replicas().configurationIndex() : members.get().joinedIndex(config.nodeId());
    return keyspace.getId() < since;
  }

  /**
   * @param older whether the keyspace may be older than this replica
   */
  void created(KeyspaceRecord keyspace, boolean older, Moment now) {
    ApTables rows = new ApTables(keyspace.getId(), tables);
    if (keyspace.getMode() != Mode.MODE_AP) {
      if (rows.lineage() == 0) {
        rows.writeLineage(ModeSwitches.lineageOf(keyspace));
      }
      return;
    }
    leftBeforeIndex = Math.max(leftBeforeIndex, rows.leftBefore());
    if (holds() && !isInstalling(keyspace, rows)) {
      forgetFormerMembership(keyspace, rows, older);
      takeUpLineage(keyspace, rows, now);
      open(keyspace, rows, older, now);
    }
  }

  /**
   * A node that comes begins with nothing: what it wrote as a learner, or an earlier membership has
   * left on its disk, was settled without it since.
   */
  private void forgetFormerMembership(KeyspaceRecord keyspace, ApTables rows, boolean older) {
    RebuildingRecord stored = rows.readRebuilding();
    if (older
        && isComing()
        && (stored == null || stored.getJoinedIndex() != replicas().configurationIndex())) {
      empty.accept(keyspace.getId());
    }
  }

  /** Whether the change that is under way brings this node. */
  private boolean isComing() {
    return replicas().incoming().contains(config.nodeId());
  }

  private static boolean isInstalling(KeyspaceRecord keyspace, ApTables rows) {
    long id = keyspace.getSwitch().getId();
    return id != 0 && (rows.installing() == id || rows.installed() == id);
  }

  /**
   * Rows of an earlier lineage are of no use: the log went past the barrier in a snapshot, which
   * carries no AP data. Nothing of the present lineage was ever confirmed here, so it is enough to
   * take over one replica that has it all; unless a change of members brings this node, whose
   * quorums are others than those that confirmed.
   */
  private void takeUpLineage(KeyspaceRecord keyspace, ApTables rows, Moment now) {
    long lineage = ModeSwitches.lineageOf(keyspace);
    long stored = rows.lineage();
    if (stored == lineage) {
      return;
    }
    if (stored != 0) {
      // Without the gaps filled: what lies in one was never acknowledged, but it was written.
      NodeClock opened = NodeClock.fromProto(ModeSwitches.sealedClockOf(keyspace));
      if (!opened.containsAll(rows.readClock())) {
        new LeaderlessKeyspace(
                keyspace,
                quorumConfig(keyspace, replicas(), joinedIndex(rows)),
                rows,
                false,
                new KeyspaceOutput(config.groupId(), outbox),
                random)
            .sealing()
            .listOutside(opened, now.nanos(), now.wallMillis());
      }
      List<Long> checkpoints = rows.checkpoints();
      for (Table table :
          List.of(
              Table.data(keyspace.getId()),
              Table.dots(keyspace.getId()),
              Table.hints(keyspace.getId()),
              Table.clock(keyspace.getId()))) {
        rows.clear(table);
      }
      rows.writeCheckpoints(checkpoints);
      boolean alone = replicas().all().size() == 1;
      rows.writeRebuilding(
          RebuildingRecord.newBuilder()
              .setNeeded(isComing() ? 0 : 1)
              .setJoinedIndex(isComing() ? replicas().configurationIndex() : 0)
              .setComplete(alone)
              .build());
    }
    rows.writeLineage(lineage);
  }

  /**
   * The barrier was applied: all that the log wrote up to it is here. Where this node only learns
   * the log it holds no replica yet, and will begin with nothing once it does.
   */
  void openedByBarrier(KeyspaceRecord keyspace, Moment now) {
    if (!holds()) {
      return;
    }
    ApTables rows = new ApTables(keyspace.getId(), tables);
    rows.clear(Table.hints(keyspace.getId()));
    rows.writeLineage(ModeSwitches.lineageOf(keyspace));
    rows.writeRebuilding(RebuildingRecord.newBuilder().setComplete(true).build());
    rows.writeClock(NodeClock.fromProto(keyspace.getBaseClock()));
    open(keyspace, rows, false, now);
  }

  /** The keyspace goes on in a later epoch of the same lineage. */
  void reopened(KeyspaceRecord keyspace, Moment now) {
    closeFor(keyspace, "keyspace " + keyspace.getName() + " began epoch " + keyspace.getEpoch());
    created(keyspace, true, now);
  }

  /** Nobody is served any more; what the keyspace holds stays stored. */
  void closeFor(KeyspaceRecord keyspace, String reason) {
    LeaderlessKeyspace closing = keyspaces.remove(keyspace.getId());
    if (closing != null) {
      closing.beforeFlush();
      closing.close(Errors.WRONG_EPOCH, reason);
    }
  }

  /** Brings what serves the keyspace to the phase that the catalogue says. */
  void enterPhase(KeyspaceRecord keyspace) {
    LeaderlessKeyspace leaderless = keyspaces.get(keyspace.getId());
    if (leaderless == null) {
      return;
    }
    leaderless.retire(ActorRetirements.clockOf(keyspace.getRetiredList()));
    leaderless.phase(ModeSwitches.phaseOf(keyspace));
    if (!keyspace.hasSwitch()) {
      return;
    }
    switch (keyspace.getSwitch().getPhase()) {
      case SWITCH_PHASE_SEAL -> leaderless.sealing().seal();
      case SWITCH_PHASE_CONVERGE ->
          leaderless
              .sealing()
              .converge(
                  keyspace.getSwitch().getId(),
                  NodeClock.fromProto(keyspace.getSwitch().getClock()));
      case SWITCH_PHASE_PREPARE, SWITCH_PHASE_UNSPECIFIED, UNRECOGNIZED -> {}
    }
  }

  /**
   * The log says that other nodes hold replicas, or may have said so.
   *
   * @param catalogue all keyspaces as they are now
   */
  void replicasChanged(Collection<KeyspaceRecord> catalogue, Moment now) {
    ReplicaSet set = replicas();
    for (KeyspaceRecord keyspace : catalogue) {
      LeaderlessKeyspace open = keyspaces.get(keyspace.getId());
      if (!holds()) {
        leave(keyspace, open);
      } else if (open == null) {
        created(keyspace, isOlder(keyspace), now);
      } else if (!open.replicas().equals(set)) {
        open.replicasChanged(set, now.nanos(), now.wallMillis());
      }
    }
  }

  private void leave(KeyspaceRecord keyspace, @Nullable LeaderlessKeyspace open) {
    if (open != null) {
      open.beforeFlush();
      keyspaces.remove(keyspace.getId());
      open.close(
          Errors.NO_QUORUM,
          "node " + config.nodeId() + " has left the cluster and holds no replica any more");
    }
  }

  private long joinedIndex(ApTables rows) {
    RebuildingRecord stored = rows.readRebuilding();
    if (stored != null) {
      return stored.getJoinedIndex();
    }
    return isComing() ? replicas().configurationIndex() : 0;
  }

  private void open(KeyspaceRecord keyspace, ApTables rows, boolean older, Moment now) {
    keyspaces.put(
        keyspace.getId(),
        new LeaderlessKeyspace(
            keyspace,
            quorumConfig(keyspace, replicas(), joinedIndex(rows)),
            rows,
            older,
            new KeyspaceOutput(config.groupId(), outbox).answersOnceDurable(),
            random));
    enterPhase(keyspace);
    for (Iterator<Early> each = early.iterator(); each.hasNext(); ) {
      Early waiting = each.next();
      if (waiting.message().getKeyspaceId() == keyspace.getId()) {
        each.remove();
        deliver(waiting.from(), waiting.message(), now);
      }
    }
  }

  /** Each lineage has actors of its own, so that no dot of an earlier one is spent again. */
  private long incarnationIn(KeyspaceRecord keyspace) {
    long lineage = ModeSwitches.lineageOf(keyspace);
    if (lineage == 1) {
      return config.incarnation();
    }
    long mixed = (config.incarnation() + lineage) * 0x9E3779B97F4A7C15L;
    return mixed ^ (mixed >>> 29);
  }

  /**
   * The actor of a node that has come back after it had left is another one than before, also with
   * the same data folder.
   */
  private QuorumConfig quorumConfig(KeyspaceRecord keyspace, ReplicaSet set, long joinedIndex) {
    long incarnation = incarnationIn(keyspace) ^ (joinedIndex * INCARNATION_STEP);
    QuorumConfig defaults = QuorumConfig.defaults(config.nodeId(), incarnation, set);
    return new QuorumConfig(
        config.nodeId(),
        incarnation,
        set,
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
      outbox.emit(
          new Effect.Fail(
              callId,
              holds()
                  ? Errors.installing(keyspace, config.nodeId())
                  : Errors.noReplica(config.nodeId(), keyspace.getName())));
      return;
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

  /**
   * @param currentEpoch the epoch of the keyspace here, 0 where there is none
   */
  void onMessage(
      String from, QuorumMessage message, long appliedIndex, long currentEpoch, Moment now) {
    if (message.getRefusal().getNoReplica()) {
      leaveAsTold(from, message.getConfigurationIndex());
    } else if (keyspaces.containsKey(message.getKeyspaceId())) {
      if (replicas().contains(from)) {
        deliver(from, message, now);
      } else {
        tellFormer(from, message);
      }
    } else if (message.getKeyspaceId() > appliedIndex) {
      // The sender applied the creation earlier than this replica will.
      if (early.size() >= EARLY_MESSAGES_MAX) {
        early.poll();
      }
      early.add(new Early(from, message));
    } else if (!message.hasRefusal() && holds()) {
      new KeyspaceOutput(config.groupId(), outbox)
          .send(from, LeaderlessKeyspace.refusal(message, currentEpoch == 0, currentEpoch));
    }
  }

  /**
   * A node that holds no replica, as far as this one knows, speaks as if it did. Where it knows
   * less of the log than this one it was removed while it was away, and must not go on confirming
   * what nobody else will ever see.
   */
  void tellFormer(String to, QuorumMessage message) {
    ReplicaSet set = replicas();
    if (!message.hasRefusal()
        && holds()
        && !set.contains(to)
        && message.getConfigurationIndex() < set.configurationIndex()) {
      new KeyspaceOutput(config.groupId(), outbox)
          .send(to, LeaderlessKeyspace.noReplica(message, set.configurationIndex()));
    }
  }

  /**
   * A replica has applied a configuration without this node, which lags behind in the log, perhaps
   * for good: until it has come as far it holds no replica, also after a restart at which it hears
   * nobody. It may be one again further on.
   */
  private void leaveAsTold(String by, long configurationIndex) {
    if (replicas().contains(by) && configurationIndex > replicas().configurationIndex()) {
      leftBeforeIndex = Math.max(leftBeforeIndex, configurationIndex);
      for (LeaderlessKeyspace open : List.copyOf(keyspaces.values())) {
        new ApTables(open.record().getId(), tables).writeLeftBefore(configurationIndex);
        leave(open.record(), open);
      }
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

  /** What a change of members waits for; see {@link LeaderlessKeyspace#changeWaitsFor}. */
  List<String> changeWaitsFor() {
    List<String> waiting = new ArrayList<>();
    if (replicas().contains(config.nodeId()) && !holds()) {
      waiting.add("the log has yet to name " + config.nodeId() + ", so that it holds replicas");
    }
    keyspaces.forEach(
        (id, keyspace) ->
            keyspace
                .changeWaitsFor()
                .forEach(
                    each -> waiting.add("keyspace " + keyspace.record().getName() + ": " + each)));
    return waiting;
  }

  /** The keyspaces of which acknowledged writes may be lost with the node, by name. */
  List<String> losingWith(String node) {
    List<String> losing = new ArrayList<>();
    keyspaces.forEach(
        (id, keyspace) -> {
          if (keyspace.isLossPossible(node)) {
            losing.add(keyspace.record().getName());
          }
        });
    return losing;
  }

  @Nullable LeaderlessKeyspace keyspace(long id) {
    return keyspaces.get(id);
  }
}
