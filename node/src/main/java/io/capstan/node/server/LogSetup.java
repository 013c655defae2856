package io.capstan.node.server;

import ch.qos.logback.classic.Level;
import java.util.logging.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sets how much a process that is a node logs. Other commands, and servers embedded in other
 * programs, keep what {@code logback.xml} says: warnings and errors only. Stateless.
 */
final class LogSetup {

  /** Kept here, for {@code java.util.logging} forgets the level of a logger that nobody holds. */
  private static final Logger GRPC = Logger.getLogger("io.grpc");

  private LogSetup() {}

  /**
   * @param level ERROR, WARN, INFO, DEBUG or TRACE
   */
  static void forNode(String level) {
    if (LoggerFactory.getLogger("io.capstan") instanceof ch.qos.logback.classic.Logger capstan) {
      capstan.setLevel(Level.toLevel(level, Level.INFO));
    }
    // Broken connections are everyday life here, and told by the peer links in one line each.
    GRPC.setLevel(java.util.logging.Level.SEVERE);
  }
}
