package io.capstan.chaos.check.format;

import io.capstan.chaos.check.Keyword;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the log of a Jepsen run. An operation is a line of {@code jepsen.util}, or of another
 * logger if it reads like one. All other lines of other loggers are skipped, together with what
 * hangs on below them, such as a stack trace; a line of {@code jepsen.util} that is no operation,
 * and a line that belongs to nothing, is an error.
 */
final class JepsenLog {
  private static final Pattern LOG_LINE =
      Pattern.compile(
          "(?:\\S+[ T]\\S+\\s+)?(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\\s+(?:\\[[^\\]]*\\]\\s+)?"
              + "([\\w.$/-]+?)(?:\\s+-|:)\\s+(.*)");

  /** {@code INFO [time] thread - logger message}. */
  private static final Pattern THREAD_LINE =
      Pattern.compile(
          "(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\\s+\\[[^\\]]*\\]\\s+(?:\\S.*?)?\\s*-\\s+"
              + "([a-z][\\w.$/-]*)\\s+(.*)");

  private static final Pattern OPERATION =
      Pattern.compile("(\\d+|:?[a-z][\\w.-]*)\\s+:(invoke|ok|fail|info)\\s+:?(\\S+)(?:\\s+(.*))?");
  private static final String OPERATION_LOGGER = "jepsen.util";

  private final List<String> lines;

  JepsenLog(List<String> lines) {
    this.lines = lines;
  }

  /** Whether a line looks like one of such a log. */
  static boolean isLogLine(String line) {
    return logLine(line) != null;
  }

  private static @Nullable Matcher logLine(String line) {
    for (Pattern pattern : List.of(THREAD_LINE, LOG_LINE)) {
      Matcher matcher = pattern.matcher(line.stripTrailing());
      if (matcher.matches()) {
        return matcher;
      }
    }
    return null;
  }

  List<RawEvent> read() throws MalformedHistoryException {
    List<RawEvent> events = new ArrayList<>();
    boolean otherLogger = false;
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      if (line.isBlank()) {
        continue;
      }
      Matcher logLine = logLine(line);
      if (logLine != null) {
        String message = String.valueOf(logLine.group(2));
        otherLogger = !OPERATION_LOGGER.equals(logLine.group(1));
        if (!otherLogger || OPERATION.matcher(message).matches()) {
          otherLogger = false;
          events.add(event(i, message));
        }
      } else if (!otherLogger) {
        throw malformed(i, "not a line of a Jepsen log");
      }
    }
    return events;
  }

  private RawEvent event(int line, String rest) throws MalformedHistoryException {
    Matcher operation = OPERATION.matcher(rest);
    if (!operation.matches()) {
      throw malformed(line, "not an operation (process, :type, :f, value)");
    }
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("process", process(line, String.valueOf(operation.group(1))));
    fields.put("type", operation.group(2));
    fields.put("f", operation.group(3));
    EdnParser parser = new EdnParser(operation.group(4) == null ? "" : operation.group(4));
    try {
      Object value = parser.next();
      if (value == EdnParser.END) {
        throw malformed(line, "an operation without its value");
      }
      fields.put("value", value);
      Object error = parser.next();
      if (error != EdnParser.END) {
        fields.put("error", error instanceof Keyword keyword ? keyword.toString() : error);
      }
    } catch (EdnParser.EdnException e) {
      throw malformed(line, String.valueOf(e.getMessage()));
    }
    return new RawEvent(line + 1, fields);
  }

  private Object process(int line, String text) throws MalformedHistoryException {
    if (!Character.isDigit(text.charAt(0))) {
      return text;
    }
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw malformed(line, "'" + text + "' is not the number of a process");
    }
  }

  private MalformedHistoryException malformed(int line, String why) {
    return new MalformedHistoryException(line + 1, lines.get(line), why);
  }
}
