package io.capstan.node.quorum;

import io.capstan.proto.store.v1.Level;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who the replicas of a keyspace are, as of one configuration of its group, and the arithmetic of
 * levels over them. Immutable.
 *
 * <p>While a change of members is under way the set is <em>joint</em>: every level, and every count
 * of seals, is met among the replicas to come and, separately, among those of before (Raft
 * dissertation, section 4.3, for quorums of replicas in place of majorities). So what either
 * configuration confirmed is met by what the other one reads, whoever knows of the change already.
 *
 * <p>Replicas have a slot, their place in {@link #all}, and sets of them are bit masks over slots.
 * A mask has a meaning only together with its set; {@link #carry} takes it over to another.
 */
public final class ReplicaSet {

  /** Replicas are counted in the bits of a long. */
  public static final int REPLICAS_MAX = 64;

  private final long configurationIndex;
  private final List<String> current;
  private final List<String> outgoing;
  private final List<String> all;
  private final Set<String> givenUp;
  private final long currentMask;
  private final long outgoingMask;

  /**
   * A set.
   *
   * @param configurationIndex the log index of the configuration, 0 for the one that the group
   *     began with; messages carry it
   * @param current the replicas, or those to come; in the same order everywhere
   * @param outgoing the replicas of before while the set is joint, else empty
   * @param givenUp leaving replicas that nobody waits for where they cannot be reached, because
   *     somebody has accepted the loss
   */
  public ReplicaSet(
      long configurationIndex,
      Collection<String> current,
      Collection<String> outgoing,
      Collection<String> givenUp) {
    this.configurationIndex = configurationIndex;
    this.current = List.copyOf(current);
    this.outgoing = List.copyOf(outgoing);
    this.givenUp = Set.copyOf(givenUp);
    LinkedHashSet<String> both = new LinkedHashSet<>(this.current);
    both.addAll(this.outgoing);
    this.all = List.copyOf(both);
    if (all.size() > REPLICAS_MAX
        || Set.copyOf(this.current).size() != this.current.size()
        || Set.copyOf(this.outgoing).size() != this.outgoing.size()) {
      throw new IllegalArgumentException(
          "replicas " + current + " and " + outgoing + " must be at most 64 different nodes");
    }
    this.currentMask = mask(this.current);
    this.outgoingMask = mask(this.outgoing);
  }

  /** The replicas that a group begins with. */
  public static ReplicaSet of(Collection<String> replicas) {
    return new ReplicaSet(0, replicas, List.of(), Set.of());
  }

  /** The log index of the configuration that this is. */
  public long configurationIndex() {
    return configurationIndex;
  }

  /** The replicas, or while joint those to come. */
  public List<String> current() {
    return current;
  }

  /** While joint the replicas of before, else nobody. */
  public List<String> outgoing() {
    return outgoing;
  }

  /** Everybody, in the order of the slots. */
  public List<String> all() {
    return all;
  }

  /** Whether a change is under way, so that two sets decide. */
  public boolean isJoint() {
    return !outgoing.isEmpty();
  }

  /** Whether the node holds a replica. */
  public boolean contains(String node) {
    return all.contains(node);
  }

  /** Those that a change brings. */
  public List<String> incoming() {
    return isJoint() ? difference(current, outgoing) : List.of();
  }

  /** Those that leave with the end of the change. */
  public List<String> leaving() {
    return difference(outgoing, current);
  }

  /** Whether nobody waits for this leaving replica where it cannot be reached. */
  public boolean isGivenUp(String replica) {
    return givenUp.contains(replica);
  }

  /**
   * The replicas that hold what was ever confirmed: those of before while joint. A replica that has
   * to be filled is filled from them.
   */
  public List<String> established() {
    return isJoint() ? outgoing : current;
  }

  private static List<String> difference(List<String> from, List<String> without) {
    List<String> left = new ArrayList<>(from);
    left.removeAll(without);
    return left;
  }

  // ---- slots and masks ----

  /** The place of a replica. */
  public int slotOf(String replica) {
    int slot = all.indexOf(replica);
    if (slot < 0) {
      throw new IllegalArgumentException(replica + " is no replica; replicas are " + all);
    }
    return slot;
  }

  /** The replica's bit. */
  public long bit(String replica) {
    return 1L << slotOf(replica);
  }

  /** The bits of these replicas. */
  public long mask(Collection<String> replicas) {
    long mask = 0;
    for (String replica : replicas) {
      mask |= bit(replica);
    }
    return mask;
  }

  /** The replicas whose bit is set, in the order of the slots. */
  public List<String> in(long mask) {
    List<String> found = new ArrayList<>(Long.bitCount(mask));
    for (int slot = 0; slot < all.size(); slot++) {
      if ((mask & 1L << slot) != 0) {
        found.add(all.get(slot));
      }
    }
    return found;
  }

  /** The replicas whose bit is not set. */
  public List<String> missing(long mask) {
    return in(~mask);
  }

  /** Whether nobody is missing. */
  public boolean isEverybody(long mask) {
    return (mask & (currentMask | outgoingMask)) == (currentMask | outgoingMask);
  }

  /** The mask of an earlier set as one of this set; those who are gone are left out. */
  public long carry(ReplicaSet earlier, long mask) {
    if (earlier == this) {
      return mask;
    }
    long carried = 0;
    for (String replica : earlier.in(mask)) {
      if (contains(replica)) {
        carried |= bit(replica);
      }
    }
    return carried;
  }

  // ---- levels ----

  /** Whether these replicas satisfy the level: in both sets while joint. */
  public boolean satisfies(long mask, Level level) {
    return reaches(mask, currentMask, required(level, current.size()))
        && (!isJoint() || reaches(mask, outgoingMask, required(level, outgoing.size())));
  }

  /** Whether the replica alone satisfies the level. */
  boolean satisfiesAlone(String replica, Level level) {
    return satisfies(bit(replica), level);
  }

  private static boolean reaches(long mask, long set, int required) {
    return Long.bitCount(mask & set) >= required;
  }

  /** How many more replicas the level needs at least; 0 where it is satisfied. */
  public int lacking(long mask, Level level) {
    int now = required(level, current.size()) - Long.bitCount(mask & currentMask);
    int before =
        isJoint() ? required(level, outgoing.size()) - Long.bitCount(mask & outgoingMask) : 0;
    return Math.max(0, Math.max(now, before));
  }

  /** How many replicas the level asks for; of the larger set while joint. */
  public int required(Level level) {
    return Math.max(required(level, current.size()), required(level, outgoing.size()));
  }

  /** Whether every read at this level meets every write at the smallest level, in each set. */
  public boolean meets(Level read, Level smallestWrite) {
    return meets(read, smallestWrite, current.size())
        && (!isJoint() || meets(read, smallestWrite, outgoing.size()));
  }

  private static boolean meets(Level read, Level write, int replicas) {
    return required(read, replicas) + required(write, replicas) > replicas;
  }

  /**
   * Whether among these replicas is one of every set that ever confirmed a write: {@code replicas -
   * Wmin + 1} of them, in both sets while joint. So many seals close an epoch. Replicas that
   * rebuild must not be among them.
   */
  public boolean coversWrites(long mask, Level smallestWrite) {
    return reaches(mask, currentMask, covering(current.size(), smallestWrite))
        && (!isJoint() || reaches(mask, outgoingMask, covering(outgoing.size(), smallestWrite)));
  }

  /** How many replicas of so many include one of every set that confirmed a write. */
  static int covering(int replicas, Level smallestWrite) {
    return replicas - required(smallestWrite, replicas) + 1;
  }

  /** How many of so many replicas a level asks for. */
  static int required(Level level, int replicas) {
    return switch (level) {
      case LEVEL_ONE -> Math.min(1, replicas);
      case LEVEL_QUORUM -> replicas == 0 ? 0 : replicas / 2 + 1;
      case LEVEL_ALL -> replicas;
      default -> throw new IllegalArgumentException(level + " is no level of an AP keyspace");
    };
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ReplicaSet that
        && configurationIndex == that.configurationIndex
        && current.equals(that.current)
        && outgoing.equals(that.outgoing)
        && givenUp.equals(that.givenUp);
  }

  @Override
  public int hashCode() {
    return Objects.hash(configurationIndex, current, outgoing, givenUp);
  }

  @Override
  public String toString() {
    return "replicas "
        + current
        + (isJoint() ? " from " + outgoing : "")
        + " of configuration "
        + configurationIndex;
  }
}
