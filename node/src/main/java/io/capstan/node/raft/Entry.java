package io.capstan.node.raft;

import java.util.Arrays;

/**
 * One entry of the replicated log. Immutable: the payload is shared, never copied and must not be
 * changed by anybody once it was handed over.
 *
 * <p>Source: Ongaro, "Consensus: Bridging Theory and Practice" (the Raft dissertation), section
 * 3.5.
 *
 * @param index position in the log, counted from 1
 * @param term term of the leader that created the entry, from 1
 * @param kind what the payload means to the core
 * @param payload opaque bytes of the state machine; empty in the no-op that every new leader
 *     appends
 */
@SuppressWarnings(
    "ArrayRecordComponent") // shared, never changed: a copy per hop would cost more than it guards
public record Entry(long index, long term, Kind kind, byte[] payload) {

  /**
   * What an entry costs in memory and on the wire beside its payload, in bytes; used by every
   * limit.
   */
  public static final int OVERHEAD_BYTES = 32;

  /** What the core does with the payload. */
  public enum Kind {
    /** Handed to the state machine unread. */
    NORMAL,
    /**
     * A new {@link Configuration}, which the core follows from the moment it is in the log. The
     * state machine only notes that it was applied.
     */
    CONFIGURATION
  }

  /**
   * Checks the position.
   *
   * @throws IllegalArgumentException when index or term is below 1
   */
  public Entry {
    if (index < 1 || term < 1) {
      throw new IllegalArgumentException(
          "a log entry has an index and a term from 1 on, got " + index + "/" + term);
    }
  }

  /** An entry for the state machine. */
  public Entry(long index, long term, byte[] payload) {
    this(index, term, Kind.NORMAL, payload);
  }

  /** The membership that a {@link Kind#CONFIGURATION} entry brings. */
  public Configuration configuration() {
    if (kind != Kind.CONFIGURATION) {
      throw new IllegalStateException("entry " + this + " carries no configuration");
    }
    return Configuration.fromBytes(payload);
  }

  /** Whether this is the empty entry by which a new leader commits what it inherited. */
  public boolean isNoOp() {
    return payload.length == 0;
  }

  /** Size that all limits of this package count, in bytes. */
  public long sizeBytes() {
    return OVERHEAD_BYTES + (long) payload.length;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Entry that
        && index == that.index
        && term == that.term
        && kind == that.kind
        && Arrays.equals(payload, that.payload);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * Long.hashCode(index) + Long.hashCode(term)) + Arrays.hashCode(payload);
  }

  @Override
  public String toString() {
    return index + "/" + term + "(" + payload.length + " bytes)";
  }
}
