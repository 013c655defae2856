package io.capstan.chaos.sim;

import com.google.protobuf.ByteString;
import io.capstan.node.storage.Table;
import io.capstan.node.version.Dot;
import io.capstan.node.version.NodeClock;
import io.capstan.node.version.VersionVector;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Who holds what of an AP keyspace, at the moment when a node has left that was asked for what it
 * holds: from then on a write that it had confirmed is as safe as the disks that have it.
 */
final class Heirs {
  private final long keyspaceId;
  private final Map<Integer, SimulatedNode> staying;
  private final Map<Integer, NodeClock> clocks = new TreeMap<>();

  /**
   * @param staying the members, each with its number
   */
  Heirs(long keyspaceId, Map<Integer, SimulatedNode> staying) {
    this.keyspaceId = keyspaceId;
    this.staying = staying;
    staying.forEach(
        (number, node) ->
            clocks.put(
                number,
                StoredRows.clock(
                    node.disk().durableRow(Table.clock(keyspaceId), StoredRows.CLOCK_KEY))));
  }

  /**
   * Puts those who hold the write in the place of the one that has left. Where nobody is seen to,
   * the one that has left stays: somebody must.
   *
   * @param disks which count for the write
   * @param versions under which it was confirmed: dots; an AP epoch names a write that the log had
   *     executed before by its entry, and what replaced nothing not at all
   */
  void inherit(Set<Integer> disks, int left, Collection<String> versions) {
    if (!disks.contains(left)) {
      return;
    }
    boolean found = false;
    for (Map.Entry<Integer, NodeClock> each : clocks.entrySet()) {
      if (holdsOne(each.getValue(), versions)) {
        disks.add(each.getKey());
        found = true;
      }
    }
    if (found) {
      disks.remove(left);
    }
  }

  /**
   * Whether a majority of those who stay reflect the write: by their clocks, or by the row of its
   * key alone, where it was superseded before it was replicated.
   */
  boolean holdsMajority(ByteString key, String version) {
    Dot dot = Dot.parse(version);
    int reflecting = 0;
    for (Map.Entry<Integer, SimulatedNode> each : staying.entrySet()) {
      NodeClock clock = clocks.get(each.getKey());
      if ((clock != null && clock.contains(dot)) || rowCovers(each.getValue(), key, dot)) {
        reflecting++;
      }
    }
    return 2 * reflecting > staying.size();
  }

  private boolean rowCovers(SimulatedNode node, ByteString key, Dot dot) {
    byte[] row = node.disk().durableRow(Table.data(keyspaceId), key.toByteArray());
    return row != null
        && VersionVector.fromProto(StoredRows.parseSiblings(row).getContext()).covers(dot);
  }

  private static boolean holdsOne(NodeClock clock, Collection<String> versions) {
    return versions.stream()
        .filter(version -> version.indexOf(':') > 0)
        .anyMatch(version -> clock.contains(Dot.parse(version)));
  }
}
