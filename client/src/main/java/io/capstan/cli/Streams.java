package io.capstan.cli;

import java.io.BufferedOutputStream;
import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/**
 * Everything through which a command meets the world: streams, environment, and whether a person is
 * looking. Passed in, so that tests can stand in for a terminal.
 *
 * @param outIsTerminal whether a person reads standard output; decides between text and raw
 * @param environment as {@link System#getenv()} gives it
 */
public record Streams(
    InputStream in,
    PrintStream out,
    PrintStream err,
    boolean outIsTerminal,
    Map<String, String> environment) {

  /** Set to true or false by a launcher that knows better than this class can find out. */
  public static final String TERMINAL_PROPERTY = "capstan.terminal";

  /** Those of this process, in UTF-8. */
  public static Streams ofProcess() {
    // Not the System.out that the JVM made: that one encodes as the platform likes.
    PrintStream out =
        new PrintStream(
            new BufferedOutputStream(new FileOutputStream(FileDescriptor.out)),
            false,
            StandardCharsets.UTF_8);
    PrintStream err = new PrintStream(System.err, true, StandardCharsets.UTF_8);
    return new Streams(System.in, out, err, outIsTerminalOfProcess(), System.getenv());
  }

  /** Whether colours are welcome (https://no-color.org). */
  public boolean colours() {
    return outIsTerminal
        && environment.getOrDefault("NO_COLOR", "").isEmpty()
        && !environment.getOrDefault("TERM", "").equals("dumb");
  }

  private static boolean outIsTerminalOfProcess() {
    String told = System.getProperty(TERMINAL_PROPERTY);
    if (told != null) {
      return Boolean.parseBoolean(told);
    }
    Path standardOutput = Path.of("/proc/self/fd/1");
    if (Files.isSymbolicLink(standardOutput)) {
      try {
        String target = Files.readSymbolicLink(standardOutput).toString();
        return target.startsWith("/dev/pts/")
            || target.startsWith("/dev/tty")
            || target.equals("/dev/console");
      } catch (IOException e) {
        return false;
      }
    }
    return consoleIsTerminal();
  }

  /**
   * For systems without /proc. From JDK 22 on there is a console even where there is no terminal.
   */
  private static boolean consoleIsTerminal() {
    Console console = System.console();
    if (console == null) {
      return false;
    }
    try {
      return (Boolean) Console.class.getMethod("isTerminal").invoke(console);
    } catch (NoSuchMethodException e) {
      return true;
    } catch (IllegalAccessException | InvocationTargetException e) {
      return false;
    }
  }

  /** Returns the variable where it is set and not blank, otherwise the other value. */
  public String variable(String name, String otherwise) {
    String value = environment.getOrDefault(name, "").strip();
    return value.isEmpty() ? otherwise : value;
  }

  /** Returns the lower-case name of an enum constant, as contracts and people write it. */
  static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
