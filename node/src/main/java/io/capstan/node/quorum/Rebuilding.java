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
 */
final class Rebuilding {
  private final QuorumConfig config;
  private final KeyspaceTables tables;
  private final PeerReachability peers;
  private final StepTime time;
  private final Takeover takeover;
  private final int needed;
  private RebuildingRecord record = RebuildingRecord.getDefaultInstance();

  /**
   * @param begins whether the keyspace is older than this replica; counts where nothing is stored
   * @param minWrites replicas that confirm a write at the smallest level
   */
  Rebuilding(
      QuorumConfig config,
      KeyspaceTables tables,
      PeerReachability peers,
      StepTime time,
      Takeover takeover,
      boolean begins,
      int minWrites) {
    this.config = config;
    this.tables = tables;
    this.peers = peers;
    this.time = time;
    this.takeover = takeover;
    int replicas = config.members().size();
    this.needed = Math.min(replicas - 1, replicas - minWrites + 1);
    RebuildingRecord stored = tables.readRebuilding();
    if (stored == null) {
      save(RebuildingRecord.newBuilder().setComplete(!begins || needed == 0).build());
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

  /** Everything that a peer holds was taken over. */
  void tookOver(String peer, boolean peerIsRebuilding) {
    if (!isRebuilding() || peerIsRebuilding || record.getMergedList().contains(peer)) {
      return;
    }
    RebuildingRecord.Builder more = record.toBuilder().addMerged(peer);
    save(more.setComplete(more.getMergedCount() >= needed).build());
  }

  /** Begins with the next replica, where one is wanted and can be reached. */
  void tick() {
    if (!isRebuilding() || takeover.peer() != null) {
      return;
    }
    for (String peer : waitsFor()) {
      if (peers.isReachable(peer, time.nowNanos())) {
        takeover.begin(peer);
        return;
      }
    }
  }

  /** The replicas that are yet to be taken over; as many of them as are needed suffice. */
  List<String> waitsFor() {
    if (!isRebuilding()) {
      return List.of();
    }
    List<String> waiting = new ArrayList<>(config.members());
    waiting.remove(config.nodeId());
    waiting.removeAll(record.getMergedList());
    return waiting;
  }
}
