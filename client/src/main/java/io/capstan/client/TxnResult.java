package io.capstan.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a transaction answered.
 *
 * @param succeeded whether every comparison held, and so the then-steps were performed
 * @param results one a step of the branch that was performed, in order
 */
public record TxnResult(boolean succeeded, List<StepResult> results, Receipt receipt) {

  public TxnResult {
    results = List.copyOf(results);
  }

  /**
   * The answer of one step.
   *
   * @param found whether the key has a value: as the step found it for a get, after it for a write
   * @param value null where nothing was found, or where siblings leave no single value
   */
  public record StepResult(
      Bytes key, boolean found, @Nullable Bytes value, String version, List<Sibling> siblings) {

    public StepResult {
      siblings = List.copyOf(siblings);
    }

    /** Returns the value as text, or null where there is none. */
    public @Nullable String valueUtf8() {
      return value == null ? null : value.utf8();
    }
  }
}
