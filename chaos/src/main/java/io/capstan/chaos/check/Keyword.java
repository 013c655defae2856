package io.capstan.chaos.check;

/**
 * An EDN keyword inside a value, such as {@code :timed-out}; kept apart from the string of the same
 * letters.
 *
 * @param name without the leading colon, a namespace included
 */
public record Keyword(String name) {
  @Override
  public String toString() {
    return ":" + name;
  }
}
