package io.capstan.node.raft;

import java.util.List;

/**
 * The log as the caller has written it so far. The core reads through this port what it no longer
 * holds in memory: entries for a follower that lags far behind, entries that are applied after a
 * restart, and terms for a log comparison.
 *
 * <p>The core never asks for an entry that it has not yet handed out by {@link Raft#drain}, and
 * never for one that a pending truncation removes, so an implementation answers from its storage
 * alone. Called on the event loop only.
 */
public interface LogReader {

  /**
   * Index of the first entry that is still stored; {@code lastIndex() + 1} when none is. 1 in a log
   * never compacted.
   */
  long firstIndex();

  /**
   * What the removed beginning of the log stands for: the position just before {@link #firstIndex}.
   * Index 0 when nothing was removed, with the members that the group began with, or {@link
   * SnapshotPosition#NONE} where nothing was ever written.
   */
  SnapshotPosition snapshot();

  /** Index of the last entry; that of {@link #snapshot} when there is none. */
  long lastIndex();

  /**
   * Term of an entry.
   *
   * @param index from {@code firstIndex() - 1}, whose term stays known after compaction (0 for
   *     index 0), to {@code lastIndex()}
   * @throws IllegalArgumentException when the index is outside that range
   */
  long term(long index);

  /**
   * Entries in order and without a gap, as many as fit.
   *
   * @param fromIndex first wanted, at least {@code firstIndex()}
   * @param toIndexInclusive last wanted, at most {@code lastIndex()}
   * @param sizeMaxBytes bound on the sum of {@link Entry#sizeBytes()}; the first entry is returned
   *     even if it is larger
   * @return at least one entry
   */
  List<Entry> entries(long fromIndex, long toIndexInclusive, long sizeMaxBytes);
}
