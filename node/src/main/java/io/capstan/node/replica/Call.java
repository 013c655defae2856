package io.capstan.node.replica;

import com.google.protobuf.Message;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.v1.ChangeMembersRequest;
import io.capstan.proto.v1.CounterAddRequest;
import io.capstan.proto.v1.CreateKeyspaceRequest;
import io.capstan.proto.v1.DeleteRequest;
import io.capstan.proto.v1.DropKeyspaceRequest;
import io.capstan.proto.v1.OpenSessionRequest;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.SetAddRequest;
import io.capstan.proto.v1.SetModeRequest;
import io.capstan.proto.v1.SetRemoveRequest;
import io.capstan.proto.v1.TransferLeadershipRequest;
import io.capstan.proto.v1.TxnRequest;
import org.jspecify.annotations.Nullable;

/**
 * An open request on its way through this replica: a client's, or one that another node forwarded.
 */
final class Call {

  /** Where a call stands; each state has one owner that moves it on. */
  enum State {
    /** No leader is known, or the one that was known is gone. */
    WAITING_FOR_LEADER,
    /** Entry appended here; answered when it is applied. */
    PROPOSED,
    /** Waits for a confirmed read index, then for that index to be applied. */
    READING,
    /** Handed to the leader. */
    FORWARDED,
    /** Answered. */
    DONE
  }

  /** Who forwarded the call, to be told the answer. */
  record Origin(String peer, long forwardId, long senderRun) {}

  /** Unique within this replica's run. */
  final long key;

  /** The shell's id; meaningless where there is an origin. */
  final long callId;

  final @Nullable Origin origin;
  final Message request;
  final long deadlineNanos;

  State state = State.WAITING_FOR_LEADER;

  /** The moment since which no leader could be asked. */
  long waitingSinceNanos;

  /** True once the read index is only asked for to look at the catalogue again. */
  boolean catalogueBarrier;

  /** The keyspace as resolved when the call was routed; null for catalogue requests. */
  @Nullable KeyspaceRecord keyspace;

  /** Whether an attempt before the present one may have been, or may yet be, applied. */
  boolean earlierUncertain;

  /** Since when it waits for its keyspace to open; meaningful while it is held. */
  long heldSinceNanos;

  /** Whether the present attempt may have been, or may yet be, applied. */
  boolean currentUncertain;

  /** Of the present attempt, where it is handed to the leader; 0 for none. */
  long forwardId;

  long readIndex;
  long proposedIndex;
  long proposedTerm;

  Call(
      long key,
      long callId,
      @Nullable Origin origin,
      Message request,
      long deadlineNanos,
      long nowNanos) {
    this.key = key;
    this.callId = callId;
    this.origin = origin;
    this.request = request;
    this.deadlineNanos = deadlineNanos;
    this.waitingSinceNanos = nowNanos;
  }

  /** Whether performing the request changes anything. */
  boolean isWrite() {
    return switch (request) {
      case PutRequest put -> true;
      case DeleteRequest delete -> true;
      case TxnRequest txn -> true;
      case OpenSessionRequest open -> true;
      case CreateKeyspaceRequest create -> true;
      case DropKeyspaceRequest drop -> true;
      case ChangeMembersRequest change -> true;
      case TransferLeadershipRequest transfer -> true;
      case SetModeRequest set -> true;
      case CounterAddRequest add -> true;
      case SetAddRequest add -> true;
      case SetRemoveRequest remove -> true;
      default -> false;
    };
  }

  /** The operation id by which a second attempt is recognised, or null. */
  @Nullable OperationId operation() {
    OperationId id =
        switch (request) {
          case PutRequest put -> put.getOperation();
          case DeleteRequest delete -> delete.getOperation();
          case TxnRequest txn -> txn.getOperation();
          case CreateKeyspaceRequest create -> create.getOperation();
          case DropKeyspaceRequest drop -> drop.getOperation();
          case SetModeRequest set -> set.getOperation();
          case CounterAddRequest add -> add.getOperation();
          case SetAddRequest add -> add.getOperation();
          case SetRemoveRequest remove -> remove.getOperation();
          default -> OperationId.getDefaultInstance();
        };
    return id.getSession() == 0 ? null : id;
  }

  /** Whether any attempt may have been, or may yet be, applied. */
  boolean maybeApplied() {
    return earlierUncertain || currentUncertain;
  }

  /** Whether a further attempt cannot apply it twice. */
  boolean mayBeAttemptedAgain() {
    return !maybeApplied() || operation() != null || request instanceof OpenSessionRequest;
  }

  /** The present attempt is given up; the next one starts when a leader is known. */
  void waitForLeader(long nowNanos) {
    earlierUncertain |= currentUncertain;
    currentUncertain = false;
    if (state != State.WAITING_FOR_LEADER) {
      state = State.WAITING_FOR_LEADER;
      waitingSinceNanos = nowNanos;
    }
  }
}
