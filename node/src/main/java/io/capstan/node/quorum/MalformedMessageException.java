package io.capstan.node.quorum;

/** A peer sent what is not in canonical form; the message is dropped and counted. */
final class MalformedMessageException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  MalformedMessageException(String message, Throwable cause) {
    super(message, cause);
  }
}
