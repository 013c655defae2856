package io.capstan.chaos.scenario;

import io.capstan.chaos.cluster.NodeCommand;
import io.capstan.chaos.cluster.SpareNodes;
import io.capstan.chaos.junit.ClusterConfigurer;
import io.capstan.chaos.junit.TestClusterBuilder;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Node processes that start as those of {@code capstan cluster start} do: from the distribution,
 * with its class archive. A test's own class path, in which folders lie, cannot have one.
 */
final class LaunchedNodes implements ClusterConfigurer {
  /** What the better compiler costs, a node that lives for seconds never earns back. */
  private static final String QUICK_START = "-XX:TieredStopAtLevel=1";

  @Override
  public void configure(TestClusterBuilder cluster) throws Exception {
    cluster.command(command());
  }

  /** Returns how such a node is started; makes the archive where there is none yet. */
  static NodeCommand command() throws IOException, InterruptedException {
    Path home = Path.of(System.getProperty("capstan.home"));
    Process launcher =
        new ProcessBuilder(home.resolve("capstan").toString(), "--version").inheritIO().start();
    if (launcher.waitFor() != 0) {
      throw new IllegalStateException("capstan --version ended with " + launcher.exitValue());
    }
    List<String> flags = new ArrayList<>(List.of(QUICK_START));
    flags.addAll(List.of("-cp", home.resolve("target/dist/lib").toAbsolutePath() + "/*"));
    flags.add("-Djava.library.path=" + home.resolve("target/dist/native"));
    archive(home).forEach(file -> flags.add(flagFor(file)));
    return NodeCommand.capstanNode(flags);
  }

  /**
   * Returns the Java command line of such a node, without its main class, for {@link SpareNodes}:
   * the classes of these tests come last, so that the archive still fits.
   */
  static List<String> spareCommand(NodeCommand command) throws URISyntaxException {
    List<String> line = command.commandLine(Path.of("unused"));
    List<String> java = new ArrayList<>(line.subList(0, line.indexOf(NodeCommand.NODE_CLASS)));
    Path tests =
        Path.of(SpareNodes.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    int classPath = java.indexOf("-cp") + 1;
    java.set(classPath, java.get(classPath) + File.pathSeparator + tests);
    return java;
  }

  private static Stream<Path> archive(Path home) throws IOException {
    try (Stream<Path> files = Files.list(home.resolve("target/archive"))) {
      return files
          .filter(
              file -> !file.getFileName().toString().contains(".") && file.toFile().length() > 0)
          .toList()
          .stream();
    }
  }

  private static String flagFor(Path archive) {
    return (Runtime.version().feature() >= 25 ? "-XX:AOTCache=" : "-XX:SharedArchiveFile=")
        + archive;
  }
}
