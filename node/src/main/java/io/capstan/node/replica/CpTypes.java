package io.capstan.node.replica;

import com.google.protobuf.ByteString;
import io.capstan.node.type.Counters;
import io.capstan.node.type.OperationMarks;
import io.capstan.node.type.Sets;
import io.capstan.node.type.TypedChange;
import io.capstan.node.version.Actor;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.HybridTimestamp;
import io.capstan.node.version.Sibling;
import io.capstan.proto.store.v1.CommandResult;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.Step;
import io.capstan.proto.store.v1.StepResult;
import io.capstan.proto.store.v1.StoredSibling;
import io.capstan.proto.store.v1.StoredValue;
import org.jspecify.annotations.Nullable;

/**
 * Counters and sets of CP keyspaces. The same siblings as in AP keyspaces, so that a change of mode
 * rewrites nothing; but the log orders the writes and its session table recognises retries, so a
 * counter is one sibling, and a set one for each element and one for its last removal.
 */
final class CpTypes {

  /** The key of a step on a counter or set. */
  static ByteString keyOf(Step step) {
    return switch (step.getStepCase()) {
      case COUNTER_ADD -> step.getCounterAdd().getKey();
      case SET_ADD -> step.getSetAdd().getKey();
      case SET_REMOVE -> step.getSetRemove().getKey();
      case PUT, DELETE, GET, STEP_NOT_SET ->
          throw new ReplicaInvariantViolation("a step that is on no counter or set");
    };
  }

  /** The largest log index of any of its siblings. */
  static long versionOf(StoredValue stored) {
    long version = 0;
    for (StoredSibling sibling : stored.getSiblingsList()) {
      if (sibling.getDot().getActor().getName().equals(CpData.LOG_ACTOR)) {
        version = Math.max(version, sibling.getDot().getCounter());
      }
    }
    return version;
  }

  /** Why the step cannot be performed, or null. */
  CommandResult.@Nullable Code refusal(@Nullable StoredValue stored, Step step) {
    // Whether it can be performed does not depend on when; no index is smaller than the next one.
    return switch (change(held(stored), step, moment(1, Long.MAX_VALUE, 0))) {
      case TypedChange.Written written -> null;
      case TypedChange.WrongType wrong -> CommandResult.Code.CODE_WRONG_TYPE;
      case TypedChange.Full full -> CommandResult.Code.CODE_TYPE_LIMIT;
      case TypedChange.Repeated repeated -> throw operationSeen();
      case TypedChange.BeyondWindow beyond -> throw operationSeen();
    };
  }

  /**
   * Performs a step that was not refused, and adds to the result.
   *
   * @return what the key holds now
   */
  StoredValue perform(
      @Nullable StoredValue stored,
      Step step,
      long epoch,
      long index,
      long proposedAtMillis,
      CommandResult.Builder result) {
    if (!(change(held(stored), step, moment(epoch, index, proposedAtMillis))
        instanceof TypedChange.Written written)) {
      throw new ReplicaInvariantViolation("a step that was not refused cannot be performed");
    }
    for (Sibling superseded : written.superseded()) {
      result.addSuperseded(superseded.dot().toProto());
    }
    StoredValue now = written.last().toProto();
    StepResult.Builder done = StepResult.newBuilder().setKey(keyOf(step));
    result.addResults(step.hasCounterAdd() ? done.setStored(now) : done);
    return now;
  }

  /** What the row tells of an operation that an AP epoch may have executed. */
  OperationMarks.Knowledge of(StoredValue stored, OperationId operation) {
    for (StoredSibling sibling : stored.getSiblingsList()) {
      if (sibling.getOperation().equals(operation)) {
        return OperationMarks.Knowledge.EXECUTED;
      }
    }
    return Receipts.isTyped(stored)
        ? OperationMarks.in(DottedVersionVectorSet.fromProto(stored), operation)
        : OperationMarks.Knowledge.NONE;
  }

  private static DottedVersionVectorSet held(@Nullable StoredValue stored) {
    return stored == null ? DottedVersionVectorSet.EMPTY : DottedVersionVectorSet.fromProto(stored);
  }

  private static TypedChange.Moment moment(long epoch, long index, long proposedAtMillis) {
    return new TypedChange.Moment(
        new Actor(CpData.LOG_ACTOR, epoch),
        index,
        new HybridTimestamp(proposedAtMillis, 0),
        proposedAtMillis);
  }

  private static TypedChange change(
      DottedVersionVectorSet held, Step step, TypedChange.Moment moment) {
    return switch (step.getStepCase()) {
      case COUNTER_ADD -> Counters.addInLog(held, moment, step.getCounterAdd().getDelta());
      case SET_ADD -> Sets.addInLog(held, moment, step.getSetAdd().getElement());
      case SET_REMOVE -> Sets.removeInLog(held, moment, step.getSetRemove().getElement());
      case PUT, DELETE, GET, STEP_NOT_SET ->
          throw new ReplicaInvariantViolation("a step that is on no counter or set");
    };
  }

  private static ReplicaInvariantViolation operationSeen() {
    return new ReplicaInvariantViolation("the log looks for no operation id in a row");
  }
}
