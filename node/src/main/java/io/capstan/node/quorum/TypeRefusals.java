package io.capstan.node.quorum;

import io.capstan.node.type.TypeLimits;
import io.capstan.node.type.TypedChange;
import io.capstan.node.type.ValueType;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.Outcome;
import java.util.List;
import java.util.Locale;

/** The errors of counters and sets, in words for people; both modes answer with them. */
public final class TypeRefusals {

  private static final String WRONG_TYPE = "WRONG_TYPE";
  private static final String RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED";

  private TypeRefusals() {}

  private static ErrorDetail failed(String code, String message, String hint) {
    return ErrorDetail.newBuilder()
        .setCode(code)
        .setOutcome(Outcome.OUTCOME_FAILED)
        .setMessage(message)
        .setHint(hint)
        .build();
  }

  /** The key is used as a type that it has not. */
  public static ErrorDetail wrongType(ValueType asked, String found) {
    return failed(
        WRONG_TYPE,
        "The key holds a "
            + found
            + " and cannot be used as a "
            + asked.label()
            + "; nothing was changed.",
        "Use another key, or see what this one holds with 'capstan get KEY'.");
  }

  /** A put or delete in an AP keyspace meets a counter or a set. */
  static ErrorDetail plainOnTyped(DottedVersionVectorSet held, boolean put) {
    String found = ValueType.COUNTER.isIn(held) ? "counter" : "set";
    return failed(
        WRONG_TYPE,
        put
            ? "The key holds a " + found + ", which takes no put; nothing was written."
            : "The key holds a "
                + found
                + ". In an AP keyspace other nodes may write to it at this moment, unseen, so"
                + " nobody can delete all of it; nothing was changed.",
        found.equals("counter")
            ? "Change it with 'capstan counter add KEY N'; a negative N brings it back to 0."
            : "Change it with 'capstan set add' and 'capstan set remove'.");
  }

  /** A put or a transaction in a CP keyspace meets a counter or a set, or the other way round. */
  public static ErrorDetail wrongTypeInLog() {
    return failed(
        WRONG_TYPE,
        "The key holds a value of another type (plain, counter or set); nothing was applied.",
        "Use another key, see what this one holds with 'capstan get KEY', or delete it first.");
  }

  /** A limit of a counter or set in a CP keyspace. */
  public static ErrorDetail limitInLog(ValueType type) {
    return full(
        type == ValueType.COUNTER ? TypedChange.Limit.COUNTER_RANGE : TypedChange.Limit.SET_SIZE,
        List.of());
  }

  /**
   * @param unreachable peers that hold the folding of increments up
   */
  static ErrorDetail full(TypedChange.Limit limit, List<String> unreachable) {
    return switch (limit) {
      case COUNTER_RANGE ->
          failed(
              "INVALID_ARGUMENT",
              "The counter would leave the range of a signed 64-bit number; nothing was added.",
              "Add less, or count in larger units.");
      case COUNTER_UNFOLDED ->
          failed(
              RESOURCE_EXHAUSTED,
              number(TypeLimits.COUNTER_UNFOLDED_MAX)
                  + " increments of this counter that this node took in wait until every replica"
                  + " has them, so that a retry through another node counts once"
                  + (unreachable.isEmpty()
                      ? ""
                      : "; it cannot reach " + String.join(", ", unreachable))
                  + ". Nothing was added.",
              "Add through another node, add larger amounts less often, or bring the missing"
                  + " replica back.");
      case SET_SIZE ->
          failed(
              RESOURCE_EXHAUSTED,
              "A set has at most "
                  + number(TypeLimits.SET_ELEMENTS_MAX)
                  + " elements and "
                  + number(TypeLimits.SET_SIZE_MAX_BYTES)
                  + " bytes of them; nothing was added.",
              "Remove elements, or spread them over several keys.");
      case SESSIONS ->
          failed(
              RESOURCE_EXHAUSTED,
              number(TypeLimits.MARKED_SESSIONS_MAX)
                  + " sessions changed this set within "
                  + TypeLimits.MARKED_SESSION_MIN_MILLIS / 1_000
                  + " s, as many as are remembered to recognise retries; nothing was changed.",
              "Use one client for many changes instead of a new one for each, or wait.");
    };
  }

  /** See {@link TypedChange.BeyondWindow}. */
  static ErrorDetail beyondWindow() {
    return ErrorDetail.newBuilder()
        .setCode("BEYOND_WINDOW")
        .setOutcome(Outcome.OUTCOME_UNKNOWN)
        .setMessage(
            "The operation is older than the newest "
                + TypeLimits.MARKED_OPERATIONS_MAX
                + " of its session that this key remembers: it may have been executed, and is not"
                + " executed again")
        .setHint("Read the key to see")
        .build();
  }

  private static String number(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }
}
