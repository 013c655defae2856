package io.capstan.chaos.scenario;

import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.cluster.ContainerCluster;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Removes what a run left behind whose harness died. What belongs to it is told apart by names that
 * nobody else has: a temporary folder of its own in the command line of each process, a label of
 * its own on each container and network.
 */
public final class Remains {
  private static final long COMMAND_MAX_SECONDS = 60;
  private static final long END_MAX_SECONDS = 10;
  private static final String FOLDER_PREFIX = "capstan-chaos-";

  private Remains() {}

  /**
   * Removes what an entry of a journal names.
   *
   * @param detail as {@link Substrate#remains} wrote it
   * @return what was done, a sentence each; empty where nothing was left
   * @throws ClusterException if something stays
   */
  public static List<String> remove(String detail) {
    if (detail.startsWith(RealSubstrate.PROCESS_REMAINS)) {
      return processes(Path.of(detail.substring(RealSubstrate.PROCESS_REMAINS.length())));
    }
    if (detail.startsWith(RealSubstrate.DOCKER_REMAINS)) {
      return containers(detail.substring(RealSubstrate.DOCKER_REMAINS.length()));
    }
    throw new ClusterException(
        ClusterException.Kind.USAGE, "The journal names what nobody knows: " + detail, "");
  }

  private static List<String> processes(Path folder) {
    Path name = folder.getFileName();
    if (!folder.isAbsolute() || name == null || !name.toString().startsWith(FOLDER_PREFIX)) {
      throw new ClusterException(
          ClusterException.Kind.USAGE,
          folder + " is no folder of a chaos run, so nothing in it is touched.",
          "");
    }
    List<String> done = new ArrayList<>();
    for (ProcessHandle process : ProcessHandle.allProcesses().toList()) {
      boolean isOurs =
          process.info().commandLine().filter(line -> line.contains(folder + "/")).isPresent();
      if (isOurs && process.pid() != ProcessHandle.current().pid()) {
        // SIGKILL ends a process that is held still as well.
        process.destroyForcibly();
        awaitEnd(process);
        done.add("ended the node process " + process.pid());
      }
    }
    if (Files.isDirectory(folder)) {
      RealSubstrate.remove(folder);
      done.add("removed " + folder);
    }
    return done;
  }

  private static void awaitEnd(ProcessHandle process) {
    try {
      process.onExit().get(END_MAX_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new ClusterException(
          ClusterException.Kind.FAILED, "Process " + process.pid() + " does not end.", "", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ClusterException(ClusterException.Kind.FAILED, "Interrupted.", "", e);
    }
  }

  private static List<String> containers(String run) {
    String filter = "label=" + ContainerCluster.RUN_LABEL + "=" + run;
    List<String> done = new ArrayList<>();
    for (String id : docker("ps", "-aq", "--filter", filter)) {
      docker("rm", "-f", "-v", id);
      done.add("removed the container " + id);
    }
    for (String volume : docker("volume", "ls", "-q", "--filter", filter)) {
      docker("volume", "rm", volume);
      done.add("removed the volume " + volume);
    }
    for (String id : docker("network", "ls", "-q", "--filter", filter)) {
      docker("network", "rm", id);
      done.add("removed the network " + id);
    }
    return done;
  }

  private static List<String> docker(String... arguments) {
    List<String> command = new ArrayList<>(List.of("docker"));
    command.addAll(List.of(arguments));
    try {
      Process docker = new ProcessBuilder(command).redirectErrorStream(true).start();
      String out = new String(docker.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!docker.waitFor(COMMAND_MAX_SECONDS, TimeUnit.SECONDS) || docker.exitValue() != 0) {
        throw new ClusterException(
            ClusterException.Kind.FAILED,
            String.join(" ", command) + " failed: " + out.strip(),
            "Is the Docker engine of that run here? docker version");
      }
      return out.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
    } catch (IOException e) {
      throw new ClusterException(
          ClusterException.Kind.FAILED, "There is no docker command.", "", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ClusterException(ClusterException.Kind.FAILED, "Interrupted.", "", e);
    }
  }
}
