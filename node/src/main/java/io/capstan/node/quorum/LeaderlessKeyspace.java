package io.capstan.node.quorum;

import io.capstan.node.version.InvariantViolation;
import io.capstan.node.version.NodeClock;
import io.capstan.node.version.RowHash;
import io.capstan.proto.peer.v1.QuorumMessage;
import io.capstan.proto.peer.v1.Refusal;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.v1.CounterAddRequest;
import io.capstan.proto.v1.CounterGetRequest;
import io.capstan.proto.v1.DeleteRequest;
import io.capstan.proto.v1.DivergenceRequest;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.KeyspaceStatus;
import io.capstan.proto.v1.ListConflictsRequest;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.ScanRequest;
import io.capstan.proto.v1.SetAddRequest;
import io.capstan.proto.v1.SetMembersRequest;
import io.capstan.proto.v1.SetRemoveRequest;
import java.util.List;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * One AP keyspace on one replica: coordinates what clients ask of this node, serves other
 * coordinators, and converges with the other replicas.
 *
 * <p>How it is driven: the caller hands in requests, messages and ticks with the time of the step;
 * everything that happens leaves through {@link QuorumOutput}. The caller calls {@link
 * #beforeFlush} once after the last input of a batch and before the batch is written, and runs
 * {@link QuorumOutput#whenDurable} actions, which may write again, only once their batch is on
 * disk. Every call is answered exactly once, at the latest at the first tick after its deadline.
 *
 * <p>Every method may throw {@link InvariantViolation}, after which the node must stop without
 * flushing. Confined to one event loop.
 */
public final class LeaderlessKeyspace {

  /** After so many exchanges of clocks an answer of anti-entropy counts as lost. */
  private static final long ANSWER_INTERVALS = 2;

  private final KeyspaceRecord record;
  private final StepTime time = new StepTime();
  private final Replicas replicas;
  private final Levels levels;
  private final PeerReports reports = new PeerReports();
  private final Freshness freshness;
  private final PeerReachability peers;
  private final PendingCalls pending;
  private final ReplicaState state;
  private final QuorumOutput output;
  private final ConflictLedger ledger;
  private final PeerWallClocks wallClocks;
  private final KeyspaceWire wire;
  private final WriteCoordinator writes;
  private final FirstLook firstLook;
  private final ReadCoordinator reads;
  private final ScanCoordinator scans;
  private final ReplicaRole replica;
  private final AntiEntropy antiEntropy;
  private final Stability stability;
  private final Collector collector;
  private final Takeover takeover;
  private final Rebuilding rebuilding;
  private final ChangeProgress change;
  private final Retirement retirement;
  private final Hints hints;
  private final CounterFolding folding;
  private final TypedWrites typedWrites;
  private final DivergenceReport divergence;
  private long malformedMessages;
  private final Sealing sealing;
  private final Receipts receipts;

  /**
   * Takes up the keyspace from what is stored.
   *
   * @param record an AP keyspace
   * @param tables its rows on this replica
   * @param older whether the keyspace may be older than this replica, so that others may count on
   *     what it has lost or never had; asked where nothing is stored about it
   * @param output must not call back into this object, other than by running actions in a later
   *     step
   * @param random decides when clocks are exchanged first and where request ids start
   * @throws InvariantViolation if the stored clock is damaged
   */
  public LeaderlessKeyspace(
      KeyspaceRecord record,
      QuorumConfig config,
      KeyspaceTables tables,
      boolean older,
      QuorumOutput output,
      RandomGenerator random) {
    this.record = record;
    this.output = output;
    this.replicas = new Replicas(config.nodeId(), config.replicas());
    this.peers = new PeerReachability(config, replicas);
    this.pending = new PendingCalls(config, random);
    this.ledger =
        new ConflictLedger(ConflictLedger.Limits.DEFAULT, tables.ledger(), config.nodeId(), time);
    this.wallClocks = new PeerWallClocks(config.limits().clockDriftMaxMillis());
    ConflictRule rule = new ConflictRule(record, ledger);
    this.state = new ReplicaState(config, tables, time, rule);
    this.wire = new KeyspaceWire(output, record, replicas);
    this.levels = new Levels(record, replicas);
    Receipts receipts = new Receipts(record, config, replicas);
    this.receipts = receipts;
    Admission admission =
        new Admission(record, config, levels, replicas, peers, pending, receipts, time);
    this.stability = new Stability(state.clock(), replicas);
    this.collector = new Collector(state, stability, config.limits().collectedDotsMax());
    this.takeover = new Takeover(config, state, wire, peers, time, random, this::tookOver);
    this.rebuilding =
        new Rebuilding(config, tables, replicas, levels, peers, reports, time, takeover, older);
    this.change =
        new ChangeProgress(config, replicas, levels, peers, reports, rebuilding, state, wire, time);
    this.retirement = new Retirement(replicas, reports, rebuilding, state);
    this.replica = new ReplicaRole(record, config, state, rebuilding, wire);
    this.freshness = new Freshness(state.clock(), peers.all(), time, pending.nextRequestId());
    this.hints = new Hints(config, tables.hints(), state, wire, peers, pending, time);
    this.writes =
        new WriteCoordinator(
            record,
            config,
            levels,
            replicas,
            admission,
            state,
            wire,
            output,
            peers,
            pending,
            receipts,
            time,
            rule,
            wallClocks,
            hints);
    this.firstLook =
        new FirstLook(
            record, config, replicas, rebuilding, state, wire, output, peers, pending, time);
    this.reads =
        new ReadCoordinator(
            record,
            config,
            levels,
            replicas,
            admission,
            state,
            wire,
            output,
            peers,
            rebuilding,
            pending,
            receipts,
            time,
            freshness);
    this.scans =
        new ScanCoordinator(
            record,
            config,
            levels,
            replicas,
            admission,
            replica,
            state,
            wire,
            output,
            peers,
            rebuilding,
            pending,
            receipts,
            time,
            freshness);
    this.antiEntropy =
        new AntiEntropy(
            config,
            state,
            wire,
            peers,
            time,
            stability,
            takeover,
            freshness,
            reports,
            rebuilding,
            new UnderWay(time, ANSWER_INTERVALS * config.antiEntropyIntervalMillis() * 1_000_000),
            replicas,
            random);
    this.divergence =
        new DivergenceReport(config.nodeId(), state, antiEntropy, stability, rebuilding, peers);
    this.folding = new CounterFolding(config, state, stability, time);
    this.typedWrites =
        new TypedWrites(levels, admission, state, writes, folding, output, config, time);
    this.sealing = new Sealing(state, wire, antiEntropy, ledger, time);
  }

  /** How this replica goes through a change of sides. */
  public Sealing sealing() {
    return sealing;
  }

  /** What receipts call the phase that the keyspace is in from now on. */
  public void phase(String phase) {
    receipts.phase(phase);
  }

  /** What this replica has seen; a copy. */
  public NodeClock clock() {
    return state.clock().copy();
  }

  private void tookOver(Takeover.Finished finished) {
    rebuilding.tookOver(finished);
  }

  /** The keyspace as it was taken up. */
  public KeyspaceRecord record() {
    return record;
  }

  /**
   * Coordinates a put. Answered with a {@code PutResponse}, or with an error: FAILED where nothing
   * was written, UNKNOWN where fewer than W replicas confirmed in time.
   *
   * @param callId unique while the call is open
   * @param request key and value are already checked for size
   */
  public void put(
      long callId, PutRequest request, long deadlineNanos, long nowNanos, long wallMillis) {
    enter(nowNanos, wallMillis);
    firstLook.before(
        callId, request.getKey(), deadlineNanos, () -> writes.put(callId, request, deadlineNanos));
  }

  /** Coordinates a delete; like {@link #put}, answered with a {@code DeleteResponse}. */
  public void delete(
      long callId, DeleteRequest request, long deadlineNanos, long nowNanos, long wallMillis) {
    enter(nowNanos, wallMillis);
    firstLook.before(
        callId,
        request.getKey(),
        deadlineNanos,
        () -> writes.delete(callId, request, deadlineNanos));
  }

  /** Coordinates a get. Answered with a {@code GetResponse}, or FAILED. */
  public void get(
      long callId, GetRequest request, long deadlineNanos, long nowNanos, long wallMillis) {
    enter(nowNanos, wallMillis);
    reads.get(callId, request, deadlineNanos);
  }

  /** Adds to a counter; like {@link #put}, answered with a {@code CounterAddResponse}. */
  public void counterAdd(
      long callId, CounterAddRequest request, long deadlineNanos, long nowNanos, long wallMillis) {
    enter(nowNanos, wallMillis);
    typedWrites.counterAdd(callId, request, deadlineNanos);
  }

  /** Adds an element to a set; like {@link #put}, answered with a {@code SetAddResponse}. */
  public void setAdd(
      long callId, SetAddRequest request, long deadlineNanos, long nowNanos, long wallMillis) {
    enter(nowNanos, wallMillis);
    typedWrites.setAdd(callId, request, deadlineNanos);
  }

  /**
   * Removes what is seen of an element; like {@link #put}, answered with a {@code
   * SetRemoveResponse}.
   */
  public void setRemove(
      long callId, SetRemoveRequest request, long deadlineNanos, long nowNanos, long wallMillis) {
    enter(nowNanos, wallMillis);
    typedWrites.setRemove(callId, request, deadlineNanos);
  }

  /** Reads a counter. Answered with a {@code CounterGetResponse}, or FAILED. */
  public void counterGet(
      long callId, CounterGetRequest request, long deadlineNanos, long nowNanos, long wallMillis) {
    enter(nowNanos, wallMillis);
    folding.used(request.getKey(), state.read(request.getKey()));
    reads.counterGet(callId, request, deadlineNanos);
  }

  /** Reads a set. Answered with a {@code SetMembersResponse}, or FAILED. */
  public void setMembers(
      long callId, SetMembersRequest request, long deadlineNanos, long nowNanos, long wallMillis) {
    enter(nowNanos, wallMillis);
    reads.setMembers(callId, request, deadlineNanos);
  }

  /** Coordinates one page of a scan. Answered with a {@code ScanResponse}, or FAILED. */
  public void scan(
      long callId, ScanRequest request, long deadlineNanos, long nowNanos, long wallMillis) {
    enter(nowNanos, wallMillis);
    scans.scan(callId, request, deadlineNanos);
  }

  /**
   * Lists what the latest write won against on this replica. Answered at once with a {@code
   * ListConflictsResponse}, or FAILED.
   */
  public void listConflicts(
      long callId, ListConflictsRequest request, long nowNanos, long wallMillis) {
    enter(nowNanos, wallMillis);
    try {
      output.reply(callId, ledger.list(request));
    } catch (IllegalArgumentException e) {
      output.fail(callId, Refusals.badVersion(String.valueOf(e.getMessage())));
    }
  }

  /**
   * Tells how far this replica and its peers are apart. Answered at once with a {@code
   * DivergenceResponse}, or FAILED.
   */
  public void divergence(long callId, DivergenceRequest request, long nowNanos, long wallMillis) {
    enter(nowNanos, wallMillis);
    try {
      output.reply(callId, divergence.answer(request));
    } catch (IllegalArgumentException e) {
      output.fail(callId, Refusals.badLeaf(String.valueOf(e.getMessage())));
    }
  }

  /** Puts on the status page what belongs there. */
  public void describe(KeyspaceStatus.Builder row) {
    divergence.describe(row);
    PeerWallClocks.Lead lead = writes.clockLead();
    row.setClockAheadMillis(lead == null ? 0 : lead.leastMillis());
    row.setDiscardedWrites(ledger.discarded())
        .setCollapsedConflicts(ledger.collapsed())
        .setHintsWaiting(hints.waiting())
        .addAllNeedingAntiEntropy(hints.needingAntiEntropy());
  }

  /** The hash of all rows; null while it cannot be said, see {@link RowAudit}. */
  public @Nullable RowHash root() {
    return state.root();
  }

  /** Peers that held other rows although they had seen the same, when compared last. */
  public List<String> disagreeing() {
    return state.audit().disagreeing();
  }

  /** How many writes the latest one won against on this replica so far. */
  public long discardedWrites() {
    return ledger.discarded();
  }

  /** Of these, how many the ledger counts only. */
  public long collapsedConflicts() {
    return ledger.collapsed();
  }

  /**
   * Takes a message of another replica, late, duplicated or out of order as it may be. What belongs
   * to another keyspace id or epoch is refused; what is malformed is dropped and counted.
   */
  public void onMessage(String from, QuorumMessage message, long nowNanos, long wallMillis) {
    enter(nowNanos, wallMillis);
    if (!peers.isPeer(from)
        || message.getMessageCase() == QuorumMessage.MessageCase.REFUSAL
        || message.getMessageCase() == QuorumMessage.MessageCase.MESSAGE_NOT_SET) {
      // A refusal needs no reaction: its replica does not count, and reminders follow.
      return;
    }
    if (message.getKeyspaceId() != record.getId() || message.getEpoch() != record.getEpoch()) {
      boolean unknown = message.getKeyspaceId() != record.getId();
      wire.send(from, refusal(message, unknown, unknown ? 0 : record.getEpoch()));
      return;
    }
    boolean wasReachable = peers.isReachable(from, nowNanos);
    peers.heard(from, nowNanos);
    try {
      dispatch(from, message);
    } catch (MalformedMessageException e) {
      malformedMessages++;
    }
    if (!wasReachable) {
      // Back again: let it know at once what it can give, rather than at the next interval.
      antiEntropy.sendClock(from);
      hints.handOver(from);
    }
  }

  private void dispatch(String from, QuorumMessage message) {
    long index = message.getConfigurationIndex();
    switch (message.getMessageCase()) {
      case REPLICATE -> replica.onReplicate(from, message.getReplicate());
      case REPLICATE_ACK -> {
        writes.onAck(from, message.getReplicateAck().getRequestId(), index);
        reads.onAck(from, message.getReplicateAck().getRequestId(), index);
        hints.onAck(from, message.getReplicateAck().getRequestId());
      }
      case READ_REQUEST -> replica.onReadRequest(from, message.getReadRequest());
      case READ_RESPONSE -> {
        reads.onResponse(from, message.getReadResponse(), index);
        firstLook.onResponse(from, message.getReadResponse(), index);
      }
      case SCAN_REQUEST -> replica.onScanRequest(from, message.getScanRequest());
      case SCAN_RESPONSE -> scans.onResponse(from, message.getScanResponse(), index);
      case CLOCK_EXCHANGE -> {
        wallClocks.heard(from, message.getClockExchange().getWallMillis(), time.nowNanos());
        NodeClock theirs = antiEntropy.onClock(from, message.getClockExchange(), index);
        writes.onClock(from, theirs, index);
        hints.onClock(from, theirs);
        collect();
      }
      case MISSING_DOTS -> {
        if (sealing.mayTakeIn(message.getWithinSwitch())) {
          sealing.takingIn(() -> antiEntropy.onMissing(from, message.getMissingDots()));
        }
      }
      case TAKEOVER_REQUEST ->
          takeover.onRequest(from, message.getTakeoverRequest(), rebuilding.isRebuilding());
      case TAKEOVER_PAGE -> {
        if (sealing.mayTakeIn(message.getWithinSwitch())) {
          sealing.takingIn(() -> takeover.onPage(from, message.getTakeoverPage(), index));
        }
      }
      case REFUSAL, MESSAGE_NOT_SET -> throw new IllegalStateException("handled before");
    }
  }

  /**
   * Time has passed: reminders, deadlines and the exchange of clocks. To be called every few
   * milliseconds.
   */
  public void tick(long nowNanos, long wallMillis) {
    enter(nowNanos, wallMillis);
    pending.tick(nowNanos);
    writes.tick();
    hints.tick();
    antiEntropy.tick();
    takeover.tick();
    rebuilding.tick();
    change.tick();
    state.audit().tick(state);
    collect();
    if (!state.isFrozen()) {
      folding.tick();
    }
  }

  /** A slice at a time, so that no input waits for all of it. */
  private void collect() {
    if (!state.isFrozen() && collector.hasWork()) {
      collector.collect();
    }
  }

  /** The earliest moment at which {@link #tick} has something to do if no other input comes. */
  public OptionalLong nextTickNanos() {
    if (!state.isFrozen() && collector.hasWork()) {
      return OptionalLong.of(time.nowNanos());
    }
    OptionalLong earliest = antiEntropy.nextTickNanos();
    earliest = earlier(earliest, state.audit().nextTickNanos());
    earliest = earlier(earliest, pending.nextTickNanos());
    earliest = earlier(earliest, takeover.nextTickNanos());
    earliest = earlier(earliest, writes.nextTickNanos());
    earliest = earlier(earliest, hints.nextTickNanos());
    return state.isFrozen() ? earliest : earlier(earliest, folding.nextTickNanos());
  }

  private static OptionalLong earlier(OptionalLong one, OptionalLong other) {
    boolean otherIsFirst =
        other.isPresent() && (one.isEmpty() || other.getAsLong() - one.getAsLong() < 0);
    return otherIsFirst ? other : one;
  }

  /**
   * The replicas of the keyspace are others from here on, as the applied log says. Open calls go on
   * among them; this replica must be one of them, or the keyspace is to be closed.
   *
   * @param next of a later configuration than the present one; anything else changes nothing
   */
  public void replicasChanged(ReplicaSet next, long nowNanos, long wallMillis) {
    enter(nowNanos, wallMillis);
    ReplicaSet before = replicas.now();
    if (next.configurationIndex() < before.configurationIndex()) {
      return;
    }
    replicas.become(next);
    peers.replicasChanged(nowNanos);
    reports.replicasChanged(replicas.peers());
    stability.replicasChanged();
    freshness.replicasChanged(replicas.peers());
    hints.replicasChanged(replicas.peers());
    takeover.replicasChanged();
    rebuilding.replicasChanged();
    change.replicasChanged();
    writes.replicasChanged(before);
    reads.replicasChanged();
    scans.replicasChanged();
    antiEntropy.replicasChanged();
  }

  /**
   * What a change of the replicas waits for here before the set of before may be left, a sentence
   * each; empty where nothing waits.
   */
  public List<String> changeWaitsFor() {
    return change.obstacles();
  }

  /** Whether acknowledged writes would be lost if this replica left without being asked again. */
  public boolean isLossPossible(String replica) {
    return change.isLossPossible(replica);
  }

  /**
   * Of each actor that writes no more and has left gaps that nobody can fill, the dots that every
   * replica holds; empty where there is none, or where that cannot be said yet.
   */
  public NodeClock retirable() {
    return retirement.due();
  }

  /**
   * The log has declared lost what lies in the gaps of these dots. Asked again it changes nothing.
   */
  public void retire(NodeClock held) {
    state.retire(held);
  }

  /** Who the replicas are, as this one knows. */
  public ReplicaSet replicas() {
    return replicas.now();
  }

  /**
   * The stream to a peer was opened or lost. A hint: a lost stream makes the peer count as
   * unreachable until it is opened again; an open one proves nothing.
   */
  public void peerLink(String peer, boolean connected, long nowNanos, long wallMillis) {
    enter(nowNanos, wallMillis);
    if (!peers.isPeer(peer)) {
      return;
    }
    peers.link(peer, connected);
    if (connected) {
      antiEntropy.sendClock(peer);
    }
  }

  /** Writes what belongs into the batch that is about to be written; cheap where nothing does. */
  public void beforeFlush() {
    state.flushClock();
  }

  /**
   * How many dots this replica and one peer do not both have, at the peer where that is largest, as
   * far as their clocks have been exchanged; empty while no peer was heard.
   */
  public OptionalLong divergence() {
    return antiEntropy.divergence();
  }

  /** Hints that are kept here for peers, each for one write of this node. */
  public long hintsWaiting() {
    return hints.waiting();
  }

  /** Of these, writes for peers that can be reached. */
  public long hintsWaitingInReach() {
    return hints.waitingInReach();
  }

  /** Peers that missed more writes than hints are kept for; anti-entropy brings them up to date. */
  public List<String> needingAntiEntropy() {
    return hints.needingAntiEntropy();
  }

  /** Whether the peer is counted on when a level is judged now. */
  public boolean isReachable(String peer, long nowNanos) {
    return peers.isReachable(peer, nowNanos);
  }

  /** The peers that have not confirmed all that this replica holds: tombstones wait for them. */
  public List<String> behind() {
    return stability.behind();
  }

  /** Whether this replica counts in no quorum of reads, see {@link Rebuilding}. */
  public boolean isRebuilding() {
    return rebuilding.isRebuilding();
  }

  /** The replicas whose state is yet to be taken over; empty where none is. */
  public List<String> rebuildsFrom() {
    return rebuilding.waitsFor();
  }

  /** How many tombstones were removed since the start. */
  public long tombstonesRemoved() {
    return collector.tombstonesRemoved();
  }

  /** Client calls that are not answered yet. */
  public int openCalls() {
    return pending.size();
  }

  /** Messages of peers that were dropped because they were not in canonical form. */
  public long malformedMessages() {
    return malformedMessages;
  }

  /**
   * The keyspace goes away, or changes its epoch: answers every open call, writes with UNKNOWN and
   * reads with FAILED. Nothing may be asked of this object afterwards; what waits for the disk is
   * forgotten.
   *
   * @param code the code of the errors, such as UNKNOWN_KEYSPACE
   * @param reason a clause without a full stop, such as "keyspace feed was dropped"
   */
  public void close(String code, String reason) {
    pending.abandonAll(code, reason);
    wire.close();
  }

  private void enter(long nowNanos, long wallMillis) {
    if (wire.isClosed()) {
      throw new IllegalStateException("keyspace " + record.getName() + " is closed");
    }
    time.set(nowNanos, wallMillis);
    peers.begin(nowNanos);
  }

  /**
   * The answer to a message that no keyspace here takes. A refusal is never answered with one;
   * check with {@link QuorumMessage#hasRefusal} first.
   *
   * @param unknownKeyspace whether there is no keyspace with that id
   * @param currentEpoch the epoch of the keyspace, 0 where there is none
   */
  public static QuorumMessage refusal(
      QuorumMessage message, boolean unknownKeyspace, long currentEpoch) {
    return QuorumMessage.newBuilder()
        .setKeyspaceId(message.getKeyspaceId())
        .setEpoch(message.getEpoch())
        .setRefusal(
            Refusal.newBuilder()
                .setRequestId(requestIdOf(message))
                .setCurrentEpoch(currentEpoch)
                .setUnknownKeyspace(unknownKeyspace))
        .build();
  }

  /**
   * The answer to a message of a node that holds no replica any more, and may have been away when
   * it was removed.
   *
   * @param configurationIndex of the configuration without it
   */
  public static QuorumMessage noReplica(QuorumMessage message, long configurationIndex) {
    return QuorumMessage.newBuilder()
        .setKeyspaceId(message.getKeyspaceId())
        .setEpoch(message.getEpoch())
        .setConfigurationIndex(configurationIndex)
        .setRefusal(Refusal.newBuilder().setRequestId(requestIdOf(message)).setNoReplica(true))
        .build();
  }

  private static long requestIdOf(QuorumMessage message) {
    return switch (message.getMessageCase()) {
      case REPLICATE -> message.getReplicate().getRequestId();
      case REPLICATE_ACK -> message.getReplicateAck().getRequestId();
      case READ_REQUEST -> message.getReadRequest().getRequestId();
      case READ_RESPONSE -> message.getReadResponse().getRequestId();
      case SCAN_REQUEST -> message.getScanRequest().getRequestId();
      case SCAN_RESPONSE -> message.getScanResponse().getRequestId();
      case TAKEOVER_REQUEST -> message.getTakeoverRequest().getTakeoverId();
      case TAKEOVER_PAGE -> message.getTakeoverPage().getTakeoverId();
      case CLOCK_EXCHANGE, MISSING_DOTS, REFUSAL, MESSAGE_NOT_SET -> 0;
    };
  }
}
