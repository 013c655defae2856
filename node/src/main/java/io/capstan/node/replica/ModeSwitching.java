package io.capstan.node.replica;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import io.capstan.node.keyspace.ModeSwitches;
import io.capstan.node.quorum.LeaderlessKeyspace;
import io.capstan.node.quorum.Sealing;
import io.capstan.node.raft.Entry;
import io.capstan.node.raft.Raft;
import io.capstan.node.raft.Role;
import io.capstan.node.version.NodeClock;
import io.capstan.proto.peer.v1.CheckpointPage;
import io.capstan.proto.peer.v1.CheckpointRequest;
import io.capstan.proto.peer.v1.PeerMessage;
import io.capstan.proto.peer.v1.SwitchMessage;
import io.capstan.proto.peer.v1.SwitchReport;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.LogCommand;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.SnapshotKeyspace;
import io.capstan.proto.store.v1.SnapshotManifest;
import io.capstan.proto.store.v1.SwitchCommand;
import io.capstan.proto.store.v1.SwitchPhase;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * This replica's part in changes of sides: it does what the catalogue says, tells the leader how
 * far it is once that is on disk, keeps or installs the checkpoint of an opening, and stops before
 * an opening whose state it does not hold. What the leader makes of the reports is {@link
 * SwitchLeader}'s.
 */
final class ModeSwitching {

  /** How often a report is repeated while a switch is under way. */
  private static final long REPORT_NANOS = 100_000_000L;

  /** How often while only a checkpoint is waited for. */
  private static final long SETTLE_REPORT_NANOS = 500_000_000L;

  /** How often a leader that cannot apply tries to hand over. */
  private static final long HAND_OVER_NANOS = 1_000_000_000L;

  private static final class Told {
    long atNanos;
    boolean told;
    String what = "";
  }

  private final ReplicaConfig config;
  private final Raft raft;
  private final StateMachine machine;
  private final ApKeyspaces apKeyspaces;
  private final BufferedTables tables;
  private final Outbox outbox;
  private final Checkpoints checkpoints;
  private final SwitchLeader leader;
  private final Map<Long, Told> told = new TreeMap<>();
  private @Nullable CheckpointInstall install;
  private long nextHandOverNanos;
  private Moment now;

  ModeSwitching(
      ReplicaConfig config,
      Raft raft,
      StateMachine machine,
      ApKeyspaces apKeyspaces,
      BufferedTables tables,
      Outbox outbox,
      Moment start) {
    this.config = config;
    this.raft = raft;
    this.machine = machine;
    this.apKeyspaces = apKeyspaces;
    this.tables = tables;
    this.outbox = outbox;
    this.now = start;
    this.nextHandOverNanos = start.nanos();
    this.checkpoints = new Checkpoints(tables, machine.catalogue());
    this.leader = new SwitchLeader(config, raft, machine);
    checkpoints.load();
  }

  /** What a switch of the keyspace waits for, as the leader knows; empty on other nodes. */
  List<String> waitsFor(KeyspaceRecord keyspace, Moment moment) {
    return leader.waitsFor(keyspace, moment);
  }

  // ---- the log ----

  /** A step was applied, or found in a snapshot. */
  void changed(KeyspaceRecord before, KeyspaceRecord after, boolean byEntry, Moment moment) {
    now = moment;
    long id = after.getId();
    if (!byEntry) {
      // The install of whatever was being installed is overtaken: the snapshot lies behind it.
      stopInstall(id);
    }
    boolean sameEpoch = before.getEpoch() == after.getEpoch();
    if (after.getMode() == Mode.MODE_CP) {
      apKeyspaces.closeFor(after, "keyspace " + after.getName() + " has become CP");
      if (byEntry && before.getMode() == Mode.MODE_AP) {
        checkpoints.begin(id, after.getCheckpoint().getSwitchId());
        stopInstall(id);
      }
    } else if (before.getMode() == Mode.MODE_CP && byEntry) {
      apKeyspaces.openedByBarrier(after, now);
    } else if (before.getMode() == Mode.MODE_CP) {
      apKeyspaces.created(after, true, now);
    } else if (!sameEpoch) {
      apKeyspaces.reopened(after, now);
    } else {
      apKeyspaces.enterPhase(after);
    }
    List<Long> kept = ModeSwitches.openingsKept(after);
    if (byEntry && !kept.containsAll(ModeSwitches.openingsKept(before))) {
      checkpoints.retain(id, kept);
    }
    told.remove(id);
  }

  void dropped(long keyspaceId) {
    told.remove(keyspaceId);
    leader.dropped(keyspaceId);
    checkpoints.dropped(keyspaceId);
    stopInstall(keyspaceId);
  }

  /** A snapshot has replaced the state of the group. */
  void reloaded() {
    checkpoints.load();
  }

  /**
   * A snapshot is about to replace what is here of keyspaces that are CP in it. What was never
   * acknowledged is listed before it goes, in the batch that installs the snapshot.
   */
  void beforeInstall(SnapshotManifest manifest, Moment moment) {
    now = moment;
    for (SnapshotKeyspace coming : manifest.getKeyspacesList()) {
      LeaderlessKeyspace leaderless = apKeyspaces.keyspace(coming.getId());
      if (coming.getMode() == Mode.MODE_CP && leaderless != null) {
        leaderless
            .sealing()
            .listOutside(NodeClock.fromProto(coming.getBaseClock()), now.nanos(), now.wallMillis());
      }
    }
  }

  private void stopInstall(long keyspaceId) {
    CheckpointInstall running = install;
    if (running != null && running.keyspaceId() == keyspaceId) {
      install = null;
    }
  }

  /**
   * Whether the entry must not be applied yet: it opens a keyspace for the log with a state that
   * this replica does not hold. It gets that state first.
   */
  boolean blocks(Entry entry, Moment moment) {
    if (!anyConverging() || entry.kind() == Entry.Kind.CONFIGURATION || entry.isNoOp()) {
      return false;
    }
    SwitchCommand step = stepOf(entry);
    if (step == null || !step.hasOpen()) {
      return false;
    }
    now = moment;
    KeyspaceRecord record = machine.catalogue().withId(step.getKeyspaceId());
    ModeSwitches.Outcome outcome = machine.judge(step, entry.index());
    if (record == null || outcome == null || outcome.record().getMode() != Mode.MODE_CP) {
      return false;
    }
    if (holds(record, step)) {
      return false;
    }
    if (install == null) {
      beginInstall(record, step);
    }
    return true;
  }

  private boolean anyConverging() {
    if (!machine.catalogue().anyChangesSides()) {
      return false;
    }
    for (KeyspaceRecord keyspace : machine.catalogue().all()) {
      if (keyspace.hasSwitch()
          && keyspace.getSwitch().getPhase() == SwitchPhase.SWITCH_PHASE_CONVERGE) {
        return true;
      }
    }
    return false;
  }

  private static @Nullable SwitchCommand stepOf(Entry entry) {
    try {
      LogCommand command = LogCommand.parseFrom(UnsafeByteOperations.unsafeWrap(entry.payload()));
      return command.hasSwitch() ? command.getSwitch() : null;
    } catch (InvalidProtocolBufferException broken) {
      throw new ReplicaInvariantViolation(
          "entry " + entry.index() + " cannot be read: " + broken.getMessage());
    }
  }

  private boolean holds(KeyspaceRecord record, SwitchCommand step) {
    LeaderlessKeyspace leaderless = apKeyspaces.keyspace(record.getId());
    if (leaderless != null) {
      Sealing sealing = leaderless.sealing();
      return sealing.isConverged() && sealing.root().toBytes().equals(step.getOpen().getRoot());
    }
    return new ApTables(record.getId(), tables).installed() == record.getSwitch().getId();
  }

  private void beginInstall(KeyspaceRecord record, SwitchCommand step) {
    LeaderlessKeyspace leaderless = apKeyspaces.keyspace(record.getId());
    if (leaderless != null) {
      leaderless
          .sealing()
          .listOutside(
              NodeClock.fromProto(record.getSwitch().getClock()), now.nanos(), now.wallMillis());
      apKeyspaces.closeFor(record, "keyspace " + record.getName() + " has become CP");
    }
    install =
        new CheckpointInstall(
            record,
            step.getOpen(),
            config.nodeId(),
            () -> raft.configuration().members(),
            tables,
            now.nanos());
  }

  // ---- messages ----

  void onMessage(String from, SwitchMessage message, Moment moment) {
    now = moment;
    switch (message.getMessageCase()) {
      case REPORT -> {
        leader.heard(from, message, now);
        leader.act(now);
      }
      case CHECKPOINT_REQUEST -> {
        CheckpointPage page =
            checkpoints.page(
                message.getKeyspaceId(), message.getSwitchId(), message.getCheckpointRequest());
        if (page != null) {
          SwitchMessage answer = message.toBuilder().setCheckpointPage(page).build();
          outbox.whenDurable(() -> send(from, answer));
        }
      }
      case CHECKPOINT_PAGE -> {
        CheckpointInstall running = install;
        if (running != null
            && running.keyspaceId() == message.getKeyspaceId()
            && running.switchId() == message.getSwitchId()
            && running.onPage(message.getCheckpointPage(), now.nanos())
            && !running.isComplete()) {
          askForPage(running);
        }
      }
      case MESSAGE_NOT_SET -> {}
    }
  }

  private void send(String to, SwitchMessage message) {
    outbox.emit(
        new Effect.Send(
            to, PeerMessage.newBuilder().setGroupId(config.groupId()).setSwitch(message).build()));
  }

  private void askForPage(CheckpointInstall running) {
    String holder = running.ask(now.nanos());
    if (holder == null) {
      return;
    }
    send(
        holder,
        SwitchMessage.newBuilder()
            .setKeyspaceId(running.keyspaceId())
            .setSwitchId(running.switchId())
            .setCheckpointRequest(CheckpointRequest.newBuilder().setFrom(running.from()))
            .build());
  }

  // ---- time ----

  void tick(Moment moment) {
    now = moment;
    checkpoints.clear();
    CheckpointInstall running = install;
    if (running != null && !running.isComplete()) {
      if (running.nextAskNanos() - now.nanos() <= 0) {
        askForPage(running);
        running.next();
      }
      handOver();
    }
    leader.act(now);
    report(now);
  }

  /** Who cannot apply cannot lead: reads and writes of all keyspaces would wait for it. */
  private void handOver() {
    if (raft.role() == Role.LEADER && now.nanos() - nextHandOverNanos >= 0) {
      nextHandOverNanos = now.nanos() + HAND_OVER_NANOS;
      raft.transferLeadership(null);
    }
  }

  /** The earliest moment at which {@link #tick} has something to do, no later than the other. */
  long nextTickNanos(long otherwiseNanos) {
    long earliest = leader.nextActNanos(otherwiseNanos);
    if (checkpoints.hasWork()) {
      earliest = earlier(earliest, now.nanos());
    }
    CheckpointInstall running = install;
    if (running != null && !running.isComplete()) {
      earliest = earlier(earliest, running.nextAskNanos());
    }
    if (!machine.catalogue().anyChangesSides()) {
      return earliest;
    }
    for (KeyspaceRecord keyspace : machine.catalogue().all()) {
      if (keyspace.hasSwitch() || keyspace.hasCheckpoint()) {
        Told last = told.get(keyspace.getId());
        earliest =
            earlier(earliest, last == null ? now.nanos() : last.atNanos + intervalNanos(keyspace));
      }
    }
    return earliest;
  }

  private static long earlier(long one, long other) {
    return other - one < 0 ? other : one;
  }

  private static long intervalNanos(KeyspaceRecord keyspace) {
    return keyspace.hasSwitch() ? REPORT_NANOS : SETTLE_REPORT_NANOS;
  }

  /** Tells the leader what has changed since it was told, or that nothing has, now and then. */
  void report(Moment moment) {
    now = moment;
    if (!machine.catalogue().anyChangesSides()) {
      return;
    }
    for (KeyspaceRecord keyspace : machine.catalogue().all()) {
      if (!keyspace.hasSwitch() && !keyspace.hasCheckpoint()) {
        continue;
      }
      SwitchReport report = reportOf(keyspace);
      String to = raft.leaderId();
      if (report == null || to == null) {
        continue;
      }
      Told last = told.computeIfAbsent(keyspace.getId(), id -> new Told());
      String what = brief(report, to);
      boolean due = !last.told || now.nanos() - last.atNanos >= intervalNanos(keyspace);
      if (due || !what.equals(last.what)) {
        last.told = true;
        last.atNanos = now.nanos();
        last.what = what;
        tell(keyspace, report);
      }
    }
  }

  private static String brief(SwitchReport report, String to) {
    return to
        + report.getPhaseValue()
        + report.getReady()
        + report.getConverged()
        + report.getOutside()
        + report.getRebuilding()
        + report.getOpened();
  }

  private void tell(KeyspaceRecord keyspace, SwitchReport report) {
    long switchId =
        keyspace.hasSwitch()
            ? keyspace.getSwitch().getId()
            : keyspace.getCheckpoint().getSwitchId();
    SwitchMessage message =
        SwitchMessage.newBuilder()
            .setKeyspaceId(keyspace.getId())
            .setSwitchId(switchId)
            .setReport(report)
            .build();
    outbox.whenDurable(
        () -> {
          String to = raft.leaderId();
          if (to != null && config.nodeId().equals(to)) {
            leader.heard(to, message, now);
            leader.act(now);
          } else if (to != null) {
            send(to, message);
          }
        });
  }

  /** What can be said now; nothing in it may be less than durable when it leaves. */
  private @Nullable SwitchReport reportOf(KeyspaceRecord keyspace) {
    if (!keyspace.hasSwitch()) {
      return SwitchReport.newBuilder().setOpened(true).build();
    }
    LeaderlessKeyspace leaderless = apKeyspaces.keyspace(keyspace.getId());
    if (leaderless == null) {
      return null;
    }
    Sealing sealing = leaderless.sealing();
    SwitchPhase phase = keyspace.getSwitch().getPhase();
    SwitchReport.Builder report =
        SwitchReport.newBuilder()
            .setPhase(phase)
            .setRebuilding(leaderless.isRebuilding())
            .setReady(sealing.isReady());
    switch (phase) {
      case SWITCH_PHASE_PREPARE ->
          report
              .setDivergenceDots(leaderless.divergence().orElse(0))
              .setHintsWaiting(leaderless.hintsWaitingInReach());
      case SWITCH_PHASE_SEAL -> report.setClock(leaderless.clock().toProto());
      case SWITCH_PHASE_CONVERGE -> {
        report.setOutside(sealing.isOutside()).setLackingDots(sealing.lackingDots());
        if (sealing.isConverged() && sealing.isReady()) {
          report.setConverged(true).setRoot(sealing.root().toBytes());
        }
      }
      case SWITCH_PHASE_UNSPECIFIED, UNRECOGNIZED -> {}
    }
    return report.build();
  }
}
