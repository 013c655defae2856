package io.capstan.node.replica;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.capstan.node.keyspace.Catalogue;
import io.capstan.node.storage.Table;
import io.capstan.node.type.OperationMarks;
import io.capstan.proto.store.v1.Actor;
import io.capstan.proto.store.v1.CommandResult;
import io.capstan.proto.store.v1.Comparison;
import io.capstan.proto.store.v1.DataCommand;
import io.capstan.proto.store.v1.Dot;
import io.capstan.proto.store.v1.HybridTimestamp;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.LogCommand;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.Step;
import io.capstan.proto.store.v1.StepResult;
import io.capstan.proto.store.v1.StoredSibling;
import io.capstan.proto.store.v1.StoredValue;
import io.capstan.proto.store.v1.VersionVector;
import io.capstan.proto.v1.Receipt;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Executes commands on the data of CP keyspaces.
 *
 * <p>A write leaves one sibling, whose dot is (log of this epoch, log index). A delete removes the
 * row: in the log's order nothing earlier can come back.
 */
final class CpData {

  /** The name of the actor that stands for a keyspace's log; the incarnation is the epoch. */
  static final String LOG_ACTOR = "log";

  private final BufferedTables tables;
  private final Catalogue catalogue;
  private final CpTypes types = new CpTypes();

  // The row that the command under way has read last: what refuses it, what it replaces and what it
  // becomes are asked of the same one. Without a key between commands and after each change. Every
  // command is about one keyspace.
  private @Nullable ByteString readKey;
  private @Nullable StoredValue readValue;

  CpData(BufferedTables tables, Catalogue catalogue) {
    this.tables = tables;
    this.catalogue = catalogue;
  }

  @Nullable StoredValue read(long keyspaceId, ByteString key) {
    byte[] keyBytes = key.toByteArray();
    byte[] row = tables.get(Table.data(keyspaceId), keyBytes);
    return row == null ? null : CanonicalRow.of(parse(tables, keyspaceId, keyBytes, row));
  }

  static StoredValue parse(BufferedTables tables, long keyspaceId, byte[] key, byte[] row) {
    try {
      return tables.decoded().of(keyspaceId, key, row);
    } catch (InvalidProtocolBufferException broken) {
      throw new ReplicaInvariantViolation(
          "the row of key "
              + ByteString.copyFrom(key)
              + " in keyspace "
              + keyspaceId
              + " cannot be read: "
              + broken);
    }
  }

  private @Nullable StoredValue readOnce(long keyspaceId, ByteString key) {
    if (!key.equals(readKey)) {
      readValue = read(keyspaceId, key);
      readKey = key;
    }
    return readValue;
  }

  private void forgetRead() {
    readKey = null;
    readValue = null;
  }

  private void write(long keyspaceId, ByteString key, StoredValue stored) {
    forgetRead();
    byte[] keyBytes = key.toByteArray();
    tables.put(
        Table.data(keyspaceId), keyBytes, tables.decoded().encode(keyspaceId, keyBytes, stored));
  }

  /**
   * The log index that wrote the key's only value, or last changed its counter or set; 0 where
   * there is none or several.
   */
  static long versionOf(@Nullable StoredValue stored) {
    if (stored != null && Receipts.isTyped(stored)) {
      return CpTypes.versionOf(stored);
    }
    return stored == null || stored.getSiblingsCount() != 1
        ? 0
        : stored.getSiblings(0).getDot().getCounter();
  }

  /** The dot of what the log of that epoch wrote at the index. */
  static Dot dot(long epoch, long index) {
    return Dot.newBuilder()
        .setActor(Actor.newBuilder().setName(LOG_ACTOR).setIncarnation(epoch))
        .setCounter(index)
        .build();
  }

  CommandResult execute(LogCommand command, long index) {
    CommandResult result = executed(command, index);
    forgetRead();
    return result;
  }

  private CommandResult executed(LogCommand command, long index) {
    DataCommand wanted = command.getData();
    CommandResult.Builder result = CommandResult.newBuilder().setIndex(index);
    KeyspaceRecord keyspace = catalogue.withId(wanted.getKeyspaceId());
    if (keyspace == null) {
      return result.setCode(CommandResult.Code.CODE_UNKNOWN_KEYSPACE).build();
    }
    if (keyspace.getEpoch() != wanted.getEpoch()) {
      return result.setCode(CommandResult.Code.CODE_WRONG_EPOCH).setKeyspace(keyspace).build();
    }
    if (keyspace.getMode() != Mode.MODE_CP) {
      return result.setCode(CommandResult.Code.CODE_WRONG_MODE).setKeyspace(keyspace).build();
    }
    CommandResult repeated = executedBefore(keyspace, command, index);
    if (repeated != null) {
      return repeated;
    }
    boolean holds = true;
    for (Comparison comparison : wanted.getComparisonsList()) {
      if (!holds(comparison, readOnce(keyspace.getId(), comparison.getKey()))) {
        holds = false;
        break;
      }
    }
    result.setSucceeded(holds);
    List<Step> steps = holds ? wanted.getThenStepsList() : wanted.getElseStepsList();
    CommandResult.Code refusal = refusal(keyspace.getId(), steps);
    if (refusal != null) {
      return result.setCode(refusal).setSucceeded(false).build();
    }
    for (Step step : steps) {
      perform(keyspace, step, command, index, result);
    }
    boolean conflict = !holds && wanted.getElseStepsCount() == 0;
    return result
        .setEpoch(keyspace.getEpoch())
        .setCode(conflict ? CommandResult.Code.CODE_CONFLICT : CommandResult.Code.CODE_OK)
        .build();
  }

  /** As executed, where the command is one for the present epoch and its row says so; else null. */
  @Nullable CommandResult executedInAp(LogCommand command, long index) {
    DataCommand wanted = command.getData();
    KeyspaceRecord keyspace = catalogue.withId(wanted.getKeyspaceId());
    if (keyspace == null
        || keyspace.getMode() != Mode.MODE_CP
        || keyspace.getEpoch() != wanted.getEpoch()) {
      return null;
    }
    CommandResult result = executedBefore(keyspace, command, index);
    forgetRead();
    return result;
  }

  /**
   * What an operation comes to that an AP epoch has executed already: its id is in the row that it
   * wrote. A transaction cannot have been executed there.
   */
  private @Nullable CommandResult executedBefore(
      KeyspaceRecord keyspace, LogCommand command, long index) {
    DataCommand wanted = command.getData();
    if (!command.hasOperation() || wanted.getThenStepsCount() != 1) {
      return null;
    }
    Step step = wanted.getThenSteps(0);
    ByteString key =
        switch (step.getStepCase()) {
          case PUT -> step.getPut().getKey();
          case DELETE -> step.getDelete().getKey();
          case COUNTER_ADD, SET_ADD, SET_REMOVE -> CpTypes.keyOf(step);
          case GET, STEP_NOT_SET -> ByteString.EMPTY;
        };
    StoredValue stored = key.isEmpty() ? null : readOnce(keyspace.getId(), key);
    OperationMarks.Knowledge known =
        stored == null ? OperationMarks.Knowledge.NONE : types.of(stored, command.getOperation());
    if (stored == null || known == OperationMarks.Knowledge.NONE) {
      return null;
    }
    if (known == OperationMarks.Knowledge.BEYOND_WINDOW) {
      return CommandResult.newBuilder()
          .setIndex(index)
          .setCode(CommandResult.Code.CODE_BEYOND_WINDOW)
          .build();
    }
    StepResult.Builder done = StepResult.newBuilder().setKey(key);
    CommandResult.Builder result =
        CommandResult.newBuilder()
            .setIndex(index)
            .setEpoch(keyspace.getEpoch())
            .setCode(CommandResult.Code.CODE_OK)
            .setSucceeded(true)
            .addResults(step.hasCounterAdd() ? done.setStored(stored) : done);
    if (stored.getSiblingsCount() == 1
        && stored.getSiblings(0).getOperation().equals(command.getOperation())) {
      result.setWritten(stored.getSiblings(0).getDot());
    }
    return result.build();
  }

  private static boolean holds(Comparison comparison, @Nullable StoredValue stored) {
    return switch (comparison.getTargetCase()) {
      case ABSENT -> comparison.getAbsent() == isAbsent(stored);
      case VERSION ->
          stored != null && stored.getSiblingsCount() > 1 && !Receipts.isTyped(stored)
              ? false
              : related(
                  Long.compareUnsigned(versionOf(stored), comparison.getVersion()),
                  comparison.getRelation());
      case VALUE -> {
        Receipt shown = stored == null ? Receipt.getDefaultInstance() : Receipts.shown(stored);
        if (!shown.hasValue()) {
          yield comparison.getRelation() == Comparison.Relation.RELATION_NOT_EQUAL
              && isAbsent(stored);
        }
        yield related(
            ByteString.unsignedLexicographicalComparator()
                .compare(shown.getValue(), comparison.getValue()),
            comparison.getRelation());
      }
      case TARGET_NOT_SET -> false;
    };
  }

  private static boolean related(int order, Comparison.Relation relation) {
    return switch (relation) {
      case RELATION_EQUAL -> order == 0;
      case RELATION_NOT_EQUAL -> order != 0;
      case RELATION_LESS -> order < 0;
      case RELATION_GREATER -> order > 0;
      case UNRECOGNIZED -> false;
    };
  }

  private static boolean isAbsent(@Nullable StoredValue stored) {
    return stored == null
        || stored.getSiblingsList().stream().noneMatch(each -> each.hasValue() || each.hasTyped());
  }

  /** Why no step may be performed; all or nothing, so every step is judged before the first. */
  private CommandResult.@Nullable Code refusal(long keyspaceId, List<Step> steps) {
    long answerBytes = 0;
    for (Step step : steps) {
      switch (step.getStepCase()) {
        case GET -> {
          StoredValue stored = readOnce(keyspaceId, step.getGet().getKey());
          answerBytes += stored == null ? 0 : stored.getSerializedSize();
          if (answerBytes > RequestLimits.TXN_ANSWER_MAX_BYTES) {
            return CommandResult.Code.CODE_TOO_LARGE;
          }
        }
        case PUT -> {
          StoredValue stored = readOnce(keyspaceId, step.getPut().getKey());
          CommandResult.Code code =
              stored != null && Receipts.isTyped(stored)
                  ? CommandResult.Code.CODE_WRONG_TYPE
                  : writeRefusal(
                      stored, step.getPut().hasContext() ? step.getPut().getContext() : null);
          if (code != null) {
            return code;
          }
        }
        case DELETE -> {
          CommandResult.Code code =
              writeRefusal(
                  readOnce(keyspaceId, step.getDelete().getKey()),
                  step.getDelete().hasContext() ? step.getDelete().getContext() : null);
          if (code != null) {
            return code;
          }
        }
        case COUNTER_ADD, SET_ADD, SET_REMOVE -> {
          CommandResult.Code code = types.refusal(readOnce(keyspaceId, CpTypes.keyOf(step)), step);
          if (code != null) {
            return code;
          }
        }
        case STEP_NOT_SET -> {}
      }
    }
    return null;
  }

  private static CommandResult.@Nullable Code writeRefusal(
      @Nullable StoredValue stored, @Nullable VersionVector context) {
    if (stored == null) {
      return null;
    }
    if (Receipts.isTyped(stored)) {
      // A delete: the log tells what it deletes, whatever the context says.
      return null;
    }
    if (context == null) {
      return stored.getSiblingsCount() > 1 ? CommandResult.Code.CODE_SIBLINGS : null;
    }
    for (StoredSibling sibling : stored.getSiblingsList()) {
      if (!covers(context, sibling.getDot())) {
        return stored.getSiblingsCount() > 1
            ? CommandResult.Code.CODE_SIBLINGS
            : CommandResult.Code.CODE_CONFLICT;
      }
    }
    return null;
  }

  private static boolean covers(VersionVector context, Dot dot) {
    for (VersionVector.Entry entry : context.getEntriesList()) {
      if (entry.getActor().equals(dot.getActor())) {
        return dot.getCounter() <= entry.getCounter();
      }
    }
    return false;
  }

  private void perform(
      KeyspaceRecord keyspace,
      Step step,
      LogCommand command,
      long index,
      CommandResult.Builder result) {
    Table table = Table.data(keyspace.getId());
    switch (step.getStepCase()) {
      case GET -> {
        ByteString key = step.getGet().getKey();
        StepResult.Builder found = StepResult.newBuilder().setKey(key);
        StoredValue stored = readOnce(keyspace.getId(), key);
        result.addResults(stored == null ? found : found.setStored(stored));
      }
      case PUT -> {
        ByteString key = step.getPut().getKey();
        replaced(keyspace.getId(), key, result);
        StoredValue stored = written(keyspace.getEpoch(), command, index, step.getPut().getValue());
        write(keyspace.getId(), key, stored);
        result.addResults(StepResult.newBuilder().setKey(key));
      }
      case DELETE -> {
        ByteString key = step.getDelete().getKey();
        replaced(keyspace.getId(), key, result);
        forgetRead();
        tables.delete(table, key.toByteArray());
        result.addResults(StepResult.newBuilder().setKey(key));
      }
      case COUNTER_ADD, SET_ADD, SET_REMOVE -> {
        ByteString key = CpTypes.keyOf(step);
        StoredValue held = readOnce(keyspace.getId(), key);
        StoredValue stored =
            types.perform(
                held, step, keyspace.getEpoch(), index, command.getProposedAtMillis(), result);
        write(keyspace.getId(), key, stored);
      }
      case STEP_NOT_SET -> {}
    }
  }

  private void replaced(long keyspaceId, ByteString key, CommandResult.Builder result) {
    StoredValue stored = readOnce(keyspaceId, key);
    if (stored != null) {
      for (StoredSibling sibling : stored.getSiblingsList()) {
        result.addSuperseded(sibling.getDot());
      }
    }
  }

  private static StoredValue written(long epoch, LogCommand command, long index, ByteString value) {
    Actor log = Actor.newBuilder().setName(LOG_ACTOR).setIncarnation(epoch).build();
    StoredSibling.Builder sibling =
        StoredSibling.newBuilder()
            .setDot(Dot.newBuilder().setActor(log).setCounter(index))
            .setWrittenAt(
                HybridTimestamp.newBuilder().setPhysicalMillis(command.getProposedAtMillis()))
            .setValue(value);
    if (command.hasOperation()) {
      sibling.setOperation(command.getOperation());
    }
    return StoredValue.newBuilder()
        .setContext(
            VersionVector.newBuilder()
                .addEntries(VersionVector.Entry.newBuilder().setActor(log).setCounter(index)))
        .addSiblings(sibling)
        .build();
  }
}
