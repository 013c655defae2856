package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.capstan.node.type.Counters;
import io.capstan.node.type.Sets;
import io.capstan.node.type.TypedChange;
import io.capstan.node.type.ValueType;
import io.capstan.node.version.Dot;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.HybridTimestamp;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.v1.CounterAddRequest;
import io.capstan.proto.v1.CounterAddResponse;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.KeyspaceRef;
import io.capstan.proto.v1.Receipt;
import io.capstan.proto.v1.SetAddRequest;
import io.capstan.proto.v1.SetAddResponse;
import io.capstan.proto.v1.SetRemoveRequest;
import io.capstan.proto.v1.SetRemoveResponse;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Coordinates writes of counters and sets. What such a write comes to is decided in {@link
 * io.capstan.node.type}; it is then replicated and confirmed like any other write.
 */
final class TypedWrites {

  /**
   * @param response makes the answer of its receipt
   */
  private record TypedWrite(
      KeyspaceRef keyspace,
      ByteString key,
      Level level,
      @Nullable OperationId operation,
      ValueType type,
      Function<Receipt, Message> answer)
      implements WriteCoordinator.ReplicatedWrite {

    @Override
    public Message response(Receipt receipt) {
      return answer.apply(receipt);
    }

    @Override
    public boolean isOfSet() {
      return type == ValueType.SET;
    }
  }

  /** Decides what a write comes to on what is held. */
  private interface Decision {
    TypedChange on(DottedVersionVectorSet held, TypedChange.Moment moment);
  }

  private final Levels levels;
  private final Admission admission;
  private final ReplicaState state;
  private final WriteCoordinator writes;
  private final CounterFolding folding;
  private final QuorumOutput output;
  private final QuorumConfig config;
  private final StepTime time;

  TypedWrites(
      Levels levels,
      Admission admission,
      ReplicaState state,
      WriteCoordinator writes,
      CounterFolding folding,
      QuorumOutput output,
      QuorumConfig config,
      StepTime time) {
    this.levels = levels;
    this.admission = admission;
    this.state = state;
    this.writes = writes;
    this.folding = folding;
    this.output = output;
    this.config = config;
    this.time = time;
  }

  void counterAdd(long callId, CounterAddRequest request, long deadlineNanos) {
    OperationId operation = operation(request.getOperation());
    TypedWrite write =
        new TypedWrite(
            request.getKeyspace(),
            request.getKey(),
            levels.meant(request.getLevel(), true),
            operation,
            ValueType.COUNTER,
            receipt -> CounterAddResponse.newBuilder().setReceipt(receipt).build());
    begin(
        callId,
        write,
        deadlineNanos,
        (held, moment) -> Counters.add(held, moment, operation, request.getDelta()));
  }

  void setAdd(long callId, SetAddRequest request, long deadlineNanos) {
    OperationId operation = operation(request.getOperation());
    TypedWrite write =
        new TypedWrite(
            request.getKeyspace(),
            request.getKey(),
            levels.meant(request.getLevel(), true),
            operation,
            ValueType.SET,
            receipt -> SetAddResponse.newBuilder().setReceipt(receipt).build());
    begin(
        callId,
        write,
        deadlineNanos,
        (held, moment) -> Sets.add(held, moment, operation, request.getElement()));
  }

  void setRemove(long callId, SetRemoveRequest request, long deadlineNanos) {
    OperationId operation = operation(request.getOperation());
    TypedWrite write =
        new TypedWrite(
            request.getKeyspace(),
            request.getKey(),
            levels.meant(request.getLevel(), true),
            operation,
            ValueType.SET,
            receipt -> SetRemoveResponse.newBuilder().setReceipt(receipt).build());
    begin(
        callId,
        write,
        deadlineNanos,
        (held, moment) -> Sets.remove(held, moment, operation, request.getElement()));
  }

  private static @Nullable OperationId operation(OperationId given) {
    return given.getSession() == 0 ? null : given;
  }

  private void begin(long callId, TypedWrite write, long deadlineNanos, Decision decision) {
    ErrorDetail refusal =
        admission.refusal(write.keyspace(), write.level(), true, write.key(), deadlineNanos);
    if (refusal != null) {
      output.fail(callId, refusal);
      return;
    }
    DottedVersionVectorSet held = state.read(write.key());
    TypedChange.Moment moment =
        new TypedChange.Moment(
            state.self(),
            state.nextDot().counter(),
            state.nextTimestamp(held, HybridTimestamp.ZERO),
            time.wallMillis());
    switch (decision.on(held, moment)) {
      case TypedChange.Written written -> written(callId, write, deadlineNanos, held, written);
      case TypedChange.Repeated repeated -> {
        folding.used(write.key(), held);
        writes.replicate(callId, write, deadlineNanos, held, repeated.witness(), List.of());
      }
      case TypedChange.BeyondWindow beyond -> output.fail(callId, TypeRefusals.beyondWindow());
      case TypedChange.WrongType wrong ->
          output.fail(callId, TypeRefusals.wrongType(write.type(), wrong.found()));
      case TypedChange.Full full ->
          output.fail(callId, TypeRefusals.full(full.limit(), folding.waitsFor()));
    }
  }

  private void written(
      long callId,
      TypedWrite write,
      long deadlineNanos,
      DottedVersionVectorSet held,
      TypedChange.Written written) {
    DottedVersionVectorSet last = written.last();
    long sizeMaxBytes = config.limits().keySizeMaxBytes();
    if (last.sizeBytes() > sizeMaxBytes && last.sizeBytes() > held.sizeBytes()) {
      output.fail(callId, Refusals.tooManySiblings(held.siblings().size(), sizeMaxBytes));
      return;
    }
    Dot dot = state.nextDot();
    DottedVersionVectorSet before = held;
    for (DottedVersionVectorSet row : written.rows()) {
      dot = state.nextDot();
      state.writeOwn(write.key(), before, row, dot);
      before = row;
    }
    folding.used(write.key(), last);
    writes.replicate(callId, write, deadlineNanos, last, dot, written.superseded());
  }
}
