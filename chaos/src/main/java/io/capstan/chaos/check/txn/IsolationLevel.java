package io.capstan.chaos.check.txn;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** How far transactions are kept apart, the weakest first; each forbids what those before it do. */
public enum IsolationLevel {
  /** Writes are not interleaved. */
  READ_UNCOMMITTED,
  /** And reads see only what was committed. */
  READ_COMMITTED,
  /** And a transaction reads one snapshot, and of two that change the same only one commits. */
  SNAPSHOT_ISOLATION,
  /** And all transactions stand in one order. */
  SERIALIZABLE,
  /** And that order respects real time: who ended before another began comes first. */
  STRICT_SERIALIZABLE;

  /** The name as the command line and scenario files spell it, such as {@code serializable}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The labels, the weakest level first. */
  public static List<String> labels() {
    return Arrays.stream(values()).map(IsolationLevel::label).toList();
  }

  /** The level of this label. */
  public static Optional<IsolationLevel> ofLabel(String label) {
    return Arrays.stream(values()).filter(level -> level.label().equals(label)).findFirst();
  }
}
