package io.capstan.chaos.report;

import io.capstan.chaos.check.Verdict;

/**
 * Colours for a terminal, or none. What is coloured also says in words what the colour means.
 *
 * @param isColoured whether colours are welcome
 */
public record Ink(boolean isColoured) {
  private static final String RESET = "\u001b[0m";

  private String paint(String code, String text) {
    return isColoured ? "\u001b[" + code + "m" + text + RESET : text;
  }

  /** Something that is as it should be. */
  public String good(String text) {
    return paint("32", text);
  }

  /** Something that is not as it should be. */
  public String bad(String text) {
    return paint("31;1", text);
  }

  /** Something to look at. */
  public String warn(String text) {
    return paint("33", text);
  }

  /** Something of less weight. */
  public String faint(String text) {
    return paint("2", text);
  }

  /** A heading. */
  public String strong(String text) {
    return paint("1", text);
  }

  /** A verdict in its colour. */
  public String verdict(String label, String text) {
    if (label.equals(Verdict.Status.VALID.label())) {
      return good(text);
    }
    return label.equals(Verdict.Status.INVALID.label()) ? bad(text) : warn(text);
  }
}
