package io.capstan.node.server;

import org.jspecify.annotations.Nullable;

/**
 * The server could not be started; the message is a sentence for whoever started it. Nothing of the
 * server is left running.
 */
public final class StartException extends Exception {

  private static final long serialVersionUID = 1L;

  /** Tells what could not be done and what to change. */
  public StartException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
