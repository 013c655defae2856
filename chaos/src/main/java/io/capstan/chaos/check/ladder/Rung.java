package io.capstan.chaos.check.ladder;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The rungs of the ladder, the strongest first. */
public enum Rung {
  /** One order of all operations, in which none takes effect before it began or after it ended. */
  LINEARIZABLE,
  /** One order of all operations, in which those of each client stand as it did them. */
  SEQUENTIAL,
  /** Nobody misses what causally precedes what it knows. */
  CAUSAL,
  /** A client sees its own writes. */
  READ_YOUR_WRITES,
  /** Having seen a write, a client never sees the object without it again. */
  MONOTONIC_READS,
  /** Who sees a client's write sees those that this client did before. */
  MONOTONIC_WRITES,
  /** Who sees a client's write sees what this client had read before. */
  WRITES_FOLLOW_READS,
  /** Once writing stops, everybody comes to see the same. */
  EVENTUAL;

  /** The name as the command line and scenario files spell it, such as {@code monotonic-reads}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The labels, the strongest first. */
  public static List<String> labels() {
    return Arrays.stream(values()).map(Rung::label).toList();
  }

  /** The rung of this label. */
  public static Optional<Rung> ofLabel(String label) {
    return Arrays.stream(values()).filter(rung -> rung.label().equals(label)).findFirst();
  }
}
