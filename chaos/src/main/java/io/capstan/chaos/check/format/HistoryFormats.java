package io.capstan.chaos.check.format;

import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryEvent;
import io.capstan.chaos.check.HistoryValues;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Histories from and to text. Stateless. */
public final class HistoryFormats {
  /** Larger files are refused: they are read into memory whole. */
  public static final long FILE_MAX_BYTES = 1L << 30;

  private static final String BYTE_ORDER_MARK = "\ufeff";
  private static final Pattern JSON_START = Pattern.compile("\\{\\s*[\"}].*", Pattern.DOTALL);
  private static final Pattern EDN_START = Pattern.compile("[\\[({#;].*", Pattern.DOTALL);

  private HistoryFormats() {}

  /**
   * Reads a file in the format that it shows.
   *
   * @throws MalformedHistoryException if a line cannot be understood
   * @throws IOException if the file cannot be read or is larger than {@link #FILE_MAX_BYTES}
   */
  public static History read(Path file) throws IOException, MalformedHistoryException {
    String text = text(file);
    return parse(text, detect(text));
  }

  /**
   * Reads a file in this format.
   *
   * @throws MalformedHistoryException if a line cannot be understood
   * @throws IOException if the file cannot be read or is larger than {@link #FILE_MAX_BYTES}
   */
  public static History read(Path file, HistoryFormat format)
      throws IOException, MalformedHistoryException {
    return parse(text(file), format);
  }

  private static String text(Path file) throws IOException {
    long bytes = Files.size(file);
    if (bytes > FILE_MAX_BYTES) {
      throw new IOException(
          file + " has " + bytes + " bytes; a history may have " + FILE_MAX_BYTES + " at most");
    }
    try {
      String text = Files.readString(file, StandardCharsets.UTF_8);
      return text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text;
    } catch (MalformedInputException e) {
      throw new IOException(file + " is not UTF-8 text", e);
    }
  }

  /**
   * The format that a file shows.
   *
   * @throws MalformedHistoryException if it shows no known format
   * @throws IOException if the file cannot be read or is larger than {@link #FILE_MAX_BYTES}
   */
  public static HistoryFormat detect(Path file) throws IOException, MalformedHistoryException {
    return detect(text(file));
  }

  /**
   * Reads one value as EDN writes it: {@code 7}, {@code nil}, {@code "text"}, {@code [1 2]}.
   *
   * @throws MalformedHistoryException if it is none
   */
  public static @Nullable Object parseValue(String text) throws MalformedHistoryException {
    EdnParser parser = new EdnParser(text);
    try {
      Object value = parser.next();
      if (value == EdnParser.END || parser.next() != EdnParser.END) {
        throw new MalformedHistoryException(1, text, "one value was expected");
      }
      return HistoryValues.canonical(value);
    } catch (EdnParser.EdnException e) {
      throw new MalformedHistoryException(1, text, String.valueOf(e.getMessage()));
    }
  }

  /**
   * Reads a text in the format that it shows.
   *
   * @throws MalformedHistoryException if a line cannot be understood
   */
  public static History parse(String text) throws MalformedHistoryException {
    return parse(text, detect(text));
  }

  /**
   * Reads a text.
   *
   * @throws MalformedHistoryException if a line cannot be understood
   */
  public static History parse(String text, HistoryFormat format) throws MalformedHistoryException {
    List<String> lines = List.of(text.split("\n", -1));
    List<RawEvent> raw =
        switch (format) {
          case EDN -> new EdnHistory(text, lines).read();
          case JSONL -> new JsonLines(lines).read();
          case JEPSEN_LOG -> new JepsenLog(lines).read();
          case PORCUPINE_KV -> readPorcupine(text, lines);
        };
    return new EventAssembler(lines).assemble(raw);
  }

  private static List<RawEvent> readPorcupine(String text, List<String> lines)
      throws MalformedHistoryException {
    List<RawEvent> raw = new EdnHistory(text, lines).read();
    for (RawEvent event : raw) {
      if (event.fields().get("key") == null) {
        throw new MalformedHistoryException(
            event.line(), lines.get(event.line() - 1), "an operation without :key");
      }
    }
    return raw;
  }

  /**
   * The format that the first meaningful line shows; EDN if there is none.
   *
   * @throws MalformedHistoryException if it shows no known format
   */
  public static HistoryFormat detect(String text) throws MalformedHistoryException {
    int number = 0;
    for (String raw : (Iterable<String>) text.lines()::iterator) {
      number++;
      String line = raw.strip();
      if (line.isEmpty() || line.startsWith(";")) {
        continue;
      }
      if (JSON_START.matcher(line).matches()) {
        return HistoryFormat.JSONL;
      }
      if (line.startsWith("{") && line.contains(":key ") && !line.contains(":index ")) {
        return HistoryFormat.PORCUPINE_KV;
      }
      if (EDN_START.matcher(line).matches()) {
        return HistoryFormat.EDN;
      }
      if (JepsenLog.isLogLine(line)) {
        return HistoryFormat.JEPSEN_LOG;
      }
      throw new MalformedHistoryException(
          number, raw, "neither of " + String.join(", ", HistoryFormat.labels()));
    }
    return HistoryFormat.EDN;
  }

  /**
   * Writes a history, one event a line.
   *
   * @param format EDN or JSON lines
   * @throws IllegalArgumentException for a format that is only read
   * @throws IOException if the target cannot take it
   */
  public static void write(History history, HistoryFormat format, Appendable target)
      throws IOException {
    for (HistoryEvent event : history.events()) {
      target
          .append(
              switch (format) {
                case EDN -> EdnWriter.write(event);
                case JSONL -> JsonLines.write(event);
                case JEPSEN_LOG, PORCUPINE_KV ->
                    throw new IllegalArgumentException(
                        "histories are written as edn or jsonl, not as " + format.label());
              })
          .append('\n');
    }
  }

  /**
   * Writes a history to a file, one event a line.
   *
   * @throws IllegalArgumentException for a format that is only read
   * @throws IOException if the file cannot be written
   */
  public static void write(History history, HistoryFormat format, Path file) throws IOException {
    try (var writer = Files.newBufferedWriter(file)) {
      write(history, format, writer);
    }
  }
}
