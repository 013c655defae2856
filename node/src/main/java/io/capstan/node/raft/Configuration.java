package io.capstan.node.raft;

import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Who belongs to the group, and the arithmetic of its quorums. Immutable and pure. Equal where the
 * members and the promotion are.
 *
 * <p>While a membership change is under way the configuration is <em>joint</em>: every decision
 * needs a majority of the incoming and, separately, of the outgoing voters (Raft dissertation,
 * section 4.3). Outside a change {@code outgoing} is empty. Learners receive the log and count
 * nowhere (section 4.2.1).
 */
public final class Configuration {

  /** Of a node that was told of no group yet: it never campaigns and never votes. */
  public static final Configuration NONE = ofVoters();

  /**
   * A learner that is to become a voter once it has caught up. It stands in the configuration, so
   * that the next leader goes on with it.
   *
   * @param learner the learner
   * @param replaced the voter that leaves in the same step, null for none
   */
  public record Promotion(String learner, @Nullable String replaced) {}

  /** Outcome of an election so far. */
  public enum Tally {
    /** Enough voters said yes. */
    WON,
    /** So many voters said no that yes has become impossible. */
    LOST,
    /** Open. */
    PENDING
  }

  /** What is known of one voter's vote. */
  public enum Vote {
    /** Said yes. */
    GRANTED,
    /** Said no. */
    REFUSED,
    /** Not heard of. */
    UNKNOWN
  }

  private final SortedSet<String> voters;
  private final SortedSet<String> outgoing;
  private final SortedSet<String> learners;
  private final @Nullable Promotion promotion;
  // The same ids: every message asks who its sender is, and every answer counts a quorum.
  private final String[] voterIds;
  private final String[] outgoingIds;
  private final String[] learnerIds;

  /**
   * Copies the sets.
   *
   * @param voters voters of the only or incoming configuration
   * @param outgoing voters of the configuration that is being left; empty when not joint
   * @param learners members without a vote
   * @param promotion the learner that waits for its vote, null for none
   * @throws IllegalArgumentException when a member is both voter and learner, only outgoing voters
   *     are given, or the promotion does not fit the members
   */
  public Configuration(
      SortedSet<String> voters,
      SortedSet<String> outgoing,
      SortedSet<String> learners,
      @Nullable Promotion promotion) {
    this.voters = sorted(voters);
    this.outgoing = sorted(outgoing);
    this.learners = sorted(learners);
    this.promotion = promotion;
    this.voterIds = this.voters.toArray(String[]::new);
    this.outgoingIds = this.outgoing.toArray(String[]::new);
    this.learnerIds = this.learners.toArray(String[]::new);
    for (String learner : learnerIds) {
      if (contains(voterIds, learner) || contains(outgoingIds, learner)) {
        throw new IllegalArgumentException(learner + " cannot be voter and learner at once");
      }
    }
    if (voterIds.length == 0 && outgoingIds.length > 0) {
      throw new IllegalArgumentException("a joint configuration needs incoming voters");
    }
    if (promotion != null
        && (!outgoing.isEmpty()
            || !learners.contains(promotion.learner())
            || (promotion.replaced() != null && !voters.contains(promotion.replaced())))) {
      throw new IllegalArgumentException(promotion + " does not fit " + voters + " " + learners);
    }
  }

  /** Voters of the only or incoming configuration, in natural order. */
  public SortedSet<String> voters() {
    return voters;
  }

  /** Voters of the configuration that is being left; empty when not joint. */
  public SortedSet<String> outgoing() {
    return outgoing;
  }

  /** Members without a vote. */
  public SortedSet<String> learners() {
    return learners;
  }

  /** The learner that waits for its vote, null for none. */
  public @Nullable Promotion promotion() {
    return promotion;
  }

  /** A configuration in which nobody waits for promotion. */
  public Configuration(
      SortedSet<String> voters, SortedSet<String> outgoing, SortedSet<String> learners) {
    this(voters, outgoing, learners, null);
  }

  /** A configuration of voters only. */
  public static Configuration ofVoters(Collection<String> voters) {
    return new Configuration(
        new TreeSet<>(voters), Collections.emptySortedSet(), Collections.emptySortedSet());
  }

  /** A configuration of voters only. */
  public static Configuration ofVoters(String... voters) {
    return ofVoters(Arrays.asList(voters));
  }

  /** All voters and learners, in natural order. */
  public SortedSet<String> members() {
    TreeSet<String> members = new TreeSet<>(voters);
    members.addAll(outgoing);
    members.addAll(learners);
    return Collections.unmodifiableSortedSet(members);
  }

  /** Whether nobody belongs to it. */
  public boolean isEmpty() {
    return voters.isEmpty() && learners.isEmpty();
  }

  /** Whether the node is a voter or a learner. */
  public boolean isMember(String nodeId) {
    return isVoter(nodeId) || contains(learnerIds, nodeId);
  }

  /** This configuration with one more learner, if it is none yet, and that promotion. */
  Configuration withLearner(String nodeId, @Nullable Promotion waiting) {
    TreeSet<String> more = new TreeSet<>(learners);
    more.add(nodeId);
    return new Configuration(voters, outgoing, more, waiting);
  }

  /** This configuration without a learner, and without its promotion. */
  Configuration withoutLearner(String nodeId) {
    TreeSet<String> fewer = new TreeSet<>(learners);
    fewer.remove(nodeId);
    boolean calledOff = promotion != null && promotion.learner().equals(nodeId);
    return new Configuration(voters, outgoing, fewer, calledOff ? null : promotion);
  }

  /** The joint configuration on the way to one voter more, one less, or one for another. */
  Configuration entering(@Nullable String added, @Nullable String removed) {
    TreeSet<String> incoming = new TreeSet<>(voters);
    TreeSet<String> stillLearning = new TreeSet<>(learners);
    if (added != null) {
      incoming.add(added);
      stillLearning.remove(added);
    }
    if (removed != null) {
      incoming.remove(removed);
    }
    return new Configuration(incoming, voters, stillLearning);
  }

  /** The configuration behind the joint one. */
  Configuration left() {
    return new Configuration(voters, Collections.emptySortedSet(), learners);
  }

  /**
   * This configuration as bytes: payload of {@link Entry.Kind#CONFIGURATION} entries, also used on
   * disk and wire. The same members give the same bytes.
   */
  public byte[] toBytes() {
    return ConfigurationCodec.encode(this);
  }

  /**
   * Reads what {@link #toBytes} wrote.
   *
   * @throws IllegalArgumentException when the bytes are damaged or of a later version
   */
  public static Configuration fromBytes(byte[] bytes) {
    return ConfigurationCodec.decode(bytes);
  }

  /** Whether two majorities are needed. */
  public boolean isJoint() {
    return outgoingIds.length > 0;
  }

  /** Whether the node has a vote in one of the two sets. */
  public boolean isVoter(String nodeId) {
    return contains(voterIds, nodeId) || contains(outgoingIds, nodeId);
  }

  /** Whether the node decides everything alone. */
  public boolean isSoleVoter(String nodeId) {
    return voters.size() == 1 && voters.contains(nodeId) && !isJoint();
  }

  /**
   * The highest value that a quorum has reached: the commit index when {@code valueOf} tells
   * durable match indexes.
   *
   * @param valueOf value of a voter; values never fall for a given voter, or the result may fall
   *     too
   * @return the value; {@link Long#MIN_VALUE} when there are no voters, so that nothing is ever
   *     decided by nobody
   */
  public long quorumValue(ToLongFunction<String> valueOf) {
    long incoming = majorityValue(voterIds, valueOf);
    return isJoint() ? Math.min(incoming, majorityValue(outgoingIds, valueOf)) : incoming;
  }

  /** Whether those for whom the predicate holds are a quorum. */
  public boolean isQuorum(Predicate<String> holds) {
    return quorumValue(id -> holds.test(id) ? 1 : 0) == 1;
  }

  /** Where an election stands. */
  public Tally tally(java.util.function.Function<String, Vote> voteOf) {
    if (isQuorum(id -> voteOf.apply(id) == Vote.GRANTED)) {
      return Tally.WON;
    }
    return isQuorum(id -> voteOf.apply(id) != Vote.REFUSED) ? Tally.PENDING : Tally.LOST;
  }

  private static long majorityValue(String[] ids, ToLongFunction<String> valueOf) {
    if (ids.length == 0) {
      return Long.MIN_VALUE;
    }
    // Sorted by insertion: there are a handful.
    long[] values = new long[ids.length];
    for (int count = 0; count < ids.length; count++) {
      long value = valueOf.applyAsLong(ids[count]);
      int place = count;
      while (place > 0 && values[place - 1] > value) {
        values[place] = values[place - 1];
        place--;
      }
      values[place] = value;
    }
    return values[(values.length - 1) / 2];
  }

  private static boolean contains(String[] ids, String nodeId) {
    for (String id : ids) {
      if (id.equals(nodeId)) {
        return true;
      }
    }
    return false;
  }

  private static SortedSet<String> sorted(Collection<String> ids) {
    return Collections.unmodifiableSortedSet(new TreeSet<>(ids));
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof Configuration that
            && Arrays.equals(voterIds, that.voterIds)
            && Arrays.equals(outgoingIds, that.outgoingIds)
            && Arrays.equals(learnerIds, that.learnerIds)
            && Objects.equals(promotion, that.promotion));
  }

  @Override
  public int hashCode() {
    return Objects.hash(voters, outgoing, learners, promotion);
  }

  @Override
  public String toString() {
    return "Configuration[voters="
        + voters
        + ", outgoing="
        + outgoing
        + ", learners="
        + learners
        + ", promotion="
        + promotion
        + "]";
  }
}
