package io.capstan.node.replica;

import com.google.protobuf.ByteString;
import io.capstan.node.keyspace.ModeSwitches;
import io.capstan.node.quorum.ReplicaSet;
import io.capstan.node.raft.ProposeResult;
import io.capstan.node.raft.Raft;
import io.capstan.node.raft.Role;
import io.capstan.proto.peer.v1.SwitchMessage;
import io.capstan.proto.peer.v1.SwitchReport;
import io.capstan.proto.store.v1.AbortSwitch;
import io.capstan.proto.store.v1.ConvergeSwitch;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.LogCommand;
import io.capstan.proto.store.v1.ModeSwitch;
import io.capstan.proto.store.v1.OpenSwitch;
import io.capstan.proto.store.v1.Seal;
import io.capstan.proto.store.v1.SealSwitch;
import io.capstan.proto.store.v1.SettleSwitch;
import io.capstan.proto.store.v1.SwitchCommand;
import io.capstan.proto.store.v1.SwitchPhase;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Takes changes of sides from step to step while this node leads: it gathers what replicas report
 * and proposes the next step. It remembers nothing that matters: a later leader hears the same
 * reports again, and apply judges every step by the catalogue alone.
 */
final class SwitchLeader {

  /** A seal that does not complete, or replicas that do not converge, end the switch after this. */
  static final long SEAL_TIMEOUT_NANOS = 5_000_000_000L;

  /** Replicas further apart than this converge before anything is sealed. */
  static final long PREPARED_DOTS_MAX = 1_000;

  /**
   * Who has more writes to hand over to peers in reach hands them over before anything is sealed.
   */
  static final long PREPARED_HINTS_MAX = 100;

  /** A report that was not repeated for so long no longer counts. */
  private static final long REPORT_KEPT_NANOS = 1_000_000_000L;

  /**
   * How long others may take to seal, or to agree, once enough have: what a seal hands over comes
   * across whether it was acknowledged or not, and who agrees need not install.
   */
  private static final long AGREE_WAIT_NANOS = 50_000_000L;

  private static final long PROPOSE_AGAIN_NANOS = 1_000_000_000L;

  private record Heard(SwitchMessage message, long atNanos) {
    SwitchReport report() {
      return message.getReport();
    }
  }

  private static final class Watch {
    final Map<String, Heard> heard = new TreeMap<>();
    long switchId;
    @Nullable SwitchPhase phase;
    long phaseSeenNanos;
    long term;
    long majoritySinceNanos;
    boolean majority;
    long proposedNanos;
    @Nullable String proposed;
  }

  private final ReplicaConfig config;
  private final Raft raft;
  private final StateMachine machine;
  private final Map<Long, Watch> watches = new TreeMap<>();
  private Moment now = new Moment(0, 0);

  SwitchLeader(ReplicaConfig config, Raft raft, StateMachine machine) {
    this.config = config;
    this.raft = raft;
    this.machine = machine;
  }

  void dropped(long keyspaceId) {
    watches.remove(keyspaceId);
  }

  /** A replica reports, this one included. */
  void heard(String from, SwitchMessage message, Moment moment) {
    now = moment;
    KeyspaceRecord keyspace = machine.catalogue().withId(message.getKeyspaceId());
    if (raft.role() != Role.LEADER || keyspace == null) {
      return;
    }
    watch(keyspace).heard.put(from, new Heard(message, now.nanos()));
  }

  private Watch watch(KeyspaceRecord keyspace) {
    Watch watch = watches.computeIfAbsent(keyspace.getId(), id -> new Watch());
    ModeSwitch running = keyspace.getSwitch();
    long id = keyspace.hasSwitch() ? running.getId() : keyspace.getCheckpoint().getSwitchId();
    SwitchPhase phase = running.getPhase();
    if (watch.switchId != id || phase != watch.phase || watch.term != raft.term()) {
      watch.heard.clear();
      watch.switchId = id;
      watch.phase = phase;
      watch.term = raft.term();
      watch.phaseSeenNanos = now.nanos();
      watch.majority = false;
      watch.proposed = null;
    }
    return watch;
  }

  /** Proposes what is due. */
  void act(Moment moment) {
    now = moment;
    if (raft.role() != Role.LEADER) {
      return;
    }
    for (KeyspaceRecord keyspace : machine.catalogue().all()) {
      if (!keyspace.hasSwitch() && !keyspace.hasCheckpoint()) {
        continue;
      }
      Watch watch = watch(keyspace);
      if (!keyspace.hasSwitch()) {
        settle(keyspace, watch);
        continue;
      }
      switch (keyspace.getSwitch().getPhase()) {
        case SWITCH_PHASE_PREPARE -> prepared(keyspace, watch);
        case SWITCH_PHASE_SEAL -> sealed(keyspace, watch);
        case SWITCH_PHASE_CONVERGE -> converged(keyspace, watch);
        case SWITCH_PHASE_UNSPECIFIED, UNRECOGNIZED -> {}
      }
    }
  }

  /** The earliest moment at which {@link #act} has something to do, no later than the other. */
  long nextActNanos(long otherwiseNanos) {
    long earliest = otherwiseNanos;
    if (raft.role() == Role.LEADER) {
      for (Watch watch : watches.values()) {
        long waitedNanos = watch.majoritySinceNanos + AGREE_WAIT_NANOS;
        if (watch.majority && now.nanos() - waitedNanos < 0 && waitedNanos - earliest < 0) {
          earliest = waitedNanos;
        }
      }
    }
    return earliest;
  }

  private Map<String, SwitchReport> reports(KeyspaceRecord keyspace, Watch watch) {
    Map<String, SwitchReport> fresh = new TreeMap<>();
    watch.heard.forEach(
        (replica, heard) -> {
          boolean current =
              heard.message().getSwitchId() == watch.switchId
                  && heard.report().getPhase() == keyspace.getSwitch().getPhase()
                  && keyspace.getSwitch().getReplicasList().contains(replica)
                  && now.nanos() - heard.atNanos() < REPORT_KEPT_NANOS;
          if (current) {
            fresh.put(replica, heard.report());
          }
        });
    return fresh;
  }

  private static boolean isPrepared(SwitchReport report) {
    return report.getReady()
        && !report.getRebuilding()
        && report.getDivergenceDots() <= PREPARED_DOTS_MAX
        && report.getHintsWaiting() <= PREPARED_HINTS_MAX;
  }

  private void prepared(KeyspaceRecord keyspace, Watch watch) {
    Map<String, SwitchReport> reports = reports(keyspace, watch);
    if (keyspace.hasCheckpoint()) {
      // Who reports on this switch has come past the opening of the last one.
      boolean settles = reports.keySet().containsAll(machine.members().applied().voters());
      if (settles) {
        SwitchCommand.Builder settle =
            SwitchCommand.newBuilder()
                .setKeyspaceId(keyspace.getId())
                .setSwitchId(keyspace.getCheckpoint().getSwitchId())
                .setSettle(SettleSwitch.getDefaultInstance());
        propose(keyspace, watch, settle, "settle");
      }
      if (ModeSwitches.openingsKept(keyspace).size() >= ModeSwitches.CHECKPOINTS_MAX || settles) {
        return;
      }
    }
    List<String> prepared = new ArrayList<>();
    reports.forEach(
        (replica, report) -> {
          if (isPrepared(report)) {
            prepared.add(replica);
          }
        });
    if (areEnough(keyspace, prepared)) {
      propose(keyspace, watch, step(keyspace).setSeal(SealSwitch.getDefaultInstance()), "seal");
    }
  }

  private void sealed(KeyspaceRecord keyspace, Watch watch) {
    ConvergeSwitch.Builder seals = ConvergeSwitch.newBuilder();
    List<String> sealed = new ArrayList<>();
    reports(keyspace, watch)
        .forEach(
            (replica, report) -> {
              if (!report.getRebuilding()) {
                sealed.add(replica);
                seals.addSeals(Seal.newBuilder().setReplica(replica).setClock(report.getClock()));
              }
            });
    if (!areEnough(keyspace, sealed)) {
      watch.majority = false;
      giveUpLate(keyspace, watch);
    } else if (sealed.size() == keyspace.getSwitch().getReplicasCount() || hasWaited(watch)) {
      propose(keyspace, watch, step(keyspace).setConverge(seals), "converge");
    }
  }

  /** Whether one of these replicas has each acknowledged write, and they are a majority. */
  private boolean areEnough(KeyspaceRecord keyspace, List<String> replicas) {
    ReplicaSet set = machine.members().replicas();
    List<String> counted = replicas.stream().filter(set::contains).toList();
    Level minWrites = keyspace.getMinWrites();
    return counted.size() >= keyspace.getSwitch().getSealsNeeded()
        && set.coversWrites(
            set.mask(counted), minWrites == Level.LEVEL_UNSPECIFIED ? Level.LEVEL_ONE : minWrites);
  }

  private void converged(KeyspaceRecord keyspace, Watch watch) {
    ByteString root = null;
    List<String> agreeing = new ArrayList<>();
    for (Map.Entry<String, SwitchReport> each : reports(keyspace, watch).entrySet()) {
      if (!each.getValue().getConverged()) {
        continue;
      }
      if (root == null) {
        root = each.getValue().getRoot();
      }
      if (root.equals(each.getValue().getRoot())) {
        agreeing.add(each.getKey());
      }
    }
    int replicas = keyspace.getSwitch().getReplicasCount();
    if (root == null || agreeing.size() <= replicas / 2) {
      watch.majority = false;
      giveUpLate(keyspace, watch);
      return;
    }
    if (agreeing.size() < replicas && !hasWaited(watch)) {
      return;
    }
    if (!agreeing.contains(config.nodeId())) {
      handOver(watch, agreeing.get(0));
      giveUpLate(keyspace, watch);
      return;
    }
    propose(
        keyspace,
        watch,
        step(keyspace).setOpen(OpenSwitch.newBuilder().setRoot(root).addAllAgreeing(agreeing)),
        "open");
  }

  /** Whether those who were not needed had their time, since those who were have reported. */
  private boolean hasWaited(Watch watch) {
    if (!watch.majority) {
      watch.majority = true;
      watch.majoritySinceNanos = now.nanos();
    }
    return now.nanos() - watch.majoritySinceNanos >= AGREE_WAIT_NANOS;
  }

  /** Who would have to install first cannot lead what opens. */
  private void handOver(Watch watch, String target) {
    if (!"hand over".equals(watch.proposed)
        || now.nanos() - watch.proposedNanos >= PROPOSE_AGAIN_NANOS) {
      watch.proposed = "hand over";
      watch.proposedNanos = now.nanos();
      raft.transferLeadership(target);
    }
  }

  private void giveUpLate(KeyspaceRecord keyspace, Watch watch) {
    if (now.nanos() - watch.phaseSeenNanos < SEAL_TIMEOUT_NANOS) {
      return;
    }
    String reason =
        "not done within "
            + SEAL_TIMEOUT_NANOS / 1_000_000_000L
            + " s: "
            + String.join("; ", waitsFor(keyspace, now));
    propose(
        keyspace,
        watch,
        step(keyspace).setAbort(AbortSwitch.newBuilder().setReason(reason)),
        "abort");
  }

  private void settle(KeyspaceRecord keyspace, Watch watch) {
    for (String voter : machine.members().applied().voters()) {
      Heard heard = watch.heard.get(voter);
      if (heard == null
          || heard.message().getSwitchId() != watch.switchId
          || !heard.report().getOpened()) {
        return;
      }
    }
    propose(keyspace, watch, step(keyspace).setSettle(SettleSwitch.getDefaultInstance()), "settle");
  }

  private static SwitchCommand.Builder step(KeyspaceRecord keyspace) {
    long id =
        keyspace.hasSwitch()
            ? keyspace.getSwitch().getId()
            : keyspace.getCheckpoint().getSwitchId();
    return SwitchCommand.newBuilder().setKeyspaceId(keyspace.getId()).setSwitchId(id);
  }

  private void propose(
      KeyspaceRecord keyspace, Watch watch, SwitchCommand.Builder step, String what) {
    if (what.equals(watch.proposed) && now.nanos() - watch.proposedNanos < PROPOSE_AGAIN_NANOS) {
      return;
    }
    LogCommand command =
        LogCommand.newBuilder()
            .setGroupId(config.groupId())
            .setProposedAtMillis(now.wallMillis())
            .setSwitch(step)
            .build();
    if (raft.propose(command.toByteArray()) instanceof ProposeResult.Accepted) {
      watch.proposed = what;
      watch.proposedNanos = now.nanos();
    }
  }

  // ---- for people ----

  /** What the switch waits for. */
  List<String> waitsFor(KeyspaceRecord keyspace, Moment moment) {
    Watch watch = watches.get(keyspace.getId());
    if (raft.role() != Role.LEADER || watch == null) {
      return List.of();
    }
    List<String> waits = new ArrayList<>();
    if (!keyspace.hasSwitch()) {
      for (String voter : machine.members().applied().voters()) {
        if (!watch.heard.containsKey(voter)) {
          waits.add(voter + " has yet to install what the keyspace opened with");
        }
      }
      return waits;
    }
    ModeSwitch running = keyspace.getSwitch();
    Map<String, SwitchReport> reports = reports(keyspace, watch);
    boolean converging = running.getPhase() == SwitchPhase.SWITCH_PHASE_CONVERGE;
    int needed = converging ? running.getReplicasCount() / 2 + 1 : running.getSealsNeeded();
    List<String> missing = new ArrayList<>();
    for (String replica : running.getReplicasList()) {
      String why = obstacle(running, reports.get(replica));
      if (why != null) {
        missing.add(replica + " " + why + since(watch, replica, moment));
      }
    }
    if (ModeSwitches.openingsKept(keyspace).size() >= ModeSwitches.CHECKPOINTS_MAX) {
      waits.add(
          "a replica has yet to install what the last "
              + ModeSwitches.CHECKPOINTS_MAX
              + " changes opened");
    }
    if (running.getReplicasCount() - missing.size() < needed) {
      waits.add(
          (converging ? "needs " + needed + " equal replicas" : "needs " + needed + " seals")
              + " of "
              + running.getReplicasCount()
              + (needed > running.getReplicasCount() / 2 + 1
                  ? " because writes at level " + minWrites(keyspace) + " were allowed"
                  : ""));
      waits.addAll(missing);
    }
    return waits;
  }

  private static String minWrites(KeyspaceRecord keyspace) {
    return keyspace.getMinWrites() == Level.LEVEL_UNSPECIFIED
        ? "one"
        : io.capstan.node.keyspace.LevelRule.nameOf(keyspace.getMinWrites());
  }

  private static @Nullable String obstacle(ModeSwitch running, @Nullable SwitchReport report) {
    if (report == null) {
      return "does not answer";
    }
    if (report.getRebuilding()) {
      return "has yet to take over what it lost";
    }
    return switch (running.getPhase()) {
      case SWITCH_PHASE_PREPARE ->
          isPrepared(report)
              ? null
              : report.getReady()
                  ? report.getDivergenceDots() > PREPARED_DOTS_MAX
                      ? "lacks " + report.getDivergenceDots() + " writes"
                      : "has " + report.getHintsWaiting() + " writes to hand over"
                  : "sums up its rows";
      case SWITCH_PHASE_CONVERGE ->
          report.getConverged()
              ? null
              : report.getOutside()
                  ? "holds writes that nobody confirmed, and will install what opens"
                  : "lacks " + report.getLackingDots() + " writes";
      default -> null;
    };
  }

  private static String since(Watch watch, String replica, Moment moment) {
    Heard heard = watch.heard.get(replica);
    long sinceNanos = heard == null ? watch.phaseSeenNanos : heard.atNanos();
    long seconds = Math.max(0, moment.nanos() - sinceNanos) / 1_000_000_000L;
    return seconds == 0 ? "" : " for " + seconds + " s";
  }
}
