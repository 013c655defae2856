package io.capstan.chaos.cluster;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.InternalServerErrorException;
import com.github.dockerjava.api.exception.NotModifiedException;
import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.HealthCheck;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports;
import com.github.dockerjava.api.model.Volume;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.containers.ExecConfig;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.images.builder.Transferable;
import org.testcontainers.utility.DockerImageName;

/**
 * One node in a container of its own. Each deed returns once the engine shows that it is done.
 * Thread-safe: deeds on the node wait for each other.
 */
final class ContainerNode {
  static final int CLIENT_PORT = 7_101;
  static final int PEER_PORT = 7_201;

  private static final String DATA_FOLDER = "/data";
  private static final String CONFIG_FILE = "/etc/capstan/node.yaml";
  private static final int CONFIG_FILE_MODE = 0644;
  private static final int STOP_TIMEOUT_SECONDS = 15;
  private static final Duration CHANGE_TIMEOUT = Duration.ofSeconds(30);
  private static final Duration FREEZE_TIMEOUT = Duration.ofSeconds(10);

  /** How long the engine may show a container as running whose processes have ended. */
  private static final Duration END_SEEN_TIMEOUT = Duration.ofSeconds(3);

  private static final String FREEZE_GIVEN_UP = "unable to freeze";
  private static final int LOG_LINES = 20;

  /** Several nodes share a machine, and none lives long enough for the better compiler. */
  private static final String JVM_FLAGS =
      "-Xms64m -Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1";

  /** Where docker/chaos.Dockerfile puts the library. */
  private static final String CLOCK_LIBRARY = "/usr/local/lib/libfaketime.so";

  private static final String CLOCK_FILE = "/etc/capstan/clock";
  private static final String CLOCK_RIGHT = "+0s";

  /** How long a process may go on with the old clock after a change. */
  private static final int CLOCK_CACHE_SECONDS = 1;

  private static final Duration CLOCK_CHANGE_TIMEOUT = Duration.ofSeconds(10);
  private static final long CLOCK_TOLERANCE_MILLIS = 2_500;

  private final String id;
  private final String address;
  private final @Nullable String volume;
  private final GenericContainer<?> container;
  private final ReentrantLock deeds = new ReentrantLock();
  private volatile NodeState state = NodeState.STOPPED;

  /**
   * Describes a container; {@link #create} makes it.
   *
   * @param address its IPv4 address in the network, which it keeps when it is started again
   * @param hostPort where the host reaches its client port, on the loopback address
   * @param config content of its configuration file
   * @param volume what it keeps its data on; null for the container's own disk
   * @param hasClock whether its wall clock can be set wrong
   */
  ContainerNode(
      String id,
      String image,
      Network network,
      String address,
      int hostPort,
      String config,
      @Nullable String volume,
      boolean hasClock) {
    this.id = id;
    this.volume = volume;
    this.address = address;
    this.container =
        new GenericContainer<>(DockerImageName.parse(image))
            .withImagePullPolicy(name -> false)
            .withNetwork(network)
            .withNetworkAliases(id)
            .withEnv("CAPSTAN_JAVA_OPTS", JVM_FLAGS)
            .withCopyToContainer(transferable(config), CONFIG_FILE)
            .withCommand("node", "--config", CONFIG_FILE)
            .withLabel(ContainerCluster.LABEL, id)
            .withLabel(ContainerCluster.RUN_LABEL, ContainerCluster.RUN_ID)
            .withCreateContainerCmdModifier(command -> complete(command, hostPort));
    if (hasClock) {
      container
          .withCopyToContainer(transferable(CLOCK_RIGHT), CLOCK_FILE)
          .withEnv("LD_PRELOAD", CLOCK_LIBRARY)
          .withEnv("FAKETIME_TIMESTAMP_FILE", CLOCK_FILE)
          .withEnv("FAKETIME_CACHE_DURATION", Integer.toString(CLOCK_CACHE_SECONDS))
          // Time that passes is measured right: it is the wall clock that stands wrong.
          .withEnv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
          // The times of files stay right: by them a JVM knows that its class archive fits.
          .withEnv("NO_FAKE_STAT", "1")
          // Where this is left to the library it may take a deadline on the monotonic clock for one
          // on the wall clock: each wait of the JVM then ends at once, and a node that has nothing
          // to do takes a whole core (libfaketime, issue 425).
          .withEnv("FAKETIME_FORCE_MONOTONIC_FIX", "0");
    }
  }

  private void complete(CreateContainerCmd command, int hostPort) {
    HostConfig host = command.getHostConfig();
    if (host == null) {
      throw new IllegalStateException("a container without a host configuration");
    }
    host.withCapAdd(Capability.NET_ADMIN);
    if (volume != null) {
      host.withBinds(new Bind(volume, new Volume(DATA_FOLDER)));
    }
    host.withPortBindings(
        new PortBinding(
            Ports.Binding.bindIpAndPort(ClusterLayout.LOOPBACK, hostPort),
            ExposedPort.tcp(CLIENT_PORT)));
    // The harness asks the node itself; a JVM for each check would only take processor time.
    command
        .withHostName(id)
        .withIpv4Address(address)
        .withHealthcheck(new HealthCheck().withTest(List.of("NONE")));
  }

  private static Transferable transferable(String content) {
    return Transferable.of(content.getBytes(StandardCharsets.UTF_8), CONFIG_FILE_MODE);
  }

  String id() {
    return id;
  }

  String address() {
    return address;
  }

  /** Makes the container and starts it. */
  void create() {
    deed(
        "be started",
        () -> {
          container.start();
          state = NodeState.RUNNING;
        });
  }

  /** Starts the container again where it does not run; returns whether it did. */
  boolean start() {
    return deed(
        "be started",
        () -> {
          if (state().isAlive()) {
            return false;
          }
          engine().startContainerCmd(container.getContainerId()).exec();
          awaitRunning(true);
          state = NodeState.RUNNING;
          return true;
        });
  }

  void stop() {
    deed(
        "be stopped",
        () -> {
          if (state() == NodeState.PAUSED) {
            engine().unpauseContainerCmd(container.getContainerId()).exec();
          }
          if (state().isAlive()) {
            engine()
                .stopContainerCmd(container.getContainerId())
                .withTimeout(STOP_TIMEOUT_SECONDS)
                .exec();
            awaitRunning(false);
          }
          state = NodeState.STOPPED;
        });
  }

  void kill() {
    deed(
        "be killed",
        () -> {
          if (state().isAlive()) {
            engine().killContainerCmd(container.getContainerId()).withSignal("KILL").exec();
            awaitRunning(false);
          }
          state = NodeState.KILLED;
        });
  }

  void pause() {
    deed(
        "be paused",
        () -> {
          if (state() != NodeState.RUNNING) {
            throw ClusterException.usage(
                id + " does not run (it is " + state().text() + "), so it cannot be paused.", "");
          }
          String refusal = Waiting.untilNothingIsMissing(FREEZE_TIMEOUT, this::freezeRefusal);
          if (!refusal.isEmpty()) {
            throw ClusterException.failed(
                "The container of " + id + " cannot be paused: " + refusal, "");
          }
          state = NodeState.PAUSED;
        });
  }

  /**
   * Pauses the node if it runs, and not if it ends meanwhile; returns whether it is paused by this
   * and has to be resumed.
   */
  boolean pauseIfItRuns() {
    if (state() != NodeState.RUNNING) {
      return false;
    }
    try {
      pause();
      return true;
    } catch (ClusterException e) {
      if (endsSoon()) {
        return false;
      }
      throw e;
    }
  }

  /** The end of its processes shows in what they were asked before the engine tells of it. */
  private boolean endsSoon() {
    return Waiting.untilNothingIsMissing(
            END_SEEN_TIMEOUT, () -> state() == NodeState.RUNNING ? id : "")
        .isEmpty();
  }

  /**
   * Tries once to freeze the processes; returns why the engine could not, empty if it could. Where
   * control groups are of version 1, runc gives a freeze up after milliseconds and undoes it, which
   * happens on a busy machine and says nothing about the next attempt.
   */
  private String freezeRefusal() {
    try {
      engine().pauseContainerCmd(container.getContainerId()).exec();
      return "";
    } catch (InternalServerErrorException e) {
      String message = String.valueOf(e.getMessage());
      if (message.contains(FREEZE_GIVEN_UP)) {
        return message;
      }
      throw e;
    }
  }

  void resume() {
    deed(
        "be resumed",
        () -> {
          if (state() == NodeState.PAUSED) {
            engine().unpauseContainerCmd(container.getContainerId()).exec();
            state = NodeState.RUNNING;
          }
        });
  }

  /** Replaces the configuration file of a running node; it counts from the next start. */
  void configure(String config) {
    deed("be configured", () -> container.copyFileToContainer(transferable(config), CONFIG_FILE));
  }

  /**
   * Sets its wall clock wrong by so much, and waits until a process in it shows that, if any runs.
   *
   * @throws ClusterException (failed) if none does
   */
  void skewClock(long millis) {
    String skew = String.format(Locale.ROOT, "%+.3fs", millis / 1_000.0);
    deed("have its clock set", () -> container.copyFileToContainer(transferable(skew), CLOCK_FILE));
    String wrong =
        Waiting.untilNothingIsMissing(CLOCK_CHANGE_TIMEOUT, () -> clockWrongness(millis));
    if (!wrong.isEmpty()) {
      throw ClusterException.failed(
          "The clock of " + id + " was set wrong by " + millis + " ms, but " + wrong + ".", "");
    }
  }

  /** A container in which nothing runs shows no time; its file counts when it does. */
  private String clockWrongness(long millis) {
    if (state() != NodeState.RUNNING) {
      return "";
    }
    Optional<String> shown = runUnlessEnded("date +%s%3N");
    if (shown.isEmpty()) {
      return "";
    }
    long skew = Long.parseLong(shown.get().strip()) - System.currentTimeMillis();
    return Math.abs(skew - millis) <= CLOCK_TOLERANCE_MILLIS
        ? ""
        : "it stands wrong by " + skew + " ms";
  }

  /** Returns what was done to it, and whether it ended by itself meanwhile. */
  NodeState state() {
    if (state == NodeState.RUNNING && !inspect().getState().getRunning().equals(true)) {
      return NodeState.FAILED;
    }
    return state;
  }

  /**
   * Runs a shell script as root in the container.
   *
   * @return its standard output
   * @throws ClusterException (failed) if it ends with another code than 0
   */
  String run(String script) {
    try {
      ExecResult result =
          container.execInContainer(
              ExecConfig.builder().user("root").command(new String[] {"sh", "-c", script}).build());
      if (result.getExitCode() != 0) {
        throw ClusterException.failed(
            "A command in the container of "
                + id
                + " ended with code "
                + result.getExitCode()
                + ": "
                + result.getStderr().strip(),
            "");
      }
      return result.getStdout();
    } catch (IOException | DockerException | IllegalStateException e) {
      throw failed("be reached by a command", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failed("be reached by a command", e);
    }
  }

  /**
   * Runs a script as {@link #run} does, in the container of a node that was seen to run and may end
   * at any moment.
   *
   * @return its standard output; empty if the node has ended, or is held still
   * @throws ClusterException (failed) if the script fails although the node runs
   */
  Optional<String> runUnlessEnded(String script) {
    try {
      return Optional.of(run(script));
    } catch (ClusterException e) {
      if (endsSoon()) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** Returns the end of what the node wrote. */
  String logTail() {
    List<String> lines = container.getLogs().lines().toList();
    return String.join("\n", lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()));
  }

  /** Removes the container and its data. */
  void remove() {
    container.stop();
  }

  private DockerClient engine() {
    return container.getDockerClient();
  }

  private InspectContainerResponse inspect() {
    return engine().inspectContainerCmd(container.getContainerId()).exec();
  }

  private void awaitRunning(boolean wanted) {
    String missing =
        Waiting.untilNothingIsMissing(
            CHANGE_TIMEOUT,
            () -> Boolean.valueOf(wanted).equals(inspect().getState().getRunning()) ? "" : id);
    if (!missing.isEmpty()) {
      throw ClusterException.failed(
          "The container of "
              + id
              + (wanted ? " does not run" : " still runs")
              + " after "
              + CHANGE_TIMEOUT.toSeconds()
              + " s.",
          "");
    }
  }

  private void deed(String what, Runnable act) {
    deed(
        what,
        () -> {
          act.run();
          return true;
        });
  }

  private <T> T deed(String what, Supplier<T> act) {
    deeds.lock();
    try {
      return act.get();
    } catch (ClusterException e) {
      throw e;
    } catch (NotModifiedException e) {
      throw new IllegalStateException("the engine and the harness disagree about " + id, e);
    } catch (RuntimeException e) {
      throw failed(what, e);
    } finally {
      deeds.unlock();
    }
  }

  private ClusterException failed(String what, Exception cause) {
    return new ClusterException(
        ClusterException.Kind.FAILED,
        "The container of " + id + " cannot " + what + ": " + cause.getMessage(),
        "",
        cause);
  }
}
