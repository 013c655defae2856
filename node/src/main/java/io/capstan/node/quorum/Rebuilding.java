package io.capstan.node.quorum;

import io.capstan.proto.store.v1.RebuildingRecord;
import java.util.ArrayList;
import java.util.List;

/**
 * Whether this replica may have lost, or never had, what it or another one confirmed: a new
 * incarnation of a member, or a new member, of a keyspace that is older than itself. While it
 * rebuilds it takes writes, but counts in no quorum of reads. It ends when so many other replicas
 * were taken over whole that one of them holds each confirmed write: of N replicas N - W + 1, W
 * being the smallest level of writes that the keyspace allows; all others where that is one.
 *
 * <p>A replica that a change of members brings takes over replicas of before, and each counts only
 * as it was after it had heard of the change. From then on whatever it helps to confirm is met in
 * the new set as well; what it had confirmed earlier is in what was taken over.
 */
final class Rebuilding {
  private final QuorumConfig config;
  private final KeyspaceTables tables;
  private final Replicas replicas;
  private final Levels levels;
  private final PeerReachability peers;
  private final PeerReports reports;
  private final StepTime time;
  private final Takeover takeover;
  private RebuildingRecord record = RebuildingRecord.getDefaultInstance();

  /**
   * @param begins whether the keyspace is older than this replica; counts where nothing is stored
   */
  Rebuilding(
      QuorumConfig config,
      KeyspaceTables tables,
      Replicas replicas,
      Levels levels,
      PeerReachability peers,
      PeerReports reports,
      StepTime time,
      Takeover takeover,
      boolean begins) {
    this.config = config;
    this.tables = tables;
    this.replicas = replicas;
    this.levels = levels;
    this.peers = peers;
    this.reports = reports;
    this.time = time;
    this.takeover = takeover;
    RebuildingRecord stored = tables.readRebuilding();
    if (stored == null) {
      boolean joins = replicas.now().incoming().contains(config.nodeId());
      save(
          RebuildingRecord.newBuilder()
              .setComplete(!begins || sources().isEmpty())
              .setJoinedIndex(joins ? replicas.now().configurationIndex() : 0)
              .build());
    } else {
      record = stored;
    }
  }

  private void save(RebuildingRecord now) {
    record = now;
    tables.writeRebuilding(now);
  }

  boolean isRebuilding() {
    return !record.getComplete();
  }

  /** Whether this replica rebuilds, and has not taken over a single one yet. */
  boolean hasYetToBegin() {
    return isRebuilding() && record.getMergedCount() == 0;
  }

  /** Whether who knows that configuration knows that this replica has come. */
  boolean isKnownIn(long configurationIndex) {
    return configurationIndex >= Math.max(record.getJoinedIndex(), neededConfiguration());
  }

  private List<String> sources() {
    List<String> others = new ArrayList<>(replicas.now().established());
    others.remove(config.nodeId());
    return others;
  }

  /** The least that a replica must know to be counted. */
  private long neededConfiguration() {
    return replicas.now().isJoint() ? replicas.now().configurationIndex() : 0;
  }

  /** Everything that a peer holds was taken over. */
  void tookOver(Takeover.Finished finished) {
    if (!isRebuilding()
        || finished.rebuilding()
        || finished.configurationIndex() < neededConfiguration()
        || record.getMergedList().contains(finished.peer())) {
      return;
    }
    save(record.toBuilder().addMerged(finished.peer()).build());
    judge();
  }

  private void judge() {
    if (isRebuilding() && (hasEnough() || waitsFor().isEmpty())) {
      save(record.toBuilder().setComplete(true).build());
    }
  }

  private boolean hasEnough() {
    List<String> sources = sources();
    int merged = 0;
    for (String source : sources) {
      merged += record.getMergedList().contains(source) ? 1 : 0;
    }
    int covering = ReplicaSet.covering(replicas.now().established().size(), levels.minWrites());
    int enough = record.getNeeded() > 0 ? Math.min(covering, record.getNeeded()) : covering;
    return merged >= Math.min(sources.size(), enough);
  }

  /**
   * The replicas are others now. What was taken over before a change counts only for replicas that
   * are not brought by it: this one is none, or it would not have been there before.
   */
  void replicasChanged() {
    judge();
  }

  /** Begins with the next replica, where one is wanted and can be reached. */
  void tick() {
    if (!isRebuilding() || takeover.peer() != null) {
      return;
    }
    judge();
    for (String peer : waitsFor()) {
      if (peers.isReachable(peer, time.nowNanos())
          && (neededConfiguration() == 0 || isReady(peer))) {
        takeover.begin(peer);
        return;
      }
    }
  }

  private boolean isReady(String peer) {
    PeerReports.Report report = reports.of(peer, neededConfiguration());
    return report != null && !report.rebuilding();
  }

  /**
   * The replicas that are yet to be taken over; as many of them as are needed suffice. Without one
   * whose loss was accepted, while it cannot be reached.
   */
  List<String> waitsFor() {
    if (!isRebuilding()) {
      return List.of();
    }
    List<String> waiting = sources();
    waiting.removeAll(record.getMergedList());
    waiting.removeIf(
        peer -> replicas.now().isGivenUp(peer) && !peers.isReachable(peer, time.nowNanos()));
    return waiting;
  }
}
