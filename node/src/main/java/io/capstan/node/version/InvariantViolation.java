package io.capstan.node.version;

/**
 * Something that must never happen did: a bug, a data folder that was put back to an older state,
 * or two nodes that share an identity. Going on could lose or corrupt data, so the node stops.
 */
public final class InvariantViolation extends IllegalStateException {

  private static final long serialVersionUID = 1L;

  /** Tells what was expected, what was found, and what an operator can do about it. */
  public InvariantViolation(String message) {
    super(message);
  }
}
