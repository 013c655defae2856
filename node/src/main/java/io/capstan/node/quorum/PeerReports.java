package io.capstan.node.quorum;

import io.capstan.node.version.NodeClock;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What each other replica last said of itself, with its clock. */
final class PeerReports {

  /**
   * What a replica said.
   *
   * @param configurationIndex the configuration that it knew
   * @param clock what it had seen, all of it on its disk; not to be changed
   * @param rebuilding whether it had yet to take over what others hold
   * @param rebuildsFrom the replicas that it had yet to take over
   * @param actorIncarnation with its name, the actor of its writes; 0 where it did not say
   */
  record Report(
      long configurationIndex,
      NodeClock clock,
      boolean rebuilding,
      List<String> rebuildsFrom,
      long actorIncarnation) {}

  private final Map<String, Report> byPeer = new LinkedHashMap<>();
  // Looked up only. The first report of the configuration that the last one is of.
  private final Map<String, Report> firstByPeer = new HashMap<>();

  void heard(String peer, Report report) {
    Report earlier = byPeer.get(peer);
    if (earlier == null || earlier.configurationIndex() < report.configurationIndex()) {
      firstByPeer.put(peer, report);
    } else if (earlier.configurationIndex() > report.configurationIndex()) {
      return;
    }
    byPeer.put(peer, report);
  }

  /**
   * The clock that the peer sent first once it knew of this configuration, or of a later one; null
   * where none came.
   */
  @Nullable NodeClock firstClockOf(String peer, long configurationIndex) {
    Report first = firstByPeer.get(peer);
    return first != null && first.configurationIndex() >= configurationIndex ? first.clock() : null;
  }

  /** The last report of the peer, or null. */
  @Nullable Report of(String peer) {
    return byPeer.get(peer);
  }

  /** The last report of the peer where it knew of this configuration or a later one, or null. */
  @Nullable Report of(String peer, long configurationIndex) {
    Report report = byPeer.get(peer);
    return report != null && report.configurationIndex() >= configurationIndex ? report : null;
  }

  void replicasChanged(List<String> peers) {
    byPeer.keySet().retainAll(peers);
    firstByPeer.keySet().retainAll(peers);
  }

  boolean isEmpty() {
    return byPeer.isEmpty();
  }

  /** All reports, in the order in which their replicas were first heard. */
  Iterable<Report> all() {
    return byPeer.values();
  }
}
