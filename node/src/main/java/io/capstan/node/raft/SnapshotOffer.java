package io.capstan.node.raft;

/** What becomes of a snapshot that was offered by {@link Raft#offerSnapshot}. */
public enum SnapshotOffer {
  /** The next output says {@link Output#install}. */
  INSTALL,
  /**
   * The log holds all of it already; the entries up to there are committed now and will be applied
   * as usual. Discard the snapshot.
   */
  IN_LOG,
  /** This node is committed at least that far. Discard the snapshot. */
  BEHIND
}
