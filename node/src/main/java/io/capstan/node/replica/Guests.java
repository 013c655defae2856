package io.capstan.node.replica;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
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
 * <p>A member may have come back without its data, as another incarnation, by entries that this
 * node has yet to receive. It is a guest then, too, under the id of a member: its requests are
 * heard, as it may lead; its answers are not, since what they say is not what the former
 * incarnation had promised.
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

  private record Guest(Effect.Peer peer, long untilNanos, long joinedIndex) {}

  private final String self;
  private final Set<String> founders;
  private final Map<String, Guest> guests = new TreeMap<>();
  private final Map<String, Long> pausingUntilNanos = new TreeMap<>();
  private Set<String> members = Set.of();
  private long version;

  /**
   * @param founders the nodes that the cluster of this one begins with, as its settings say; empty
   *     for one that joins
   */
  Guests(String self, Collection<String> founders) {
    this.self = self;
    this.founders = Set.copyOf(founders);
  }

  /** Changes with every guest that comes or goes. */
  long version() {
    return version;
  }

  List<Effect.Peer> list() {
    return guests.values().stream().map(Guest::peer).toList();
  }

  boolean contains(String id) {
    return !guests.isEmpty() && guests.containsKey(id);
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
    Guest known = guests.get(id);
    if (!id.equals(self)
        && (isOfSameCluster(seen, learning, clusterId) || isLetInUnnamed(seen, known))
        && (known != null || hasRoomFor(id, now))) {
      welcome(seen, known, now);
    }
  }

  /**
   * A member left before the log named its incarnation, so whoever comes under that id is let in,
   * also one that begins anew and has yet to learn of which cluster it is. It introduces itself
   * once: what it says then is all that the log can name it by, should it become a member again.
   */
  private static boolean isLetInUnnamed(Input.PeerSeen seen, @Nullable Guest known) {
    return known != null
        && seen.clusterId() == 0
        && known.peer().incarnation() == 0
        && known.peer().isSpokenForBy(seen.incarnation());
  }

  /**
   * Whoever can be ahead of this node's log has learned which cluster it belongs to. A founder with
   * an empty log, that might believe anything, believes those of its settings, and whoever is of a
   * cluster that began with just these.
   */
  private boolean isOfSameCluster(Input.PeerSeen seen, boolean learning, long clusterId) {
    return clusterId == 0
        ? learning || ClusterId.beganWith(founders, seen.clusterId())
        : seen.clusterId() == clusterId;
  }

  /**
   * A member has introduced itself as another incarnation than this node's log names, which became
   * a member by an entry that this node has yet to apply.
   */
  void cameBack(Input.PeerSeen seen, long clusterId, Moment now) {
    String id = seen.peer();
    Guest known = guests.get(id);
    boolean newer =
        known == null
            ? guests.size() < GUESTS_MAX
            : known.peer().incarnation() == seen.incarnation()
                || seen.joinedIndex() > known.joinedIndex();
    if (!id.equals(self) && clusterId != 0 && seen.clusterId() == clusterId && newer) {
      welcome(seen, known, now);
    }
  }

  private void welcome(Input.PeerSeen seen, @Nullable Guest known, Moment now) {
    String id = seen.peer();
    Effect.Peer peer =
        new Effect.Peer(
            id,
            seen.peerAddress().isEmpty() && known != null
                ? known.peer().peerAddress()
                : seen.peerAddress(),
            known == null ? "" : known.peer().clientAddress(),
            seen.incarnation());
    long untilNanos = known == null ? now.nanos() + STAY_MAX_NANOS : known.untilNanos();
    guests.put(id, new Guest(peer, untilNanos, seen.joinedIndex()));
    if (known == null || !known.peer().equals(peer)) {
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

  /**
   * What is known of the members has changed: who came is no guest any more, who left becomes one.
   *
   * @param appliedIndex how far this node can judge which incarnation speaks for a member
   */
  void membersChanged(
      List<Effect.Peer> before, List<Effect.Peer> after, long appliedIndex, Moment now) {
    members = after.stream().map(Effect.Peer::id).collect(Collectors.toUnmodifiableSet());
    for (Effect.Peer member : after) {
      pausingUntilNanos.remove(member.id());
      Guest guest = guests.get(member.id());
      if (guest != null
          && (member.isSpokenForBy(guest.peer().incarnation())
              || guest.joinedIndex() <= appliedIndex)) {
        guests.remove(member.id());
        version++;
      }
    }
    for (Effect.Peer member : before) {
      if (!members.contains(member.id())
          && !guests.containsKey(member.id())
          && guests.size() < GUESTS_MAX) {
        guests.put(member.id(), new Guest(member, now.nanos() + STAY_MAX_NANOS, 0));
        version++;
      }
    }
  }

  /**
   * Time has passed. A guest under the id of a member stays until this node's log has come so far
   * that it can judge.
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
      if (now.nanos() - guest.untilNanos() >= 0 && !id.equals(leader) && !members.contains(id)) {
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
