package io.capstan.node.server;

import org.jspecify.annotations.Nullable;

/**
 * Where a thread turns when the server must not go on: a broken invariant, a disk that refused. The
 * first reason counts; later ones are only consequences.
 *
 * <p>Thread-safe. Returns at once; closing happens elsewhere.
 */
@FunctionalInterface
interface FailStop {

  /**
   * Stops the server.
   *
   * @param reason one sentence: the last line of the log
   * @param cause what was thrown, if anything was
   */
  void stop(String reason, @Nullable Throwable cause);
}
