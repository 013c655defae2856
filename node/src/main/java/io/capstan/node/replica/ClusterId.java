package io.capstan.node.replica;

import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.TreeSet;

/**
 * The number that tells one cluster from another, whatever their names: its upper half is a digest
 * of the ids of the nodes that the cluster begins with, its lower half is drawn. So a founder that
 * was cut off before it learned the number can tell that a stranger may be of its own cluster.
 */
final class ClusterId {
  private static final int FNV_OFFSET = 0x811C9DC5;
  private static final int FNV_PRIME = 0x01000193;

  private ClusterId() {}

  /** The number of a cluster that begins with these nodes; never 0. */
  static long of(Collection<String> founders, long drawn) {
    int lower = (int) drawn == 0 ? 1 : (int) drawn;
    return (long) digest(founders) << Integer.SIZE | (lower & 0xFFFFFFFFL);
  }

  /** Whether a cluster of that number began with these nodes, as far as a digest can tell. */
  static boolean beganWith(Collection<String> founders, long clusterId) {
    return clusterId != 0
        && !founders.isEmpty()
        && (int) (clusterId >>> Integer.SIZE) == digest(founders);
  }

  /** FNV-1a over the sorted ids, each with an end that no id contains. */
  private static int digest(Collection<String> founders) {
    int hash = FNV_OFFSET;
    for (String id : new TreeSet<>(founders)) {
      for (byte next : id.getBytes(StandardCharsets.UTF_8)) {
        hash = (hash ^ (next & 0xFF)) * FNV_PRIME;
      }
      hash *= FNV_PRIME;
    }
    return hash;
  }
}
