package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.proto.peer.v1.KeyedValue;
import io.capstan.proto.peer.v1.QuorumMessage;
import io.capstan.proto.peer.v1.ScanPageRequest;
import io.capstan.proto.peer.v1.ScanPageResponse;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.Receipt;
import io.capstan.proto.v1.ScanRequest;
import io.capstan.proto.v1.ScanResponse;
import io.capstan.proto.v1.ScanRow;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Coordinates scans: joins the pages of R replicas. What W replicas confirmed before the scan began
 * is in it where R + W exceeds the number of replicas; unlike a get it does not repair, so two
 * scans may see a write that is still under way first and not the second time.
 */
final class ScanCoordinator {
  private static final ByteString ZERO_BYTE = ByteString.copyFrom(new byte[1]);

  private final KeyspaceRecord record;
  private final QuorumConfig config;
  private final Levels levels;
  private final Replicas replicas;
  private final Admission admission;
  private final ReplicaRole replica;
  private final ReplicaState state;
  private final KeyspaceWire wire;
  private final QuorumOutput output;
  private final PeerReachability peers;
  private final Rebuilding rebuilding;
  private final PendingCalls pending;
  private final Receipts receipts;
  private final StepTime time;
  private final Freshness freshness;

  ScanCoordinator(
      KeyspaceRecord record,
      QuorumConfig config,
      Levels levels,
      Replicas replicas,
      Admission admission,
      ReplicaRole replica,
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
    this.replica = replica;
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

  void scan(long callId, ScanRequest request, long deadlineNanos) {
    Level level = levels.meant(request.getLevel(), false);
    ErrorDetail refusal =
        admission.refusal(request.getKeyspace(), level, false, ByteString.EMPTY, deadlineNanos);
    if (refusal != null) {
      output.fail(callId, refusal);
      return;
    }
    SessionToken session =
        SessionToken.fromProto(request.getAtLeast(), record).without(state::isLost);
    if (session.epoch() > record.getEpoch()) {
      output.fail(callId, Refusals.sessionEpochAhead(record, config.nodeId(), session.epoch()));
      return;
    }
    PendingScan call =
        new PendingScan(pending.nextRequestId(), callId, deadlineNanos, request, level, session);
    pending.open(call, time.nowNanos());
    if (call.asksPeers()) {
      wire.sendToPeers(call.message);
    }
    call.readHere();
  }

  /** The replicas are others now: open scans begin again. */
  void replicasChanged() {
    for (PendingCall open : pending.all()) {
      if (open instanceof PendingScan call) {
        call.beginAgain();
      }
    }
  }

  /** A page came. One of a replica that knows of a later configuration is not counted. */
  void onResponse(String from, ScanPageResponse response, long configurationIndex) {
    if (!replicas.counts(configurationIndex)) {
      return;
    }
    if (pending.get(response.getRequestId()) instanceof PendingScan call) {
      List<ScanPage.Row> rows = new ArrayList<>(response.getRowsCount());
      for (KeyedValue row : response.getRowsList()) {
        rows.add(new ScanPage.Row(row.getKey(), KeyspaceWire.received(row.getValue())));
      }
      try {
        call.answeredBy(
            replicas.now().slotOf(from),
            new ScanPage(rows, response.getMore()),
            response.getCoversSession(),
            !response.getRebuilding());
      } catch (IllegalArgumentException e) {
        throw new MalformedMessageException("a page that a peer sent: " + e.getMessage(), e);
      }
    }
  }

  private final class PendingScan extends PendingCall {
    private final ScanRequest request;
    private final Level level;
    private final int limit;
    private final QuorumMessage message;
    private final SessionToken session;
    private @Nullable ScanPage[] pages;
    private final long sessionWaitUntilNanos;
    private long answeredMask;
    private boolean sessionCovered;
    private long asOfNanos;
    private boolean isAsOfKnown;
    private boolean askedFurther;
    // Grows when a scan begins again, so that what was read before does not count.
    private int attempt;

    PendingScan(
        long requestId,
        long callId,
        long deadlineNanos,
        ScanRequest request,
        Level level,
        SessionToken session) {
      super(requestId, callId, deadlineNanos);
      this.request = request;
      this.level = level;
      this.session = session;
      this.sessionCovered = session.isEmpty();
      this.pages = new ScanPage[replicas.now().all().size()];
      this.sessionWaitUntilNanos = time.nowNanos() + session.waitMillis() * 1_000_000;
      int asked = request.getLimit() == 0 ? config.limits().scanRowsDefault() : request.getLimit();
      this.limit = Math.max(1, Math.min(asked, config.limits().scanRowsMax()));
      this.message =
          wire.message()
              .setScanRequest(
                  ScanPageRequest.newBuilder()
                      .setRequestId(requestId)
                      .setPrefix(request.getPrefix())
                      .setFrom(request.getFrom())
                      .setLimit(limit)
                      .setAtLeast(request.getAtLeast()))
              .build();
    }

    /** What was answered so far says nothing about the replicas that are asked now. */
    void beginAgain() {
      attempt++;
      pages = new ScanPage[replicas.now().all().size()];
      answeredMask = 0;
      sessionCovered = session.isEmpty();
      if (asksPeers()) {
        wire.sendToPeers(message);
      }
      readHere();
    }

    void readHere() {
      int reading = attempt;
      OptionalLong asOf = freshness.asOfNanos();
      isAsOfKnown = asOf.isPresent() && !rebuilding.isRebuilding();
      asOfNanos = asOf.orElse(0);
      ScanPage page = replica.page(request.getPrefix(), request.getFrom(), limit);
      boolean covers = session.missingIn(state.clock()).isEmpty();
      boolean counts = !rebuilding.isRebuilding();
      wire.whenDurable(
          () -> {
            if (reading == attempt) {
              answeredBy(replicas.now().slotOf(config.nodeId()), page, covers, counts);
            }
          });
    }

    /** Whether this replica alone cannot answer. */
    boolean asksPeers() {
      return !replicas.now().satisfiesAlone(config.nodeId(), level) || rebuilding.isRebuilding();
    }

    /**
     * @param counts whether the replica is sure to hold all that it ever confirmed
     */
    void answeredBy(int member, ScanPage page, boolean coversSession, boolean counts) {
      boolean isNew = (answeredMask & 1L << member) == 0;
      if (!counts || !pending.isOpen(this) || !(isNew || isWaitingForSession())) {
        return;
      }
      answeredMask |= 1L << member;
      pages[member] = page;
      // One of the joined pages being whole is enough, and all that can be told: no row says which
      // dots of deleted keys beside it are accounted for.
      sessionCovered |= coversSession;
      if (isWaitingForSession()) {
        askFurther();
      } else if (replicas.now().satisfies(answeredMask, level)) {
        ScanPage joined = ScanPage.merge(answered());
        if (ConflictRule.latestWins(record) && replica.settle(joined)) {
          wire.whenDurable(() -> answer(joined));
        } else {
          answer(joined);
        }
      }
    }

    private void answer(ScanPage joined) {
      if (pending.isOpen(this)) {
        pending.close(this);
        output.reply(callId, response(joined));
      }
    }

    private List<ScanPage> answered() {
      List<ScanPage> answered = new ArrayList<>();
      for (ScanPage page : pages) {
        if (page != null) {
          answered.add(page);
        }
      }
      return answered;
    }

    private boolean isWaitingForSession() {
      return !sessionCovered && replicas.now().satisfies(answeredMask, level);
    }

    private void askFurther() {
      if (!asksPeers() && !askedFurther) {
        wire.sendToPeers(message);
      }
      askedFurther = true;
      if (session.waitMillis() == 0 && peers.haveReachableAnswered(answeredMask, time)) {
        refuseSession();
      }
    }

    private void refuseSession() {
      pending.close(this);
      output.fail(callId, sessionNotMet());
    }

    private ErrorDetail sessionNotMet() {
      return Refusals.sessionNotMet(
          record,
          config.nodeId(),
          session.missingIn(state.clock()),
          List.of(),
          receipt(Outcome.OUTCOME_FAILED));
    }

    @Override
    long wakeNanos(long nowNanos) {
      boolean early =
          sessionWaitUntilNanos - nowNanos > 0 && sessionWaitUntilNanos - deadlineNanos < 0;
      return early ? sessionWaitUntilNanos : deadlineNanos;
    }

    @Override
    long nextGapNanos(long gapNanos) {
      return isWaitingForSession() ? gapNanos : super.nextGapNanos(gapNanos);
    }

    private ScanResponse response(ScanPage page) {
      ScanResponse.Builder response =
          ScanResponse.newBuilder().setReceipt(receipt(Outcome.OUTCOME_OK));
      long sizeBytes = 0;
      ByteString last = ByteString.EMPTY;
      for (ScanPage.Row stored : page.rows()) {
        ScanRow row = receipts.row(stored.key(), stored.value(), request.getKeysOnly());
        if (row != null) {
          boolean full =
              response.getRowsCount() == limit || sizeBytes > config.limits().scanPageMaxBytes();
          if (full) {
            return response.setMore(true).setNextFrom(last.concat(ZERO_BYTE)).build();
          }
          response.addRows(row);
          sizeBytes += row.getSerializedSize();
        }
        last = stored.key();
      }
      if (page.more()) {
        response.setMore(true).setNextFrom(last.concat(ZERO_BYTE));
      }
      return response.build();
    }

    private Receipt receipt(Outcome outcome) {
      Receipt.Builder receipt = receipts.begin(level).setOutcome(outcome);
      receipts.confirmed(receipt, answeredMask);
      receipt.addAllLeftBehind(session.leftBehind());
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
          wire.sendToPeers(message);
          readHere();
        }
        return;
      }
      if (!asksPeers()) {
        return;
      }
      for (String peer : replicas.peers()) {
        if ((answeredMask & replicas.now().bit(peer)) == 0) {
          wire.send(peer, message);
        }
      }
    }

    @Override
    void expire() {
      if (isWaitingForSession()) {
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
