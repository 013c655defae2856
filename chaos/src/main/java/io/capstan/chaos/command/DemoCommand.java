package io.capstan.chaos.command;

import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.fault.Fault;
import io.capstan.chaos.report.Ink;
import io.capstan.chaos.scenario.SplitSettings;
import io.capstan.cli.Converters;
import io.capstan.cli.ExitCode;
import io.capstan.cli.GlobalOptions;
import io.capstan.cli.OutputFormat;
import io.capstan.cli.Streams;
import io.capstan.client.CapstanException;
import io.capstan.client.ErrorCode;
import io.capstan.client.Outcome;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code capstan demo}: shows what a network split does to a CP and to an AP keyspace. */
@Command(
    name = "demo",
    description = {
      "Shows a network split hit a bank (CP) and a social feed (AP) at the same moment.",
      "Starts a real cluster in this process, on temporary data, with a TCP proxy on every link;"
          + " lets clients work on both keyspaces; cuts the leader off from the others; heals; then"
          + " checks what every client saw, and says what was refused, what was stale and what"
          + " collided."
    },
    footer = {
      "",
      "Examples:",
      "  capstan demo",
      "  capstan demo --seed 7 --duration 15s --out report",
      "  capstan demo --switch",
      "  capstan demo --stay"
    })
final class DemoCommand implements Callable<Integer> {
  private static final int NODES_MAX = 9;
  private static final int SEEDS = 100_000;

  private final DemoCluster.Factory factory;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--nodes",
      paramLabel = "N",
      defaultValue = "3",
      description = "How many nodes, 3 to 9. Default: ${DEFAULT-VALUE}.")
  private int nodes;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "What the clients do, and when, follows from it. Default: a random one.")
  private @Nullable Long seed;

  @Option(
      names = "--duration",
      paramLabel = "DURATION",
      defaultValue = "20s",
      converter = Converters.DurationConverter.class,
      description = "How long the clients work, 6s to 10m. Default: ${DEFAULT-VALUE}.")
  private Duration duration = Duration.ZERO;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description =
          "Folder for report.html, result.json and the histories; files of an earlier run are"
              + " replaced. Default: capstan-demo here.")
  private Path out = Path.of("capstan-demo");

  @Option(
      names = "--switch",
      description =
          "After the heal the feed goes to CP and back while clients post to it: shows what that"
              + " changes for them.")
  private boolean changesSides;

  @Option(
      names = "--stay",
      description = "Leaves the cluster up at the end, to play with, until Enter or Ctrl-C.")
  private boolean stay;

  DemoCommand() {
    this(EmbeddedDemoCluster::start);
  }

  /**
   * @param factory starts the cluster
   */
  DemoCommand(DemoCluster.Factory factory) {
    this.factory = factory;
  }

  @Override
  public Integer call() {
    GlobalOptions options = GlobalOptions.of(spec);
    Streams streams = options.streams();
    DemoRun.Settings settings =
        new DemoRun.Settings(nodes, splitSettings(), changesSides, stay, replayCommand());
    DemoRun.Screen screen =
        new DemoRun.Screen(
            streams, new Ink(streams.colours()), options.output() == OutputFormat.JSON);
    try {
      return new DemoRun(factory, settings, OutputFolder.open(out), screen).run();
    } catch (InterruptedException e) {
      // Asked to end, and everything is cleaned up: there is nothing to say.
      Thread.currentThread().interrupt();
      return ExitCode.ERROR;
    } catch (ClusterException e) {
      throw new CapstanException(
          e.kind() == ClusterException.Kind.UNREACHABLE
              ? ErrorCode.UNREACHABLE
              : ErrorCode.INTERNAL,
          Outcome.FAILED,
          String.valueOf(e.getMessage()),
          e.hint(),
          null);
    }
  }

  private long seed() {
    if (seed == null) {
      seed = (long) ThreadLocalRandom.current().nextInt(1, SEEDS);
    }
    return seed;
  }

  private SplitSettings splitSettings() {
    if (nodes < Fault.IsolateLeader.NODES_MIN || nodes > NODES_MAX) {
      throw new ParameterException(
          spec.commandLine(),
          "--nodes is "
              + nodes
              + "; allowed is "
              + Fault.IsolateLeader.NODES_MIN
              + " to "
              + NODES_MAX
              + ": with fewer there is no majority beside the leader");
    }
    try {
      return SplitSettings.of(seed(), duration, nodes);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--" + e.getMessage(), e);
    }
  }

  private String replayCommand() {
    return Launcher.programName()
        + " demo --nodes "
        + nodes
        + " --seed "
        + seed()
        + " --duration "
        + text(duration)
        + (changesSides ? " --switch" : "")
        + " --out "
        + out;
  }

  private static String text(Duration duration) {
    return duration.toMillis() % 1_000 == 0
        ? duration.toSeconds() + "s"
        : duration.toMillis() + "ms";
  }

  /** Returns the exit code for a verdict. */
  static int exitCode(io.capstan.chaos.check.Verdict.Status verdict) {
    return switch (verdict) {
      case VALID -> ExitCode.OK;
      case INVALID -> ExitCode.CLAIM_VIOLATED;
      case UNKNOWN -> ExitCode.CHECK_BUDGET_EXHAUSTED;
    };
  }
}
