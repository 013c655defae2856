package io.capstan.node.raft;

/**
 * What a snapshot, or the removed beginning of a log, stands for: everything up to and including
 * one committed entry (Raft dissertation, section 5.1).
 *
 * @param index index of the last entry that it covers; 0 when it covers none
 * @param term term of that entry; 0 for index 0
 * @param configuration membership in effect at that index; {@link Configuration#NONE} when unknown,
 *     as on a node that was never told of any
 */
public record SnapshotPosition(long index, long term, Configuration configuration) {

  /** Before the first entry of a log whose members are unknown. */
  public static final SnapshotPosition NONE = new SnapshotPosition(0, 0, Configuration.NONE);

  /**
   * Checks the position.
   *
   * @throws IllegalArgumentException when index and term are neither both 0 nor both positive
   */
  public SnapshotPosition {
    if (index < 0 || term < 0 || (index == 0) != (term == 0)) {
      throw new IllegalArgumentException(
          "no snapshot can stand at index " + index + " of term " + term);
    }
  }
}
