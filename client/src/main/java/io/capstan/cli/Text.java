package io.capstan.cli;

import io.capstan.client.Bytes;
import io.capstan.client.Mode;
import io.capstan.client.Receipt;
import io.capstan.client.Sibling;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What people read. */
final class Text {
  private static final String RESET = "\u001b[0m";

  /** A colour of the terminal. */
  enum Colour {
    GREEN("\u001b[32m"),
    YELLOW("\u001b[33m"),
    RED("\u001b[31m"),
    FAINT("\u001b[2m");

    private final String code;

    Colour(String code) {
      this.code = code;
    }
  }

  private Text() {}

  static String colour(Streams streams, Colour colour, String text) {
    return streams.colours() ? colour.code + text + RESET : text;
  }

  /** Text as it is; bytes that would upset a terminal in base64, and said so. */
  static String value(@Nullable Bytes value) {
    if (value == null) {
      return "(deleted)";
    }
    String text = value.utf8();
    boolean plain =
        value.isUtf8()
            && text.chars().noneMatch(c -> c < ' ' && c != '\n' && c != '\t' || c == 127);
    return plain ? text : "base64:" + Base64.getEncoder().encodeToString(value.toByteArray());
  }

  /** In brackets, what was promised and by whom: {@code (cp, epoch 1, leader n2)}. */
  static String promise(Receipt receipt) {
    List<String> parts = new ArrayList<>();
    if (receipt.mode() != null) {
      parts.add(receipt.mode().label());
    }
    parts.add("epoch " + receipt.epoch());
    boolean isCp = receipt.mode() == Mode.CP;
    boolean isStale = receipt.level() == io.capstan.client.Level.STALE;
    if (receipt.level() != null && (!isCp || isStale)) {
      parts.add(receipt.level().label());
    }
    if (!receipt.phase().isEmpty() && !receipt.phase().equals("serving")) {
      parts.add(receipt.phase());
    }
    if (isCp) {
      parts.add((isStale ? "from " : "leader ") + receipt.servedBy());
    } else {
      // In CP the majority is the promise; who else has it yet changes from one write to the next.
      parts.add("acked by " + names(receipt.acked()));
      if (!receipt.hinted().isEmpty()) {
        parts.add("hinted for " + names(receipt.hinted()));
      }
      if (!receipt.missing().isEmpty()) {
        parts.add("missing " + names(receipt.missing()));
      }
    }
    if (!receipt.leftBehind().isEmpty()) {
      parts.add("not across the change of mode: " + String.join(" ", receipt.leftBehind()));
    }
    if (isStale && receipt.stalenessMillis() != null) {
      parts.add("at most " + receipt.stalenessMillis() + " ms old");
    }
    return "(" + String.join(", ", parts) + ")";
  }

  private static String names(List<String> nodes) {
    return nodes.isEmpty() ? "none" : String.join(" ", nodes);
  }

  static String ok(Streams streams, Receipt receipt) {
    return colour(streams, Colour.GREEN, "OK")
        + "  version "
        + receipt.version()
        + "  "
        + colour(streams, Colour.FAINT, promise(receipt))
        + (receipt.superseded().isEmpty()
            ? ""
            : colour(
                streams, Colour.FAINT, "  replaced " + String.join(" ", receipt.superseded())));
  }

  static String sibling(Sibling sibling) {
    return "  " + value(sibling.value()) + "  (version " + sibling.version() + ")";
  }

  /** Left-aligned columns, two spaces apart; the first row is the heading. */
  static String table(List<List<String>> rows) {
    int columns = rows.get(0).size();
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int column = 0; column < columns; column++) {
        widths[column] = Math.max(widths[column], row.get(column).length());
      }
    }
    StringBuilder table = new StringBuilder();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int column = 0; column < columns; column++) {
        String cell = row.get(column);
        line.append(cell).append(" ".repeat(widths[column] - cell.length() + 2));
      }
      table.append(line.toString().stripTrailing()).append('\n');
    }
    return table.toString();
  }
}
