package io.capstan.chaos.workload;

import io.capstan.chaos.check.Outcome;
import io.capstan.client.Bytes;
import io.capstan.client.ErrorCode;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What became of a request.
 *
 * @param outcome OK: answered; FAILED: definitely not applied; UNKNOWN: may be applied
 * @param matched of a transaction: whether every comparison held; true for other requests
 * @param values the live values of each key that was read, in the order asked; an empty list where
 *     the key has none
 * @param version of a write, or of a transaction that wrote: names it; empty where there is none
 * @param context to give back with a write that is based on this reply
 * @param superseded of a write: the versions that it replaced
 * @param errorCode empty where the outcome is OK
 */
public record Reply(
    Outcome outcome,
    boolean matched,
    Map<String, List<StoredValue>> values,
    String version,
    Bytes context,
    List<String> superseded,
    String errorCode) {

  /** The time of an attempt is over and nobody has answered; somebody may yet. */
  public static final Reply UNANSWERED = error(Outcome.UNKNOWN, ErrorCode.TIMEOUT);

  public Reply {
    Map<String, List<StoredValue>> copy = new LinkedHashMap<>();
    values.forEach((key, held) -> copy.put(key, List.copyOf(held)));
    values = Collections.unmodifiableMap(copy);
    superseded = List.copyOf(superseded);
  }

  /** The answer to a read, or to a transaction that wrote nothing. */
  public static Reply read(boolean matched, Map<String, List<StoredValue>> values, Bytes context) {
    return transacted(matched, values, "", context);
  }

  /**
   * The answer to a transaction.
   *
   * @param version names what it wrote; empty where it wrote nothing
   */
  public static Reply transacted(
      boolean matched, Map<String, List<StoredValue>> values, String version, Bytes context) {
    return new Reply(Outcome.OK, matched, values, version, context, List.of(), "");
  }

  /** The answer to a write. */
  public static Reply written(String version, Bytes context, List<String> superseded) {
    return new Reply(Outcome.OK, true, Map.of(), version, context, superseded, "");
  }

  /** No success: failed or unknown. */
  public static Reply error(Outcome outcome, String errorCode) {
    if (outcome == Outcome.OK) {
      throw new IllegalArgumentException("an error cannot have the outcome OK");
    }
    return new Reply(outcome, false, Map.of(), "", Bytes.EMPTY, List.of(), errorCode);
  }

  /** Whether it is {@link #UNANSWERED} itself, and not a node's word that it does not know. */
  @SuppressWarnings("ReferenceEquality")
  boolean isUnanswered() {
    return this == UNANSWERED;
  }

  /** Whether the cluster answered as asked. */
  public boolean isOk() {
    return outcome == Outcome.OK;
  }

  /** Returns the live values of a key; none where it was not read. */
  public List<StoredValue> valuesOf(String key) {
    return values.getOrDefault(key, List.of());
  }

  /** Returns the value of a key that has exactly one, otherwise null. */
  public @Nullable String single(String key) {
    List<StoredValue> held = valuesOf(key);
    return held.size() == 1 ? held.get(0).value() : null;
  }
}
