package io.capstan.chaos.report;

import java.util.ArrayList;
import java.util.List;

/** Breaks sentences into lines. */
public final class Paragraph {
  private Paragraph() {}

  /**
   * Breaks a text at its blanks into lines no longer than the width, unless one word is.
   *
   * @param first what the first line begins with
   * @param indent what every other line begins with
   */
  public static List<String> wrap(String text, String first, String indent, int width) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder(first);
    boolean isEmpty = true;
    for (String word : text.split(" ", -1)) {
      if (!isEmpty && line.length() + 1 + word.length() > width) {
        lines.add(line.toString());
        line = new StringBuilder(indent);
        isEmpty = true;
      }
      line.append(isEmpty ? "" : " ").append(word);
      isEmpty = false;
    }
    lines.add(line.toString());
    return lines;
  }
}
