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
  private final Admission admission;
  private final ReplicaRole replica;
  private final KeyspaceWire wire;
  private final QuorumOutput output;
  private final PeerReachability peers;
  private final PendingCalls pending;
  private final Receipts receipts;
  private final StepTime time;

  ScanCoordinator(
      KeyspaceRecord record,
      QuorumConfig config,
      Levels levels,
      Admission admission,
      ReplicaRole replica,
      KeyspaceWire wire,
      QuorumOutput output,
      PeerReachability peers,
      PendingCalls pending,
      Receipts receipts,
      StepTime time) {
    this.record = record;
    this.config = config;
    this.levels = levels;
    this.admission = admission;
    this.replica = replica;
    this.wire = wire;
    this.output = output;
    this.peers = peers;
    this.pending = pending;
    this.receipts = receipts;
    this.time = time;
  }

  void scan(long callId, ScanRequest request, long deadlineNanos) {
    Level level = levels.meant(request.getLevel(), false);
    ErrorDetail refusal =
        admission.refusal(request.getKeyspace(), level, false, ByteString.EMPTY, deadlineNanos);
    if (refusal != null) {
      output.fail(callId, refusal);
      return;
    }
    PendingScan call =
        new PendingScan(pending.nextRequestId(), callId, deadlineNanos, request, level);
    pending.open(call, time.nowNanos());
    if (call.required > 1) {
      wire.sendToPeers(call.message);
    }
    ScanPage page = replica.page(request.getPrefix(), request.getFrom(), call.limit);
    wire.whenDurable(() -> call.answeredBy(config.selfIndex(), page));
  }

  void onResponse(String from, ScanPageResponse response) {
    if (pending.get(response.getRequestId()) instanceof PendingScan call) {
      List<ScanPage.Row> rows = new ArrayList<>(response.getRowsCount());
      for (KeyedValue row : response.getRowsList()) {
        rows.add(new ScanPage.Row(row.getKey(), KeyspaceWire.received(row.getValue())));
      }
      try {
        call.answeredBy(config.members().indexOf(from), new ScanPage(rows, response.getMore()));
      } catch (IllegalArgumentException e) {
        throw new MalformedMessageException("a page that a peer sent: " + e.getMessage(), e);
      }
    }
  }

  private final class PendingScan extends PendingCall {
    private final ScanRequest request;
    private final Level level;
    private final int required;
    private final int limit;
    private final QuorumMessage message;
    private final List<ScanPage> pages = new ArrayList<>();
    private long answeredMask;

    PendingScan(long requestId, long callId, long deadlineNanos, ScanRequest request, Level level) {
      super(requestId, callId, deadlineNanos);
      this.request = request;
      this.level = level;
      this.required = levels.required(level);
      int asked = request.getLimit() == 0 ? config.limits().scanRowsDefault() : request.getLimit();
      this.limit = Math.max(1, Math.min(asked, config.limits().scanRowsMax()));
      this.message =
          wire.message()
              .setScanRequest(
                  ScanPageRequest.newBuilder()
                      .setRequestId(requestId)
                      .setPrefix(request.getPrefix())
                      .setFrom(request.getFrom())
                      .setLimit(limit))
              .build();
    }

    void answeredBy(int replica, ScanPage page) {
      if ((answeredMask & 1L << replica) != 0 || !pending.isOpen(this)) {
        return;
      }
      answeredMask |= 1L << replica;
      pages.add(page);
      if (pages.size() >= required) {
        pending.close(this);
        output.reply(callId, response(ScanPage.merge(pages)));
      }
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
      return receipt.build();
    }

    @Override
    void resend() {
      if (required == 1) {
        return;
      }
      for (String peer : peers.all()) {
        if ((answeredMask & 1L << config.members().indexOf(peer)) == 0) {
          wire.send(peer, message);
        }
      }
    }

    @Override
    void expire() {
      output.fail(
          callId, Refusals.readTimedOut(record, level, levels, receipt(Outcome.OUTCOME_FAILED)));
    }

    @Override
    void abandon(String code, String reason) {
      output.fail(callId, Refusals.closed(code, reason));
    }
  }
}
