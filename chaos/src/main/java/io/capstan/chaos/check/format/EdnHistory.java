package io.capstan.chaos.check.format;

import io.capstan.chaos.check.Keyword;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads Jepsen's operation maps, one after another or inside one vector or list. */
final class EdnHistory {
  private final String text;
  private final List<String> lines;
  private final int[] lineStarts;

  EdnHistory(String text, List<String> lines) {
    this.text = text;
    this.lines = lines;
    this.lineStarts = new int[lines.size()];
    int start = 0;
    for (int i = 0; i < lineStarts.length; i++) {
      lineStarts[i] = start;
      int end = text.indexOf('\n', start);
      start = end < 0 ? text.length() : end + 1;
    }
  }

  List<RawEvent> read() throws MalformedHistoryException {
    EdnParser parser = new EdnParser(text);
    parser.skipTags();
    int start = parser.offset();
    char first = start < text.length() ? text.charAt(start) : ' ';
    return first == '[' || first == '('
        ? readSequence(parser, first == '[' ? ']' : ')')
        : readLines();
  }

  private List<RawEvent> readSequence(EdnParser parser, char close)
      throws MalformedHistoryException {
    parser.consume(close == ']' ? '[' : '(');
    List<RawEvent> events = new ArrayList<>();
    int start = parser.offset();
    try {
      while (!parser.consume(close)) {
        start = parser.offset();
        Object form = parser.next();
        if (form == EdnParser.END) {
          throw malformed(lines.size() - 1, "the history ends before its closing '" + close + "'");
        }
        events.add(event(lineOf(start), form));
      }
      start = parser.offset();
      if (parser.next() != EdnParser.END) {
        throw malformed(lineOf(parser.offset() - 1), "something follows the history");
      }
    } catch (EdnParser.EdnException e) {
      // What is unclosed is noticed at the end only; the place to look at is where it began.
      throw malformed(lineOf(e.atEnd ? start : e.offset), String.valueOf(e.getMessage()));
    }
    return events;
  }

  /** A map may go on over several lines, but none begins before the last one was closed. */
  private List<RawEvent> readLines() throws MalformedHistoryException {
    List<RawEvent> events = new ArrayList<>();
    int line = 0;
    while (line < lines.size()) {
      int end = line + 1;
      StringBuilder form = new StringBuilder(lines.get(line));
      while (true) {
        try {
          readForms(form.toString(), line, events);
          break;
        } catch (EdnParser.EdnException e) {
          boolean goesOn = e.atEnd && end < lines.size() && !beginsEvent(lines.get(end));
          if (!goesOn) {
            throw malformed(line, String.valueOf(e.getMessage()));
          }
          form.append('\n').append(lines.get(end++));
        }
      }
      line = end;
    }
    return events;
  }

  private void readForms(String form, int line, List<RawEvent> events)
      throws EdnParser.EdnException, MalformedHistoryException {
    EdnParser parser = new EdnParser(form);
    List<RawEvent> found = new ArrayList<>(1);
    for (Object next = parser.next(); next != EdnParser.END; next = parser.next()) {
      found.add(event(line, next));
    }
    events.addAll(found);
  }

  private static boolean beginsEvent(String line) {
    return line.startsWith("{") || line.startsWith("#");
  }

  private RawEvent event(int line, @Nullable Object form) throws MalformedHistoryException {
    if (!(form instanceof Map<?, ?> map)) {
      throw malformed(line, "an operation map was expected");
    }
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      String name =
          entry.getKey() instanceof Keyword keyword
              ? keyword.name()
              : String.valueOf(entry.getKey());
      fields.put(name, entry.getValue());
    }
    return new RawEvent(line + 1, fields);
  }

  private int lineOf(int offset) {
    int found = Arrays.binarySearch(lineStarts, offset);
    return Math.min(lines.size() - 1, found >= 0 ? found : -found - 2);
  }

  private MalformedHistoryException malformed(int line, String why) {
    return new MalformedHistoryException(line + 1, lines.get(line), why);
  }
}
