package io.capstan.chaos.check.format;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** How a history is written down. */
public enum HistoryFormat {
  /** Jepsen's operation maps, one a line or in one vector. */
  EDN("edn"),
  /** One JSON object a line, with the same fields. */
  JSONL("jsonl"),
  /** The log of a Jepsen run: {@code INFO jepsen.util - 3 :invoke :write 5}. */
  JEPSEN_LOG("jepsen-log"),
  /**
   * Porcupine's key-value logs: operation maps with {@code :key}, and {@code get}, {@code put},
   * {@code append}.
   */
  PORCUPINE_KV("porcupine-kv");

  private final String label;

  HistoryFormat(String label) {
    this.label = label;
  }

  /** The name that the command line knows. */
  public String label() {
    return label;
  }

  /** The format of this name. */
  public static Optional<HistoryFormat> ofLabel(String label) {
    return Arrays.stream(values()).filter(format -> format.label.equals(label)).findFirst();
  }

  /** All names. */
  public static List<String> labels() {
    return Arrays.stream(values()).map(HistoryFormat::label).toList();
  }
}
