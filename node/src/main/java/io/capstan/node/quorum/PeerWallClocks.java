package io.capstan.node.quorum;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Whether this node's wall clock runs ahead of its peers', as far as the clocks that they sent
 * tell.
 *
 * <p>Where the latest write wins, a clock that is ahead wins against everybody, so its coordinator
 * must not take new writes. What a peer sent is carried on by the local monotonic clock. The way of
 * the message is not known and makes a peer seem to be behind by as much: a guess that may refuse
 * for one interval too long after a long pause, and never lets a fast clock pass.
 */
final class PeerWallClocks {

  /** What a peer said longer ago than this does not count: its clock may have been set since. */
  static final long KNOWLEDGE_MAX_MILLIS = 3_600_000;

  private static final long NANOS_PER_MILLI = 1_000_000;

  /**
   * The local clock leads.
   *
   * @param peers those that it leads beyond the bound, in the order in which they were first heard
   * @param leastMillis by how much it leads the nearest of these
   */
  record Lead(List<String> peers, long leastMillis) {}

  private record Heard(long wallMillis, long atNanos) {}

  private final long driftMaxMillis;
  private final Map<String, Heard> heard = new LinkedHashMap<>();

  /**
   * @param driftMaxMillis how far the local clock may lead. Too small: clocks that are kept in step
   *     badly refuse writes; too large: writes lose to a clock that is wrong
   */
  PeerWallClocks(long driftMaxMillis) {
    this.driftMaxMillis = driftMaxMillis;
  }

  /** A peer's wall clock stood so when it sent what arrives now. */
  void heard(String peer, long wallMillis, long nowNanos) {
    if (wallMillis > 0) {
      heard.put(peer, new Heard(wallMillis, nowNanos));
    }
  }

  /**
   * Judges the local clock. It is ahead where it leads more than half of the peers that were heard:
   * a single peer whose clock is slow accuses nobody else.
   *
   * @return null where it is not ahead, or nobody was heard
   */
  @Nullable Lead lead(long wallMillis, long nowNanos) {
    List<String> behind = new ArrayList<>();
    long leastMillis = Long.MAX_VALUE;
    int counted = 0;
    for (Map.Entry<String, Heard> peer : heard.entrySet()) {
      long sinceMillis = (nowNanos - peer.getValue().atNanos()) / NANOS_PER_MILLI;
      if (sinceMillis <= KNOWLEDGE_MAX_MILLIS) {
        counted++;
        long leadMillis = wallMillis - (peer.getValue().wallMillis() + sinceMillis);
        if (leadMillis > driftMaxMillis) {
          behind.add(peer.getKey());
          leastMillis = Math.min(leastMillis, leadMillis);
        }
      }
    }
    return 2 * behind.size() > counted ? new Lead(behind, leastMillis) : null;
  }
}
