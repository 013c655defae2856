package io.capstan.node.quorum;

import io.capstan.node.version.Dot;
import io.capstan.proto.store.v1.DiscardedWrite;
import io.capstan.proto.store.v1.LedgerSummary;
import org.jspecify.annotations.Nullable;

/** The stored rows of a {@link ConflictLedger}; written with the batch of what they tell about. */
public interface LedgerTable {

  /** Receives rows in any order that is the same for the same rows. */
  interface RowVisitor {
    void visit(DiscardedWrite row);
  }

  /** The row of the write with this dot, or null. */
  @Nullable DiscardedWrite read(Dot dot);

  /** Stores the row under its own dot. */
  void write(DiscardedWrite row);

  /** Removes the row of the write with this dot. */
  void delete(Dot dot);

  /** Visits all rows. */
  void scan(RowVisitor visitor);

  /** The stored summary; the empty one at first. */
  LedgerSummary readSummary();

  /** Stores the summary. */
  void writeSummary(LedgerSummary summary);
}
