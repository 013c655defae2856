package io.capstan.chaos.sim;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * What can go wrong in a simulated run. How {@link SimulatedFault#nodes} and {@link
 * SimulatedFault#amount} are read is said for each.
 */
public enum FaultKind {
  /** Every message takes longer; amount is the mean extra delay in microseconds, heavy-tailed. */
  DELAY(Group.NETWORK),
  /** Messages are lost; amount in permille. */
  LOSS(Group.NETWORK),
  /** Messages arrive twice; amount in permille. */
  DUPLICATE(Group.NETWORK),
  /** Some messages are overtaken by those sent up to 300 ms later; amount in permille. */
  REORDER(Group.NETWORK),
  /** The first and the second node cannot reach each other. */
  CUT(Group.NETWORK),
  /** The second node does not hear the first; the first hears the second. */
  ONE_WAY_CUT(Group.NETWORK),
  /** The node reaches nobody and nobody reaches it. */
  ISOLATE(Group.NETWORK),
  /** The nodes named are cut off from those not named. */
  HALVES(Group.NETWORK),
  /** Two sides that only the first node named reaches both of; the others named are one side. */
  BRIDGE(Group.NETWORK),
  /** Each node reaches a majority, no two the same: neighbours on the ring of nodes as named. */
  RING(Group.NETWORK),
  /** What the first node sends to the second waits, and arrives all at once at the end. */
  CLOG(Group.NETWORK),
  /** The link between two nodes is cut and healed in turn; amount is the period in ms. */
  FLAP(Group.NETWORK),
  /** The machine loses power: what was not synced is lost, or some of it; off for the duration. */
  POWER_LOSS(Group.DISK),
  /** Power fails in the middle of the next write: its record is incomplete and cut at the start. */
  TORN_WRITE(Group.DISK),
  /** Every fsync of the node takes up to amount ms. */
  SLOW_FSYNC(Group.DISK),
  /** The next fsync fails: the process stops, and starts later with what is durable. */
  FAILED_FSYNC(Group.DISK),
  /** The next write finds the disk full: the process stops until there is room again. */
  FULL_DISK(Group.DISK),
  /**
   * kill -9 at the effect boundary that comes as number amount: before or after a write, between
   * two messages, before or after a sync. What was written survives.
   */
  CRASH(Group.PROCESS),
  /** The process stands still, as in a long collection, and goes on as if nothing had been. */
  PAUSE(Group.PROCESS),
  /** The node's clock runs faster or slower; amount in parts per million. */
  CLOCK_RATE(Group.PROCESS),
  /** The node's wall clock stands wrong by amount ms. */
  CLOCK_JUMP(Group.PROCESS),
  /**
   * The first node is asked to have leadership moved to the second: no fault, but as unsettling.
   */
  LEADER_TRANSFER(Group.PROCESS),
  /** A node without data joins, the first from the one named on that is no member. */
  MEMBER_ADD(Group.MEMBERS),
  /** A voter is removed, and goes on talking; the first from the one named on. */
  MEMBER_REMOVE(Group.MEMBERS),
  /** A voter, from the first one named on, is replaced by a node without data, from the second. */
  MEMBER_REPLACE(Group.MEMBERS),
  /** A voter loses its disk for good, is removed, and joins again without data. */
  DISK_LOSS(Group.MEMBERS),
  /**
   * A bit of a voter's log or tables flips while power is off; never in the last record of the log,
   * where that cannot be told from an acknowledged loss. It refuses to start, is removed, and joins
   * again without data.
   */
  FLIPPED_BIT(Group.MEMBERS);

  /** What a fault hits. */
  public enum Group {
    /** The links between nodes. */
    NETWORK,
    /** One node's disk. */
    DISK,
    /** One node's process and clock. */
    PROCESS,
    /** Who belongs to the cluster. */
    MEMBERS
  }

  private final Group group;

  FaultKind(Group group) {
    this.group = group;
  }

  /** What it hits. */
  public Group group() {
    return group;
  }

  /** The name on the command line and in schedule files, such as {@code one-way-cut}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The kind of that name. */
  public static Optional<FaultKind> labelled(String label) {
    for (FaultKind kind : values()) {
      if (kind.label().equals(label)) {
        return Optional.of(kind);
      }
    }
    return Optional.empty();
  }

  /** Every kind. */
  public static Set<FaultKind> all() {
    return EnumSet.allOf(FaultKind.class);
  }

  /** Whether links are cut for as long as it lasts. */
  boolean cuts() {
    return switch (this) {
      case CUT, ONE_WAY_CUT, ISOLATE, HALVES, BRIDGE, RING -> true;
      default -> false;
    };
  }

  /** Whether a voter's disk is of no use any more: the others must still be a majority. */
  boolean losesDisk() {
    return this == DISK_LOSS || this == FLIPPED_BIT;
  }

  /** Whether it needs a second node. */
  boolean needsPeers() {
    return group == Group.NETWORK || this == LEADER_TRANSFER || losesDisk();
  }
}
