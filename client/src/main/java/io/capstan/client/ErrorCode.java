package io.capstan.client;

/**
 * The stable names of errors, as {@link CapstanException#code()} gives them. A newer cluster may
 * answer with a name that is not listed here.
 */
public final class ErrorCode {
  /** Too few replicas answered; definitely not applied. */
  public static final String NO_QUORUM = "NO_QUORUM";

  /** No leader is known to the asked node. */
  public static final String NO_LEADER = "NO_LEADER";

  public static final String UNKNOWN_KEYSPACE = "UNKNOWN_KEYSPACE";
  public static final String KEYSPACE_EXISTS = "KEYSPACE_EXISTS";

  /** A comparison did not hold. */
  public static final String CONFLICT = "CONFLICT";

  /** A blind write, or a read of one value, met concurrent values. */
  public static final String SIBLINGS = "SIBLINGS";

  /** A level that the keyspace does not have. */
  public static final String WRONG_LEVEL = "WRONG_LEVEL";

  /** A request that the mode of the keyspace does not have. */
  public static final String WRONG_MODE = "WRONG_MODE";

  /**
   * The clock of the asked node is too far ahead for a keyspace where the latest write wins; so
   * have said all nodes that could be asked.
   */
  public static final String CLOCK_AHEAD = "CLOCK_AHEAD";

  /** The keyspace has changed its mode since. */
  public static final String WRONG_EPOCH = "WRONG_EPOCH";

  /** The key holds a plain value, a counter or a set, and was used as another one of these. */
  public static final String WRONG_TYPE = "WRONG_TYPE";

  /** A counter or a set has reached one of its limits; nothing was changed. */
  public static final String RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED";

  public static final String INVALID_ARGUMENT = "INVALID_ARGUMENT";

  /** A queue is full, of the cluster or of this client. */
  public static final String OVERLOADED = "OVERLOADED";

  /** The session is not registered, or no longer. */
  public static final String UNKNOWN_SESSION = "UNKNOWN_SESSION";

  /** The operation is older than what its session remembers. */
  public static final String BEYOND_WINDOW = "BEYOND_WINDOW";

  /** No replica that could be reached has what the session has seen; nothing was read. */
  public static final String SESSION_NOT_MET = "SESSION_NOT_MET";

  /** The session has seen another keyspace, or one of another cluster, under this name. */
  public static final String SESSION_MISMATCH = "SESSION_MISMATCH";

  /** No answer in time. */
  public static final String TIMEOUT = "TIMEOUT";

  /** The node that was asked runs a version that does not know the request. */
  public static final String NOT_AVAILABLE_YET = "NOT_AVAILABLE_YET";

  /** A change of members, or a transfer of the leadership, that cannot be begun now. */
  public static final String MEMBERSHIP_REFUSED = "MEMBERSHIP_REFUSED";

  /** No endpoint could be connected to. */
  public static final String UNREACHABLE = "UNREACHABLE";

  /** A connection broke while an answer was awaited. */
  public static final String CONNECTION_LOST = "CONNECTION_LOST";

  /** The client was closed, or the waiting thread was interrupted. */
  public static final String CANCELLED = "CANCELLED";

  /** An answer that breaks the protocol. */
  public static final String INTERNAL = "INTERNAL";

  private ErrorCode() {}
}
