package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.node.type.ValueType;
import io.capstan.node.version.Dot;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.NodeClock;
import io.capstan.node.version.VersionVector;
import io.capstan.proto.peer.v1.QuorumMessage;
import io.capstan.proto.peer.v1.ReadRequest;
import io.capstan.proto.peer.v1.ReadResponse;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.SessionClaim;
import io.capstan.proto.v1.CounterGetRequest;
import io.capstan.proto.v1.CounterGetResponse;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.GetResponse;
import io.capstan.proto.v1.KeyspaceRef;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.Receipt;
import io.capstan.proto.v1.SetMembersRequest;
import io.capstan.proto.v1.SetMembersResponse;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Coordinates reads: joins what R replicas hold, repairs, then answers.
 *
 * <p>At R of 2 and more the answer waits until R replicas have the join on disk. Any later read at
 * quorum meets one of them, so nobody reads an older state after somebody read a newer one; without
 * the wait, a write that reached a single replica could be read now and be gone in the next read.
 *
 * <p>A read of a session answers only once the join contains what the session has seen, and asks
 * further replicas than its level needs where it does not. Where none of them has it within the
 * session's patience, the read fails and says which replica it is that could not be asked.
 */
final class ReadCoordinator {

  /**
   * One read in so many asks every replica: it repairs the others in the background, at level one
   * too, and keeps their latencies up to date.
   */
  static final int ALL_ASKED_EVERY_READS = 16;

  private static final NodeClock NO_CLOCK = new NodeClock();

  private final KeyspaceRecord record;
  private final QuorumConfig config;
  private final Levels levels;
  private final Replicas replicas;
  private final Admission admission;
  private final ReplicaState state;
  private final KeyspaceWire wire;
  private final QuorumOutput output;
  private final PeerReachability peers;
  private final Rebuilding rebuilding;
  private final PendingCalls pending;
  private final Receipts receipts;
  private final StepTime time;
  private final Freshness freshness;
  private final PeerLatencies latencies = new PeerLatencies();
  private long reads;
  private final Map<Long, PendingRead> late = new LinkedHashMap<>();

  ReadCoordinator(
      KeyspaceRecord record,
      QuorumConfig config,
      Levels levels,
      Replicas replicas,
      Admission admission,
      ReplicaState state,
      KeyspaceWire wire,
      QuorumOutput output,
      PeerReachability peers,
      Rebuilding rebuilding,
      PendingCalls pending,
      Receipts receipts,
      StepTime time,
      Freshness freshness) {
    this.record = record;
    this.config = config;
    this.levels = levels;
    this.replicas = replicas;
    this.admission = admission;
    this.state = state;
    this.wire = wire;
    this.output = output;
    this.peers = peers;
    this.rebuilding = rebuilding;
    this.pending = pending;
    this.receipts = receipts;
    this.time = time;
    this.freshness = freshness;
  }

  void get(long callId, GetRequest request, long deadlineNanos) {
    read(
        callId,
        request.getKeyspace(),
        request.getKey(),
        request.getLevel(),
        null,
        request.getAtLeast(),
        deadlineNanos);
  }

  /** Reads a counter. */
  void counterGet(long callId, CounterGetRequest request, long deadlineNanos) {
    read(
        callId,
        request.getKeyspace(),
        request.getKey(),
        request.getLevel(),
        ValueType.COUNTER,
        request.getAtLeast(),
        deadlineNanos);
  }

  /** Reads a set. */
  void setMembers(long callId, SetMembersRequest request, long deadlineNanos) {
    read(
        callId,
        request.getKeyspace(),
        request.getKey(),
        request.getLevel(),
        ValueType.SET,
        request.getAtLeast(),
        deadlineNanos);
  }

  private void read(
      long callId,
      KeyspaceRef keyspace,
      ByteString key,
      Level asked,
      @Nullable ValueType type,
      SessionClaim claim,
      long deadlineNanos) {
    Level level = levels.meant(asked, false);
    ErrorDetail refusal = admission.refusal(keyspace, level, false, key, deadlineNanos);
    if (refusal != null) {
      output.fail(callId, refusal);
      return;
    }
    SessionToken session = SessionToken.fromProto(claim, record).without(state::isLost);
    if (session.epoch() > record.getEpoch()) {
      output.fail(callId, Refusals.sessionEpochAhead(record, config.nodeId(), session.epoch()));
      return;
    }
    PendingRead call =
        new PendingRead(
            pending.nextRequestId(),
            callId,
            deadlineNanos,
            key,
            level,
            type,
            session,
            time.nowNanos() + session.waitMillis() * 1_000_000);
    call.askFirst();
    pending.open(call, time.nowNanos());
    call.readHere();
  }

  /**
   * The replicas are others now. Open reads begin again, under other numbers: what was answered so
   * far says nothing about the replicas that are asked now.
   */
  void replicasChanged() {
    late.clear();
    for (PendingCall open : pending.all()) {
      if (open instanceof PendingRead call) {
        pending.close(call);
        PendingRead again = call.again(pending.nextRequestId());
        again.askFirst();
        pending.open(again, time.nowNanos());
        again.readHere();
      }
    }
  }

  /** An answer came. One of a replica that knows of a later configuration is not counted. */
  void onResponse(String from, ReadResponse response, long configurationIndex) {
    if (!replicas.counts(configurationIndex)) {
      return;
    }
    PendingRead call =
        pending.get(response.getRequestId()) instanceof PendingRead open
            ? open
            : late.get(response.getRequestId());
    if (call != null) {
      call.timed(from);
      call.answeredBy(
          replicas.now().slotOf(from),
          KeyspaceWire.received(response.getValue()),
          !response.getRebuilding());
    }
  }

  /** A replica has the answer of a read on disk; counted as any other acknowledgement. */
  void onAck(String from, long requestId, long configurationIndex) {
    if (replicas.counts(configurationIndex) && pending.get(requestId) instanceof PendingRead call) {
      call.heldBy(replicas.now().slotOf(from));
    }
  }

  private final class PendingRead extends PendingCall {
    private final ByteString key;
    private final Level level;
    private final @Nullable ValueType type;
    // Of this read, from its beginning to its end: another set begins another read.
    private final ReplicaSet set = replicas.now();
    private final QuorumMessage request;
    private final @Nullable DottedVersionVectorSet[] answers;
    private long answeredMask;
    // Asked again all the same: they may be done with it by then.
    private long rebuildingMask;
    // What is going to be answered; fixed once R replicas have been heard, so that the wait ends.
    private DottedVersionVectorSet joined = DottedVersionVectorSet.EMPTY;
    private boolean repairing;
    private long heldMask;
    private @Nullable QuorumMessage repair;
    private final SessionToken session;
    private final long sessionWaitUntilNanos;
    // What the session has seen and no answer so far contains.
    private List<Dot> unseen;
    private long askedMask;
    private final long[] askedNanos = new long[set.all().size()];
    // Asked in turn when the first ones take longer than they usually do.
    private List<String> spares = List.of();
    private long hedgeAtNanos;
    // Whether the last reminder was a hedge, after which the reminders go on as they would have.
    private boolean hedged;
    private long asOfNanos;
    private boolean isAsOfKnown;

    PendingRead(
        long requestId,
        long callId,
        long deadlineNanos,
        ByteString key,
        Level level,
        @Nullable ValueType type,
        SessionToken session,
        long sessionWaitUntilNanos) {
      super(requestId, callId, deadlineNanos);
      this.type = type;
      this.key = key;
      this.level = level;
      this.session = session;
      this.unseen = session.missingIn(VersionVector.EMPTY, NO_CLOCK);
      this.sessionWaitUntilNanos = sessionWaitUntilNanos;
      this.answers = new DottedVersionVectorSet[set.all().size()];
      this.request =
          wire.message()
              .setReadRequest(ReadRequest.newBuilder().setRequestId(requestId).setKey(key))
              .build();
    }

    /** The same read from its beginning, asked of the replicas as they are now. */
    PendingRead again(long newRequestId) {
      return new PendingRead(
          newRequestId, callId, deadlineNanos, key, level, type, session, sessionWaitUntilNanos);
    }

    private boolean needsOnlySelf() {
      return set.satisfiesAlone(config.nodeId(), level) && !rebuilding.isRebuilding();
    }

    private boolean hasEnoughAnswers() {
      return set.satisfies(answeredMask, level);
    }

    /** Reads what this node holds; it counts once that is on disk. */
    void readHere() {
      DottedVersionVectorSet held = state.read(key);
      boolean counts = !rebuilding.isRebuilding();
      OptionalLong asOf = freshness.asOfNanos();
      isAsOfKnown = counts && asOf.isPresent();
      asOfNanos = asOf.orElse(0);
      // By the clock as it is now: later it may know of dots that the row above lacks.
      List<Dot> lacking =
          unseen.isEmpty() ? unseen : session.missingIn(held.context(), state.clock());
      wire.whenDurable(
          () -> {
            unseen = unseen.stream().filter(lacking::contains).toList();
            answeredBy(set.slotOf(config.nodeId()), held, counts);
          });
    }

    /**
     * Asks as many peers as the level needs, the fastest ones, where it is known how fast they are;
     * every so often, and where it is not known, all of them.
     */
    void askFirst() {
      if (needsOnlySelf()) {
        return;
      }
      List<String> inReach = new ArrayList<>(peers.all());
      inReach.removeAll(peers.unreachable(time.nowNanos()));
      int required = set.required(level);
      boolean all =
          ++reads % ALL_ASKED_EVERY_READS == 0
              || set.isJoint()
              || rebuilding.isRebuilding()
              || inReach.size() < required
              || !inReach.stream().allMatch(latencies::isKnown);
      if (all) {
        askOthers();
        return;
      }
      List<String> fastest = latencies.fastestFirst(inReach);
      fastest.subList(0, required - 1).forEach(this::ask);
      spares = List.copyOf(fastest.subList(required - 1, fastest.size()));
      hedgeAtNanos = time.nowNanos() + latencies.p95Nanos(fastest.get(required - 2));
    }

    private void ask(String peer) {
      int replica = set.slotOf(peer);
      askedMask |= 1L << replica;
      askedNanos[replica] = time.nowNanos();
      wire.send(peer, request);
    }

    private void askOthers() {
      for (String peer : peers.all()) {
        if ((askedMask & set.bit(peer)) == 0) {
          ask(peer);
        }
      }
      spares = List.of();
    }

    /** The first ones are slower than usual: asks one more. */
    private void hedge() {
      hedged = true;
      ask(spares.get(0));
      spares = spares.subList(1, spares.size());
      hedgeAtNanos = time.nowNanos() + PeerLatencies.HEDGE_MIN_NANOS;
    }

    private boolean isHedgeDue(long nowNanos) {
      return !spares.isEmpty() && !hasEnoughAnswers() && hedgeAtNanos - nowNanos <= 0;
    }

    void timed(String peer) {
      int replica = set.slotOf(peer);
      if (((answeredMask | rebuildingMask) & 1L << replica) == 0) {
        latencies.answered(peer, time.nowNanos() - askedNanos[replica]);
      }
    }

    /**
     * @param counts whether the replica is sure to hold all that it ever confirmed
     */
    void answeredBy(int replica, DottedVersionVectorSet held, boolean counts) {
      boolean isNew = (answeredMask & 1L << replica) == 0;
      if (!isNew && !isWaitingForSession()) {
        return;
      }
      if (!counts) {
        rebuildingMask |= 1L << replica;
        if (!repairing) {
          joined = joined.join(held);
        }
        return;
      }
      answeredMask |= 1L << replica;
      if (repairing) {
        compare(replica, held);
      } else {
        answers[replica] = held;
        joined = joined.join(held);
        unseen = unseen.stream().filter(dot -> !joined.covers(dot)).toList();
        if (isWaitingForSession()) {
          askFurther();
        } else if (hasEnoughAnswers()) {
          beginRepair();
        }
      }
      if (set.isEverybody(answeredMask)) {
        late.remove(requestId);
      }
    }

    /** Enough replicas for the level have answered, but not one that has what the session saw. */
    private boolean isWaitingForSession() {
      return !repairing && !unseen.isEmpty() && hasEnoughAnswers() && pending.isOpen(this);
    }

    private void askFurther() {
      askOthers();
      if (session.waitMillis() == 0 && peers.haveReachableAnswered(answeredMask, time)) {
        refuseSession();
      }
    }

    private void refuseSession() {
      pending.close(this);
      output.fail(callId, sessionNotMet());
    }

    private ErrorDetail sessionNotMet() {
      List<String> strangers = new ArrayList<>();
      for (Dot dot : unseen) {
        if (state.clock().maxOf(dot.actor()) == 0) {
          strangers.add(dot.actor().toString());
        }
      }
      return Refusals.sessionNotMet(
          record, config.nodeId(), unseen, strangers, receipt(Outcome.OUTCOME_FAILED));
    }

    @Override
    long wakeNanos(long nowNanos) {
      if (!spares.isEmpty() && !hasEnoughAnswers()) {
        return hedgeAtNanos;
      }
      boolean early =
          sessionWaitUntilNanos - nowNanos > 0 && sessionWaitUntilNanos - deadlineNanos < 0;
      return early ? sessionWaitUntilNanos : deadlineNanos;
    }

    @Override
    long nextGapNanos(long gapNanos) {
      boolean steady = isWaitingForSession() || hedged;
      hedged = false;
      return steady ? gapNanos : super.nextGapNanos(gapNanos);
    }

    private void beginRepair() {
      repairing = true;
      for (int i = 0; i < answers.length; i++) {
        DottedVersionVectorSet answer = answers[i];
        if (answer != null) {
          answers[i] = null;
          compare(i, answer);
        }
      }
    }

    /** Gives the replica what it lacks of the answer, and takes what it has beyond it. */
    private void compare(int replica, DottedVersionVectorSet held) {
      DottedVersionVectorSet both = held.join(joined);
      // Contexts differ whenever clocks do; what a later read shows is decided by the writes held.
      if (!both.holdsSameAs(joined)) {
        state.absorb(key, held);
      }
      if (both.holdsSameAs(held)) {
        heldBy(replica);
      } else if (replica == set.slotOf(config.nodeId())) {
        repairHere();
      } else {
        wire.send(set.all().get(replica), repair());
      }
    }

    /** A sealed replica holds it only once the others have converged. */
    private void repairHere() {
      if (!state.isFrozen() || state.reflects(joined)) {
        state.absorb(key, joined);
        wire.whenDurable(() -> heldBy(set.slotOf(config.nodeId())));
      }
    }

    private QuorumMessage repair() {
      if (repair == null) {
        repair = wire.replicate(requestId, key, joined.toProto());
      }
      return repair;
    }

    void heldBy(int replica) {
      heldMask |= 1L << replica;
      if (repairing && set.satisfies(heldMask, level) && pending.isOpen(this)) {
        pending.close(this);
        waitForLateAnswers();
        answer();
      }
    }

    private void answer() {
      String obstacle = type == null ? null : type.obstacle(joined);
      if (type != null && obstacle != null) {
        output.fail(callId, TypeRefusals.wrongType(type, obstacle));
        return;
      }
      Receipt receipt = receipt(Outcome.OUTCOME_OK);
      output.reply(
          callId,
          switch (type) {
            case null -> GetResponse.newBuilder().setReceipt(receipt).build();
            case COUNTER -> CounterGetResponse.newBuilder().setReceipt(receipt).build();
            case SET -> SetMembersResponse.newBuilder().setReceipt(receipt).build();
          });
    }

    private void waitForLateAnswers() {
      if (set.required(level) == 1 && ++reads % ALL_ASKED_EVERY_READS == 0) {
        // Nobody waits for it: others repair this replica, and it them.
        askOthers();
      }
      if ((askedMask & ~answeredMask) == 0) {
        return;
      }
      late.put(requestId, this);
      if (late.size() > config.limits().lateReadsMax()) {
        late.remove(late.keySet().iterator().next());
      }
    }

    private Receipt receipt(Outcome outcome) {
      Receipt.Builder receipt =
          outcome == Outcome.OUTCOME_OK
              ? type == null
                  ? receipts.describe(level, key, joined)
                  : receipts.describeTyped(level, key, joined, type)
              : receipts.begin(level).setKey(key).setOutcome(outcome);
      receipt.addAllLeftBehind(session.leftBehind());
      receipts.confirmed(receipt, outcome == Outcome.OUTCOME_OK ? heldMask : answeredMask);
      if (outcome == Outcome.OUTCOME_OK) {
        receipts.staleness(receipt, levels, level, isAsOfKnown, time.nowNanos() - asOfNanos);
      }
      return receipt.build();
    }

    @Override
    void resend() {
      if (isWaitingForSession()) {
        if (sessionWaitUntilNanos - time.nowNanos() <= 0) {
          refuseSession();
        } else {
          wire.sendToPeers(request);
          readHere();
        }
        return;
      }
      if (isHedgeDue(time.nowNanos())) {
        hedge();
        return;
      }
      if (needsOnlySelf() && askedMask == 0) {
        return;
      }
      spares = List.of();
      if (repairing && state.isFrozen() && (heldMask & set.bit(config.nodeId())) == 0) {
        repairHere();
      }
      for (String peer : peers.all()) {
        long bit = set.bit(peer);
        if ((answeredMask & bit) == 0) {
          ask(peer);
        } else if (repairing && (heldMask & bit) == 0) {
          wire.send(peer, repair());
        }
      }
    }

    @Override
    void expire() {
      boolean heardEnough = !repairing && hasEnoughAnswers();
      if (heardEnough && !unseen.isEmpty()) {
        output.fail(callId, sessionNotMet());
        return;
      }
      output.fail(
          callId, Refusals.readTimedOut(record, level, levels, receipt(Outcome.OUTCOME_FAILED)));
    }

    @Override
    void abandon(String code, String reason) {
      output.fail(callId, Refusals.closed(code, reason));
    }
  }
}
