package io.capstan.node.replica;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import io.capstan.node.keyspace.ActorRetirements;
import io.capstan.node.keyspace.Catalogue;
import io.capstan.node.keyspace.ModeSwitches;
import io.capstan.node.raft.Configuration;
import io.capstan.node.raft.Entry;
import io.capstan.node.storage.ReplicaStore;
import io.capstan.node.storage.Table;
import io.capstan.proto.store.v1.CommandResult;
import io.capstan.proto.store.v1.GroupState;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.LogCommand;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.RetireActorsCommand;
import io.capstan.proto.store.v1.StoredValue;
import io.capstan.proto.store.v1.SwitchCommand;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What applying the log does: catalogue, sessions and the data of CP keyspaces.
 *
 * <p>Deterministic: the same entries give the same rows and the same answers on every replica. The
 * applied index, the session table and the data of an entry are rows of one batch.
 */
final class StateMachine {

  /** Is told of changes to the catalogue, within the step that applies them. */
  interface CatalogueListener {
    /**
     * @param byEntry whether it was made by the entry that is being applied, not found
     */
    void created(KeyspaceRecord keyspace, boolean byEntry);

    void dropped(KeyspaceRecord keyspace);

    /**
     * The keyspace goes through a change of sides.
     *
     * @param byEntry as above
     */
    void changed(KeyspaceRecord before, KeyspaceRecord after, boolean byEntry);

    /** Another configuration is applied, or something else is noted of the members. */
    void membersChanged();
  }

  private static final byte[] STATE_KEY = "state".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] BOOTSTRAPPED_KEY = "bootstrapped".getBytes(StandardCharsets.US_ASCII);
  private static final byte CATALOGUE_ROW = 'k';

  private final long groupId;
  private final ReplicaStore store;
  private final BufferedTables tables;
  private final Catalogue catalogue = new Catalogue(RequestLimits.KEYSPACES_MAX);
  private final Sessions sessions;
  private final CpData data;
  private final CatalogueListener listener;
  private final Members members;
  private long appliedIndex;
  private long logMillis;
  private long openedIndex;
  private boolean appliedChanged;
  private boolean bootstrapped;

  StateMachine(
      long groupId,
      Configuration initial,
      ReplicaStore store,
      BufferedTables tables,
      CatalogueListener listener) {
    this.members = new Members(tables, initial);
    this.groupId = groupId;
    this.store = store;
    this.tables = tables;
    this.listener = listener;
    this.sessions = new Sessions(tables);
    this.data = new CpData(tables, catalogue);
  }

  /** Reads everything back; tells the listener of every keyspace found. */
  void load() {
    read();
    for (long id : store.keyspaces()) {
      // A crash between the entry that drops and the removal of the tables.
      if (catalogue.withId(id) == null && id <= appliedIndex) {
        store.dropKeyspace(id);
      }
    }
    for (KeyspaceRecord keyspace : catalogue.all()) {
      store.createKeyspace(keyspace.getId());
      listener.created(keyspace, false);
    }
  }

  private void read() {
    try {
      byte[] state = store.get(Table.META, STATE_KEY);
      GroupState stored =
          state == null ? GroupState.getDefaultInstance() : GroupState.parseFrom(state);
      appliedIndex = stored.getAppliedIndex();
      logMillis = stored.getLogMillis();
      openedIndex = stored.getOpenedIndex();
    } catch (InvalidProtocolBufferException broken) {
      throw new ReplicaInvariantViolation("the applied index cannot be read: " + broken);
    }
    bootstrapped = store.get(Table.META, BOOTSTRAPPED_KEY) != null;
    store.scan(
        Table.META,
        new byte[] {CATALOGUE_ROW},
        new byte[] {CATALOGUE_ROW + 1},
        (key, value) -> {
          try {
            catalogue.restore(KeyspaceRecord.parseFrom(value));
          } catch (InvalidProtocolBufferException broken) {
            throw new ReplicaInvariantViolation("a catalogue row cannot be read: " + broken);
          }
          return true;
        });
    sessions.load(store);
    members.load(store);
  }

  /**
   * Reads everything back after a snapshot has replaced it; tells the listener what is new and what
   * is gone.
   */
  void reload() {
    Map<Long, KeyspaceRecord> before = new TreeMap<>();
    catalogue.all().forEach(keyspace -> before.put(keyspace.getId(), keyspace));
    catalogue.clear();
    sessions.clear();
    appliedChanged = false;
    read();
    for (KeyspaceRecord gone : before.values()) {
      if (catalogue.withId(gone.getId()) == null) {
        tables.forget(gone.getId());
        listener.dropped(gone);
      }
    }
    for (KeyspaceRecord keyspace : catalogue.all()) {
      KeyspaceRecord was = before.get(keyspace.getId());
      if (was == null) {
        listener.created(keyspace, false);
      } else if (!was.equals(keyspace)) {
        listener.changed(was, keyspace, false);
      }
    }
    // Last: who holds replicas is asked of the keyspaces as they are now.
    listener.membersChanged();
  }

  long appliedIndex() {
    return appliedIndex;
  }

  /**
   * The last entry that opened a keyspace for the log, 0 for none: it cannot be applied without a
   * state that is not in the log, and that its replicas do not keep for ever.
   */
  long openedIndex() {
    return openedIndex;
  }

  /** What the log says of the members. */
  Members members() {
    return members;
  }

  /** Whether some session was not used for so long, were it now this late. */
  boolean anyIdleSession(long idleMillis, long nowMillis) {
    return sessions.anyIdle(idleMillis, nowMillis);
  }

  Catalogue catalogue() {
    return catalogue;
  }

  /** Whether the first keyspace was ever created; it is not created again after a drop. */
  boolean bootstrapped() {
    return bootstrapped;
  }

  /** What is stored under the key of a CP keyspace, or null. */
  @Nullable StoredValue read(long keyspaceId, ByteString key) {
    return data.read(keyspaceId, key);
  }

  /**
   * Applies the next entry.
   *
   * @return what a client that waits for it is to be told, or null for the no-op of a leader
   */
  @Nullable CommandResult apply(Entry entry) {
    if (entry.index() != appliedIndex + 1) {
      throw new ReplicaInvariantViolation(
          "entry " + entry.index() + " cannot be applied after " + appliedIndex);
    }
    appliedIndex = entry.index();
    appliedChanged = true;
    if (entry.kind() == Entry.Kind.CONFIGURATION) {
      configured(entry);
      return null;
    }
    if (entry.isNoOp()) {
      return null;
    }
    LogCommand command = parse(entry);
    if (command.getGroupId() != groupId) {
      throw new ReplicaInvariantViolation(
          "entry " + entry.index() + " belongs to group " + command.getGroupId());
    }
    logMillis = Math.max(logMillis, command.getProposedAtMillis());
    if (!command.hasOperation() || command.getOperation().getSession() == 0) {
      return execute(command, entry.index());
    }
    CommandResult replay = sessions.replay(command.getOperation(), entry.index());
    if (replay != null) {
      // An AP epoch took operations of sessions that the log was never told of.
      boolean unknown = replay.getCode() == CommandResult.Code.CODE_UNKNOWN_SESSION;
      CommandResult earlier =
          unknown && command.hasData() ? data.executedInAp(command, entry.index()) : null;
      return earlier == null ? replay : earlier;
    }
    CommandResult result = execute(command, entry.index());
    sessions.executed(command.getOperation(), result, logMillis);
    return result;
  }

  /**
   * Other members: a change of sides that is under way was begun among those of before, and ends.
   * None begins until the change of members is over, so the two never meet.
   */
  private void configured(Entry entry) {
    members.configured(entry.configuration(), entry.index());
    for (KeyspaceRecord keyspace : List.copyOf(catalogue.all())) {
      if (keyspace.hasSwitch()) {
        switchStep(ModeSwitches.abortForMembers(keyspace), entry.index());
      }
    }
    listener.membersChanged();
  }

  /** Stages the applied index where it changed; once before each batch is written. */
  void beforeFlush() {
    if (appliedChanged) {
      appliedChanged = false;
      tables.put(
          Table.META,
          STATE_KEY,
          GroupState.newBuilder()
              .setAppliedIndex(appliedIndex)
              .setLogMillis(logMillis)
              .setOpenedIndex(openedIndex)
              .build()
              .toByteArray());
    }
  }

  private CommandResult execute(LogCommand command, long index) {
    return switch (command.getCommandCase()) {
      case DATA -> data.execute(command, index);
      case CREATE_KEYSPACE -> create(command.getCreateKeyspace().getKeyspace(), index);
      case DROP_KEYSPACE -> drop(command.getDropKeyspace().getKeyspaceId(), index);
      case OPEN_SESSION -> {
        sessions.open(command.getOpenSession().getSession(), index, logMillis);
        yield done(index);
      }
      case MEMBERS -> {
        members.note(command.getMembers());
        listener.membersChanged();
        yield done(index);
      }
      case SWITCH -> switchStep(command.getSwitch(), index);
      case RETIRE_ACTORS -> {
        retireActors(command.getRetireActors());
        yield done(index);
      }
      case EXPIRE_SESSIONS -> {
        sessions.expire(command.getExpireSessions().getIdleMillis(), index, logMillis);
        yield done(index);
      }
      case COMMAND_NOT_SET ->
          throw new ReplicaInvariantViolation(
              "entry " + index + " holds a command unknown to this version");
    };
  }

  private static CommandResult done(long index) {
    return CommandResult.newBuilder().setCode(CommandResult.Code.CODE_OK).setIndex(index).build();
  }

  private CommandResult create(KeyspaceRecord wanted, long index) {
    CommandResult.Builder result = CommandResult.newBuilder().setIndex(index);
    switch (catalogue.canCreate(wanted.getName())) {
      case EXISTS -> {
        result.setCode(CommandResult.Code.CODE_KEYSPACE_EXISTS);
        KeyspaceRecord existing = catalogue.named(wanted.getName());
        if (existing != null) {
          result.setKeyspace(existing);
        }
      }
      case TOO_MANY -> result.setCode(CommandResult.Code.CODE_TOO_MANY_KEYSPACES);
      case CREATED -> {
        KeyspaceRecord record = catalogue.create(wanted, groupId, index);
        store.createKeyspace(record.getId());
        tables.put(Table.META, catalogueKey(record.getId()), record.toByteArray());
        if (!bootstrapped) {
          bootstrapped = true;
          tables.put(Table.META, BOOTSTRAPPED_KEY, new byte[] {1});
        }
        listener.created(record, true);
        result.setCode(CommandResult.Code.CODE_OK).setKeyspace(record);
      }
    }
    return result.build();
  }

  /** What a step of a change of sides would come to if it were applied at the index. */
  ModeSwitches.@Nullable Outcome judge(SwitchCommand step, long index) {
    KeyspaceRecord record = catalogue.withId(step.getKeyspaceId());
    return record == null
        ? null
        : ModeSwitches.apply(
            record,
            step,
            new ModeSwitches.Entry(
                index, logMillis, List.copyOf(members.applied().voters()), members.areChanging()));
  }

  private CommandResult switchStep(SwitchCommand step, long index) {
    CommandResult.Builder result = CommandResult.newBuilder().setIndex(index);
    KeyspaceRecord before = catalogue.withId(step.getKeyspaceId());
    ModeSwitches.Outcome outcome = judge(step, index);
    if (before == null || outcome == null) {
      return result.setCode(CommandResult.Code.CODE_UNKNOWN_KEYSPACE).build();
    }
    KeyspaceRecord after = outcome.record();
    if (!after.equals(before)) {
      catalogue.replace(after);
      tables.put(Table.META, catalogueKey(after.getId()), after.toByteArray());
      if (before.getMode() == Mode.MODE_AP && after.getMode() == Mode.MODE_CP) {
        openedIndex = index;
      }
      listener.changed(before, after, true);
    }
    return result
        .setCode(outcome.code())
        .setKeyspace(after.toBuilder().clearBaseClock().clearSealedClock().clearHistory())
        .setReason(outcome.reason())
        .build();
  }

  private void retireActors(RetireActorsCommand command) {
    KeyspaceRecord before = catalogue.withId(command.getKeyspaceId());
    KeyspaceRecord after = before == null ? null : ActorRetirements.apply(before, command);
    if (before != null && after != null && after != before) {
      catalogue.replace(after);
      tables.put(Table.META, catalogueKey(after.getId()), after.toByteArray());
      listener.changed(before, after, true);
    }
  }

  /** What an operation of a session came to if the log has executed it; null where it has not. */
  @Nullable CommandResult executed(OperationId operation) {
    return sessions.peek(operation);
  }

  private CommandResult drop(long id, long index) {
    CommandResult.Builder result = CommandResult.newBuilder().setIndex(index);
    KeyspaceRecord settling = catalogue.withId(id);
    if (settling != null && settling.hasCheckpoint()) {
      // Who stands before the opening could not go on once nobody holds what was opened.
      return result
          .setCode(CommandResult.Code.CODE_SWITCH_REFUSED)
          .setKeyspace(settling.toBuilder().clearBaseClock().clearSealedClock().clearHistory())
          .setReason(
              "A replica has yet to install what keyspace "
                  + settling.getName()
                  + " became CP with; it can be dropped once that is done, or the node removed.")
          .build();
    }
    KeyspaceRecord record = catalogue.drop(id);
    if (record == null) {
      return result.setCode(CommandResult.Code.CODE_UNKNOWN_KEYSPACE).build();
    }
    tables.forget(id);
    tables.delete(Table.META, catalogueKey(id));
    listener.dropped(record);
    return result.setCode(CommandResult.Code.CODE_OK).setKeyspace(record).build();
  }

  private static LogCommand parse(Entry entry) {
    try {
      return LogCommand.parseFrom(UnsafeByteOperations.unsafeWrap(entry.payload()));
    } catch (InvalidProtocolBufferException broken) {
      throw new ReplicaInvariantViolation(
          "entry " + entry.index() + " cannot be read: " + broken.getMessage());
    }
  }

  private static byte[] catalogueKey(long id) {
    return ByteBuffer.allocate(9).put(CATALOGUE_ROW).putLong(id).array();
  }
}
