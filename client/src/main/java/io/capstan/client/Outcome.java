package io.capstan.client;

/** What became of an operation. There is no fourth case, and none of the three is ever guessed. */
public enum Outcome {
  /** Done, as the receipt says. */
  OK("ok"),

  /** Definitely not applied. */
  FAILED("failed"),

  /** It may have been applied, or may still be. */
  UNKNOWN("unknown");

  private final String label;

  Outcome(String label) {
    this.label = label;
  }

  /** Returns the lower-case name used in JSON and in text. */
  public String label() {
    return label;
  }
}
