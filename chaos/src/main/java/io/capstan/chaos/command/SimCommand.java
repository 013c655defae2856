package io.capstan.chaos.command;

import io.capstan.chaos.report.Ink;
import io.capstan.chaos.sim.FaultKind;
import io.capstan.chaos.sim.Schedule;
import io.capstan.chaos.sim.ScheduleGenerator;
import io.capstan.chaos.sim.ScheduleText;
import io.capstan.chaos.sim.SimulationMode;
import io.capstan.chaos.sim.SimulationSettings;
import io.capstan.cli.ExitCode;
import io.capstan.cli.GlobalOptions;
import io.capstan.cli.OutputFormat;
import io.capstan.cli.Streams;
import io.capstan.client.CapstanException;
import io.capstan.client.ErrorCode;
import io.capstan.client.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code capstan sim}: whole clusters in virtual time, one for each seed. */
@Command(
    name = "sim",
    description =
        "Runs clusters in a simulator, each seed with faults of its own, and checks every promise.",
    footer = {
      "",
      "Faults: delay, loss, duplicate, reorder, cut, one-way-cut, isolate, halves, bridge, ring,",
      "clog, flap, power-loss, torn-write, slow-fsync, failed-fsync, full-disk, crash, pause,",
      "clock-rate, clock-jump, leader-transfer, member-add, member-remove, member-replace,",
      "disk-loss, flipped-bit; all or none.",
      "A kind that was named, or any in a run of 200 seeds or more, must happen at least once.",
      "Exit codes: 0 every claim held, 8 a claim was violated, 1 a kind of fault never happened.",
      "",
      "Examples:",
      "  capstan sim --mode cp --seeds 1..20000",
      "  capstan sim --mode mixed --seeds 1..500 --faults crash,torn-write,cut",
      "  capstan sim --mode cp --seed 17 --trace",
      "  capstan sim --replay capstan-sim-cp-17.json"
    })
final class SimCommand implements Callable<Integer> {
  private static final Pattern RANGE = Pattern.compile("(-?[0-9]{1,18})\\.\\.(-?[0-9]{1,18})");
  private static final int JOBS_MAX = 256;

  /** So few named kinds are all used by every seed; of more, each seed picks its own. */
  private static final int EVERY_SEED_USES_MAX = 3;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--mode",
      paramLabel = "MODE",
      defaultValue = "mixed",
      description =
          "Which keyspaces the clients use: cp, ap, switch or mixed. Default: ${DEFAULT-VALUE}.")
  private String mode = "mixed";

  @Option(names = "--seeds", paramLabel = "A..B", description = "Every seed from A to B.")
  private @Nullable String seeds;

  @Option(names = "--seed", paramLabel = "N", description = "This seed alone.")
  private @Nullable Long seed;

  @Option(
      names = "--trace",
      description = "With --seed or --replay: prints everything that happens, with its time.")
  private boolean trace;

  @Option(
      names = "--replay",
      paramLabel = "FILE",
      description = "Runs a schedule that an earlier run has written.")
  private @Nullable Path replay;

  @Option(
      names = "--jobs",
      paramLabel = "N",
      description = "How many seeds run at once. Default: one for each processor.")
  private @Nullable Integer jobs;

  @Option(
      names = "--faults",
      paramLabel = "LIST",
      defaultValue = "all",
      description = "Kinds of fault, with commas between them. Default: ${DEFAULT-VALUE}.")
  private String faults = "all";

  @Option(
      names = "--nodes",
      paramLabel = "N",
      defaultValue = "0",
      description = "Size of every cluster, 1 to 7. Default: each seed draws its own.")
  private int nodes;

  @Option(
      names = "--rate",
      paramLabel = "N",
      defaultValue = "" + SimulationSettings.OPERATIONS_PER_SECOND,
      description =
          "Client operations a virtual second, due whether or not the cluster answers."
              + " Default: ${DEFAULT-VALUE}.")
  private int rate = SimulationSettings.OPERATIONS_PER_SECOND;

  @Option(
      names = "--schedule",
      paramLabel = "FILE",
      description =
          "Where the shrunk schedule of a failure is written. Default: capstan-sim-MODE-SEED.json.")
  private @Nullable Path schedule;

  @Override
  public Integer call() {
    int chosen = (seeds == null ? 0 : 1) + (seed == null ? 0 : 1) + (replay == null ? 0 : 1);
    if (chosen != 1) {
      throw usage("Name what to run: one of --seeds A..B, --seed N and --replay FILE.");
    }
    if (trace && seeds != null) {
      throw usage("--trace shows one run: use it with --seed N or --replay FILE.");
    }
    GlobalOptions options = GlobalOptions.of(spec);
    Streams streams = options.streams();
    SimScreen screen =
        new SimScreen(
            streams,
            new Ink(streams.colours()),
            options.output() == OutputFormat.JSON,
            rate,
            replayOptions());
    SimulationSettings settings = settings();
    try {
      if (replay != null) {
        return new SimRun(screen).one(scheduleIn(replay), trace);
      }
      if (trace && seed != null) {
        return new SimRun(screen).one(ScheduleGenerator.of(seed, settings), true);
      }
      long[] range = range();
      return new SimRun(screen)
          .range(settings, range[0], range[1], jobs(), !faults.equals("all"), this::fileOf);
    } catch (IOException e) {
      throw new CapstanException(
          ErrorCode.INTERNAL,
          Outcome.FAILED,
          String.valueOf(e.getMessage()),
          "Name a file that a failed run has written, and a folder that can be written to.",
          null);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return ExitCode.ERROR;
    }
  }

  private static Schedule scheduleIn(Path file) throws IOException {
    try {
      return ScheduleText.fromJson(Files.readString(file));
    } catch (IllegalArgumentException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  private Path fileOf(Schedule failing, long failingSeed) {
    return schedule != null
        ? schedule
        : Path.of("capstan-sim-" + failing.mode().label() + "-" + failingSeed + ".json");
  }

  /** The options by which a seed of this run is found again. */
  private String replayOptions() {
    return "--mode "
        + mode
        + (faults.equals("all") ? "" : " --faults " + faults)
        + (nodes == 0 ? "" : " --nodes " + nodes)
        + (rate == SimulationSettings.OPERATIONS_PER_SECOND ? "" : " --rate " + rate);
  }

  private SimulationSettings settings() {
    if (nodes < 0 || nodes > Schedule.NODES_MAX) {
      throw usage("--nodes is " + nodes + "; allowed is 1 to " + Schedule.NODES_MAX + ".");
    }
    if (rate < 1 || rate > SimulationSettings.OPERATIONS_PER_SECOND_MAX) {
      throw usage(
          "--rate is "
              + rate
              + "; allowed is 1 to "
              + SimulationSettings.OPERATIONS_PER_SECOND_MAX
              + ".");
    }
    Set<FaultKind> kinds = kinds();
    boolean everyFault = !faults.equals("all") && kinds.size() <= EVERY_SEED_USES_MAX;
    return new SimulationSettings(mode(), kinds, everyFault, nodes, rate);
  }

  private SimulationMode mode() {
    for (SimulationMode each : SimulationMode.values()) {
      if (each.label().equals(mode)) {
        return each;
      }
    }
    throw usage("--mode is cp, ap, switch or mixed, not '" + mode + "'.");
  }

  private Set<FaultKind> kinds() {
    if (faults.equals("all")) {
      return FaultKind.all();
    }
    Set<FaultKind> kinds = EnumSet.noneOf(FaultKind.class);
    if (faults.equals("none")) {
      return kinds;
    }
    for (String label : faults.split(",")) {
      kinds.add(
          FaultKind.labelled(label.strip().toLowerCase(Locale.ROOT))
              .orElseThrow(
                  () ->
                      usage(
                          "There is no fault '"
                              + label
                              + "'; there are "
                              + FaultKind.all().stream()
                                  .map(FaultKind::label)
                                  .collect(Collectors.joining(", "))
                              + ".")));
    }
    return kinds;
  }

  private long[] range() {
    if (seed != null) {
      return new long[] {seed, seed};
    }
    Matcher matcher = RANGE.matcher(String.valueOf(seeds));
    if (!matcher.matches()) {
      throw usage("--seeds is a range such as 1..1000, not '" + seeds + "'.");
    }
    long first = Long.parseLong(matcher.group(1));
    long last = Long.parseLong(matcher.group(2));
    if (last < first) {
      throw usage("--seeds " + seeds + " is empty: the first seed comes first.");
    }
    return new long[] {first, last};
  }

  private int jobs() {
    int wanted = jobs == null ? Runtime.getRuntime().availableProcessors() : jobs;
    if (wanted < 1 || wanted > JOBS_MAX) {
      throw usage("--jobs is " + wanted + "; allowed is 1 to " + JOBS_MAX + ".");
    }
    return wanted;
  }

  private ParameterException usage(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
