package io.capstan.node.replica;

/** Something that must never happen did. The node stops rather than corrupt data. */
public final class ReplicaInvariantViolation extends IllegalStateException {

  private static final long serialVersionUID = 1L;

  /** Tells what was expected and what was found. */
  public ReplicaInvariantViolation(String message) {
    super(message);
  }
}
