package io.capstan.cli;

/** What a command writes to standard output. */
public enum OutputFormat {
  /** For people. */
  TEXT,
  /** One JSON object, or one a line where a command streams. */
  JSON,
  /** For pipes: the bytes of a value and nothing else. */
  RAW
}
