package io.capstan.chaos.command;

import io.capstan.chaos.cluster.NodeCommand;
import io.capstan.chaos.scenario.RealSubstrate;
import io.capstan.cli.Capstan;
import io.capstan.cli.ExitCode;
import io.capstan.cli.Streams;
import io.capstan.node.server.config.NodeConfig;
import io.capstan.node.storage.rocks.NativeLibrary;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Starts a node in this process, asks it a few things, runs a scenario in virtual time and ends:
 * the launcher records which classes that takes, so that nodes, clients and scenarios start sooner
 * afterwards; nobody types this.
 */
@Command(
    name = "train",
    hidden = true,
    description =
        "Loads what a node, a client command and a scenario load, for the launcher's class"
            + " archive.")
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

  /** A short one meets what a long one does. */
  private static final List<String> SCENARIO =
      List.of(
          "chaos",
          "run",
          "split",
          "--mode",
          "both",
          "--substrate",
          "sim",
          "--nodes",
          "3",
          "--clients",
          "3",
          "--duration",
          "6s",
          "--seed",
          "1",
          "--out");

  @Option(names = "--log", required = true, description = "Where the node logs.")
  private Path log = Path.of("train.log");

  /** One that leads and one that follows: they meet what peers say to each other. */
  private static final int NODES = 2;

  /** Settings as the file of a node has them. */
  private static final String SETTINGS =
      """
      id: n1
      data: data
      listen: 127.0.0.1:7101
      peerListen: 127.0.0.1:7201
      members:
        n1: "127.0.0.1:7201"
        n2: "127.0.0.1:7202"
      """;

  @Option(names = "--native", description = "Where native libraries are to be kept unpacked.")
  private @Nullable Path nativeLibraries;

  @Override
  int run() {
    unpackNativeLibrary();
    readSettings();
    try (EmbeddedDemoCluster cluster = EmbeddedDemoCluster.start(NODES, log)) {
      loadForegroundNode();
      String endpoint = cluster.cluster().clientAddress("n1");
      for (List<String> command : COMMANDS) {
        List<String> arguments = new ArrayList<>(command);
        arguments.addAll(List.of("--endpoints", endpoint, "--timeout", "5s"));
        int exitCode = ran(arguments);
        if (exitCode != ExitCode.OK) {
          return exitCode;
        }
      }
    }
    return runScenario();
  }

  private static int ran(List<String> arguments) {
    return Capstan.run(Streams.ofProcess(), arguments.toArray(String[]::new));
  }

  private static int runScenario() {
    try {
      Path folder = Files.createTempDirectory("capstan-training");
      try {
        List<String> arguments = new ArrayList<>(SCENARIO);
        arguments.add(folder.toString());
        return ran(arguments);
      } finally {
        RealSubstrate.remove(folder);
      }
    } catch (IOException e) {
      throw unwritable(e);
    }
  }

  private static UncheckedIOException unwritable(IOException e) {
    return new UncheckedIOException("The temporary folder cannot be written", e);
  }

  /** A folder that cannot be written only means that every start unpacks for itself. */
  private void unpackNativeLibrary() {
    if (nativeLibraries == null) {
      return;
    }
    try {
      NativeLibrary.keepUnpacked(nativeLibraries);
    } catch (IOException e) {
      Streams.ofProcess().err().println("Native libraries are not kept: " + e.getMessage());
    }
  }

  /** The class with which nodes begin that clusters start. */
  private static void loadForegroundNode() {
    try {
      Class.forName(NodeCommand.NODE_CLASS);
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
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
      throw unwritable(e);
    }
  }
}
