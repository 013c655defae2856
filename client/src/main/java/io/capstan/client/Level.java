package io.capstan.client;

/** What a single request asks for. A level of the other mode is refused by the cluster. */
public enum Level {
  /** CP, reads and writes: as if there were one copy. The default in a CP keyspace. */
  LINEARIZABLE("linearizable", Mode.CP),

  /** CP, reads only: what the asked node has applied, however old. */
  STALE("stale", Mode.CP),

  /** AP: one replica. */
  ONE("one", Mode.AP),

  /** AP: a majority of the replicas. The default in an AP keyspace. */
  QUORUM("quorum", Mode.AP),

  /** AP: every replica. */
  ALL("all", Mode.AP);

  private final String label;
  private final Mode mode;

  Level(String label, Mode mode) {
    this.label = label;
    this.mode = mode;
  }

  /** Returns the lower-case name used in JSON, in text and on the command line. */
  public String label() {
    return label;
  }

  /** Returns the mode whose keyspaces understand this level. */
  public Mode mode() {
    return mode;
  }
}
