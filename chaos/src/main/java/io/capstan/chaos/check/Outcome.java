package io.capstan.chaos.check;

/** What a client knows of an operation once it stopped waiting for it. */
public enum Outcome {
  /** It took effect between its invocation and its completion. */
  OK,
  /** It had no effect and never will. */
  FAILED,
  /** It may have taken effect, may still do so, or never will. */
  UNKNOWN
}
