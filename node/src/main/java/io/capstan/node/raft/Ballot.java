package io.capstan.node.raft;

import org.jspecify.annotations.Nullable;

/** Term and vote of this node, whether they are on disk, and the rule of one vote per term. */
final class Ballot {
  private HardState state;
  private boolean changed;
  private long writtenSequence;
  private long durableSequence;

  Ballot(HardState state) {
    this.state = state;
  }

  long term() {
    return state.term();
  }

  @Nullable String votedFor() {
    return state.votedFor();
  }

  /** Enters a higher term, in which nobody has this node's vote yet. */
  void advanceTo(long term) {
    RaftInvariantViolation.require(term > state.term(), "the term only rises", term, state.term());
    state = new HardState(term, null);
    changed = true;
  }

  boolean canVoteFor(String candidate) {
    return state.votedFor() == null || state.votedFor().equals(candidate);
  }

  void voteFor(String candidate) {
    if (!canVoteFor(candidate)) {
      throw new RaftInvariantViolation(
          "one vote per term: term "
              + term()
              + " has the vote of "
              + votedFor()
              + ", not "
              + candidate);
    }
    if (state.votedFor() == null) {
      state = new HardState(state.term(), candidate);
      changed = true;
    }
  }

  boolean hasUnwritten() {
    return changed;
  }

  HardState takeUnwritten(long writeSequence) {
    changed = false;
    writtenSequence = writeSequence;
    return state;
  }

  void durable(long writeSequence) {
    durableSequence = Math.max(durableSequence, writeSequence);
  }

  /** Whether term and vote as they are now would survive a crash. */
  boolean isDurable() {
    return !changed && writtenSequence <= durableSequence;
  }
}
