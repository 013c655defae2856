package io.capstan.chaos.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.capstan.chaos.cluster.BackgroundCluster;
import io.capstan.chaos.cluster.CapstanHome;
import io.capstan.chaos.cluster.ClusterDirectory;
import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.cluster.PartitionSpec.InvalidPartitionException;
import io.capstan.cli.GlobalOptions;
import io.capstan.cli.OutputFormat;
import io.capstan.client.CapstanException;
import io.capstan.client.ErrorCode;
import io.capstan.client.Outcome;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What the subcommands of {@code cluster} share: which cluster, how to print, how to fail. */
abstract class ClusterSubcommand implements Callable<Integer> {
  /** The code of errors of processes and links, which no other part of Capstan has. */
  private static final String CLUSTER_FAILED = "CLUSTER_FAILED";

  private static final ObjectMapper JSON = new ObjectMapper();

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      description =
          "Folder of the cluster. Default: that of the cluster started last, else"
              + " $CAPSTAN_STATE_DIR/cluster (~/.capstan/cluster).")
  private @Nullable Path dir;

  /** Does the work and returns the exit code. */
  abstract int run();

  @Override
  public final Integer call() {
    try {
      return run();
    } catch (ClusterException e) {
      String code =
          switch (e.kind()) {
            case USAGE -> ErrorCode.INVALID_ARGUMENT;
            case UNREACHABLE -> ErrorCode.UNREACHABLE;
            case FAILED -> CLUSTER_FAILED;
          };
      throw failure(code, e.getMessage(), e.hint());
    } catch (InvalidPartitionException e) {
      throw failure(
          ErrorCode.INVALID_ARGUMENT, e.getMessage(), "See: capstan cluster partition --help");
    }
  }

  /** Returns the error that the command line tells people about. */
  static CapstanException failure(String code, @Nullable String message, String hint) {
    return new CapstanException(code, Outcome.FAILED, String.valueOf(message), hint, null);
  }

  final CapstanHome home() {
    return CapstanHome.of(options().streams().environment());
  }

  /** Returns the cluster that is meant by commands on one that exists. */
  final ClusterDirectory directory() {
    return dir == null ? home().currentCluster() : new ClusterDirectory(dir);
  }

  /** Returns the cluster that is meant by a command that makes one. */
  final ClusterDirectory directoryToStart() {
    return dir == null ? home().defaultCluster() : new ClusterDirectory(dir);
  }

  final BackgroundCluster background() {
    return BackgroundCluster.in(directory(), home());
  }

  final boolean isJson() {
    return options().output() == OutputFormat.JSON;
  }

  final PrintStream out() {
    return options().streams().out();
  }

  /** Tells a person what is going on; silent under {@code -o json}. */
  final void progress(String sentence) {
    if (!isJson()) {
      options().streams().err().println("... " + sentence);
    }
  }

  /** Prints a value as one line of JSON. */
  final void printJson(Object value) {
    try {
      out().println(JSON.writeValueAsString(value));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot be written as JSON: " + value.getClass(), e);
    }
  }

  private GlobalOptions options() {
    return GlobalOptions.of(spec);
  }
}
