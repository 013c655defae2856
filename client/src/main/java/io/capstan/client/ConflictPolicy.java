package io.capstan.client;

/** What an AP keyspace does with concurrent writes of one key. */
public enum ConflictPolicy {
  /** Keeps all of them and shows them. */
  SIBLINGS("siblings"),

  /** The largest hybrid logical timestamp wins. */
  LWW("lww");

  private final String label;

  ConflictPolicy(String label) {
    this.label = label;
  }

  /** Returns the lower-case name used in JSON, in text and on the command line. */
  public String label() {
    return label;
  }
}
