package io.capstan.chaos.command;

import io.capstan.cli.Capstan;
import io.capstan.cli.ExitCode;
import io.capstan.cli.Streams;
import io.capstan.node.server.config.NodeConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Starts a node in this process, asks it a few things and ends: the launcher records which classes
 * that takes, so that nodes and clients start sooner afterwards; nobody types this.
 */
@Command(
    name = "train",
    hidden = true,
    description = "Loads what a node and a client command load, for the launcher's class archive.")
final class ClusterTrain extends ClusterSubcommand {
  private static final List<List<String>> COMMANDS =
      List.of(
          List.of("keyspace", "create", "training-cp", "--mode", "cp"),
          List.of("keyspace", "create", "training-ap", "--mode", "ap"),
          List.of("put", "-k", "training-cp", "key", "value"),
          List.of("get", "-k", "training-cp", "key"),
          List.of("put", "-k", "training-ap", "key", "value"),
          List.of("get", "-k", "training-ap", "key", "-o", "json"),
          List.of("status"));

  @Option(names = "--log", required = true, description = "Where the node logs.")
  private Path log = Path.of("train.log");

  /** Settings as the file of a node has them. */
  private static final String SETTINGS =
      """
      id: n1
      data: data
      listen: 127.0.0.1:7101
      peerListen: 127.0.0.1:7201
      members: n1=127.0.0.1:7201
      """;

  @Override
  int run() {
    readSettings();
    try (EmbeddedDemoCluster cluster = EmbeddedDemoCluster.start(1, log)) {
      String endpoint = cluster.cluster().clientAddress("n1");
      for (List<String> command : COMMANDS) {
        List<String> arguments = new ArrayList<>(command);
        arguments.addAll(List.of("--endpoints", endpoint, "--timeout", "5s"));
        int exitCode = Capstan.run(Streams.ofProcess(), arguments.toArray(String[]::new));
        if (exitCode != ExitCode.OK) {
          return exitCode;
        }
      }
    }
    return ExitCode.OK;
  }

  /** The embedded node is told its settings otherwise; those that clusters start read a file. */
  private static void readSettings() {
    try {
      Path file = Files.createTempFile("capstan-settings", ".yaml");
      try {
        Files.writeString(file, SETTINGS);
        NodeConfig unused = NodeConfig.load(file, Map.of(), Map.of());
      } finally {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("The temporary folder cannot be written", e);
    }
  }
}
