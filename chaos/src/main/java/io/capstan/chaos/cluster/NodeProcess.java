package io.capstan.chaos.cluster;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The operating system process of one node, from one start to the next. Thread-safe: deeds wait for
 * each other, questions do not wait.
 */
final class NodeProcess {
  /** How long an orderly stop may take before the process is killed. */
  private static final Duration STOP_GRACE = Duration.ofSeconds(10);

  private static final Duration SIGNAL_TIMEOUT = Duration.ofSeconds(5);

  private final String id;
  private final List<String> command;
  private final Map<String, String> environment;
  private final Set<String> hiddenVariables;
  private final Path workingDirectory;
  private final Path log;
  private final NodeStarter starter;
  private final Runnable onChange;
  private final ReentrantLock deeds = new ReentrantLock();
  private volatile @Nullable Process process;
  private volatile boolean paused;

  /** What the process is once it is no longer alive. */
  private volatile NodeState ended = NodeState.STOPPED;

  /**
   * @param environment what is added to the environment of this process
   * @param hiddenVariables what is taken out of it
   * @param starter makes the process of all this
   * @param onChange called, from any thread, after the state has changed; must be quick
   */
  NodeProcess(
      String id,
      List<String> command,
      Map<String, String> environment,
      Set<String> hiddenVariables,
      Path workingDirectory,
      Path log,
      NodeStarter starter,
      Runnable onChange) {
    this.id = id;
    this.command = List.copyOf(command);
    this.environment = Map.copyOf(environment);
    this.hiddenVariables = Set.copyOf(hiddenVariables);
    this.workingDirectory = workingDirectory;
    this.log = log;
    this.starter = starter;
    this.onChange = onChange;
  }

  NodeState state() {
    Process current = process;
    if (current == null || !current.isAlive()) {
      return ended;
    }
    return paused ? NodeState.PAUSED : NodeState.RUNNING;
  }

  /** Returns the identity of the live process, or null where there is none. */
  @Nullable ProcessIdentity identity() {
    Process current = process;
    return current == null || !current.isAlive() ? null : ProcessIdentity.of(current.toHandle());
  }

  /** Returns how the last process ended, or null where it lives or never lived. */
  @Nullable Integer exitCode() {
    Process current = process;
    return current == null || current.isAlive() ? null : current.exitValue();
  }

  Path log() {
    return log;
  }

  /** Starts the process if it does not live. Does not wait until it answers. */
  void start() {
    deeds.lock();
    try {
      if (state().isAlive()) {
        return;
      }
      LogTail.rotate(log);
      ProcessBuilder builder = new ProcessBuilder(command);
      builder.environment().keySet().removeAll(hiddenVariables);
      builder.environment().putAll(environment);
      builder.environment().putIfAbsent("CAPSTAN_LOG_LEVEL", "INFO");
      builder.directory(workingDirectory.toFile());
      builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
      builder.redirectErrorStream(true);
      builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
      paused = false;
      Process started = starter.start(builder);
      process = started;
      // Not earlier: who waits for the process before would take its death for a failed start.
      ended = NodeState.FAILED;
      started.onExit().thenRun(onChange);
      onChange.run();
    } catch (IOException e) {
      throw new ClusterException(
          ClusterException.Kind.FAILED,
          "The process of " + id + " cannot be started: " + e.getMessage() + ".",
          "",
          e);
    } finally {
      deeds.unlock();
    }
  }

  /** Asks the process to end (SIGTERM); kills it if it has not within ten seconds. */
  void stop() {
    deeds.lock();
    try {
      Process current = process;
      ended = NodeState.STOPPED;
      if (current != null && current.isAlive()) {
        if (paused) {
          signal(current, "CONT");
          paused = false;
        }
        current.destroy();
        if (!endsWithin(current, STOP_GRACE)) {
          current.destroyForcibly();
          requireEnd(current);
        }
      }
      onChange.run();
    } finally {
      deeds.unlock();
    }
  }

  /** Kills the process (SIGKILL) and returns once it is gone. */
  void kill() {
    deeds.lock();
    try {
      Process current = process;
      if (current == null || !current.isAlive()) {
        throw notAlive("killed");
      }
      ended = NodeState.KILLED;
      current.destroyForcibly();
      requireEnd(current);
      onChange.run();
    } finally {
      deeds.unlock();
    }
  }

  /** Holds the process still (SIGSTOP) and returns once it is. */
  void pause() {
    deeds.lock();
    try {
      Process current = process;
      if (current == null || !current.isAlive()) {
        throw notAlive("paused");
      }
      signal(current, "STOP");
      paused = true;
      String missing =
          Waiting.untilNothingIsMissing(
              SIGNAL_TIMEOUT,
              () -> {
                char runState = ProcessIdentity.runState(current.pid());
                return runState == 'T' || runState == ' ' ? "" : "it still runs";
              });
      if (!missing.isEmpty()) {
        throw ClusterException.failed(id + " was sent SIGSTOP, but " + missing + ".", "");
      }
      onChange.run();
    } finally {
      deeds.unlock();
    }
  }

  /** Lets the process go on (SIGCONT) if it is held still. */
  void resume() {
    deeds.lock();
    try {
      Process current = process;
      if (current == null || !current.isAlive()) {
        throw notAlive("resumed");
      }
      if (paused) {
        signal(current, "CONT");
        paused = false;
        onChange.run();
      }
    } finally {
      deeds.unlock();
    }
  }

  private ClusterException notAlive(String deed) {
    return ClusterException.failed(
        id + " cannot be " + deed + ": it does not run (" + state().text() + ").",
        "capstan cluster restart " + id + " starts it.");
  }

  private void requireEnd(Process current) {
    if (!endsWithin(current, SIGNAL_TIMEOUT)) {
      throw ClusterException.failed(
          "The process " + current.pid() + " of " + id + " does not end although it was killed.",
          "It hangs in the operating system, most likely in a disk: see its log, " + log + ".");
    }
  }

  private boolean endsWithin(Process current, Duration timeout) {
    try {
      return current.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ClusterException(
          ClusterException.Kind.FAILED,
          "Interrupted while waiting for the end of " + id + ".",
          "",
          e);
    }
  }

  /** Java itself can send SIGTERM and SIGKILL only. */
  private void signal(Process target, String name) {
    try {
      Process kill =
          new ProcessBuilder("kill", "-" + name, Long.toString(target.pid()))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (!endsWithin(kill, SIGNAL_TIMEOUT) || kill.exitValue() != 0) {
        throw ClusterException.failed(
            "SIG" + name + " could not be sent to process " + target.pid() + " of " + id + ".", "");
      }
    } catch (IOException e) {
      throw new ClusterException(
          ClusterException.Kind.FAILED,
          "The program \"kill\" is missing, so " + id + " cannot be sent SIG" + name + ".",
          "On Debian it is in the package procps.",
          e);
    }
  }
}
