package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.KeyspaceRef;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Whether a call may begin: everything that can be said before anything is done. */
final class Admission {
  private final KeyspaceRecord record;
  private final QuorumConfig config;
  private final Levels levels;
  private final Replicas replicas;
  private final PeerReachability peers;
  private final PendingCalls pending;
  private final Receipts receipts;
  private final StepTime time;

  Admission(
      KeyspaceRecord record,
      QuorumConfig config,
      Levels levels,
      Replicas replicas,
      PeerReachability peers,
      PendingCalls pending,
      Receipts receipts,
      StepTime time) {
    this.record = record;
    this.config = config;
    this.levels = levels;
    this.replicas = replicas;
    this.peers = peers;
    this.pending = pending;
    this.receipts = receipts;
    this.time = time;
  }

  /**
   * Judges a call.
   *
   * @param key the key it is about; empty for a scan
   * @return why it is refused, outcome FAILED, or null where it may begin
   */
  @Nullable ErrorDetail refusal(
      KeyspaceRef keyspace, Level level, boolean write, ByteString key, long deadlineNanos) {
    if (keyspace.getId() != 0 && keyspace.getId() != record.getId()) {
      return Refusals.unknownKeyspace(record, keyspace.getId());
    }
    if (keyspace.getEpoch() != 0 && keyspace.getEpoch() != record.getEpoch()) {
      return Refusals.wrongEpoch(record, keyspace.getEpoch());
    }
    String wrongLevel = levels.refusal(level, write);
    if (wrongLevel != null) {
      return Refusals.wrongLevel(wrongLevel, levels, write);
    }
    if (deadlineNanos - time.nowNanos() <= 0) {
      return Refusals.tooLate();
    }
    if (pending.isFull()) {
      return Refusals.overloaded(config.limits().callsMax());
    }
    List<String> unreachable = peers.unreachable(time.nowNanos());
    ReplicaSet now = replicas.now();
    if (!now.satisfies(~now.mask(unreachable), level)) {
      return Refusals.noQuorum(
          record,
          level,
          levels,
          write,
          config.nodeId(),
          unreachable,
          receipts.nothingDone(level, key));
    }
    return null;
  }
}
