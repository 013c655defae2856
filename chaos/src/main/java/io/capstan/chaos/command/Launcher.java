package io.capstan.chaos.command;

import java.nio.file.Path;

/** How a person calls Capstan from where he is. */
final class Launcher {
  private Launcher() {}

  /** Returns how the launcher is called from here; {@code capstan} where there was none. */
  static String programName() {
    String launcher = System.getProperty("capstan.launcher");
    if (launcher == null) {
      return "capstan";
    }
    Path file = Path.of(launcher).toAbsolutePath();
    return Path.of("").toAbsolutePath().equals(file.getParent())
        ? "./" + file.getFileName()
        : file.toString();
  }
}
