package io.capstan.node.quorum;

import io.capstan.node.version.NodeClock;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a change of the replicas waits for before the set of before may be left: every replica that
 * comes has taken over what it must ({@link Rebuilding}), and what a leaving one may have confirmed
 * alone is on one that stays.
 *
 * <p>Of a leaving replica the first clock counts that it sent once it knew of the change: whatever
 * it helps to confirm later is met among the replicas to come. Only what is on a disk counts for
 * those who stay.
 */
final class ChangeProgress {
  private final Replicas replicas;
  private final Levels levels;
  private final PeerReachability peers;
  private final PeerReports reports;
  private final Rebuilding rebuilding;
  private final ReplicaState state;
  private final KeyspaceWire wire;
  private final StepTime time;
  private final long intervalNanos;
  private NodeClock ownAtChange;
  private @Nullable NodeClock ownDurable;
  private @Nullable Long nextCopyNanos;

  ChangeProgress(
      QuorumConfig config,
      Replicas replicas,
      Levels levels,
      PeerReachability peers,
      PeerReports reports,
      Rebuilding rebuilding,
      ReplicaState state,
      KeyspaceWire wire,
      StepTime time) {
    this.replicas = replicas;
    this.levels = levels;
    this.peers = peers;
    this.reports = reports;
    this.rebuilding = rebuilding;
    this.state = state;
    this.wire = wire;
    this.time = time;
    this.intervalNanos = config.antiEntropyIntervalMillis() * 1_000_000 / 4;
    this.ownAtChange = state.clock().copy();
  }

  void replicasChanged() {
    ownAtChange = state.clock().copy();
    nextCopyNanos = null;
  }

  /** While a change is under way, notes from time to time what is on this disk. */
  void tick() {
    if (!replicas.now().isJoint()
        || (nextCopyNanos != null && time.nowNanos() - nextCopyNanos < 0)) {
      return;
    }
    nextCopyNanos = time.nowNanos() + intervalNanos;
    NodeClock copy = state.clock().copy();
    wire.whenDurable(() -> ownDurable = copy);
  }

  /** One sentence each; empty where nothing waits, or no change is under way. */
  List<String> obstacles() {
    List<String> obstacles = new ArrayList<>();
    for (String replica : replicas.now().incoming()) {
      String obstacle = ofIncoming(replica);
      if (obstacle != null) {
        obstacles.add(obstacle);
      }
    }
    for (String replica : replicas.now().leaving()) {
      String obstacle = ofLeaving(replica);
      if (obstacle != null) {
        obstacles.add(obstacle);
      }
    }
    return obstacles;
  }

  private @Nullable String ofIncoming(String replica) {
    boolean isSelf = replica.equals(replicas.self());
    PeerReports.Report report = reports.of(replica, replicas.now().configurationIndex());
    if (!isSelf && report == null) {
      return replica + " has not said yet that it knows of the change";
    }
    boolean rebuilds = isSelf ? rebuilding.isRebuilding() : report != null && report.rebuilding();
    List<String> from = isSelf || report == null ? rebuilding.waitsFor() : report.rebuildsFrom();
    return rebuilds
        ? replica + " has yet to take over what is on " + String.join(", ", from)
        : null;
  }

  private @Nullable String ofLeaving(String replica) {
    ReplicaSet now = replicas.now();
    if (!mayHoldAlone(replica)) {
      return null;
    }
    NodeClock held = ownAtChange;
    if (!replica.equals(replicas.self())) {
      held = reports.firstClockOf(replica, now.configurationIndex());
      if (held == null) {
        boolean reachable = peers.isReachable(replica, time.nowNanos());
        return !reachable && now.isGivenUp(replica)
            ? null
            : replica
                + " leaves and has yet to say what it holds"
                + (reachable ? "" : "; it cannot be reached");
      }
    }
    long missing = held.countMissingIn(onThoseWhoStay());
    return missing == 0
        ? null
        : "of "
            + missing
            + " writes that "
            + replica
            + ", which leaves, holds there is no copy yet";
  }

  private NodeClock onThoseWhoStay() {
    NodeClock together = new NodeClock();
    for (String replica : replicas.now().current()) {
      NodeClock clock = ownDurable;
      if (!replica.equals(replicas.self())) {
        PeerReports.Report report = reports.of(replica);
        clock = report == null ? null : report.clock();
      }
      if (clock != null) {
        together.join(clock);
      }
    }
    return together;
  }

  private boolean mayHoldAlone(String replica) {
    ReplicaSet now = replicas.now();
    List<String> set = now.established();
    return set.contains(replica) && ReplicaSet.required(levels.minWrites(), set.size()) == 1;
  }

  /**
   * Whether acknowledged writes would be lost with this replica if it left now: the keyspace
   * confirms writes on a single one, and this one cannot be asked for them.
   */
  boolean isLossPossible(String replica) {
    return !replica.equals(replicas.self())
        && mayHoldAlone(replica)
        && !peers.isReachable(replica, time.nowNanos());
  }
}
