package io.capstan.node.quorum;

import io.capstan.proto.store.v1.SessionMarks;

/** The stored rows of an {@link OperationLedger}, one a session. */
public interface OperationTable {

  /** Receives rows in any order that is the same for the same rows. */
  interface RowVisitor {
    void visit(SessionMarks row);
  }

  /** Stores the row under its session. */
  void write(SessionMarks row);

  /** Removes the row of the session. */
  void delete(long session);

  /** Visits all rows. */
  void scan(RowVisitor visitor);
}
