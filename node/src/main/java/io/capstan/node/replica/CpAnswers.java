package io.capstan.node.replica;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.capstan.node.keyspace.ModeSwitches;
import io.capstan.node.keyspace.SessionClaims;
import io.capstan.node.quorum.TypeRefusals;
import io.capstan.node.storage.Table;
import io.capstan.node.type.Counters;
import io.capstan.node.type.ValueType;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.proto.store.v1.CommandResult;
import io.capstan.proto.store.v1.Dot;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.SessionClaim;
import io.capstan.proto.store.v1.StepResult;
import io.capstan.proto.store.v1.StoredValue;
import io.capstan.proto.v1.CounterAddRequest;
import io.capstan.proto.v1.CounterAddResponse;
import io.capstan.proto.v1.CounterGetRequest;
import io.capstan.proto.v1.CounterGetResponse;
import io.capstan.proto.v1.CreateKeyspaceRequest;
import io.capstan.proto.v1.CreateKeyspaceResponse;
import io.capstan.proto.v1.DeleteRequest;
import io.capstan.proto.v1.DeleteResponse;
import io.capstan.proto.v1.DropKeyspaceRequest;
import io.capstan.proto.v1.DropKeyspaceResponse;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.GetResponse;
import io.capstan.proto.v1.KeyspaceDescription;
import io.capstan.proto.v1.OpenSessionResponse;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.PutResponse;
import io.capstan.proto.v1.Receipt;
import io.capstan.proto.v1.ScanRequest;
import io.capstan.proto.v1.ScanResponse;
import io.capstan.proto.v1.ScanRow;
import io.capstan.proto.v1.SetAddRequest;
import io.capstan.proto.v1.SetAddResponse;
import io.capstan.proto.v1.SetMembersRequest;
import io.capstan.proto.v1.SetMembersResponse;
import io.capstan.proto.v1.SetModeRequest;
import io.capstan.proto.v1.SetModeResponse;
import io.capstan.proto.v1.SetRemoveRequest;
import io.capstan.proto.v1.SetRemoveResponse;
import io.capstan.proto.v1.TxnRequest;
import io.capstan.proto.v1.TxnResponse;
import io.capstan.proto.v1.TxnStepResult;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Turns what was applied or read into what the client is told. */
final class CpAnswers {

  /** Either a response or an error. */
  sealed interface Answer {
    record Success(Message response) implements Answer {}

    record Failure(ErrorDetail error) implements Answer {}
  }

  /** Which replicas hold an applied entry on disk, as this node knows. */
  interface Acknowledgements {
    List<String> acked(long index);

    List<String> missing(long index);
  }

  private final String nodeId;
  private final StateMachine machine;
  private final BufferedTables tables;
  private final Acknowledgements acknowledgements;

  CpAnswers(
      String nodeId,
      StateMachine machine,
      BufferedTables tables,
      Acknowledgements acknowledgements) {
    this.nodeId = nodeId;
    this.machine = machine;
    this.tables = tables;
    this.acknowledgements = acknowledgements;
  }

  // ---- writes ----

  /**
   * What the log said of the write. A retry may be answered in a later epoch than it was executed
   * in, and by a node that had yet to hear of that epoch when it took the call: the receipt names
   * the epoch that the keyspace is in now, and the versions of the one that wrote them.
   */
  Answer ofWrite(Call call, CommandResult result) {
    KeyspaceRecord keyspace = present(call);
    Dot written = keyspace == null || !writesData(call.request) ? null : written(keyspace, result);
    Receipt.Builder receipt = writeReceipt(keyspace, written, result);
    ErrorDetail error = refusal(call, keyspace, result, receipt);
    if (error != null) {
      return new Answer.Failure(error);
    }
    return new Answer.Success(
        switch (call.request) {
          case PutRequest put ->
              PutResponse.newBuilder()
                  .setReceipt(
                      receipt
                          .setKey(put.getKey())
                          .setFound(true)
                          .setContext(context(keyspace, written, put.getKey())))
                  .build();
          case DeleteRequest delete ->
              DeleteResponse.newBuilder().setReceipt(receipt.setKey(delete.getKey())).build();
          case CounterAddRequest add ->
              CounterAddResponse.newBuilder()
                  .setReceipt(counter(receipt.setKey(add.getKey()), result))
                  .build();
          case SetAddRequest add ->
              SetAddResponse.newBuilder()
                  .setReceipt(
                      receipt.setKey(add.getKey()).setFound(true).setType(ValueType.SET.label()))
                  .build();
          case SetRemoveRequest remove ->
              SetRemoveResponse.newBuilder()
                  .setReceipt(
                      receipt.setKey(remove.getKey()).setFound(true).setType(ValueType.SET.label()))
                  .build();
          case TxnRequest txn -> txnResponse(result, receipt);
          case SetModeRequest set ->
              SetModeResponse.newBuilder()
                  .setKeyspace(describe(result.getKeyspace()))
                  .setReceipt(receipt)
                  .build();
          case CreateKeyspaceRequest create ->
              CreateKeyspaceResponse.newBuilder()
                  .setKeyspace(describe(result.getKeyspace()))
                  .setReceipt(receipt)
                  .build();
          case DropKeyspaceRequest drop ->
              DropKeyspaceResponse.newBuilder()
                  .setKeyspace(describe(result.getKeyspace()))
                  .setReceipt(receipt)
                  .build();
          default ->
              OpenSessionResponse.newBuilder()
                  .setReceipt(receipt)
                  .setWindowOperations(Sessions.WINDOW_OPERATIONS)
                  .build();
        });
  }

  /** The keyspace as it is now; as it was when the call came where it was dropped since. */
  private @Nullable KeyspaceRecord present(Call call) {
    if (call.keyspace == null) {
      return null;
    }
    KeyspaceRecord present = machine.catalogue().withId(call.keyspace.getId());
    return present == null ? call.keyspace : present;
  }

  private static Dot written(KeyspaceRecord keyspace, CommandResult result) {
    if (result.hasWritten()) {
      return result.getWritten();
    }
    long epoch = result.getEpoch() == 0 ? keyspace.getEpoch() : result.getEpoch();
    return CpData.dot(epoch, result.getIndex());
  }

  private Receipt.Builder writeReceipt(
      @Nullable KeyspaceRecord keyspace, @Nullable Dot written, CommandResult result) {
    Receipt.Builder receipt =
        Receipts.of(
                keyspace == null ? KeyspaceRecord.getDefaultInstance() : keyspace,
                Level.LEVEL_LINEARIZABLE,
                nodeId)
            .setVersion(
                written == null
                    ? Long.toUnsignedString(result.getIndex())
                    : Receipts.version(written))
            .addAllAcked(acknowledgements.acked(result.getIndex()))
            .addAllMissing(acknowledgements.missing(result.getIndex()))
            .setStalenessMillis(0);
    if (written != null) {
      receipt.addSeen(written);
    }
    for (Dot dot : result.getSupersededList()) {
      receipt.addSuperseded(Receipts.version(dot));
    }
    return receipt;
  }

  /** The value that the addition led to, kept with its answer for retries. */
  private static Receipt.Builder counter(Receipt.Builder receipt, CommandResult result) {
    receipt.setFound(true).setType(ValueType.COUNTER.label());
    if (result.getResultsCount() == 1 && result.getResults(0).hasStored()) {
      receipt.setCounter(
          Counters.sum(DottedVersionVectorSet.fromProto(result.getResults(0).getStored())));
    }
    return receipt;
  }

  private static ByteString context(
      @Nullable KeyspaceRecord keyspace, @Nullable Dot written, ByteString key) {
    return keyspace == null || written == null
        ? ByteString.EMPTY
        : Receipts.contextOfWrite(keyspace, key, written);
  }

  private static TxnResponse txnResponse(CommandResult result, Receipt.Builder receipt) {
    TxnResponse.Builder response =
        TxnResponse.newBuilder().setSucceeded(result.getSucceeded()).setReceipt(receipt);
    for (StepResult step : result.getResultsList()) {
      TxnStepResult.Builder found = TxnStepResult.newBuilder().setKey(step.getKey());
      if (step.hasStored()) {
        StoredValue stored = step.getStored();
        Receipt shown = Receipts.shown(stored);
        found.setFound(shown.getFound()).addAllSiblings(shown.getSiblingsList());
        if (shown.hasValue()) {
          found.setValue(shown.getValue()).setVersion(shown.getVersion());
        }
      }
      response.addResults(found);
    }
    return response.build();
  }

  private @Nullable ErrorDetail refusal(
      Call call, @Nullable KeyspaceRecord keyspace, CommandResult result, Receipt.Builder receipt) {
    ErrorDetail error =
        switch (result.getCode()) {
          case CODE_OK ->
              result.getResultsDropped()
                  ? Errors.unknown(
                      Errors.TIMEOUT,
                      "The transaction was applied earlier, at index "
                          + result.getIndex()
                          + ", but what it read is no longer kept.",
                      "Read the keys again.")
                  : null;
          case CODE_CONFLICT ->
              Errors.failed(
                  Errors.CONFLICT,
                  "A condition did not hold: somebody else wrote in between. Nothing was applied.",
                  "Read the key again and decide anew on its present version.");
          case CODE_SIBLINGS ->
              Errors.failed(
                  Errors.SIBLINGS,
                  "The key holds concurrent values that nobody has resolved yet; a blind write"
                      + " would discard them unseen. Nothing was applied.",
                  "Read it with 'capstan get KEY --all-siblings' and write with its --context.");
          case CODE_UNKNOWN_KEYSPACE ->
              Errors.failed(
                  Errors.UNKNOWN_KEYSPACE,
                  "The keyspace was dropped before the write was applied.",
                  "'capstan keyspace list' shows what there is.");
          case CODE_WRONG_EPOCH -> Errors.wrongEpoch(result.getKeyspace());
          case CODE_WRONG_MODE ->
              Errors.failed(
                  Errors.WRONG_MODE,
                  "The keyspace is not CP any more. Nothing was applied.",
                  "Ask again: the request is then served in its present mode.");
          case CODE_KEYSPACE_EXISTS ->
              Errors.failed(
                  Errors.KEYSPACE_EXISTS,
                  "There is a keyspace " + result.getKeyspace().getName() + " already.",
                  "'capstan keyspace describe "
                      + result.getKeyspace().getName()
                      + "' shows it; 'keyspace drop' removes it.");
          case CODE_TOO_MANY_KEYSPACES ->
              Errors.overloaded(
                  "there are " + RequestLimits.KEYSPACES_MAX + " keyspaces, no more are allowed");
          case CODE_UNKNOWN_SESSION ->
              Errors.failed(
                  Errors.UNKNOWN_SESSION,
                  "The session is not registered, or left the session table. This attempt was not"
                      + " executed.",
                  "Open a session and use it; whether an earlier attempt was executed is not known"
                      + " here.");
          case CODE_BEYOND_WINDOW ->
              Errors.unknown(
                  Errors.BEYOND_WINDOW,
                  "The operation is older than the session's window of "
                      + Sessions.WINDOW_OPERATIONS
                      + " operations: it may have been applied, and is not executed again.",
                  "Read the key to see.");
          case CODE_TOO_LARGE ->
              Errors.invalid(
                  "The transaction reads more than "
                      + RequestLimits.TXN_ANSWER_MAX_BYTES
                      + " bytes. Nothing was applied.",
                  "Read fewer keys at once.");
          case CODE_WRONG_TYPE -> TypeRefusals.wrongTypeInLog();
          case CODE_TYPE_LIMIT ->
              TypeRefusals.limitInLog(
                  call.request instanceof CounterAddRequest ? ValueType.COUNTER : ValueType.SET);
          case CODE_SWITCH_REFUSED ->
              Errors.failed(
                  Errors.SWITCH_REFUSED,
                  result.getReason() + " Nothing was changed.",
                  "'capstan mode get " + result.getKeyspace().getName() + "' shows where it is.");
          case CODE_SWITCH_OVER ->
              Errors.failed(
                  Errors.SWITCH_REFUSED,
                  "Keyspace "
                      + result.getKeyspace().getName()
                      + " is not changing sides (any more), so there is nothing to give up.",
                  "'capstan mode get " + result.getKeyspace().getName() + "' shows where it is.");
          case CODE_UNSPECIFIED, UNRECOGNIZED ->
              throw new ReplicaInvariantViolation("an answer without a code");
        };
    if (error == null) {
      return null;
    }
    ByteString key = keyOf(call.request);
    if (key != null && keyspace != null && machine.catalogue().withId(keyspace.getId()) != null) {
      receipt.clearVersion().clearSuperseded().clearSeen();
      Receipts.found(receipt, keyspace, key, machine.read(keyspace.getId(), key));
    }
    return Errors.withReceipt(error, receipt.build(), null);
  }

  private static boolean writesData(Message request) {
    return request instanceof TxnRequest || keyOf(request) != null;
  }

  private static @Nullable ByteString keyOf(Message request) {
    return switch (request) {
      case PutRequest put -> put.getKey();
      case DeleteRequest delete -> delete.getKey();
      case CounterAddRequest add -> add.getKey();
      case SetAddRequest add -> add.getKey();
      case SetRemoveRequest remove -> remove.getKey();
      default -> null;
    };
  }

  // ---- reads ----

  /** Reads the state as applied now; the caller has made sure that it is recent enough. */
  Answer read(Message request, KeyspaceRecord keyspace, Level level) {
    Receipt.Builder receipt =
        readReceipt(keyspace, level)
            .addAllLeftBehind(SessionClaims.leftBehind(CallRouter.claimOf(request), keyspace));
    return switch (request) {
      case CounterGetRequest get -> typed(get.getKey(), ValueType.COUNTER, keyspace, receipt);
      case SetMembersRequest members -> typed(members.getKey(), ValueType.SET, keyspace, receipt);
      default -> new Answer.Success(readPlain(request, keyspace, receipt));
    };
  }

  private Answer typed(
      ByteString key, ValueType type, KeyspaceRecord keyspace, Receipt.Builder begun) {
    StoredValue stored = machine.read(keyspace.getId(), key);
    DottedVersionVectorSet held =
        stored == null ? DottedVersionVectorSet.EMPTY : DottedVersionVectorSet.fromProto(stored);
    String obstacle = type.obstacle(held);
    if (obstacle != null) {
      return new Answer.Failure(TypeRefusals.wrongType(type, obstacle));
    }
    Receipt receipt = Receipts.typed(begun.setKey(key), held, type).build();
    return new Answer.Success(
        switch (type) {
          case COUNTER -> CounterGetResponse.newBuilder().setReceipt(receipt).build();
          case SET -> SetMembersResponse.newBuilder().setReceipt(receipt).build();
        });
  }

  private Message readPlain(Message request, KeyspaceRecord keyspace, Receipt.Builder begun) {
    return switch (request) {
      case GetRequest get ->
          GetResponse.newBuilder().setReceipt(get(get.getKey(), keyspace, begun)).build();
      case ScanRequest scan -> scan(scan, keyspace, begun);
      default ->
          throw new ReplicaInvariantViolation(
              request.getDescriptorForType().getName() + " is not a read");
    };
  }

  private Receipt get(ByteString key, KeyspaceRecord keyspace, Receipt.Builder begun) {
    Receipt.Builder receipt =
        Receipts.found(begun, keyspace, key, machine.read(keyspace.getId(), key));
    if (!receipt.getFound()) {
      // A delete leaves no row: only the whole log up to here says that there is nothing.
      receipt.addSeen(CpData.dot(keyspace.getEpoch(), machine.appliedIndex()));
    }
    return receipt.build();
  }

  /** The log index up to which a replica must have applied to show what the session has seen. */
  static long indexSeen(SessionClaim claim) {
    long index = 0;
    List<Dot> dots = new ArrayList<>(claim.getDotsList());
    dots.addAll(claim.getFloorList());
    for (Dot dot : dots) {
      if (dot.getActor().getName().equals(CpData.LOG_ACTOR)) {
        index = Math.max(index, dot.getCounter());
      }
    }
    return index;
  }

  private Receipt.Builder readReceipt(KeyspaceRecord keyspace, Level level) {
    Receipt.Builder receipt = Receipts.of(keyspace, level, nodeId).addAcked(nodeId);
    return level == Level.LEVEL_LINEARIZABLE ? receipt.setStalenessMillis(0) : receipt;
  }

  private Message scan(ScanRequest request, KeyspaceRecord keyspace, Receipt.Builder begun) {
    ScanResponse.Builder page = ScanResponse.newBuilder();
    int limit = request.getLimit() == 0 ? RequestLimits.SCAN_ROWS_DEFAULT : request.getLimit();
    ByteString prefix = request.getPrefix();
    ByteString from = request.getFrom();
    ByteString start =
        ByteString.unsignedLexicographicalComparator().compare(from, prefix) > 0 ? from : prefix;
    int[] bytes = {0};
    tables.scan(
        Table.data(keyspace.getId()),
        start.toByteArray(),
        null,
        (key, value) -> {
          ByteString found = ByteString.copyFrom(key);
          if (!found.startsWith(prefix)) {
            return false;
          }
          if (page.getRowsCount() >= limit || bytes[0] >= RequestLimits.SCAN_PAGE_MAX_BYTES) {
            page.setMore(true).setNextFrom(found);
            return false;
          }
          bytes[0] += key.length + (request.getKeysOnly() ? 0 : value.length);
          page.addRows(row(keyspace, found, request.getKeysOnly()));
          return true;
        });
    return page.setReceipt(begun).build();
  }

  private ScanRow row(KeyspaceRecord keyspace, ByteString key, boolean keysOnly) {
    Receipt.Builder found =
        Receipts.found(Receipt.newBuilder(), keyspace, key, machine.read(keyspace.getId(), key));
    ScanRow.Builder row =
        ScanRow.newBuilder()
            .setKey(key)
            .setVersion(found.getVersion())
            .setContext(found.getContext())
            .addAllSeen(found.getSeenList());
    found
        .getSiblingsList()
        .forEach(s -> row.addSiblings(keysOnly ? s.toBuilder().clearValue().build() : s));
    return row.build();
  }

  static KeyspaceDescription describe(KeyspaceRecord keyspace) {
    KeyspaceDescription.Builder description =
        KeyspaceDescription.newBuilder()
            .addAllHistory(keyspace.getHistoryList())
            .setSettling(keyspace.hasCheckpoint())
            .setLostDots(keyspace.getLostDots());
    if (keyspace.hasSwitch()) {
      description.setSwitch(keyspace.getSwitch().toBuilder().clearClock().clearSeals());
    }
    return description
        .setId(keyspace.getId())
        .setName(keyspace.getName())
        .setMode(keyspace.getMode())
        .setEpoch(keyspace.getEpoch())
        .setPhase(ModeSwitches.phaseOf(keyspace))
        .setConflicts(keyspace.getConflicts())
        .setMinWrites(keyspace.getMinWrites())
        .setGroupId(keyspace.getGroupId())
        .build();
  }
}
