package io.capstan.chaos.check.format;

import io.capstan.chaos.check.HistoryEvent;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Writes events as Jepsen's operation maps, one a line; independent keys as {@code [k v]}. */
final class EdnWriter {
  private static final Pattern KEYWORD_NAME =
      Pattern.compile("[A-Za-z*!_?$%&=<>][\\w*!?$%&=<>./+-]*");

  private EdnWriter() {}

  /** One event as a line, without its end. */
  static String write(HistoryEvent event) {
    StringBuilder line = new StringBuilder(96);
    line.append("{:index ").append(event.index());
    if (event.timeNanos() != HistoryEvent.NO_TIME) {
      line.append(", :time ").append(event.timeNanos());
    }
    line.append(", :process ");
    if (event.isClient()) {
      line.append(event.process());
    } else {
      line.append(":nemesis");
    }
    line.append(", :type :").append(event.type().label()).append(", :f ");
    writeName(line, event.f());
    if (event.key() != null) {
      line.append(", :key ");
      write(line, event.key());
      line.append(", :value [");
      write(line, event.key());
      line.append(' ');
      write(line, event.value());
      line.append(']');
    } else {
      line.append(", :value ");
      write(line, event.value());
    }
    for (Map.Entry<String, @Nullable Object> extra : event.extras().entrySet()) {
      line.append(", ");
      writeName(line, extra.getKey());
      line.append(' ');
      write(line, extra.getValue());
    }
    return line.append('}').toString();
  }

  private static void writeName(StringBuilder line, String name) {
    if (KEYWORD_NAME.matcher(name).matches()) {
      line.append(':').append(name);
    } else {
      writeString(line, name);
    }
  }

  private static void write(StringBuilder line, @Nullable Object value) {
    switch (value) {
      case null -> line.append("nil");
      case String text -> writeString(line, text);
      case Set<?> set -> writeAll(line.append("#{"), set).append('}');
      case Collection<?> list -> writeAll(line.append('['), list).append(']');
      case Map<?, ?> map -> {
        line.append('{');
        String separator = "";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          line.append(separator);
          write(line, entry.getKey());
          line.append(' ');
          write(line, entry.getValue());
          separator = ", ";
        }
        line.append('}');
      }
      default -> line.append(value);
    }
  }

  private static StringBuilder writeAll(StringBuilder line, Collection<?> values) {
    String separator = "";
    for (Object value : values) {
      line.append(separator);
      write(line, value);
      separator = " ";
    }
    return line;
  }

  private static void writeString(StringBuilder line, String text) {
    line.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> line.append("\\\"");
        case '\\' -> line.append("\\\\");
        case '\n' -> line.append("\\n");
        case '\r' -> line.append("\\r");
        case '\t' -> line.append("\\t");
        default -> {
          if (c < ' ') {
            line.append(String.format("\\u%04x", (int) c));
          } else {
            line.append(c);
          }
        }
      }
    }
    line.append('"');
  }
}
