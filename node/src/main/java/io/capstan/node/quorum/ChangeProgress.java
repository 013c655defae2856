package io.capstan.node.quorum;

import io.capstan.node.version.NodeClock;
import io.capstan.proto.store.v1.Level;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a change of the replicas waits for before the set of before may be left: every replica that
 * comes has taken over what it must ({@link Rebuilding}), what a leaving one may have confirmed
 * alone is on one that stays, and what a quorum of the set of before has confirmed is on a quorum
 * of the set to come.
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
    String obstacle = ofThoseWhoStay();
    if (obstacle != null) {
      obstacles.add(obstacle);
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
    NodeClock held = heldAtChange(replica);
    if (held == null) {
      boolean reachable = peers.isReachable(replica, time.nowNanos());
      return !reachable && now.isGivenUp(replica)
          ? null
          : replica
              + " leaves and has yet to say what it holds"
              + (reachable ? "" : "; it cannot be reached");
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

  /**
   * A quorum of three is two: where one of these two leaves, one is left, and that is no quorum of
   * the two that stay. So with every change after which a quorum of before might be none any more,
   * a quorum of those who stay must hold all that any of them held when it heard of the change.
   * (From then on nothing is confirmed without a quorum of the set to come.) Enough of them are
   * asked that one is among them of every quorum of before.
   */
  private @Nullable String ofThoseWhoStay() {
    ReplicaSet now = replicas.now();
    int needed = ReplicaSet.required(Level.LEVEL_QUORUM, now.current().size());
    if (!now.isJoint() || levels.minWrites() == Level.LEVEL_ALL || quorumLeft() >= needed) {
      return null;
    }
    NodeClock confirmed = new NodeClock();
    int heard = 0;
    for (String replica : now.current()) {
      NodeClock held = now.outgoing().contains(replica) ? heldAtChange(replica) : null;
      if (held != null) {
        confirmed.join(held);
        heard++;
      }
    }
    int asked = ReplicaSet.covering(now.outgoing().size(), Level.LEVEL_QUORUM);
    if (heard < asked) {
      return heard + " of those who stay have said what they hold; " + asked + " must";
    }
    List<String> behind = new ArrayList<>(now.current());
    behind.removeIf(replica -> holds(replica, confirmed));
    int holding = now.current().size() - behind.size();
    return holding >= needed
        ? null
        : "what a quorum with "
            + String.join(", ", now.leaving())
            + " may have confirmed must be on "
            + needed
            + " of those who stay, and is on "
            + holding
            + "; not on "
            + String.join(", ", behind);
  }

  /** How many replicas to come hold at least what a quorum of those of before has confirmed. */
  private int quorumLeft() {
    ReplicaSet now = replicas.now();
    return ReplicaSet.required(Level.LEVEL_QUORUM, now.outgoing().size())
        - now.leaving().size()
        + now.incoming().size();
  }

  private boolean holds(String replica, NodeClock what) {
    NodeClock clock = onDiskOf(replica);
    return clock != null && clock.containsAll(what);
  }

  /** What the replica held when it first knew of the change; null where it has not said. */
  private @Nullable NodeClock heldAtChange(String replica) {
    return replica.equals(replicas.self())
        ? ownAtChange
        : reports.firstClockOf(replica, replicas.now().configurationIndex());
  }

  private @Nullable NodeClock onDiskOf(String replica) {
    if (replica.equals(replicas.self())) {
      return ownDurable;
    }
    PeerReports.Report report = reports.of(replica);
    return report == null ? null : report.clock();
  }

  private NodeClock onThoseWhoStay() {
    NodeClock together = new NodeClock();
    for (String replica : replicas.now().current()) {
      NodeClock clock = onDiskOf(replica);
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
