package io.capstan.chaos.check;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The names under which the harness keeps what a history knows beyond Jepsen's fields. */
public final class Extras {
  /** The node that the client spoke to. */
  public static final String NODE = "node";

  /**
   * The client, by the number under which it began: after an operation of unknown outcome it goes
   * on under a new process number, as Jepsen's clients do.
   */
  public static final String CLIENT = "client";

  /** The side of the split on which the client stood: {@code majority} or {@code minority}. */
  public static final String SIDE = "side";

  /** The consistency level that was asked for. */
  public static final String LEVEL = "level";

  /** The keyspace. */
  public static final String KEYSPACE = "keyspace";

  /** Microseconds that the client measured. */
  public static final String LATENCY_MICROS = "latency-micros";

  /** On a write: the values that the receipt lists as superseded by it. */
  public static final String SUPERSEDED = "superseded";

  /** On a write: the values that the client's causal context covered. */
  public static final String COVERS = "covers";

  /**
   * On a write: the versions that the receipt lists as superseded and that no write of the history
   * is known to have made. Some write of unknown outcome did.
   */
  public static final String SUPERSEDED_UNIDENTIFIED = "superseded-unidentified";

  /**
   * On a write of unknown outcome: what it was answered when its attempt was over already, {@link
   * #LATE_OK} or {@link #LATE_FAILED}.
   */
  public static final String LATE = "late";

  /** It took effect; the receipt tells what it superseded. */
  public static final String LATE_OK = "ok";

  /** It had no effect. */
  public static final String LATE_FAILED = "failed";

  /** On a write: the version that it was given, if that is known. */
  public static final String VERSION = "version";

  /** On a read: the versions of the values that it returned, in their order. */
  public static final String VERSIONS = "versions";

  /** On a write: the versions that the receipt lists as superseded by it. */
  public static final String SUPERSEDED_VERSIONS = "superseded-versions";

  /**
   * On a write without a context: the values that its client was shown at its node right before. It
   * replaced them, or what had taken their place by then.
   */
  public static final String HELD = "held";

  /** Why an operation failed or stayed unknown. */
  public static final String ERROR = "error";

  private Extras() {}

  static Map<String, @Nullable Object> canonical(Map<String, @Nullable Object> extras) {
    if (extras.isEmpty()) {
      return Map.of();
    }
    Map<String, @Nullable Object> copy = new LinkedHashMap<>();
    extras.forEach((name, value) -> copy.put(name, HistoryValues.canonical(value)));
    return Collections.unmodifiableMap(copy);
  }

  /**
   * A value as the elements of a list: a list or set as it is, null as none, anything else as one.
   */
  static List<@Nullable Object> elements(@Nullable Object value) {
    return switch (value) {
      case null -> List.of();
      case List<?> list -> Collections.unmodifiableList(list);
      case java.util.Collection<?> collection ->
          Collections.unmodifiableList(new java.util.ArrayList<@Nullable Object>(collection));
      default -> List.of(value);
    };
  }
}
