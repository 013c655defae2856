package io.capstan.node.raft;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A picture of one node for status pages and metrics; safe to hand to another thread.
 *
 * @param firstIndex first entry that the log still has
 * @param appliedIndex last entry handed out for applying
 * @param configuration membership in effect
 * @param changeOpen whether a membership change is under way
 * @param transferTarget the node that this leader hands over to, null for none
 * @param followers what the leader knows of the others, in order of id; empty on other roles
 */
public record RaftStatus(
    String nodeId,
    Role role,
    @Nullable String leaderId,
    long term,
    long commitIndex,
    long lastIndex,
    long durableIndex,
    long firstIndex,
    long appliedIndex,
    Configuration configuration,
    boolean changeOpen,
    @Nullable String transferTarget,
    List<FollowerStatus> followers) {

  /**
   * One follower or learner as its leader sees it.
   *
   * @param matchIndex its log agrees and is durable up to here
   * @param nextIndex first entry of the next message to it
   * @param lastContactAgeNanos time since it last answered, or since this leader's election
   */
  public record FollowerStatus(
      String nodeId,
      ProgressState state,
      long matchIndex,
      long nextIndex,
      int inflightMessages,
      long inflightBytes,
      long lastContactAgeNanos) {}
}
