package io.capstan.chaos.check;

/** What an event of a history says about its operation; the four types of Jepsen's histories. */
public enum EventType {
  /** The client is about to send the operation. */
  INVOKE,
  /** The operation took effect, and the event carries the answer. */
  OK,
  /** The operation had no effect and never will. */
  FAIL,
  /** Nobody knows: it may take effect at any later time, or never. */
  INFO;

  /** The name as histories spell it: {@code invoke}, {@code ok}, {@code fail}, {@code info}. */
  public String label() {
    return switch (this) {
      case INVOKE -> "invoke";
      case OK -> "ok";
      case FAIL -> "fail";
      case INFO -> "info";
    };
  }

  /**
   * Reads a label.
   *
   * @throws IllegalArgumentException if it is none of the four
   */
  public static EventType ofLabel(String label) {
    return switch (label) {
      case "invoke" -> INVOKE;
      case "ok" -> OK;
      case "fail" -> FAIL;
      case "info" -> INFO;
      default ->
          throw new IllegalArgumentException(
              "the type of an event is invoke, ok, fail or info, not '" + label + "'");
    };
  }
}
