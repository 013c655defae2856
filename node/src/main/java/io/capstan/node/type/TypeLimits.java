package io.capstan.node.type;

/** Bounds on counters and sets, the same on every node. */
public final class TypeLimits {

  /**
   * Increments of one counter that one coordinator keeps apart until every replica has them. A
   * replica that cannot be reached holds them up, so beyond that further ones are refused.
   */
  public static final int COUNTER_UNFOLDED_MAX = 1_000;

  /** A coordinator folds so many increments of a counter at once, not fewer. */
  public static final int COUNTER_FOLD_MIN = 4;

  /** Elements of one set that a node adds to; what was added elsewhere always merges. */
  public static final int SET_ELEMENTS_MAX = 10_000;

  /** An element has 1 to this many bytes. */
  public static final int SET_ELEMENT_SIZE_MAX_BYTES = 4_096;

  /** All elements of a set together, where a node adds to it. */
  public static final int SET_SIZE_MAX_BYTES = 1 << 20;

  /** Sessions that the marks of one actor on one key remember. */
  public static final int MARKED_SESSIONS_MAX = 1_024;

  /** Operations that are remembered of one session, the newest ones. */
  public static final int MARKED_OPERATIONS_MAX = 256;

  /** Operations that are remembered of all sessions together. */
  public static final int MARKED_TOTAL_MAX = 8_192;

  /** A session that was not used for so long may leave where others need the room. */
  public static final long MARKED_SESSION_MIN_MILLIS = 60_000;

  /** A session that was not used for so long leaves. */
  public static final long MARKED_SESSION_TTL_MILLIS = 3_600_000;

  private TypeLimits() {}
}
