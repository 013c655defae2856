package io.capstan.node.replica;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.capstan.node.keyspace.ModeSwitches;
import io.capstan.node.version.ContextToken;
import io.capstan.proto.store.v1.AbortSwitch;
import io.capstan.proto.store.v1.BeginSwitch;
import io.capstan.proto.store.v1.Comparison;
import io.capstan.proto.store.v1.CounterAddStep;
import io.capstan.proto.store.v1.CreateKeyspaceCommand;
import io.capstan.proto.store.v1.DataCommand;
import io.capstan.proto.store.v1.DeleteStep;
import io.capstan.proto.store.v1.DropKeyspaceCommand;
import io.capstan.proto.store.v1.GetStep;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.LogCommand;
import io.capstan.proto.store.v1.OpenSessionCommand;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.PutStep;
import io.capstan.proto.store.v1.SetAddStep;
import io.capstan.proto.store.v1.SetRemoveStep;
import io.capstan.proto.store.v1.Step;
import io.capstan.proto.store.v1.SwitchCommand;
import io.capstan.proto.store.v1.VersionVector;
import io.capstan.proto.v1.ChangeMembersRequest;
import io.capstan.proto.v1.CounterAddRequest;
import io.capstan.proto.v1.CreateKeyspaceRequest;
import io.capstan.proto.v1.DeleteRequest;
import io.capstan.proto.v1.OpenSessionRequest;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.SetAddRequest;
import io.capstan.proto.v1.SetModeRequest;
import io.capstan.proto.v1.SetRemoveRequest;
import io.capstan.proto.v1.TxnRequest;
import io.capstan.proto.v1.TxnStep;
import org.jspecify.annotations.Nullable;

/** Turns client requests into commands of the log. */
final class CpCommands {

  /** A context that must not be written with; the message is a sentence for the client. */
  static final class RefusedContext extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    RefusedContext(String message) {
      super(message);
    }
  }

  private final long groupId;

  CpCommands(long groupId) {
    this.groupId = groupId;
  }

  /**
   * The command that performs the request.
   *
   * @param keyspace the keyspace as resolved; null for requests on the catalogue
   * @throws RefusedContext when a context does not belong to its key
   */
  LogCommand of(
      Message request,
      @Nullable KeyspaceRecord keyspace,
      @Nullable OperationId operation,
      long wallMillis) {
    LogCommand.Builder command =
        LogCommand.newBuilder().setGroupId(groupId).setProposedAtMillis(wallMillis);
    if (operation != null) {
      command.setOperation(operation);
    }
    switch (request) {
      case OpenSessionRequest open ->
          command.setOpenSession(OpenSessionCommand.newBuilder().setSession(open.getSession()));
      case SetModeRequest set -> command.setSwitch(switchStep(set, keyspace));
      case ChangeMembersRequest change -> command.setMembers(Membership.note(change));
      case CreateKeyspaceRequest create ->
          command.setCreateKeyspace(
              CreateKeyspaceCommand.newBuilder()
                  .setKeyspace(
                      KeyspaceRecord.newBuilder()
                          .setName(create.getName())
                          .setMode(create.getMode())
                          .setConflicts(create.getConflicts())
                          .setMinWrites(create.getMinWrites())));
      default -> {
        if (keyspace == null) {
          throw new ReplicaInvariantViolation("a command without its keyspace");
        }
        if (request instanceof io.capstan.proto.v1.DropKeyspaceRequest) {
          command.setDropKeyspace(DropKeyspaceCommand.newBuilder().setKeyspaceId(keyspace.getId()));
        } else {
          command.setData(data(request, keyspace));
        }
      }
    }
    return command.build();
  }

  private static SwitchCommand switchStep(SetModeRequest set, @Nullable KeyspaceRecord keyspace) {
    if (keyspace == null) {
      throw new ReplicaInvariantViolation("a change of sides without its keyspace");
    }
    SwitchCommand.Builder step = SwitchCommand.newBuilder().setKeyspaceId(keyspace.getId());
    String who = set.getRequestedBy();
    String by = who.substring(0, Math.min(who.length(), ModeSwitches.REQUESTED_BY_MAX_CHARS));
    if (set.getAbort()) {
      return step.setSwitchId(keyspace.getSwitch().getId())
          .setAbort(
              AbortSwitch.newBuilder()
                  .setReason(by.isEmpty() ? "given up by hand" : "given up by " + by))
          .build();
    }
    return step.setBegin(BeginSwitch.newBuilder().setTarget(set.getMode()).setRequestedBy(by))
        .build();
  }

  private static DataCommand data(Message request, KeyspaceRecord keyspace) {
    DataCommand.Builder data =
        DataCommand.newBuilder().setKeyspaceId(keyspace.getId()).setEpoch(keyspace.getEpoch());
    switch (request) {
      case PutRequest put -> {
        if (put.hasIfVersion()) {
          data.addComparisons(atVersion(put.getKey(), put.getIfVersion()));
        }
        if (put.getIfAbsent()) {
          data.addComparisons(Comparison.newBuilder().setKey(put.getKey()).setAbsent(true));
        }
        data.addThenSteps(put(keyspace, put.getKey(), put.getValue(), put.getContext()));
      }
      case DeleteRequest delete -> {
        if (delete.hasIfVersion()) {
          data.addComparisons(atVersion(delete.getKey(), delete.getIfVersion()));
        }
        data.addThenSteps(delete(keyspace, delete.getKey(), delete.getContext()));
      }
      case CounterAddRequest add ->
          data.addThenSteps(
              Step.newBuilder()
                  .setCounterAdd(
                      CounterAddStep.newBuilder().setKey(add.getKey()).setDelta(add.getDelta())));
      case SetAddRequest add ->
          data.addThenSteps(
              Step.newBuilder()
                  .setSetAdd(
                      SetAddStep.newBuilder().setKey(add.getKey()).setElement(add.getElement())));
      case SetRemoveRequest remove ->
          data.addThenSteps(
              Step.newBuilder()
                  .setSetRemove(
                      SetRemoveStep.newBuilder()
                          .setKey(remove.getKey())
                          .setElement(remove.getElement())));
      case TxnRequest txn -> {
        data.addAllComparisons(txn.getComparisonsList());
        for (TxnStep step : txn.getThenStepsList()) {
          data.addThenSteps(step(keyspace, step));
        }
        for (TxnStep step : txn.getElseStepsList()) {
          data.addElseSteps(step(keyspace, step));
        }
      }
      default ->
          throw new ReplicaInvariantViolation(
              request.getDescriptorForType().getName() + " is not a write of data");
    }
    return data.build();
  }

  private static Comparison atVersion(ByteString key, long version) {
    return Comparison.newBuilder().setKey(key).setVersion(version).build();
  }

  private static Step step(KeyspaceRecord keyspace, TxnStep step) {
    return switch (step.getStepCase()) {
      case PUT ->
          put(
              keyspace,
              step.getPut().getKey(),
              step.getPut().getValue(),
              step.getPut().getContext());
      case DELETE -> delete(keyspace, step.getDelete().getKey(), step.getDelete().getContext());
      case GET ->
          Step.newBuilder().setGet(GetStep.newBuilder().setKey(step.getGet().getKey())).build();
      case STEP_NOT_SET -> Step.getDefaultInstance();
    };
  }

  private static Step put(
      KeyspaceRecord keyspace, ByteString key, ByteString value, ByteString context) {
    PutStep.Builder put = PutStep.newBuilder().setKey(key).setValue(value);
    if (!context.isEmpty()) {
      put.setContext(context(keyspace, key, context));
    }
    return Step.newBuilder().setPut(put).build();
  }

  private static Step delete(KeyspaceRecord keyspace, ByteString key, ByteString context) {
    DeleteStep.Builder delete = DeleteStep.newBuilder().setKey(key);
    if (!context.isEmpty()) {
      delete.setContext(context(keyspace, key, context));
    }
    return Step.newBuilder().setDelete(delete).build();
  }

  private static VersionVector context(
      KeyspaceRecord keyspace, ByteString key, ByteString context) {
    return switch (ContextToken.decode(context, keyspace.getId(), key)) {
      case ContextToken.Decoded.Valid valid -> valid.context().toProto();
      case ContextToken.Decoded.Refused refused -> throw new RefusedContext(refused.message());
    };
  }
}
