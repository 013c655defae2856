package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.capstan.node.type.ValueType;
import io.capstan.node.version.ContextToken;
import io.capstan.node.version.Dot;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.HybridTimestamp;
import io.capstan.node.version.NodeClock;
import io.capstan.node.version.Sibling;
import io.capstan.node.version.VersionVector;
import io.capstan.proto.peer.v1.QuorumMessage;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.StoredValue;
import io.capstan.proto.v1.DeleteRequest;
import io.capstan.proto.v1.DeleteResponse;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.KeyspaceRef;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.PutResponse;
import io.capstan.proto.v1.Receipt;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Coordinates writes: gives the dot, stores, syncs, replicates the whole merged key, and answers
 * after W replicas have it on disk, this one included.
 */
final class WriteCoordinator {

  /** Answered writes whose missing acknowledgements are waited for before a hint is kept. */
  private static final int LATE_WRITES_MAX = 4_096;

  /** A write that replicas are to confirm. */
  interface ReplicatedWrite {
    ByteString key();

    Level level();

    Message response(Receipt receipt);

    /** Whether it is of a set, whose members no answer tells. */
    default boolean isOfSet() {
      return false;
    }
  }

  /** A put or a delete. */
  private record Write(
      KeyspaceRef keyspace,
      ByteString key,
      @Nullable ByteString value,
      Level level,
      @Nullable OperationId operation,
      ByteString context,
      boolean conditional)
      implements ReplicatedWrite {

    @Override
    public Message response(Receipt receipt) {
      return value == null
          ? DeleteResponse.newBuilder().setReceipt(receipt).build()
          : PutResponse.newBuilder().setReceipt(receipt).build();
    }
  }

  private final KeyspaceRecord record;
  private final QuorumConfig config;
  private final Levels levels;
  private final Replicas replicas;
  private final Admission admission;
  private final ReplicaState state;
  private final KeyspaceWire wire;
  private final QuorumOutput output;
  private final PeerReachability peers;
  private final PendingCalls pending;
  private final Receipts receipts;
  private final StepTime time;
  private final Hints hints;
  private final Map<Long, PendingWrite> late = new LinkedHashMap<>();
  private final ConflictRule rule;
  private final PeerWallClocks wallClocks;

  WriteCoordinator(
      KeyspaceRecord record,
      QuorumConfig config,
      Levels levels,
      Replicas replicas,
      Admission admission,
      ReplicaState state,
      KeyspaceWire wire,
      QuorumOutput output,
      PeerReachability peers,
      PendingCalls pending,
      Receipts receipts,
      StepTime time,
      ConflictRule rule,
      PeerWallClocks wallClocks,
      Hints hints) {
    this.record = record;
    this.hints = hints;
    this.config = config;
    this.levels = levels;
    this.replicas = replicas;
    this.admission = admission;
    this.state = state;
    this.wire = wire;
    this.output = output;
    this.peers = peers;
    this.pending = pending;
    this.receipts = receipts;
    this.time = time;
    this.rule = rule;
    this.wallClocks = wallClocks;
  }

  void put(long callId, PutRequest request, long deadlineNanos) {
    begin(
        callId,
        new Write(
            request.getKeyspace(),
            request.getKey(),
            request.getValue(),
            levels.meant(request.getLevel(), true),
            request.hasOperation() ? operation(request.getOperation()) : null,
            request.getContext(),
            request.hasIfVersion() || request.getIfAbsent()),
        deadlineNanos);
  }

  void delete(long callId, DeleteRequest request, long deadlineNanos) {
    begin(
        callId,
        new Write(
            request.getKeyspace(),
            request.getKey(),
            null,
            levels.meant(request.getLevel(), true),
            request.hasOperation() ? operation(request.getOperation()) : null,
            request.getContext(),
            request.hasIfVersion()),
        deadlineNanos);
  }

  private static @Nullable OperationId operation(OperationId given) {
    return given.getSession() == 0 ? null : given;
  }

  private void begin(long callId, Write write, long deadlineNanos) {
    ErrorDetail refusal =
        write.conditional
            ? Refusals.conditional(record)
            : admission.refusal(write.keyspace, write.level, true, write.key, deadlineNanos);
    if (refusal != null) {
      output.fail(callId, refusal);
      return;
    }
    DottedVersionVectorSet held = state.read(write.key);
    Sibling earlier = write.operation == null ? null : held.writtenBy(write.operation);
    if (earlier != null) {
      // A retry: what it wrote stands. Replicated once more, counted from the start.
      start(callId, write, deadlineNanos, held, held.toProto(), earlier.dot(), List.of());
      return;
    }
    if (write.operation != null) {
      switch (state.supersededBefore(held, write.operation)) {
        case EXECUTED -> {
          // A retry of what was written and replaced: nothing is written, the row is confirmed.
          Dot written = held.supersededOperations().writtenBy(write.operation);
          start(callId, write, deadlineNanos, held, held.toProto(), written, List.of());
          return;
        }
        case BEYOND_WINDOW -> {
          output.fail(callId, Refusals.beyondWindow());
          return;
        }
        case NONE -> {}
      }
    }
    refusal = fastClockRefusal();
    if (refusal != null) {
      output.fail(callId, refusal);
      return;
    }
    VersionVector seen;
    HybridTimestamp read = HybridTimestamp.ZERO;
    if (write.context.isEmpty()) {
      seen = held.context();
    } else {
      switch (ContextToken.decode(write.context, record.getId(), write.key)) {
        case ContextToken.Decoded.Refused refused -> {
          output.fail(callId, Refusals.wrongContext(refused));
          return;
        }
        case ContextToken.Decoded.Valid valid -> {
          refusal = contextRefusal(valid);
          if (refusal != null) {
            output.fail(callId, refusal);
            return;
          }
          seen = valid.context();
          read = valid.newest();
        }
      }
    }
    writeNew(callId, write, deadlineNanos, held, seen, read);
  }

  /**
   * By how much the clock of this node is ahead, where that keeps it from taking writes: where the
   * latest wins, they would win against writes that come later. Null otherwise.
   */
  PeerWallClocks.@Nullable Lead clockLead() {
    return rule.latestWins() ? wallClocks.lead(time.wallMillis(), time.nowNanos()) : null;
  }

  private @Nullable ErrorDetail fastClockRefusal() {
    PeerWallClocks.Lead lead = clockLead();
    return lead == null
        ? null
        : Refusals.clockAhead(record, config.nodeId(), lead, config.limits().clockDriftMaxMillis());
  }

  private @Nullable ErrorDetail contextRefusal(ContextToken.Decoded.Valid valid) {
    if (valid.epoch() > record.getEpoch()) {
      return Refusals.wrongEpoch(record, valid.epoch());
    }
    // It would cover, and so discard, writes that this node is yet to make.
    return valid.context().counterOf(state.self()) > state.ownCounter()
        ? Refusals.contextAhead(config.nodeId())
        : null;
  }

  private void writeNew(
      long callId,
      Write write,
      long deadlineNanos,
      DottedVersionVectorSet held,
      VersionVector seen,
      HybridTimestamp read) {
    if (ValueType.anyIn(held)) {
      writeBesideTyped(callId, write, deadlineNanos, held, seen, read);
      return;
    }
    Dot dot = state.nextDot();
    Sibling sibling =
        new Sibling(dot, state.nextTimestamp(held, read), write.operation, write.value);
    DottedVersionVectorSet written = rule.settle(write.key, held.supersede(seen).add(sibling));
    long sizeMaxBytes = config.limits().keySizeMaxBytes();
    if (written.siblings().size() > 1 && written.sizeBytes() > sizeMaxBytes) {
      output.fail(callId, Refusals.tooManySiblings(held.siblings().size(), sizeMaxBytes));
      return;
    }
    StoredValue encoded = written.toProto();
    state.writeOwn(write.key, held, written, dot);
    start(callId, write, deadlineNanos, written, encoded, dot, held.covered(seen));
  }

  /**
   * A counter or a set takes no put. A delete takes away plain values that another side of a
   * partition wrote under the same name; to take away increments it would have to know all of them.
   */
  private void writeBesideTyped(
      long callId,
      Write write,
      long deadlineNanos,
      DottedVersionVectorSet held,
      VersionVector seen,
      HybridTimestamp read) {
    List<Sibling> superseded =
        held.covered(seen).stream().filter(each -> each.typed() == null).toList();
    if (write.value != null || superseded.stream().allMatch(Sibling::isTombstone)) {
      output.fail(callId, TypeRefusals.plainOnTyped(held, write.value != null));
      return;
    }
    Dot dot = state.nextDot();
    Sibling tombstone = new Sibling(dot, state.nextTimestamp(held, read), write.operation, null);
    DottedVersionVectorSet written =
        rule.settle(write.key, held.supersede(superseded).add(tombstone));
    state.writeOwn(write.key, held, written, dot);
    replicate(callId, write, deadlineNanos, written, dot, superseded);
  }

  /**
   * Replicates what was just written here, and answers once enough replicas have it.
   *
   * @param stored what the key holds now
   * @param dot the last dot of the write, which a replica's clock contains once it has the write
   */
  void replicate(
      long callId,
      ReplicatedWrite write,
      long deadlineNanos,
      DottedVersionVectorSet stored,
      Dot dot,
      List<Sibling> superseded) {
    start(callId, write, deadlineNanos, stored, stored.toProto(), dot, superseded);
  }

  private void start(
      long callId,
      ReplicatedWrite write,
      long deadlineNanos,
      DottedVersionVectorSet stored,
      StoredValue encoded,
      @Nullable Dot dot,
      List<Sibling> superseded) {
    PendingWrite call =
        new PendingWrite(
            pending.nextRequestId(),
            callId,
            deadlineNanos,
            write,
            stored,
            encoded,
            dot,
            superseded);
    for (String peer : peers.unreachable(time.nowNanos())) {
      call.hint(peer);
    }
    pending.open(call, time.nowNanos());
    wire.whenDurable(call::durableHere);
  }

  /**
   * A replica has the write on disk. Not counted where it knows of a later configuration than this
   * node: once that is known here too, the replica is asked again.
   */
  void onAck(String from, long requestId, long configurationIndex) {
    if (!replicas.counts(configurationIndex)) {
      return;
    }
    if (pending.get(requestId) instanceof PendingWrite call) {
      call.confirmedBy(from);
    } else {
      PendingWrite answered = late.get(requestId);
      if (answered != null) {
        answered.confirmedBy(from);
      }
    }
  }

  /** Peers that have not confirmed an answered write in time get a hint. */
  void tick() {
    while (!late.isEmpty()) {
      PendingWrite oldest = late.values().iterator().next();
      if (late.size() <= LATE_WRITES_MAX && oldest.lateUntilNanos - time.nowNanos() > 0) {
        return;
      }
      late.remove(oldest.requestId);
      oldest.hintUnconfirmed();
    }
  }

  /** When {@link #tick} has something to do; empty while no answered write is waited for. */
  OptionalLong nextTickNanos() {
    return late.isEmpty()
        ? OptionalLong.empty()
        : OptionalLong.of(late.values().iterator().next().lateUntilNanos);
  }

  /**
   * The replicas are others now: what was confirmed stands, open writes are judged anew, and
   * whoever is missing is asked, the new ones too.
   */
  void replicasChanged(ReplicaSet before) {
    for (PendingWrite answered : late.values()) {
      answered.carry(before);
    }
    for (PendingCall open : pending.all()) {
      if (open instanceof PendingWrite call) {
        call.carry(before);
        call.resend();
        call.judge();
      }
    }
  }

  /**
   * A clock that contains a dot says that the write is on that replica's disk, as good as an ack.
   */
  void onClock(String from, NodeClock clock, long configurationIndex) {
    if (!replicas.counts(configurationIndex)) {
      return;
    }
    for (PendingWrite answered : List.copyOf(late.values())) {
      if (answered.isIn(clock)) {
        answered.confirmedBy(from);
      }
    }
    if (pending.size() == 0) {
      return;
    }
    for (PendingCall open : pending.all()) {
      if (open instanceof PendingWrite call && call.isIn(clock)) {
        call.confirmedBy(from);
      }
    }
  }

  private final class PendingWrite extends PendingCall {
    private final ReplicatedWrite write;
    private final DottedVersionVectorSet stored;
    // Null for the retry of a write that was replaced since: no dot of it is known any more.
    private final @Nullable Dot dot;
    private final List<Sibling> superseded;
    private final QuorumMessage replicate;
    private boolean isDurableHere;
    private long confirmedMask;
    private long hintedMask;
    private long lateUntilNanos;

    PendingWrite(
        long requestId,
        long callId,
        long deadlineNanos,
        ReplicatedWrite write,
        DottedVersionVectorSet stored,
        StoredValue encoded,
        @Nullable Dot dot,
        List<Sibling> superseded) {
      super(requestId, callId, deadlineNanos);
      this.write = write;
      this.stored = stored;
      this.dot = dot;
      this.superseded = superseded;
      this.replicate = wire.replicate(requestId, write.key(), encoded);
    }

    boolean isIn(NodeClock clock) {
      return dot != null && clock.contains(dot);
    }

    /** Only now may anybody else see the dot; also where the call was answered UNKNOWN since. */
    void durableHere() {
      isDurableHere = true;
      wire.sendToPeers(replicate);
      confirmedBy(config.nodeId());
    }

    void carry(ReplicaSet before) {
      confirmedMask = replicas.now().carry(before, confirmedMask);
      hintedMask = replicas.now().carry(before, hintedMask);
    }

    void confirmedBy(String replica) {
      confirmedMask |= replicas.now().bit(replica);
      judge();
    }

    void judge() {
      if (pending.isOpen(this) && replicas.now().satisfies(confirmedMask, write.level())) {
        pending.close(this);
        waitForLateAcks();
        output.reply(callId, write.response(receipt(Outcome.OUTCOME_OK)));
      } else if (replicas.now().isEverybody(confirmedMask)) {
        late.remove(requestId);
      }
    }

    private void waitForLateAcks() {
      if (replicas.now().isEverybody(confirmedMask | hintedMask)) {
        return;
      }
      lateUntilNanos = time.nowNanos() + config.resendAfterMillis() * 1_000_000;
      late.put(requestId, this);
      if (late.size() > LATE_WRITES_MAX) {
        tick();
      }
    }

    void hint(String peer) {
      if (dot != null && hints.keep(peer, dot, write.key())) {
        hintedMask |= replicas.now().bit(peer);
      }
    }

    void hintUnconfirmed() {
      for (String peer : replicas.peers()) {
        if (((confirmedMask | hintedMask) & replicas.now().bit(peer)) == 0) {
          hint(peer);
        }
      }
    }

    private Receipt receipt(Outcome outcome) {
      if (!isDurableHere && confirmedMask == 0) {
        // The dot may be forgotten in a crash and spent again: no client may hold it in a context.
        return receipts
            .begin(write.level())
            .setKey(write.key())
            .setOutcome(outcome)
            .addAllMissing(replicas.now().all())
            .build();
      }
      Receipt.Builder receipt =
          write.isOfSet()
              ? receipts.describeSetWrite(write.level(), write.key(), stored)
              : receipts.describe(write.level(), write.key(), stored);
      receipt.setOutcome(outcome);
      if (dot == null) {
        receipt.clearVersion();
      } else {
        receipt.setVersion(dot.toString());
      }
      for (Sibling replaced : superseded) {
        receipt.addSuperseded(replaced.dot().toString());
      }
      receipts.confirmed(receipt, confirmedMask);
      receipts.hinted(receipt, hintedMask & ~confirmedMask);
      return receipt.build();
    }

    @Override
    void resend() {
      if (!isDurableHere) {
        return;
      }
      for (String peer : replicas.peers()) {
        if ((confirmedMask & replicas.now().bit(peer)) == 0) {
          wire.send(peer, replicate);
        }
      }
    }

    @Override
    void expire() {
      hintUnconfirmed();
      output.fail(
          callId,
          Refusals.unknown(
              write.level(), levels, receipt(Outcome.OUTCOME_UNKNOWN), "when the time was over"));
    }

    @Override
    void abandon(String code, String reason) {
      ErrorDetail unknown =
          Refusals.unknown(
              write.level(),
              levels,
              receipt(Outcome.OUTCOME_UNKNOWN),
              "when this happened: " + reason + ";");
      output.fail(callId, unknown.toBuilder().setCode(code).build());
    }
  }
}
