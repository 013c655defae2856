package io.capstan.chaos.check;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One operation of a client: its invocation together with what became of it.
 *
 * <p>Order is by position in the history, not by time stamp: events are recorded in the order in
 * which they happened, and two of them may carry the same nanosecond.
 *
 * @param id number of the operation in its history, from 0, by invocation
 * @param process the client
 * @param f the function
 * @param key the independent key, null in a history that is not keyed
 * @param input the argument, from the invocation
 * @param outcome what became of it
 * @param output the answer, from the completion; meaningful when the outcome is {@link Outcome#OK}
 * @param invokeNanos time of the invocation, {@link HistoryEvent#NO_TIME} if unknown
 * @param completeNanos time of the completion; {@link #NEVER} if none came
 * @param invokePosition position of the invocation among the events
 * @param completePosition position of the completion among the events; {@link #OPEN} when the
 *     operation may still take effect at the end of the history
 * @param extras those of the invocation, then those of the completion over them
 */
public record Operation(
    int id,
    long process,
    String f,
    @Nullable Object key,
    @Nullable Object input,
    Outcome outcome,
    @Nullable Object output,
    long invokeNanos,
    long completeNanos,
    int invokePosition,
    int completePosition,
    Map<String, @Nullable Object> extras) {

  /** The position after every event: an operation of unknown outcome never ends. */
  public static final int OPEN = Integer.MAX_VALUE;

  /** The completion time of an operation of which nothing was heard again. */
  public static final long NEVER = Long.MAX_VALUE;

  /** Refuses an operation that ends before it began. */
  public Operation {
    if (completePosition <= invokePosition) {
      throw new IllegalArgumentException(
          "operation "
              + id
              + " ends at position "
              + completePosition
              + " but begins at "
              + invokePosition);
    }
  }

  /** Whether it took effect for certain. */
  public boolean isOk() {
    return outcome == Outcome.OK;
  }

  /** Whether it ended before the other one began, so that everybody must see it first. */
  public boolean precedes(Operation other) {
    return completePosition < other.invokePosition;
  }

  /** An extra by its name, see {@link Extras}; null if there is none. */
  public @Nullable Object extra(String name) {
    return extras.get(name);
  }

  /** An extra as a list; empty if there is none. */
  public List<@Nullable Object> extraList(String name) {
    return Extras.elements(extras.get(name));
  }

  /**
   * The answer of a read as the list of its siblings: a list as it is, nil as none, anything else
   * as one.
   */
  public List<@Nullable Object> outputValues() {
    return Extras.elements(output);
  }

  /** The same operation, never heard of again. */
  public Operation asUnknown() {
    return new Operation(
        id,
        process,
        f,
        key,
        input,
        Outcome.UNKNOWN,
        null,
        invokeNanos,
        NEVER,
        invokePosition,
        OPEN,
        extras);
  }
}
