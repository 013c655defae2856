package io.capstan.chaos.command;

import io.capstan.chaos.scenario.RunPlan;
import io.capstan.chaos.scenario.Scenario;
import io.capstan.chaos.scenario.ScenarioFile;
import io.capstan.chaos.scenario.ScenarioLibrary;
import io.capstan.chaos.scenario.SubstrateKind;
import io.capstan.cli.Converters;
import io.capstan.cli.ExitCode;
import io.capstan.cli.GlobalOptions;
import io.capstan.client.Mode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code capstan chaos run}. */
@Command(
    name = "run",
    description = {
      "Runs a scenario: clients at work, faults on a schedule, everything healed, and then a"
          + " verdict on what every client saw."
    },
    footer = {
      "",
      "Exit codes: 0 every claim holds, 8 one is violated, 9 not every one could be",
      "decided, 2 this substrate or build cannot run it.",
      "",
      "Examples:",
      "  capstan chaos run split --mode both",
      "  capstan chaos run everything --substrate sim --seed 7",
      "  capstan chaos run everything --substrate sim --seeds 1..200",
      "  capstan chaos run my-own.yaml --nodes 3 --duration 20s"
    })
final class ChaosRun implements Callable<Integer> {
  private static final int SEEDS = 100_000;
  private static final Pattern RANGE = Pattern.compile("(\\d{1,18})\\.\\.(\\d{1,18})");

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "SCENARIO",
      description = "A name that 'capstan chaos list' shows, or the path of a YAML file.")
  private String scenario = "";

  @Option(
      names = "--mode",
      paramLabel = "MODE",
      defaultValue = "both",
      description =
          "cp, ap, or both at the same moment on the same cluster. Default: ${DEFAULT-VALUE}.")
  private String mode = "both";

  @Option(
      names = "--substrate",
      paramLabel = "WHAT",
      defaultValue = "process",
      description = "sim, process or docker. Default: ${DEFAULT-VALUE}.")
  private String substrate = "process";

  @Option(
      names = "--nodes",
      paramLabel = "N",
      description = "How many nodes, 3 to 7. Default: what the scenario says.")
  private @Nullable Integer nodes;

  @Option(
      names = "--duration",
      paramLabel = "DURATION",
      converter = Converters.DurationConverter.class,
      description = "How long the clients work, 6s to 10m. Default: what the scenario says.")
  private @Nullable Duration duration;

  @Option(
      names = "--clients",
      paramLabel = "N",
      description = "How many clients each keyspace has. Default: what the scenario says.")
  private @Nullable Integer clients;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description =
          "What clients do and when, and a drawn schedule, follow from it. Default: a random one.")
  private @Nullable Long seed;

  @Option(
      names = "--seeds",
      paramLabel = "A..B",
      description =
          "Every seed from A to B, a line each; what does not hold keeps a folder in --out.")
  private @Nullable String seeds;

  @Option(
      names = "--image",
      paramLabel = "IMAGE",
      description =
          "For docker: the image of the nodes. Default: CAPSTAN_IMAGE, else what"
              + " docker/build-image makes.")
  private @Nullable String image;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description =
          "Folder for the report, result.json and the histories; files of an earlier run are"
              + " replaced. Default: capstan-chaos here.")
  private Path out = Path.of("capstan-chaos");

  @Override
  public Integer call() {
    try {
      return run();
    } catch (ScenarioFile.InvalidScenarioException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    } catch (InterruptedException e) {
      // Asked to end, and everything is cleaned up: there is nothing to say.
      Thread.currentThread().interrupt();
      return ExitCode.ERROR;
    }
  }

  private int run() throws InterruptedException {
    SubstrateKind kind =
        SubstrateKind.ofLabel(substrate)
            .orElseThrow(
                () -> usage("--substrate", substrate, String.join(", ", SubstrateKind.labels())));
    Scenario found = ScenarioLibrary.find(scenario);
    int nodeCount =
        number(
            "--nodes",
            nodes == null ? found.nodes() : nodes,
            ScenarioFile.NODES_MIN,
            ScenarioFile.NODES_MAX);
    int clientCount =
        number(
            "--clients", clients == null ? found.clients() : clients, 1, ScenarioFile.CLIENTS_MAX);
    Duration length = duration == null ? found.duration() : duration;
    if (length.compareTo(ScenarioFile.DURATION_MIN) < 0
        || length.compareTo(ScenarioFile.DURATION_MAX) > 0) {
      throw usage("--duration", length.toMillis() + "ms", "6s to 10m");
    }
    LongFunction<RunPlan> plans =
        each -> RunPlan.of(found, modes(), each, nodeCount, clientCount, length, kind.faults());
    GlobalOptions options = GlobalOptions.of(spec);
    if (seeds != null) {
      long[] range = range(seeds);
      return new ChaosSeries(options, kind, image, out)
          .run(
              range[0],
              range[1],
              plans,
              each -> replay(plans.apply(each), kind, out.resolve("seed-" + each)));
    }
    RunPlan plan = plans.apply(seed == null ? ThreadLocalRandom.current().nextInt(1, SEEDS) : seed);
    return new ChaosExecution(
            options, kind, plan, OutputFolder.open(out), image, replay(plan, kind, out))
        .run();
  }

  private long[] range(String written) {
    if (seed != null) {
      throw new ParameterException(
          spec.commandLine(), "--seed names one seed and --seeds many: give one of the two");
    }
    Matcher matcher = RANGE.matcher(written);
    if (!matcher.matches()) {
      throw usage("--seeds", written, "a range such as 1..200");
    }
    long first = Long.parseLong(matcher.group(1));
    long last = Long.parseLong(matcher.group(2));
    if (last < first || last - first >= SEEDS) {
      throw usage("--seeds", written, "a range that goes up and has at most " + SEEDS + " seeds");
    }
    return new long[] {first, last};
  }

  private List<Mode> modes() {
    return switch (mode) {
      case "cp" -> List.of(Mode.CP);
      case "ap" -> List.of(Mode.AP);
      case "both" -> List.of(Mode.CP, Mode.AP);
      default -> throw usage("--mode", mode, "cp, ap or both");
    };
  }

  private int number(String option, int value, int min, int max) {
    if (value < min || value > max) {
      throw usage(option, Integer.toString(value), min + " to " + max);
    }
    return value;
  }

  private ParameterException usage(String option, String value, String allowed) {
    return new ParameterException(
        spec.commandLine(), option + " is " + value + "; allowed is " + allowed);
  }

  private String replay(RunPlan plan, SubstrateKind kind, Path folder) {
    return Launcher.programName()
        + " chaos run "
        + scenario
        + " --mode "
        + mode
        + " --substrate "
        + kind.label()
        + " --nodes "
        + plan.nodes()
        + " --duration "
        + plan.duration().toMillis()
        + "ms --clients "
        + plan.clients()
        + " --seed "
        + plan.seed()
        + " --out "
        + folder;
  }
}
