package io.capstan.chaos.scenario;

import io.capstan.chaos.cluster.NodeCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Node processes that start as those of {@code capstan cluster start} do: from the distribution,
 * with its class archive. A test's own class path, in which folders lie, cannot have one.
 */
final class LaunchedNodes {
  /** What the better compiler costs, a node that lives for seconds never earns back. */
  private static final String QUICK_START = "-XX:TieredStopAtLevel=1";

  private LaunchedNodes() {}

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
    archive(home).forEach(file -> flags.add(flagFor(file)));
    return NodeCommand.capstanNode(flags);
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
