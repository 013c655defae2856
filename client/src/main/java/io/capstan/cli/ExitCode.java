package io.capstan.cli;

import io.capstan.client.CapstanException;
import io.capstan.client.ErrorCode;
import io.capstan.client.Outcome;

/** What the exit code of {@code capstan} means. Scripts rely on these numbers: never reuse one. */
public final class ExitCode {
  /** Done. */
  public static final int OK = 0;

  /** An error that none of the other codes describes. */
  public static final int ERROR = 1;

  /** The command line itself is wrong; nothing was changed. */
  public static final int USAGE = 2;

  /** No endpoint answered. */
  public static final int UNREACHABLE = 3;

  /** The key does not exist. */
  public static final int NOT_FOUND = 4;

  /** No quorum: definitely not applied. */
  public static final int UNAVAILABLE = 5;

  /** A compare failed, or there are unresolved siblings where one value was asked for. */
  public static final int CONFLICT = 6;

  /** The outcome is unknown: it may have been applied. */
  public static final int UNKNOWN = 7;

  /** A checked claim was violated. */
  public static final int CLAIM_VIOLATED = 8;

  /** The checker ran out of its budget of time or memory. */
  public static final int CHECK_BUDGET_EXHAUSTED = 9;

  private ExitCode() {}

  /** The only place that says which error ends with which code. */
  public static int of(CapstanException error) {
    if (error.outcome() == Outcome.UNKNOWN) {
      return UNKNOWN;
    }
    return switch (error.code()) {
      case ErrorCode.UNREACHABLE -> UNREACHABLE;
      case ErrorCode.NO_QUORUM,
          ErrorCode.CLOCK_AHEAD,
          ErrorCode.NO_LEADER,
          ErrorCode.SESSION_NOT_MET,
          ErrorCode.OVERLOADED,
          ErrorCode.TIMEOUT,
          ErrorCode.CONNECTION_LOST ->
          UNAVAILABLE;
      case ErrorCode.CONFLICT, ErrorCode.SIBLINGS -> CONFLICT;
      case ErrorCode.WRONG_LEVEL, ErrorCode.WRONG_MODE, ErrorCode.INVALID_ARGUMENT -> USAGE;
      default -> ERROR;
    };
  }
}
