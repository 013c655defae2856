package io.capstan.chaos.scenario;

import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.cluster.ContainerCluster;
import io.capstan.chaos.cluster.ContainerEquipment;
import io.capstan.chaos.cluster.NodeCommand;
import io.capstan.chaos.cluster.ProcessCluster;
import io.capstan.chaos.fault.FaultJournal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A cluster of real nodes: processes of this machine, or containers. */
public final class RealSubstrate extends RunningSubstrate {
  /** How the journal begins the entry of a folder of processes. */
  public static final String PROCESS_REMAINS = "process ";

  /** How the journal begins the entry of a set of containers. */
  public static final String DOCKER_REMAINS = "docker ";

  /**
   * Peers are missed earlier than usual, so that a run of some seconds sees most of its faults;
   * elections are not so quick that a busy machine has some without a cause.
   */
  private static final Map<String, ?> TUNING =
      Map.of(
          "electionTimeoutMillis", 1_500,
          "heartbeatIntervalMillis", 150,
          "peerSilentMillis", 1_500,
          "antiEntropyIntervalMillis", 300);

  /** Nodes that live for a minute. */
  private static final List<String> SHORT_LIVED = List.of("-XX:TieredStopAtLevel=1", "-Xss512k");

  private final @Nullable Path data;

  private RealSubstrate(String name, Cluster cluster, @Nullable Path data) {
    super(name, cluster);
    this.data = data;
  }

  /**
   * Starts processes and waits until they have a leader.
   *
   * @param journal is told first what has to be removed should this process die
   * @throws ClusterException if they do not come up; what was started is stopped
   */
  public static RealSubstrate processes(int nodes, FaultJournal journal) {
    Path data;
    try {
      data = Files.createTempDirectory("capstan-chaos-").toRealPath();
    } catch (IOException e) {
      throw new ClusterException(
          ClusterException.Kind.FAILED,
          "No temporary folder can be made for the nodes' data: " + e.getMessage() + ".",
          "Name another one: CAPSTAN_JAVA_OPTS=-Djava.io.tmpdir=DIR capstan chaos run ...",
          e);
    }
    try {
      journal.remains(PROCESS_REMAINS + data);
      ProcessCluster cluster =
          ProcessCluster.start(nodes, data, TUNING, NodeCommand.capstanNode(SHORT_LIVED));
      return new RealSubstrate(SubstrateKind.PROCESS.label(), cluster, data);
    } catch (RuntimeException e) {
      remove(data);
      throw e;
    }
  }

  /**
   * Starts containers and waits until they have a leader.
   *
   * @param image of the nodes; the engine has it
   * @param equipment what the schedule needs
   * @param journal is told first what has to be removed should this process die
   * @throws ClusterException if they do not come up; what was made is removed
   */
  public static RealSubstrate containers(
      int nodes, String image, ContainerEquipment equipment, FaultJournal journal) {
    journal.remains(DOCKER_REMAINS + ContainerCluster.RUN_ID);
    ContainerCluster cluster = ContainerCluster.start(nodes, image, id -> TUNING, equipment);
    return new RealSubstrate(SubstrateKind.DOCKER.label(), cluster, null);
  }

  @Override
  public void close() {
    // Whoever was interrupted still cleans up, and is interrupted afterwards.
    boolean wasInterrupted = Thread.interrupted();
    try {
      super.close();
      cluster().close();
    } finally {
      if (data != null) {
        remove(data);
      }
      if (wasInterrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Removes a folder with all that is in it.
   *
   * @throws UncheckedIOException if something stays
   */
  public static void remove(Path folder) {
    try {
      Files.walkFileTree(
          folder,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Files.deleteIfExists(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException error)
                throws IOException {
              Files.deleteIfExists(directory);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException("The temporary data in " + folder + " stays behind", e);
    }
  }
}
