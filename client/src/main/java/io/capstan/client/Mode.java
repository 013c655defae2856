package io.capstan.client;

/** The side of the CAP theorem that a keyspace has chosen. */
public enum Mode {
  /** Consistent under a partition: one Raft log decides, the minority refuses. */
  CP("cp"),

  /** Available under a partition: every node accepts, concurrent writes are kept as siblings. */
  AP("ap");

  private final String label;

  Mode(String label) {
    this.label = label;
  }

  /** Returns the lower-case name used in JSON, in text and on the command line. */
  public String label() {
    return label;
  }
}
