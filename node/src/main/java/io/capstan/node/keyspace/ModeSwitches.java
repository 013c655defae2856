package io.capstan.node.keyspace;

import io.capstan.node.version.Actor;
import io.capstan.node.version.Dot;
import io.capstan.node.version.NodeClock;
import io.capstan.proto.store.v1.AbortSwitch;
import io.capstan.proto.store.v1.BeginSwitch;
import io.capstan.proto.store.v1.Checkpoint;
import io.capstan.proto.store.v1.CommandResult;
import io.capstan.proto.store.v1.ConvergeSwitch;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.ModeSwitch;
import io.capstan.proto.store.v1.OpenSwitch;
import io.capstan.proto.store.v1.PhaseTime;
import io.capstan.proto.store.v1.Seal;
import io.capstan.proto.store.v1.SwitchCommand;
import io.capstan.proto.store.v1.SwitchHistory;
import io.capstan.proto.store.v1.SwitchPhase;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/**
 * What each step of a change of sides makes of a keyspace's record: a pure function of the record
 * and the log entry, so every replica comes to the same. A step that does not fit is refused and
 * changes nothing; a step that was taken already is accepted and changes nothing.
 */
public final class ModeSwitches {

  /** Switches that a record remembers. */
  public static final int HISTORY_MAX = 32;

  /**
   * Openings whose state is kept for replicas that have yet to install it. A replica that is away
   * longer than so many changes to CP makes the next one wait.
   */
  public static final int CHECKPOINTS_MAX = 4;

  /** The longest text that says who asked. */
  public static final int REQUESTED_BY_MAX_CHARS = 64;

  /** The name of the actor that stands for a keyspace's log; the incarnation is the epoch. */
  private static final String LOG_ACTOR = "log";

  private static final String MEMBERS_CHANGED = "the members of the cluster have changed";

  private ModeSwitches() {}

  /**
   * The entry that is applied.
   *
   * @param index its log index
   * @param millis the log's own time
   * @param replicas the voters as of the entry
   * @param membersChanging whether the members are being changed
   */
  public record Entry(long index, long millis, List<String> replicas, boolean membersChanging) {
    public Entry {
      replicas = List.copyOf(replicas);
    }
  }

  /**
   * What became of a step.
   *
   * @param code OK, also where the step was taken before
   * @param record what the keyspace is now; the same object where nothing changed
   * @param reason of a refusal, a sentence; else empty
   */
  public record Outcome(CommandResult.Code code, KeyspaceRecord record, String reason) {}

  /** Whether replicas refuse writes of the record's epoch. */
  public static boolean isSealed(KeyspaceRecord record) {
    return record.hasSwitch()
        && record.getSwitch().getPhase().getNumber() >= SwitchPhase.SWITCH_PHASE_SEAL_VALUE;
  }

  /** The phase as receipts and the command line spell it. */
  public static String phaseOf(KeyspaceRecord record) {
    if (!record.hasSwitch()) {
      return "serving";
    }
    return switch (record.getSwitch().getPhase()) {
      case SWITCH_PHASE_PREPARE -> "preparing";
      case SWITCH_PHASE_SEAL -> "sealed";
      case SWITCH_PHASE_CONVERGE -> "converging";
      case SWITCH_PHASE_UNSPECIFIED, UNRECOGNIZED -> "serving";
    };
  }

  /** The epoch in which the present AP lineage began. */
  public static long lineageOf(KeyspaceRecord record) {
    return Math.max(1, record.getLineage());
  }

  /**
   * What was sealed, and can be shown, when the data that are served, or the CP epoch before them,
   * were opened.
   */
  public static io.capstan.proto.store.v1.NodeClock sealedClockOf(KeyspaceRecord record) {
    return record.hasSealedClock() ? record.getSealedClock() : record.getBaseClock();
  }

  /** Whether the dot was written through the log. */
  static boolean isOfLog(io.capstan.proto.store.v1.Dot dot) {
    return dot.getActor().getName().equals(LOG_ACTOR);
  }

  /** How many seals make sure that one of them has each acknowledged write, and a majority. */
  public static int sealsNeeded(Level minWrites, int replicas) {
    int majority = replicas / 2 + 1;
    int confirmed =
        switch (minWrites) {
          case LEVEL_ALL -> replicas;
          case LEVEL_QUORUM -> majority;
          default -> 1;
        };
    return Math.max(majority, replicas - confirmed + 1);
  }

  /** Takes the step. */
  public static Outcome apply(KeyspaceRecord record, SwitchCommand command, Entry entry) {
    return switch (command.getStepCase()) {
      case BEGIN -> begin(record, command.getBegin(), entry);
      case SEAL -> seal(record, command, entry);
      case CONVERGE -> converge(record, command, entry);
      case OPEN -> open(record, command, entry);
      case ABORT ->
          record.hasSwitch() && record.getSwitch().getId() == command.getSwitchId()
              ? abort(record, reasonOf(command.getAbort()), entry)
              : over(record);
      case SETTLE ->
          openingsKept(record).contains(command.getSwitchId())
              ? ok(settled(record, command.getSwitchId()))
              : over(record);
      case STEP_NOT_SET -> over(record);
    };
  }

  /** The changes to CP whose openings are kept for those who have yet to install them. */
  public static List<Long> openingsKept(KeyspaceRecord record) {
    List<Long> kept = new ArrayList<>();
    record.getEarlierCheckpointsList().forEach(each -> kept.add(each.getSwitchId()));
    if (record.hasCheckpoint()) {
      kept.add(record.getCheckpoint().getSwitchId());
    }
    return kept;
  }

  /** Who holds an opening needs no earlier one. */
  private static KeyspaceRecord settled(KeyspaceRecord record, long switchId) {
    KeyspaceRecord.Builder left = record.toBuilder().clearEarlierCheckpoints();
    for (Checkpoint each : record.getEarlierCheckpointsList()) {
      if (each.getSwitchId() > switchId) {
        left.addEarlierCheckpoints(each);
      }
    }
    if (record.getCheckpoint().getSwitchId() <= switchId) {
      left.clearCheckpoint();
    }
    return left.build();
  }

  /** The step with which a change of sides makes way for a change of members. */
  public static SwitchCommand abortForMembers(KeyspaceRecord record) {
    return SwitchCommand.newBuilder()
        .setKeyspaceId(record.getId())
        .setSwitchId(record.getSwitch().getId())
        .setAbort(AbortSwitch.newBuilder().setReason(MEMBERS_CHANGED))
        .build();
  }

  private static String reasonOf(AbortSwitch abort) {
    return abort.getReason().isEmpty() ? "asked for" : abort.getReason();
  }

  private static Outcome begin(KeyspaceRecord record, BeginSwitch begin, Entry entry) {
    Mode target = begin.getTarget();
    if (record.hasSwitch()) {
      return record.getSwitch().getTarget() == target
          ? ok(record)
          : refused(
              record,
              "Keyspace "
                  + record.getName()
                  + " is on its way to "
                  + name(record.getSwitch().getTarget())
                  + "; abort that first, or wait for it.");
    }
    if (record.getMode() == target) {
      return ok(record);
    }
    if (entry.membersChanging()) {
      return refused(
          record, "The members of the cluster are being changed; a keyspace changes sides after.");
    }
    return target == Mode.MODE_AP ? barrier(record, begin, entry) : prepare(record, begin, entry);
  }

  /** From the next entry on nobody writes through the log, and who has come so far serves AP. */
  private static Outcome barrier(KeyspaceRecord record, BeginSwitch begin, Entry entry) {
    NodeClock clock = withoutGaps(NodeClock.fromProto(record.getBaseClock()));
    clock.join(upTo(new Actor(LOG_ACTOR, record.getEpoch()), entry.index()));
    long epoch = record.getEpoch() + 1;
    SwitchHistory.Builder passed =
        SwitchHistory.newBuilder()
            .setId(entry.index())
            .setFrom(Mode.MODE_CP)
            .setTo(Mode.MODE_AP)
            .setEpoch(epoch)
            .setRequestedBy(begin.getRequestedBy())
            .setBeganAtMillis(entry.millis())
            .setEndedAtMillis(entry.millis())
            .addPhases(PhaseTime.newBuilder().setPhase("barrier"));
    return ok(
        remember(record, passed.build()).toBuilder()
            .setMode(Mode.MODE_AP)
            .setEpoch(epoch)
            .setLineage(epoch)
            .setSealedClock(sealedClockOf(record))
            .setBaseClock(clock.toProto())
            .clearRetired()
            .clearLostDots()
            .build());
  }

  private static Outcome prepare(KeyspaceRecord record, BeginSwitch begin, Entry entry) {
    return ok(
        record.toBuilder()
            .setSwitch(
                ModeSwitch.newBuilder()
                    .setId(entry.index())
                    .setTarget(Mode.MODE_CP)
                    .setPhase(SwitchPhase.SWITCH_PHASE_PREPARE)
                    .setRequestedBy(begin.getRequestedBy())
                    .setBeganAtMillis(entry.millis())
                    .setPhaseSinceMillis(entry.millis())
                    .addAllReplicas(entry.replicas())
                    .setSealsNeeded(sealsNeeded(record.getMinWrites(), entry.replicas().size())))
            .build());
  }

  private static Outcome seal(KeyspaceRecord record, SwitchCommand command, Entry entry) {
    if (!isAt(record, command, SwitchPhase.SWITCH_PHASE_PREPARE)) {
      return over(record);
    }
    if (membersChanged(record, entry)) {
      return abort(record, MEMBERS_CHANGED, entry);
    }
    if (openingsKept(record).size() >= CHECKPOINTS_MAX) {
      return refused(
          record,
          "A replica has yet to install what the last " + CHECKPOINTS_MAX + " changes opened.");
    }
    return ok(toPhase(record, SwitchPhase.SWITCH_PHASE_SEAL, entry));
  }

  private static Outcome converge(KeyspaceRecord record, SwitchCommand command, Entry entry) {
    if (!isAt(record, command, SwitchPhase.SWITCH_PHASE_SEAL)) {
      return over(record);
    }
    if (membersChanged(record, entry)) {
      return abort(record, MEMBERS_CHANGED, entry);
    }
    ConvergeSwitch given = command.getConverge();
    Set<String> sealed = new TreeSet<>();
    NodeClock join = new NodeClock();
    for (Seal seal : given.getSealsList()) {
      if (record.getSwitch().getReplicasList().contains(seal.getReplica())) {
        sealed.add(seal.getReplica());
        join.join(NodeClock.fromProto(seal.getClock()));
      }
    }
    if (sealed.size() < record.getSwitch().getSealsNeeded()) {
      return refused(record, sealed.size() + " seals are not enough.");
    }
    long moved = 0;
    for (Seal seal : given.getSealsList()) {
      moved += join.countMissingIn(NodeClock.fromProto(seal.getClock()));
    }
    KeyspaceRecord next = toPhase(record, SwitchPhase.SWITCH_PHASE_CONVERGE, entry);
    return ok(
        next.toBuilder()
            .setSwitch(
                next.getSwitch().toBuilder()
                    .addAllSeals(given.getSealsList())
                    .setClock(join.toProto())
                    .setDotsMoved(moved))
            .build());
  }

  private static Outcome open(KeyspaceRecord record, SwitchCommand command, Entry entry) {
    if (!isAt(record, command, SwitchPhase.SWITCH_PHASE_CONVERGE)) {
      return over(record);
    }
    if (membersChanged(record, entry)) {
      return abort(record, MEMBERS_CHANGED, entry);
    }
    OpenSwitch open = command.getOpen();
    Set<String> agreeing = new TreeSet<>(open.getAgreeingList());
    agreeing.retainAll(record.getSwitch().getReplicasList());
    if (agreeing.size() <= record.getSwitch().getReplicasCount() / 2) {
      return refused(record, "The root is held by no majority.");
    }
    long epoch = record.getEpoch() + 1;
    KeyspaceRecord.Builder passed =
        remember(record, ended(record, entry, epoch).build()).toBuilder();
    if (record.hasCheckpoint()) {
      passed.addEarlierCheckpoints(record.getCheckpoint());
    }
    passed.clearSealedClock();
    if (record.getRetiredCount() > 0) {
      NodeClock sealed = NodeClock.fromProto(record.getSwitch().getClock());
      passed.setSealedClock(
          ActorRetirements.withoutLost(sealed, record.getRetiredList()).toProto());
    }
    return ok(
        passed
            .clearSwitch()
            .setMode(Mode.MODE_CP)
            .setEpoch(epoch)
            .setBaseClock(record.getSwitch().getClock())
            .setCheckpoint(
                Checkpoint.newBuilder()
                    .setSwitchId(record.getSwitch().getId())
                    .setIndex(entry.index())
                    .setRoot(open.getRoot()))
            .build());
  }

  /** Before a seal nothing has changed for anybody; after one the epoch is over, and goes on. */
  private static Outcome abort(KeyspaceRecord record, String reason, Entry entry) {
    long epoch = isSealed(record) ? record.getEpoch() + 2 : record.getEpoch();
    SwitchHistory.Builder ended =
        ended(record, entry, epoch).setTo(Mode.MODE_AP).setAborted(reason);
    return ok(remember(record, ended.build()).toBuilder().clearSwitch().setEpoch(epoch).build());
  }

  private static SwitchHistory.Builder ended(KeyspaceRecord record, Entry entry, long epoch) {
    ModeSwitch passed = timed(record.getSwitch(), entry).build();
    return SwitchHistory.newBuilder()
        .setId(passed.getId())
        .setFrom(record.getMode())
        .setTo(passed.getTarget())
        .setEpoch(epoch)
        .setRequestedBy(passed.getRequestedBy())
        .setBeganAtMillis(passed.getBeganAtMillis())
        .setEndedAtMillis(entry.millis())
        .addAllPhases(passed.getPhasesList())
        .setDotsMoved(passed.getDotsMoved());
  }

  private static KeyspaceRecord remember(KeyspaceRecord record, SwitchHistory passed) {
    KeyspaceRecord.Builder more = record.toBuilder().addHistory(passed);
    while (more.getHistoryCount() > HISTORY_MAX) {
      more.removeHistory(0);
    }
    return more.build();
  }

  private static KeyspaceRecord toPhase(KeyspaceRecord record, SwitchPhase phase, Entry entry) {
    return record.toBuilder()
        .setSwitch(
            timed(record.getSwitch(), entry).setPhase(phase).setPhaseSinceMillis(entry.millis()))
        .build();
  }

  private static ModeSwitch.Builder timed(ModeSwitch passing, Entry entry) {
    return passing.toBuilder()
        .addPhases(
            PhaseTime.newBuilder()
                .setPhase(
                    passing
                        .getPhase()
                        .name()
                        .substring("SWITCH_PHASE_".length())
                        .toLowerCase(Locale.ROOT))
                .setMillis(Math.max(0, entry.millis() - passing.getPhaseSinceMillis())));
  }

  private static boolean isAt(KeyspaceRecord record, SwitchCommand command, SwitchPhase phase) {
    return record.hasSwitch()
        && record.getSwitch().getId() == command.getSwitchId()
        && record.getSwitch().getPhase() == phase;
  }

  private static boolean membersChanged(KeyspaceRecord record, Entry entry) {
    return entry.membersChanging()
        || !new TreeSet<>(entry.replicas())
            .equals(new TreeSet<>(record.getSwitch().getReplicasList()));
  }

  /** Dots that nobody sealed were never acknowledged, and their actors never write again. */
  private static NodeClock withoutGaps(NodeClock clock) {
    NodeClock whole = new NodeClock();
    for (Actor actor : clock.actors()) {
      whole.join(upTo(actor, clock.maxOf(actor)));
    }
    return whole;
  }

  private static NodeClock upTo(Actor actor, long counter) {
    return NodeClock.fromProto(
        io.capstan.proto.store.v1.NodeClock.newBuilder()
            .addEntries(
                io.capstan.proto.store.v1.NodeClock.Entry.newBuilder()
                    .setActor(new Dot(actor, 1).toProto().getActor())
                    .setBase(counter))
            .build());
  }

  private static String name(Mode mode) {
    return mode == Mode.MODE_AP ? "AP" : "CP";
  }

  private static Outcome ok(KeyspaceRecord record) {
    return new Outcome(CommandResult.Code.CODE_OK, record, "");
  }

  private static Outcome over(KeyspaceRecord record) {
    return new Outcome(
        CommandResult.Code.CODE_SWITCH_OVER, record, "That change of sides is over.");
  }

  private static Outcome refused(KeyspaceRecord record, String reason) {
    return new Outcome(CommandResult.Code.CODE_SWITCH_REFUSED, record, reason);
  }
}
