package io.capstan.node.raft;

/**
 * Something that Raft promises can never happen did happen. The node must stop: its memory, its
 * disk or a peer cannot be trusted, and going on could turn one wrong node into wrong data
 * everywhere.
 */
public final class RaftInvariantViolation extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  /** Creates a violation with a sentence that says what was seen and what should have held. */
  public RaftInvariantViolation(String message) {
    super(message);
  }

  static void require(boolean holds, String claim, long seen, long bound) {
    if (!holds) {
      throw new RaftInvariantViolation(claim + " (seen " + seen + ", bound " + bound + ")");
    }
  }
}
