package io.capstan.chaos.check.txn;

/**
 * What can be wrong with transactions, the worst first, with the weakest level that forbids it. The
 * names G0 to G2 are Adya's (1999).
 */
public enum AnomalyKind {
  /** A list holds an element that nobody ever appended. */
  GARBAGE_READ("garbage read", IsolationLevel.READ_UNCOMMITTED),
  /** A list holds one element twice. */
  DUPLICATE_ELEMENT("duplicate element", IsolationLevel.READ_UNCOMMITTED),
  /** Two reads of one list show orders of which neither continues the other. */
  INCOMPATIBLE_ORDER("incompatible order", IsolationLevel.READ_UNCOMMITTED),
  /** Of the appends of one transaction to a list some are missing or in another order. */
  TORN_WRITE("torn write", IsolationLevel.READ_UNCOMMITTED),
  /** Something was appended on top of an element of a transaction that was aborted. */
  DIRTY_UPDATE("dirty update", IsolationLevel.READ_UNCOMMITTED),
  /** A cycle of writes over writes. */
  G0("G0, write cycle", IsolationLevel.READ_UNCOMMITTED),
  /** Somebody read what an aborted transaction had written. */
  G1A("G1a, aborted read", IsolationLevel.READ_COMMITTED),
  /** Somebody read a list between two appends of one transaction. */
  G1B("G1b, intermediate read", IsolationLevel.READ_COMMITTED),
  /** A cycle of writes over writes and of reads of writes. */
  G1C("G1c, circular information flow", IsolationLevel.READ_COMMITTED),
  /** A transaction contradicts itself. */
  INTERNAL("internal inconsistency", IsolationLevel.SNAPSHOT_ISOLATION),
  /** Two transactions read the same version of a list, and both appended to it. */
  LOST_UPDATE("lost update", IsolationLevel.SNAPSHOT_ISOLATION),
  /** A cycle with exactly one step where a read missed a later write. */
  G_SINGLE("G-single, read skew", IsolationLevel.SNAPSHOT_ISOLATION),
  /** A cycle with several such steps, no two of them side by side. */
  G_NONADJACENT("G-nonadjacent", IsolationLevel.SNAPSHOT_ISOLATION),
  /** A cycle with several such steps. */
  G2("G2, write skew", IsolationLevel.SERIALIZABLE),
  /** G0 once real time counts. */
  G0_REALTIME("G0 in real time", IsolationLevel.STRICT_SERIALIZABLE),
  /** G1c once real time counts. */
  G1C_REALTIME("G1c in real time", IsolationLevel.STRICT_SERIALIZABLE),
  /** G-single once real time counts: a stale read. */
  G_SINGLE_REALTIME("G-single in real time, stale read", IsolationLevel.STRICT_SERIALIZABLE),
  /** G2 once real time counts. */
  G2_REALTIME("G2 in real time", IsolationLevel.STRICT_SERIALIZABLE);

  private final String title;
  private final IsolationLevel forbiddenFrom;

  AnomalyKind(String title, IsolationLevel forbiddenFrom) {
    this.title = title;
    this.forbiddenFrom = forbiddenFrom;
  }

  /** The name for people. */
  public String title() {
    return title;
  }

  /** The weakest level that forbids it; all stronger ones do too. */
  public IsolationLevel forbiddenFrom() {
    return forbiddenFrom;
  }
}
