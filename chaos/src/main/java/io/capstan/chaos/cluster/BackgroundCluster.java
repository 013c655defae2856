package io.capstan.chaos.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Starts, stops and removes clusters that live on in the background, from short-lived processes
 * such as the command line.
 */
public final class BackgroundCluster {
  /** Where n1 serves clients unless something else was asked for. */
  public static final int DEFAULT_BASE_PORT = 7_101;

  /** How many nodes there are unless something else was asked for. */
  public static final int DEFAULT_NODES = 3;

  /** Longer than the supervisor's own bound, so that its reason is seen. */
  private static final Duration START_TIMEOUT = ProcessCluster.START_TIMEOUT.plusSeconds(20);

  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(25);
  private static final Duration SIGNAL_TIMEOUT = Duration.ofSeconds(5);
  private static final int NAMED_FILES_MAX = 5;

  private final ClusterDirectory directory;
  private final CapstanHome home;
  private final List<String> supervisorCommand;

  /**
   * @param supervisorCommand starts a supervisor; {@code --dir}, {@code --nodes} and {@code
   *     --base-port} are appended
   */
  BackgroundCluster(ClusterDirectory directory, CapstanHome home, List<String> supervisorCommand) {
    this.directory = directory;
    this.home = home;
    this.supervisorCommand = List.copyOf(supervisorCommand);
  }

  /** Returns the background cluster in a folder, running or not. */
  public static BackgroundCluster in(ClusterDirectory directory, CapstanHome home) {
    List<String> flags =
        List.of("-Xms32m", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");
    List<String> command = NodeCommand.javaCommand(flags, NodeCommand.MAIN_CLASS);
    command.addAll(List.of("cluster", "supervise"));
    return new BackgroundCluster(directory, home, command);
  }

  /**
   * Starts the cluster, with the data that is there, and waits until it has a leader. If it runs
   * already, the nodes that do not run are started.
   *
   * @param nodes how many nodes; null for as many as there were, or {@link #DEFAULT_NODES}
   * @param basePort where n1 serves clients; null for the same as before, or {@link
   *     #DEFAULT_BASE_PORT}
   * @param progress hears a short sentence whenever something has changed
   * @throws ClusterException if it does not start; what was started is stopped
   */
  public ClusterReport start(
      @Nullable Integer nodes, @Nullable Integer basePort, Consumer<String> progress) {
    ClusterState earlier = ClusterState.read(directory).orElse(null);
    int nodeCount = nodeCount(nodes, earlier);
    int firstPort = basePort != null ? basePort : basePortOf(earlier);
    if (earlier != null) {
      if (supervisor(earlier).isPresent()) {
        return completeRunning(earlier, firstPort, progress);
      }
      stopOrphans(earlier, progress);
    }
    ClusterLayout layout = ClusterLayout.at("local", NodeNames.first(nodeCount), firstPort, null);
    Integer taken = layout.clientPortInUse();
    if (taken != null) {
      throw ProcessCluster.portInUse(taken);
    }
    Process supervisor = spawnSupervisor(nodeCount, firstPort);
    try {
      return awaitStart(supervisor, progress);
    } catch (RuntimeException e) {
      endSupervisor(supervisor);
      throw e;
    }
  }

  private int nodeCount(@Nullable Integer asked, @Nullable ClusterState earlier) {
    if (earlier == null) {
      int count = asked == null ? DEFAULT_NODES : asked;
      NodeNames.first(count);
      return count;
    }
    int before = earlier.nodes().size();
    if (asked != null && asked != before) {
      throw ClusterException.usage(
          "The cluster in "
              + directory.root()
              + " has "
              + before
              + " nodes, not "
              + asked
              + "; the number of nodes is fixed when a cluster is first started.",
          "Start it without --nodes, or start another one with --dir.");
    }
    return before;
  }

  private static int basePortOf(@Nullable ClusterState earlier) {
    return earlier == null ? DEFAULT_BASE_PORT : earlier.layout().nodes().get(0).clientPort();
  }

  private ClusterReport completeRunning(
      ClusterState earlier, int basePort, Consumer<String> progress) {
    if (basePort != basePortOf(earlier)) {
      throw ClusterException.usage(
          "The cluster in "
              + directory.root()
              + " runs already, on base port "
              + basePortOf(earlier)
              + ".",
          "Stop it first: capstan cluster stop --dir " + directory.root());
    }
    progress.accept("it runs already");
    SupervisedCluster cluster = SupervisedCluster.connect(directory);
    for (ClusterReport.NodeReport node : cluster.report().nodes()) {
      if (node.pid() == null) {
        progress.accept("starting " + node.id());
        cluster.start(node.id());
      }
    }
    remember();
    return cluster.report();
  }

  private static Optional<ProcessHandle> supervisor(ClusterState state) {
    ClusterState.SupervisorEntry entry = state.supervisor();
    return entry == null ? Optional.empty() : entry.process();
  }

  private Process spawnSupervisor(int nodeCount, int basePort) {
    try {
      Files.createDirectories(directory.root());
      LogTail.rotate(directory.supervisorLog());
      List<String> command = new ArrayList<>(detached());
      command.addAll(supervisorCommand);
      command.addAll(
          List.of(
              "--dir",
              directory.root().toString(),
              "--nodes",
              Integer.toString(nodeCount),
              "--base-port",
              Integer.toString(basePort)));
      ProcessBuilder builder = new ProcessBuilder(command);
      builder.environment().putAll(NodeCommand.environment());
      builder.environment().putIfAbsent("CAPSTAN_LOG_LEVEL", "INFO");
      builder.directory(directory.root().toFile());
      builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
      builder.redirectErrorStream(true);
      builder.redirectOutput(ProcessBuilder.Redirect.appendTo(directory.supervisorLog().toFile()));
      return builder.start();
    } catch (IOException e) {
      throw new ClusterException(
          ClusterException.Kind.FAILED,
          "The cluster cannot be started in " + directory.root() + ": " + e.getMessage() + ".",
          "Choose a folder that you may write to with --dir.",
          e);
    }
  }

  /**
   * Returns what keeps the supervisor alive when the terminal goes: a session of its own where the
   * system has {@code setsid}, else deafness to the terminal's signals, which the JVM inherits.
   */
  private static List<String> detached() {
    for (String folder : List.of("/usr/bin", "/bin", "/usr/local/bin", "/opt/homebrew/bin")) {
      Path setsid = Path.of(folder, "setsid");
      if (Files.isExecutable(setsid)) {
        return List.of(setsid.toString());
      }
    }
    return List.of("/bin/sh", "-c", "trap '' HUP INT; exec \"$@\"", "capstan");
  }

  private ClusterReport awaitStart(Process supervisor, Consumer<String> progress) {
    StartWatch watch = new StartWatch(supervisor, progress);
    String missing = Waiting.untilNothingIsMissing(START_TIMEOUT, watch::missing);
    if (!missing.isEmpty()) {
      throw ClusterException.failed(
          "The cluster did not start within " + START_TIMEOUT.toSeconds() + " s: " + missing + ".",
          "Its supervisor's log is " + directory.supervisorLog() + ".");
    }
    remember();
    return SupervisedCluster.connect(directory).report();
  }

  /** Follows a supervisor from its start until its cluster runs. */
  private final class StartWatch {
    private final Process supervisor;
    private final Consumer<String> progress;
    private String told = "";

    StartWatch(Process supervisor, Consumer<String> progress) {
      this.supervisor = supervisor;
      this.progress = progress;
    }

    String missing() {
      if (!supervisor.isAlive()) {
        throw ClusterException.failed(
            "The cluster did not start: its supervisor ended with exit code "
                + supervisor.exitValue()
                + ". Its log ends:\n"
                + LogTail.lastLines(directory.supervisorLog()),
            "The whole log is " + directory.supervisorLog() + ".");
      }
      ClusterState state = ClusterState.read(directory).orElse(null);
      ClusterState.SupervisorEntry entry = state == null ? null : state.supervisor();
      if (entry == null || entry.pid() != supervisor.pid()) {
        return "the supervisor is not up yet";
      }
      ClusterReport report = new ControlClient(entry.control(), entry.token()).report();
      if (report.phase().equals("failed")) {
        throw ClusterException.failed(report.message(), "");
      }
      tell(report);
      return report.phase().equals("running") ? "" : "the nodes are not up yet";
    }

    private void tell(ClusterReport report) {
      List<String> answering =
          report.nodes().stream()
              .filter(node -> node.view() != null)
              .map(ClusterReport.NodeReport::id)
              .toList();
      String now =
          answering.size()
              + " of "
              + report.nodes().size()
              + " nodes answer"
              + (answering.size() == report.nodes().size() ? ", waiting for a leader" : "");
      if (!now.equals(told) && report.phase().equals("starting")) {
        told = now;
        progress.accept(now);
      }
    }
  }

  private void remember() {
    try {
      home.pointTo(directory);
    } catch (IOException e) {
      throw new ClusterException(
          ClusterException.Kind.FAILED,
          "The cluster runs, but " + home.root() + " cannot be written: " + e.getMessage() + ".",
          "Name the cluster's folder with --dir and its nodes with --endpoints, or set "
              + CapstanHome.VARIABLE
              + ".",
          e);
    }
  }

  private void endSupervisor(Process supervisor) {
    supervisor.destroy();
    try {
      if (!supervisor.waitFor(STOP_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
        supervisor.destroyForcibly();
        ClusterState.read(directory).ifPresent(state -> stopOrphans(state, sentence -> {}));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Stops every node, then the supervisor; what does not end in time is killed. Data is kept.
   *
   * @return whether anything ran
   * @throws ClusterException (failed) if a process cannot be ended
   */
  public boolean stop(Consumer<String> progress) {
    ClusterState state = ClusterState.read(directory).orElse(null);
    if (state == null) {
      return false;
    }
    ProcessHandle supervisor = supervisor(state).orElse(null);
    boolean ran = false;
    if (supervisor != null) {
      ran = true;
      progress.accept("stopping the nodes");
      try {
        SupervisedCluster.connect(directory).askToStop();
      } catch (ClusterException e) {
        // It does not take orders any more, but it may still hear a signal.
        supervisor.destroy();
      }
      end(supervisor, "the supervisor");
      state = ClusterState.read(directory).orElse(state);
    }
    return stopOrphans(state, progress) || ran;
  }

  /** Stops nodes whose supervisor is gone. Returns whether there were any. */
  private boolean stopOrphans(ClusterState state, Consumer<String> progress) {
    boolean ran = false;
    for (ClusterState.NodeEntry node : state.nodes()) {
      ProcessHandle process = node.process().orElse(null);
      if (process != null) {
        ran = true;
        progress.accept("stopping " + node.id() + ", left over without its supervisor");
        if (ProcessIdentity.runState(process.pid()) == 'T') {
          // Held still, it could not hear an orderly request.
          process.destroyForcibly();
        } else {
          process.destroy();
        }
        end(process, node.id());
      }
    }
    return ran;
  }

  private static void end(ProcessHandle process, String who) {
    ProcessIdentity identity = ProcessIdentity.of(process);
    if (!endsWithin(identity, STOP_TIMEOUT)) {
      process.destroyForcibly();
      if (!endsWithin(identity, SIGNAL_TIMEOUT)) {
        throw ClusterException.failed(
            "Process " + process.pid() + " (" + who + ") does not end although it was killed.",
            "Perhaps it belongs to another user, or hangs in a disk.");
      }
    }
  }

  private static boolean endsWithin(ProcessIdentity process, Duration timeout) {
    return Waiting.untilNothingIsMissing(
            timeout, () -> process.find().isPresent() ? "it still runs" : "")
        .isEmpty();
  }

  /**
   * Returns the state of the cluster, running or not.
   *
   * @throws ClusterException (unreachable) if there is no cluster in the folder
   */
  public ClusterReport report() {
    ClusterState state =
        ClusterState.read(directory)
            .orElseThrow(
                () ->
                    ClusterException.unreachable(
                        "There is no cluster in " + directory.root() + ".",
                        "Start one: capstan cluster start"));
    if (supervisor(state).isPresent()) {
      return SupervisedCluster.connect(directory).report();
    }
    boolean orphaned = state.nodes().stream().anyMatch(node -> node.process().isPresent());
    List<ClusterReport.NodeReport> nodes =
        state.nodes().stream().map(this::withoutSupervisor).toList();
    return new ClusterReport(
        orphaned ? "orphaned" : "stopped",
        orphaned
            ? "The process that held the links is gone: nodes run, but none can reach another."
            : "",
        directory.root().toString(),
        null,
        nodes,
        List.of());
  }

  private ClusterReport.NodeReport withoutSupervisor(ClusterState.NodeEntry node) {
    ProcessHandle process = node.process().orElse(null);
    return new ClusterReport.NodeReport(
        node.id(),
        node.address(),
        (process == null ? NodeState.STOPPED : NodeState.RUNNING).text(),
        process == null ? null : process.pid(),
        null,
        directory.log(node.id()).toString(),
        null);
  }

  /**
   * Stops the cluster and removes its folder with all data.
   *
   * @return whether there was a cluster
   * @throws ClusterException (failed) if something cannot be removed
   */
  public boolean destroy(Consumer<String> progress) {
    ClusterState state = ClusterState.read(directory).orElse(null);
    if (state == null) {
      return false;
    }
    stop(progress);
    try {
      for (ClusterState.NodeEntry node : state.nodes()) {
        deleteTree(directory.node(node.id()));
      }
      Files.deleteIfExists(directory.supervisorLog());
      Files.deleteIfExists(LogTail.movedAside(directory.supervisorLog()));
      Files.deleteIfExists(directory.lockFile());
      Files.deleteIfExists(ClusterState.halfWritten(directory.stateFile()));
      Files.deleteIfExists(directory.stateFile());
      home.forget(directory);
      List<Path> kept = deleteIfEmpty(directory.root());
      if (!kept.isEmpty()) {
        progress.accept(directory.root() + " stays, for it holds other files: " + names(kept));
      }
    } catch (IOException | UncheckedIOException | IllegalArgumentException e) {
      throw new ClusterException(
          ClusterException.Kind.FAILED,
          "The cluster is stopped, but not all of "
              + directory.root()
              + " could be removed: "
              + e.getMessage()
              + ".",
          "Remove the folder by hand.",
          e);
    }
    return true;
  }

  private static void deleteTree(Path root) throws IOException {
    if (!Files.exists(root)) {
      return;
    }
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /** Other people's files in the folder stay, and it with them. Returns these files. */
  private static List<Path> deleteIfEmpty(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> kept = files.sorted().toList();
      if (!kept.isEmpty()) {
        return kept;
      }
    }
    Files.delete(folder);
    return List.of();
  }

  private static String names(List<Path> files) {
    return files.stream()
        .limit(NAMED_FILES_MAX)
        .map(file -> file.getFileName().toString())
        .collect(Collectors.joining(", ", "", files.size() > NAMED_FILES_MAX ? ", ..." : ""));
  }
}
