package io.capstan.chaos.workload;

import io.capstan.chaos.check.EventType;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How an attempt ended, as the history records it.
 *
 * @param value what was answered; the argument again where nothing was
 * @param extras what else the completion tells
 */
public record Ending(EventType type, @Nullable Object value, Map<String, @Nullable Object> extras) {

  /**
   * The {@code error} of an operation that was refused because what it compared was not so. The
   * cluster did answer, and the answer had to be linearizable: it counts as available.
   */
  public static final String COMPARISON_FAILED = "comparison-failed";

  /** An ending that tells nothing more. */
  public static Ending of(EventType type, @Nullable Object value) {
    return new Ending(type, value, Map.of());
  }

  /** The same ending, which tells this as well. */
  Ending with(String extra, @Nullable Object told) {
    Map<String, @Nullable Object> more = new LinkedHashMap<>(extras);
    more.put(extra, told);
    return new Ending(type, value, more);
  }
}
