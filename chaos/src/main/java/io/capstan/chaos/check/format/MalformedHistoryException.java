package io.capstan.chaos.check.format;

/** A line of a history that cannot be understood. */
public final class MalformedHistoryException extends Exception {
  private static final long serialVersionUID = 1L;
  private static final int SHOWN_MAX_CHARACTERS = 120;

  private final int line;

  /**
   * Names the place.
   *
   * @param line from 1
   * @param content the line as it stands in the file
   * @param why what is wrong with it
   */
  public MalformedHistoryException(int line, String content, String why) {
    super("line " + line + ": " + why + ": " + shorten(content.strip()));
    this.line = line;
  }

  private static String shorten(String content) {
    return content.length() <= SHOWN_MAX_CHARACTERS
        ? content
        : content.substring(0, SHOWN_MAX_CHARACTERS) + "...";
  }

  /** The line, from 1. */
  public int line() {
    return line;
  }
}
