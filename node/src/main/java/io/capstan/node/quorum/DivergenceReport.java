package io.capstan.node.quorum;

import com.google.protobuf.ByteString;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.RowHash;
import io.capstan.proto.v1.DivergenceRequest;
import io.capstan.proto.v1.DivergenceResponse;
import io.capstan.proto.v1.KeyspaceStatus;
import io.capstan.proto.v1.PeerComparison;
import io.capstan.proto.v1.RowSum;
import java.util.BitSet;
import java.util.List;

/**
 * Tells how far this replica and the others are apart: by the clocks, which dots are on their way;
 * by the hash tree, whether the rows are the same; and which replica holds up the collection of
 * tombstones.
 */
final class DivergenceReport {

  /** Rows that are looked at for one answer: a few milliseconds. */
  static final int VISITED_ROWS_MAX = 2_000;

  private final String nodeId;
  private final ReplicaState state;
  private final AntiEntropy antiEntropy;
  private final Stability stability;
  private final Rebuilding rebuilding;
  private final PeerReachability peers;

  DivergenceReport(
      String nodeId,
      ReplicaState state,
      AntiEntropy antiEntropy,
      Stability stability,
      Rebuilding rebuilding,
      PeerReachability peers) {
    this.nodeId = nodeId;
    this.state = state;
    this.antiEntropy = antiEntropy;
    this.stability = stability;
    this.rebuilding = rebuilding;
    this.peers = peers;
  }

  /** What belongs on the status page. */
  void describe(KeyspaceStatus.Builder row) {
    antiEntropy.divergence().ifPresent(row::setDivergenceDots);
    long unconfirmed = stability.unconfirmedDots();
    row.setUnconfirmedDots(unconfirmed).addAllDisagreeing(state.audit().disagreeing());
    if (unconfirmed > 0) {
      row.addAllCollectionWaitsFor(stability.behind());
    }
  }

  /**
   * One page.
   *
   * @throws IllegalArgumentException if a leaf that is asked for is none
   */
  DivergenceResponse answer(DivergenceRequest request) {
    RowAudit audit = state.audit();
    DivergenceResponse.Builder page =
        DivergenceResponse.newBuilder()
            .setNodeId(nodeId)
            .setClock(state.clock().toProto())
            .setRows(audit.tree().rows())
            .setReading(!audit.isComplete())
            .setTakingOver(rebuilding.isRebuilding() || state.isPartlyTakenOver())
            .setUnconfirmedDots(stability.unconfirmedDots())
            .addAllCollectionWaitsFor(stability.behind());
    RowHash root = state.root();
    if (root != null) {
      page.setRoot(root.toBytes());
      if (request.getLeaves()) {
        page.setLeaves(audit.tree().leaves());
      }
    }
    List<String> disagreeing = audit.disagreeing();
    for (String peer : peers.all()) {
      PeerComparison.Builder comparison =
          PeerComparison.newBuilder().setId(peer).setDisagrees(disagreeing.contains(peer));
      antiEntropy.missingAt(peer).ifPresent(comparison::setDotsMissingThere);
      antiEntropy.missingOf(peer).ifPresent(comparison::setDotsMissingHere);
      audit.comparedAgoMillis(peer).ifPresent(comparison::setComparedAgoMillis);
      page.addPeers(comparison);
    }
    if (request.getRowsOfLeavesCount() > 0) {
      addRows(page, wanted(request), request.getFrom());
    }
    return page.build();
  }

  private static BitSet wanted(DivergenceRequest request) {
    BitSet wanted = new BitSet(HashTree.LEAVES);
    for (int leaf : request.getRowsOfLeavesList()) {
      if (leaf < 0 || leaf >= HashTree.LEAVES) {
        throw new IllegalArgumentException(
            "leaf " + Integer.toUnsignedString(leaf) + " is not one of " + HashTree.LEAVES);
      }
      wanted.set(leaf);
    }
    return wanted;
  }

  private void addRows(DivergenceResponse.Builder page, BitSet wanted, ByteString from) {
    int[] visited = {0};
    state.scan(
        ByteString.EMPTY,
        from,
        (key, stored) -> {
          if (visited[0]++ == VISITED_ROWS_MAX) {
            page.setMore(true).setNextFrom(key);
            return false;
          }
          if (wanted.get(HashTree.leafOf(key))) {
            DottedVersionVectorSet row = state.decode(key, stored);
            if (!row.isDeleted()) {
              page.addRowSums(
                  RowSum.newBuilder().setKey(key).setHash(RowHash.of(key, row).toBytes()));
            }
          }
          return true;
        });
  }
}
