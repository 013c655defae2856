package io.capstan.client;

import io.capstan.proto.store.v1.SwitchHistory;
import io.capstan.proto.v1.KeyspaceDescription;
import io.capstan.proto.v1.KeyspaceStatus;
import io.capstan.proto.v1.ListMembersResponse;
import io.capstan.proto.v1.ScanResponse;
import io.capstan.proto.v1.StatusResponse;
import io.capstan.proto.v1.TxnResponse;
import io.capstan.proto.v1.TxnStepResult;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the client is told: from messages to its own records. */
final class WireAnswers {
  private WireAnswers() {}

  static Receipt receipt(io.capstan.proto.v1.Receipt receipt, long latencyMicros) {
    return new Receipt(
        Bytes.of(receipt.getKey()),
        receipt.hasValue() ? Bytes.of(receipt.getValue()) : null,
        receipt.getFound(),
        receipt.getVersion(),
        Bytes.of(receipt.getContext()),
        siblings(receipt.getSiblingsList()),
        receipt.getKeyspace(),
        receipt.getKeyspaceId(),
        mode(receipt.getMode()),
        receipt.getEpoch(),
        level(receipt.getLevel()),
        receipt.getPhase(),
        outcome(receipt.getOutcome()),
        receipt.getAckedList(),
        receipt.getHintedList(),
        receipt.getMissingList(),
        receipt.getSupersededList(),
        receipt.getServedBy(),
        receipt.getReceivedBy(),
        receipt.hasStalenessMillis() ? receipt.getStalenessMillis() : null,
        receipt.getServerMicros(),
        receipt.getType(),
        receipt.hasCounter() ? receipt.getCounter() : null,
        receipt.getMembersList().stream().map(Bytes::of).toList(),
        receipt.getLeftBehindList().stream().map(WireAnswers::version).toList(),
        latencyMicros);
  }

  /** The receipt of an answer that is not an error. */
  static Receipt okReceipt(io.capstan.proto.v1.Receipt receipt, long latencyMicros) {
    if (receipt.getOutcome() != io.capstan.proto.v1.Outcome.OUTCOME_OK) {
      throw new IllegalStateException(
          "an answer without an error has the outcome " + receipt.getOutcome());
    }
    return receipt(receipt, latencyMicros);
  }

  /** As nodes write it in receipts. */
  private static String version(io.capstan.proto.store.v1.Dot dot) {
    return dot.getActor().getName()
        + "."
        + Long.toHexString(dot.getActor().getIncarnation())
        + ":"
        + dot.getCounter();
  }

  private static List<Sibling> siblings(List<io.capstan.proto.v1.Sibling> siblings) {
    return siblings.stream()
        .map(
            each ->
                new Sibling(
                    each.hasValue() ? Bytes.of(each.getValue()) : null,
                    each.getVersion(),
                    each.getWrittenAtMillis()))
        .toList();
  }

  static ScanPage page(ScanResponse response, long latencyMicros) {
    List<ScanRow> rows =
        response.getRowsList().stream()
            .map(
                row ->
                    new ScanRow(
                        Bytes.of(row.getKey()),
                        row.getVersion(),
                        siblings(row.getSiblingsList()),
                        Bytes.of(row.getContext())))
            .toList();
    return new ScanPage(
        rows,
        response.getMore(),
        Bytes.of(response.getNextFrom()),
        okReceipt(response.getReceipt(), latencyMicros));
  }

  static TxnResult txn(TxnResponse response, long latencyMicros) {
    return new TxnResult(
        response.getSucceeded(),
        response.getResultsList().stream().map(WireAnswers::step).toList(),
        okReceipt(response.getReceipt(), latencyMicros));
  }

  private static TxnResult.StepResult step(TxnStepResult result) {
    return new TxnResult.StepResult(
        Bytes.of(result.getKey()),
        result.getFound(),
        result.hasValue() ? Bytes.of(result.getValue()) : null,
        result.getVersion(),
        siblings(result.getSiblingsList()));
  }

  static MemberList members(ListMembersResponse response) {
    return new MemberList(
        response.getMembersList().stream()
            .map(
                each ->
                    new MemberList.Member(
                        each.getId(),
                        each.getRole(),
                        each.getPeerAddress(),
                        each.getClientAddress(),
                        each.getIncarnation()))
            .toList(),
        response.getChanging(),
        response.getLeader(),
        response.getCurrent(),
        response.getWaitingForList(),
        response.getConfigurationIndex());
  }

  static Keyspace keyspace(KeyspaceDescription keyspace) {
    return keyspace(KeyspaceStatus.newBuilder().setKeyspace(keyspace).build());
  }

  private static Keyspace keyspace(KeyspaceStatus status) {
    KeyspaceDescription keyspace = status.getKeyspace();
    return new Keyspace(
        keyspace.getId(),
        keyspace.getName(),
        mode(keyspace.getMode()),
        keyspace.getEpoch(),
        keyspace.getPhase(),
        conflicts(keyspace.getConflicts()),
        level(keyspace.getMinWrites()),
        keyspace.getGroupId(),
        status.hasDivergenceDots() ? status.getDivergenceDots() : null,
        status.getDiscardedWrites(),
        status.getCollapsedConflicts(),
        status.getCollectionWaitsForList(),
        status.getUnconfirmedDots(),
        status.getDisagreeingList(),
        status.getNeedingAntiEntropyList(),
        status.getClockAheadMillis(),
        keyspace.getHistoryList().stream().map(WireAnswers::change).toList(),
        status.getSwitchWaitsForList(),
        keyspace.getSettling(),
        keyspace.getLostDots());
  }

  private static ModeChange change(SwitchHistory passed) {
    return new ModeChange(
        passed.getId(),
        mode(passed.getFrom()),
        mode(passed.getTo()),
        passed.getEpoch(),
        passed.getRequestedBy(),
        passed.getBeganAtMillis(),
        passed.getEndedAtMillis(),
        passed.getPhasesList().stream()
            .map(phase -> new ModeChange.Phase(phase.getPhase(), phase.getMillis()))
            .toList(),
        passed.getDotsMoved(),
        passed.getAborted());
  }

  static NodeStatus.Node node(StatusResponse status) {
    return new NodeStatus.Node(
        status.getId(),
        status.getAddress(),
        status.getRole(),
        status.getTerm(),
        status.getLeader(),
        status.getCommitIndex(),
        status.getAppliedIndex(),
        status.getLastLogIndex(),
        status.getKeyspacesList().stream().map(WireAnswers::keyspace).toList(),
        status.getHintsWaiting(),
        status.getDiskBytes(),
        status.getVersion(),
        status.getIncarnation(),
        status.getPeersList().stream()
            .map(
                peer ->
                    new NodeStatus.Peer(
                        peer.getId(), peer.getAddress(), peer.getReachable(), peer.getMatchIndex()))
            .toList(),
        status.getUptimeMillis(),
        status.getCpuMicros(),
        status.getQueued());
  }

  static CapstanException exception(Failure failure, Outcome outcome, String message) {
    io.capstan.proto.v1.Receipt receipt = failure.receipt();
    return new CapstanException(
        failure.code(),
        outcome,
        message,
        failure.hint(),
        receipt == null ? null : receipt(receipt, 0));
  }

  private static Outcome outcome(io.capstan.proto.v1.Outcome outcome) {
    return switch (outcome) {
      case OUTCOME_OK -> Outcome.OK;
      case OUTCOME_FAILED -> Outcome.FAILED;
      case OUTCOME_UNKNOWN, OUTCOME_UNSPECIFIED, UNRECOGNIZED -> Outcome.UNKNOWN;
    };
  }

  private static @Nullable Mode mode(io.capstan.proto.store.v1.Mode mode) {
    return switch (mode) {
      case MODE_CP -> Mode.CP;
      case MODE_AP -> Mode.AP;
      case MODE_UNSPECIFIED, UNRECOGNIZED -> null;
    };
  }

  private static @Nullable ConflictPolicy conflicts(
      io.capstan.proto.store.v1.ConflictPolicy policy) {
    return switch (policy) {
      case CONFLICT_POLICY_SIBLINGS -> ConflictPolicy.SIBLINGS;
      case CONFLICT_POLICY_LWW -> ConflictPolicy.LWW;
      case CONFLICT_POLICY_UNSPECIFIED, UNRECOGNIZED -> null;
    };
  }

  private static @Nullable Level level(io.capstan.proto.store.v1.Level level) {
    return switch (level) {
      case LEVEL_LINEARIZABLE -> Level.LINEARIZABLE;
      case LEVEL_STALE -> Level.STALE;
      case LEVEL_ONE -> Level.ONE;
      case LEVEL_QUORUM -> Level.QUORUM;
      case LEVEL_ALL -> Level.ALL;
      case LEVEL_UNSPECIFIED, UNRECOGNIZED -> null;
    };
  }
}
