package io.capstan.chaos.check.linear;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A sequential object: the specification that a concurrent history is held against. States are
 * immutable values with {@code equals} and {@code hashCode}. Implementations are safe for any
 * thread.
 *
 * @param <S> the states
 */
public interface Model<S> {
  /** The name that the command line knows. */
  String name();

  /** The state before the first operation. */
  S initial();

  /**
   * The state after the call, or null if the object would not have answered like that in this
   * state. A call that was not answered is legal whenever it can have an effect; where it has none,
   * the same state or null may be returned.
   *
   * @throws UnsupportedCallException if the object knows no such call
   */
  @Nullable S step(S state, Call call);

  /** Whether the call leaves every state as it is. */
  boolean isReadOnly(Call call);

  /**
   * Whether the call is legal in every state, known answer or not, so that only its effect matters:
   * a write, an append.
   */
  default boolean isUnconditional(Call call) {
    return false;
  }

  /**
   * Whether the call is legal in every state and leads to the same one from all: a write, not an
   * append.
   */
  default boolean isBlind(Call call) {
    return false;
  }

  /**
   * Whether the answer of {@code observer} can depend on {@code effect} having taken place. Used to
   * drop operations of unknown outcome that nobody can have seen; when in doubt, true.
   */
  default boolean canObserve(Call observer, Call effect) {
    return true;
  }

  /**
   * What the call needs and leaves, for objects whose whole state is one value; null for all
   * others. With it, histories can be shrunk by removing a value together with everybody who saw
   * it.
   */
  default @Nullable Footprint footprint(Call call) {
    return null;
  }

  /** The value that {@link #initial()} holds, for models that have footprints. */
  default @Nullable Object initialValue() {
    return null;
  }

  /**
   * Whether the call only ever adds to the state, in the sense of {@link #mayGrowInto}. Lets the
   * search give up early on a state that holds what the next read did not see.
   */
  default boolean isGrowing(Call call) {
    return false;
  }

  /**
   * Whether calls that only add can lead from this state to one in which the read is legal; when in
   * doubt, true.
   */
  default boolean mayGrowInto(S state, Call read) {
    return true;
  }

  /**
   * A state that stands for all those that no read will ever see, because a call that does not
   * merely add comes first: reads are illegal in it, calls that only add stay in it. Null if the
   * model has none.
   */
  default @Nullable S outgrown() {
    return null;
  }

  /** Whether operations on different keys are operations on different objects. */
  default boolean isPerKey() {
    return true;
  }

  /**
   * A model for this history alone, for those that keep states small by knowing all calls
   * beforehand.
   *
   * @param calls every call that the search will make
   */
  default Model<S> specialisedFor(List<Call> calls) {
    return this;
  }

  /** Bytes that a state takes, roughly. */
  default long sizeBytes(S state) {
    return 48;
  }

  /** How a state is shown to people. */
  default String show(S state) {
    return String.valueOf(state);
  }

  /** A history holds a call that the model does not know. */
  final class UnsupportedCallException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    /** Names the model, the call and what would have been understood. */
    public UnsupportedCallException(String model, Call call, String allowed) {
      super("the model " + model + " knows " + allowed + ", but the history has " + call);
    }
  }
}
