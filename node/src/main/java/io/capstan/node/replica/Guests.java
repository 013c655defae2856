package io.capstan.node.replica;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The nodes that are listened to although they are no members, as far as this node's log tells.
 *
 * <p>A log may lag: the node that it does not name can be the leader by now, or the candidate whose
 * vote request must be answered. Raft asks of a node that it follows and votes without looking at
 * its own list of members (Raft dissertation, section 4.1); a node that refused strangers would be
 * locked out for as long as a stranger leads. The other way round, who was a member until a moment
 * ago may be the leader that has to learn that its own removal is committed.
 *
 * <p>Being a guest is bounded: in number, in time, and to the same cluster. A guest becomes a
 * member by the log alone, and only messages of Raft and its snapshots are taken from it.
 */
final class Guests {

  /** Guests at once: a log may lag by as much as the replacement of every member. */
  static final int GUESTS_MAX = RequestLimits.MEMBERS_MAX;

  /** A guest that neither became a member nor leads goes after so long. */
  static final long STAY_MAX_NANOS = 30_000_000_000L;

  /** Who had to go is not let in again for so long, so that others find room. */
  static final long PAUSE_NANOS = 3_000_000_000L;

  /** Nodes that are remembered as having had to go; more come back at once. */
  private static final int PAUSING_MAX = 4 * GUESTS_MAX;

  private record Guest(Effect.Peer peer, long untilNanos) {}

  private final String self;
  private final Map<String, Guest> guests = new TreeMap<>();
  private final Map<String, Long> pausingUntilNanos = new TreeMap<>();
  private long version;

  Guests(String self) {
    this.self = self;
  }

  /** Changes with every guest that comes or goes. */
  long version() {
    return version;
  }

  List<Effect.Peer> list() {
    return guests.values().stream().map(Guest::peer).toList();
  }

  /**
   * A node that is no member has introduced itself.
   *
   * @param learning whether this node does not belong to the group itself, and so has yet to learn
   *     who does
   * @param clusterId as this node knows it
   */
  void knock(Input.PeerSeen seen, boolean learning, long clusterId, Moment now) {
    String id = seen.peer();
    // Whoever can be ahead of this node's log has learned which cluster it belongs to; and a node
    // with an empty log, that might believe anything, believes nobody but those of its settings.
    boolean sameCluster = clusterId == 0 ? learning : seen.clusterId() == clusterId;
    Guest known = guests.get(id);
    if (id.equals(self) || !sameCluster || (known == null && !hasRoomFor(id, now))) {
      return;
    }
    Effect.Peer peer =
        new Effect.Peer(
            id,
            seen.peerAddress().isEmpty() && known != null
                ? known.peer().peerAddress()
                : seen.peerAddress(),
            known == null ? "" : known.peer().clientAddress(),
            seen.incarnation());
    if (known == null || !known.peer().equals(peer)) {
      long untilNanos = known == null ? now.nanos() + STAY_MAX_NANOS : known.untilNanos();
      guests.put(id, new Guest(peer, untilNanos));
      version++;
    }
  }

  private boolean hasRoomFor(String id, Moment now) {
    Long pausing = pausingUntilNanos.get(id);
    if (pausing != null && now.nanos() - pausing < 0) {
      return false;
    }
    return guests.size() < GUESTS_MAX;
  }

  /** The members have changed: who came is no guest any more, who left becomes one. */
  void membersChanged(List<Effect.Peer> before, List<Effect.Peer> after, Moment now) {
    for (Effect.Peer member : after) {
      pausingUntilNanos.remove(member.id());
      if (guests.remove(member.id()) != null) {
        version++;
      }
    }
    for (Effect.Peer member : before) {
      if (after.stream().noneMatch(other -> other.id().equals(member.id()))
          && guests.size() < GUESTS_MAX) {
        guests.put(member.id(), new Guest(member, now.nanos() + STAY_MAX_NANOS));
        version++;
      }
    }
  }

  /**
   * Time has passed.
   *
   * @param leader who leads as far as this node knows, and is not sent away for that
   * @param learning as for {@link #knock}: nobody is sent away by who knows nobody
   */
  void tick(@Nullable String leader, boolean learning, Moment now) {
    if (guests.isEmpty() || learning) {
      return;
    }
    for (Guest guest : new ArrayList<>(guests.values())) {
      String id = guest.peer().id();
      if (now.nanos() - guest.untilNanos() >= 0 && !id.equals(leader)) {
        guests.remove(id);
        version++;
        pause(id, now);
      }
    }
  }

  private void pause(String id, Moment now) {
    pausingUntilNanos.values().removeIf(until -> now.nanos() - until >= 0);
    if (pausingUntilNanos.size() < PAUSING_MAX) {
      pausingUntilNanos.put(id, now.nanos() + PAUSE_NANOS);
    }
  }
}
