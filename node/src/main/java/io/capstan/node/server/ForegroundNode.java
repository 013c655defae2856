package io.capstan.node.server;

import io.capstan.cli.ExitCode;
import io.capstan.node.server.config.ConfigException;
import io.capstan.node.server.config.NodeConfig;
import io.capstan.node.storage.StorageException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One server as the only purpose of this process, until it is told to stop.
 *
 * <p>{@link #main} is for those who start many nodes and have their settings in files: a parser of
 * command lines takes about a quarter of the processor time that a node needs to start.
 */
public final class ForegroundNode {
  private ForegroundNode() {}

  /** Runs a node; the only argument is its configuration file. Ends the process. */
  public static void main(String[] arguments) throws InterruptedException {
    Consumer<String> refusal = sentence -> System.err.println("capstan node: " + sentence);
    if (arguments.length != 1) {
      refusal.accept("one argument is needed, the configuration file.");
      System.exit(ExitCode.USAGE);
    }
    System.exit(run(Path.of(arguments[0]), System.getenv(), Map.of(), refusal));
  }

  /**
   * Starts the server and waits for its end.
   *
   * @param refusal told why the node did not start, or stopped
   * @return an {@link ExitCode}
   */
  static int run(
      @Nullable Path configFile,
      Map<String, String> environment,
      Map<String, String> flags,
      Consumer<String> refusal)
      throws InterruptedException {
    NodeServer server;
    try {
      NodeConfig config = NodeConfig.load(configFile, environment, flags);
      LogSetup.forNode(config.logLevel());
      server = NodeServer.start(config);
    } catch (ConfigException | StartException | StorageException e) {
      refusal.accept(String.valueOf(e.getMessage()));
      return ExitCode.ERROR;
    }
    // SIGTERM and SIGINT run the hook; each part of the server has a bounded time to end in.
    Runtime.getRuntime()
        .addShutdownHook(new Thread(server::close, "capstan-" + server.id() + "-stop"));
    Optional<String> failure = server.awaitEnd();
    failure.ifPresent(why -> refusal.accept("The node has stopped: " + why));
    return failure.isEmpty() ? ExitCode.OK : ExitCode.ERROR;
  }
}
