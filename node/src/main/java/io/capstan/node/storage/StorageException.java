package io.capstan.node.storage;

import org.jspecify.annotations.Nullable;

/**
 * The disk refused or lied. Nothing is retried: after a failed write or sync it is unknown what is
 * on disk, so the node stops and recovers from its log and its peers.
 */
public final class StorageException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** Tells what could not be done, to which file, and what to do next. */
  public StorageException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
