package io.capstan.node.storage;

import org.jspecify.annotations.Nullable;

/**
 * An ordered table of byte strings within one replica group.
 *
 * @param keyspaceId the keyspace that owns the table; {@link #GROUP} for the group's own tables
 * @param kind what the table holds
 */
public record Table(long keyspaceId, Kind kind) {

  /** The owner id of tables that belong to the group itself; no keyspace has id 0. */
  public static final long GROUP = 0;

  /** Applied index and catalogue. */
  public static final Table META = new Table(GROUP, Kind.META);

  /** Client sessions and the operations that they have had answered. */
  public static final Table SESSIONS = new Table(GROUP, Kind.SESSIONS);

  /** What a table holds; the name is part of the format on disk. */
  public enum Kind {
    /** Group only: applied index, catalogue rows. */
    META,
    /** Group only: session rows and operation rows. */
    SESSIONS,
    /** Keyspace: user key to stored value. */
    DATA,
    /** Keyspace: dot to user key, the dot log of anti-entropy. */
    DOTS,
    /** Keyspace: the node clock and counters. */
    CLOCK,
    /** Keyspace: writes that last-write-wins discarded. */
    LEDGER,
    /** Keyspace: own writes that a peer has yet to confirm. */
    HINTS,
    /** Keyspace: rows as they were when its CP epoch opened, of those that changed since. */
    CHECKPOINT
  }

  public Table {
    boolean ofGroup = kind == Kind.META || kind == Kind.SESSIONS;
    if (ofGroup != (keyspaceId == GROUP)) {
      throw new IllegalArgumentException(
          "table " + kind + " cannot belong to keyspace " + keyspaceId);
    }
  }

  // By hand: every row that is read or written asks for its table first.
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof Table that && keyspaceId == that.keyspaceId && kind == that.kind);
  }

  @Override
  public int hashCode() {
    return Long.hashCode(keyspaceId) * 31 + kind.ordinal();
  }

  /** The table of user data of a keyspace. */
  public static Table data(long keyspaceId) {
    return new Table(keyspaceId, Kind.DATA);
  }

  /** The dot log of a keyspace. */
  public static Table dots(long keyspaceId) {
    return new Table(keyspaceId, Kind.DOTS);
  }

  /** The ledger of a keyspace. */
  public static Table ledger(long keyspaceId) {
    return new Table(keyspaceId, Kind.LEDGER);
  }

  /** The hints of a keyspace. */
  public static Table hints(long keyspaceId) {
    return new Table(keyspaceId, Kind.HINTS);
  }

  /** What changed since the opening of the CP epoch, as it was then. */
  public static Table checkpoint(long keyspaceId) {
    return new Table(keyspaceId, Kind.CHECKPOINT);
  }

  /** The clock table of a keyspace. */
  public static Table clock(long keyspaceId) {
    return new Table(keyspaceId, Kind.CLOCK);
  }
}
