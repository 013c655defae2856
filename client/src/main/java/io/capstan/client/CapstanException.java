package io.capstan.client;

import org.jspecify.annotations.Nullable;

/**
 * An operation that did not end OK. The message says what happened and why, {@link #hint()} what to
 * do next, {@link #outcome()} whether it may have been applied. Immutable.
 */
public final class CapstanException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String code;
  private final Outcome outcome;
  private final String hint;
  private final transient @Nullable Receipt receipt;

  /**
   * @param code one of {@link ErrorCode}, or a name that only a newer cluster knows
   * @param outcome FAILED or UNKNOWN
   * @param hint what to do next; may be empty
   */
  public CapstanException(
      String code, Outcome outcome, String message, String hint, @Nullable Receipt receipt) {
    super(message);
    if (outcome == Outcome.OK) {
      throw new IllegalArgumentException("an exception cannot have the outcome OK");
    }
    this.code = code;
    this.outcome = outcome;
    this.hint = hint;
    this.receipt = receipt;
  }

  public String code() {
    return code;
  }

  /** FAILED: definitely not applied. UNKNOWN: may be applied, or may still be. */
  public Outcome outcome() {
    return outcome;
  }

  public String hint() {
    return hint;
  }

  /** The receipt of the refusing node, where it sent one. */
  public @Nullable Receipt receipt() {
    return receipt;
  }

  /** Returns the same error with the stack trace of the calling thread. */
  CapstanException withCallersTrace() {
    return new CapstanException(code, outcome, String.valueOf(getMessage()), hint, receipt);
  }

  @Override
  public String toString() {
    return "CapstanException[" + code + ", " + outcome.label() + "]: " + getMessage();
  }
}
