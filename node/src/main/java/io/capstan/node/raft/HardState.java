package io.capstan.node.raft;

import org.jspecify.annotations.Nullable;

/**
 * What a node must never forget besides its log: the latest term it has seen and its vote in that
 * term (Raft dissertation, figure 3.1). Forgetting either lets two leaders be elected in one term.
 *
 * @param term latest term seen; 0 before the first election
 * @param votedFor node that got this node's vote in {@code term}, null when none did
 */
public record HardState(long term, @Nullable String votedFor) {

  /** State of a node that has never taken part in anything. */
  public static final HardState INITIAL = new HardState(0, null);

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException for a negative term or a vote in term 0
   */
  public HardState {
    if (term < 0 || (term == 0 && votedFor != null)) {
      throw new IllegalArgumentException(
          "impossible hard state: term " + term + ", vote " + votedFor);
    }
  }
}
