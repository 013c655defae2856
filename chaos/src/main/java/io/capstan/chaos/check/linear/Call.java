package io.capstan.chaos.check.linear;

import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Operation;
import org.jspecify.annotations.Nullable;

/**
 * An operation as a model sees it: what was asked and what was answered, without when and by whom.
 * Two operations with equal calls are interchangeable for the object.
 *
 * @param f the function
 * @param input the argument
 * @param output the answer; null when it is not known
 * @param answered whether the answer is known; if not, any answer is allowed
 */
public record Call(String f, @Nullable Object input, @Nullable Object output, boolean answered) {
  /** The call of an operation. */
  public static Call of(Operation operation) {
    return new Call(operation.f(), operation.input(), operation.output(), operation.isOk());
  }

  @Override
  public String toString() {
    return f
        + " "
        + HistoryValues.show(input)
        + (answered ? " -> " + HistoryValues.show(output) : " -> ?");
  }
}
