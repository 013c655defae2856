package io.capstan.chaos.command;

import java.nio.file.Path;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Sends what nodes inside this JVM log to a file: the terminal belongs to the demo. Works only
 * before anything was logged; in a JVM that logs already, that goes on as it was.
 */
final class QuietLogs {
  private static final String CONFIGURATION = "io/capstan/chaos/command/logback-demo.xml";

  /** The logging framework forgets levels of loggers that nobody holds. */
  private static final Logger GRPC = Logger.getLogger("io.grpc");

  private QuietLogs() {}

  static synchronized void into(Path file) {
    System.setProperty("capstan.demo.log", file.toAbsolutePath().toString());
    if (System.getProperty("logback.configurationFile") == null) {
      System.setProperty("logback.configurationFile", CONFIGURATION);
    }
    GRPC.setLevel(Level.OFF);
  }
}
