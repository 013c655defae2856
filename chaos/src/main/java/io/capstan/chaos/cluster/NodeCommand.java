package io.capstan.chaos.cluster;

import java.io.File;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** How a node's process is started. */
@FunctionalInterface
public interface NodeCommand {
  /** Flags that replace {@link #SHARED_MACHINE_FLAGS}, separated by blanks. */
  String FLAGS_VARIABLE = "CAPSTAN_NODE_JVM_FLAGS";

  /**
   * Several nodes share a machine: a small heap, the collector with the smallest footprint, and a
   * better compiler that inlines less. Each node compiles for itself, so on few processors
   * compiling is most of what a young cluster does. The young generation does not follow the small
   * heap: filled fifteen times a second under load, it handed to the old one what was garbage a
   * moment later.
   */
  List<String> SHARED_MACHINE_FLAGS =
      List.of(
          "-Xms96m",
          "-Xmn64m",
          "-Xmx512m",
          "-XX:+UseSerialGC",
          // A JVM that does not know one of these runs without it.
          "-XX:+IgnoreUnrecognizedVMOptions",
          "-XX:MaxInlineLevel=4",
          "-XX:FreqInlineSize=70",
          "-XX:InlineSmallCode=700",
          "-XX:LoopUnrollLimit=0",
          "-XX:-UseSuperWord");

  /** The main class of the command line. */
  String MAIN_CLASS = "io.capstan.cli.Capstan";

  /** The main class of a node whose settings are in a file. */
  String NODE_CLASS = "io.capstan.node.server.ForegroundNode";

  /** The flags that name what a process starts sooner with. */
  List<String> ARCHIVES =
      List.of("-XX:AOTCache=", "-XX:SharedArchiveFile=", "-Djava.library.path=");

  /** Returns the program and its arguments for a node with this configuration file. */
  List<String> commandLine(Path configFile);

  /**
   * Returns what does the same as {@code capstan node --config FILE}, on the Java runtime of this
   * process.
   */
  static NodeCommand capstanNode() {
    return forMain(NODE_CLASS, List.of());
  }

  /**
   * Returns {@link #capstanNode()} with more flags for the JVM, which come last.
   *
   * @param flags such as {@code -XX:TieredStopAtLevel=1} for nodes that live for seconds
   */
  static NodeCommand capstanNode(List<String> flags) {
    List<String> more = List.copyOf(flags);
    return configFile -> {
      List<String> command = new ArrayList<>(capstanNode().commandLine(configFile));
      command.addAll(command.indexOf(NODE_CLASS), more);
      return command;
    };
  }

  /**
   * Returns the command that runs a main class on the Java runtime of this process; the class path
   * comes from {@link #environment}.
   *
   * @param arguments go before the name of the configuration file
   */
  static NodeCommand forMain(String mainClass, List<String> arguments) {
    return configFile -> {
      List<String> command = javaCommand(sharedMachineFlags(), mainClass);
      command.addAll(arguments);
      command.add(configFile.toString());
      return command;
    };
  }

  /** Returns the start of a command line: java, flags that keep it quiet, and the main class. */
  static List<String> javaCommand(List<String> flags, String mainClass) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    if (Runtime.version().feature() >= 23) {
      command.add("--sun-misc-unsafe-memory-access=allow");
    }
    // The JVM's own remarks are not for users.
    command.add("-Xlog:disable");
    command.add("-XX:+ExitOnOutOfMemoryError");
    command.addAll(archiveFlags());
    command.addAll(flags);
    command.add(mainClass);
    return command;
  }

  /**
   * Returns what such a process needs in its environment. The class path travels here and not among
   * the arguments, so that a process list stays readable.
   */
  static Map<String, String> environment() {
    StringBuilder absolute = new StringBuilder();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      if (!entry.isEmpty()) {
        absolute.append(absolute.isEmpty() ? "" : File.pathSeparator);
        absolute.append(Path.of(entry).toAbsolutePath());
      }
    }
    return Map.of("CLASSPATH", absolute.toString());
  }

  /**
   * Returns the class archive and the folder of native libraries that this process was started
   * with: they fit the same class path.
   */
  private static List<String> archiveFlags() {
    return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(flag -> ARCHIVES.stream().anyMatch(flag::startsWith))
        .toList();
  }

  private static List<String> sharedMachineFlags() {
    String flags = System.getenv(FLAGS_VARIABLE);
    return flags == null || flags.isBlank()
        ? SHARED_MACHINE_FLAGS
        : List.of(flags.trim().split("\\s+"));
  }
}
