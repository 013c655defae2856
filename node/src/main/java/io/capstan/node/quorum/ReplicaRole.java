package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.proto.peer.v1.KeyedValue;
import io.capstan.proto.peer.v1.QuorumMessage;
import io.capstan.proto.peer.v1.ReadRequest;
import io.capstan.proto.peer.v1.ReadResponse;
import io.capstan.proto.peer.v1.Replicate;
import io.capstan.proto.peer.v1.ReplicateAck;
import io.capstan.proto.peer.v1.ScanPageRequest;
import io.capstan.proto.peer.v1.ScanPageResponse;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.SessionClaim;
import java.util.ArrayList;
import java.util.List;

/** Serves coordinators: merges what they send, answers what they ask, both only once on disk. */
final class ReplicaRole {
  private final QuorumConfig config;
  private final ReplicaState state;
  private final Rebuilding rebuilding;
  private final KeyspaceWire wire;
  private final KeyspaceRecord record;

  ReplicaRole(
      KeyspaceRecord record,
      QuorumConfig config,
      ReplicaState state,
      Rebuilding rebuilding,
      KeyspaceWire wire) {
    this.record = record;
    this.config = config;
    this.rebuilding = rebuilding;
    this.state = state;
    this.wire = wire;
  }

  void onReplicate(String from, Replicate request) {
    DottedVersionVectorSet received = KeyspaceWire.received(request.getValue());
    if (state.isFrozen() && !state.reflects(received)) {
      // Sealed: what it does not hold by now it will not confirm in this epoch.
      return;
    }
    state.absorb(request.getKey(), received);
    QuorumMessage ack =
        wire.message()
            .setReplicateAck(ReplicateAck.newBuilder().setRequestId(request.getRequestId()))
            .build();
    wire.whenDurable(() -> wire.send(from, ack));
  }

  void onReadRequest(String from, ReadRequest request) {
    ReadResponse.Builder response =
        ReadResponse.newBuilder()
            .setRequestId(request.getRequestId())
            .setRebuilding(rebuilding.isRebuilding());
    DottedVersionVectorSet held = state.read(request.getKey());
    if (!held.isEmpty()) {
      response.setValue(held.toProto());
    }
    QuorumMessage message = wire.message().setReadResponse(response).build();
    wire.whenDurable(() -> wire.send(from, message));
  }

  void onScanRequest(String from, ScanPageRequest request) {
    int limit = Math.max(1, Math.min(request.getLimit(), config.limits().scanRowsMax()));
    ScanPage page = page(request.getPrefix(), request.getFrom(), limit);
    ScanPageResponse.Builder response =
        ScanPageResponse.newBuilder()
            .setRequestId(request.getRequestId())
            .setMore(page.more())
            .setCoversSession(covers(request.getAtLeast()))
            .setRebuilding(rebuilding.isRebuilding());
    for (ScanPage.Row row : page.rows()) {
      response.addRows(KeyedValue.newBuilder().setKey(row.key()).setValue(row.value().toProto()));
    }
    QuorumMessage message = wire.message().setScanResponse(response).build();
    wire.whenDurable(() -> wire.send(from, message));
  }

  private boolean covers(SessionClaim claim) {
    try {
      return SessionToken.fromProto(claim, record).missingIn(state.clock()).isEmpty();
    } catch (IllegalArgumentException e) {
      throw new MalformedMessageException("the session of a scan: " + e.getMessage(), e);
    }
  }

  /**
   * Takes in what a scan has joined where it says more than one write of a key, and the latest
   * wins: what is not shown then goes to the ledger before anybody holds a context that covers it.
   *
   * @return whether anything was
   */
  boolean settle(ScanPage joined) {
    boolean any = false;
    for (ScanPage.Row row : joined.rows()) {
      if (row.value().siblings().size() > 1) {
        state.absorb(row.key(), row.value());
        any = true;
      }
    }
    return any;
  }

  /** The next rows, until as many as the limit have a value or a bound is reached. */
  ScanPage page(ByteString prefix, ByteString from, int limit) {
    List<ScanPage.Row> rows = new ArrayList<>();
    boolean[] more = new boolean[1];
    long[] sizeBytes = new long[1];
    int[] found = new int[1];
    state.scan(
        prefix,
        from,
        (key, stored) -> {
          if (found[0] == limit
              || rows.size() == config.limits().scanVisitedRowsMax()
              || sizeBytes[0] > config.limits().scanPageMaxBytes()) {
            more[0] = true;
            return false;
          }
          DottedVersionVectorSet value = state.decode(key, stored);
          rows.add(new ScanPage.Row(key, value));
          found[0] += value.hasValue() ? 1 : 0;
          sizeBytes[0] += key.size() + stored.getSerializedSize();
          return true;
        });
    return new ScanPage(rows, more[0]);
  }
}
