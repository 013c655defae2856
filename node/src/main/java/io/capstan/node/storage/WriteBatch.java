package io.capstan.node.storage;

import io.capstan.node.raft.Entry;
import io.capstan.node.raft.HardState;
import io.capstan.node.raft.SnapshotPosition;
import io.capstan.proto.store.v1.SnapshotManifest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything that one step of the event loop wants written, applied whole or not at all: log
 * entries, hard state and table rows.
 *
 * <p>Arrays are handed over, not copied: the caller must not change them afterwards. Not
 * thread-safe.
 */
public final class WriteBatch {

  /**
   * One row change, in the order in which it was asked for.
   *
   * @param value the new value, or null to delete the row
   */
  public record Row(Table table, byte[] key, byte @Nullable [] value) {}

  private final List<Row> rows = new ArrayList<>();
  private List<Entry> entries = List.of();
  private long truncateFrom;
  private @Nullable HardState hardState;
  private @Nullable SnapshotPosition compactTo;
  private @Nullable SnapshotManifest install;

  /** Sets the row. */
  public void put(Table table, byte[] key, byte[] value) {
    rows.add(new Row(table, key, value));
  }

  /** Removes the row; no error where there is none. */
  public void delete(Table table, byte[] key) {
    rows.add(new Row(table, key, null));
  }

  /**
   * Sets what is to be appended to the log. Once a batch.
   *
   * @param truncateFromIndex the first index to remove before appending; 0 removes nothing
   * @param newEntries contiguous entries
   */
  public void appendToLog(long truncateFromIndex, List<Entry> newEntries) {
    if (!entries.isEmpty() || truncateFrom != 0) {
      throw new IllegalStateException("a batch carries one append to the log");
    }
    truncateFrom = truncateFromIndex;
    entries = List.copyOf(newEntries);
  }

  /**
   * Removes the log entries up to the position and remembers it; entries above stay. Done after
   * {@link #appendToLog}. At index 0 it only notes the members that the group began with.
   */
  public void compactLog(SnapshotPosition position) {
    compactTo = position;
  }

  /**
   * After everything else of the batch, replaces the state of the group by the snapshot that is
   * staged for it, complete and verified: the group's own tables, the tables of CP keyspaces but
   * their ledgers, which are this node's own, and the log, which goes on behind the snapshot. AP
   * keyspaces are left as they are, made where the snapshot names a new one, and dropped where it
   * does not name them. Term and vote stay.
   *
   * @param manifest of the staged snapshot
   */
  public void installSnapshot(SnapshotManifest manifest) {
    install = manifest;
  }

  /** Sets the term and vote that are to be durable with this batch. */
  public void hardState(HardState state) {
    hardState = state;
  }

  /** Row changes in order; later ones win. */
  public List<Row> rows() {
    return Collections.unmodifiableList(rows);
  }

  /** Entries to append, contiguous, possibly none. */
  public List<Entry> entries() {
    return entries;
  }

  /** The first index to remove before appending; 0 for none. */
  public long truncateFrom() {
    return truncateFrom;
  }

  /** The hard state to write, or null where it did not change. */
  public @Nullable HardState hardState() {
    return hardState;
  }

  /** The position up to which log entries are removed, or null for none. */
  public @Nullable SnapshotPosition compactTo() {
    return compactTo;
  }

  /** The snapshot that replaces state and log in the end, or null for none. */
  public @Nullable SnapshotManifest install() {
    return install;
  }

  /** Whether there is nothing to write. */
  public boolean isEmpty() {
    return rows.isEmpty()
        && entries.isEmpty()
        && truncateFrom == 0
        && hardState == null
        && compactTo == null
        && install == null;
  }
}
