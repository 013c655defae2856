package io.capstan.node.server.config;

/** The configuration cannot be used; the message is a sentence for whoever wrote it. */
public final class ConfigException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** Names the key, the value and what is allowed. */
  public ConfigException(String message) {
    super(message);
  }
}
