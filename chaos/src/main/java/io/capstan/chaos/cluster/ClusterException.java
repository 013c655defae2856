package io.capstan.chaos.cluster;

/** Something that was asked of a cluster did not happen; the message is written for people. */
public final class ClusterException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What kind of failure it is: decides the exit code of the command line. */
  public enum Kind {
    /** What was asked makes no sense for this cluster, and nothing was done. */
    USAGE,
    /** No cluster, supervisor or node answers. */
    UNREACHABLE,
    /** It was tried and failed, or did not come true in time. */
    FAILED
  }

  private final Kind kind;
  private final String hint;

  public ClusterException(Kind kind, String message, String hint) {
    super(message);
    this.kind = kind;
    this.hint = hint;
  }

  public ClusterException(Kind kind, String message, String hint, Throwable cause) {
    super(message, cause);
    this.kind = kind;
    this.hint = hint;
  }

  static ClusterException usage(String message, String hint) {
    return new ClusterException(Kind.USAGE, message, hint);
  }

  static ClusterException failed(String message, String hint) {
    return new ClusterException(Kind.FAILED, message, hint);
  }

  static ClusterException unreachable(String message, String hint) {
    return new ClusterException(Kind.UNREACHABLE, message, hint);
  }

  /** Returns what kind of failure it is. */
  public Kind kind() {
    return kind;
  }

  /** Returns what to do next; empty where there is nothing to say. */
  public String hint() {
    return hint;
  }
}
