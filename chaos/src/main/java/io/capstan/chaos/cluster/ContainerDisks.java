package io.capstan.chaos.cluster;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.Volume;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.utility.DockerImageName;

/**
 * Small disks for the containers of a cluster: file systems in memory, one for each node. A further
 * container, the keeper, has all of them mounted: the engine forgets what is in such a volume once
 * nobody has it, and a node that is down has not. The keeper also fills them.
 *
 * <p>Thread-safe.
 */
final class ContainerDisks implements AutoCloseable {
  /** A cluster of five that works for a minute needs a tenth of it. */
  static final int SIZE_MEBIBYTES = 192;

  private static final String KEEPER = "keeper";
  private static final String FILLER = "filler";
  private static final String NODE_USER = "7101";

  /** Several clusters of one harness have disks of their own. */
  private static final AtomicLong CLUSTERS = new AtomicLong();

  private static final Logger LOGGER = LoggerFactory.getLogger(ContainerDisks.class);

  private final Map<String, String> volumes = new LinkedHashMap<>();
  private final DockerClient engine = DockerClientFactory.lazyClient();
  private final GenericContainer<?> keeper;

  /**
   * Makes the disks and mounts them.
   *
   * @param image has the program sleep
   */
  ContainerDisks(List<String> nodeIds, String image) {
    long cluster = CLUSTERS.incrementAndGet();
    for (String id : nodeIds) {
      volumes.put(id, "capstan-chaos-" + ContainerCluster.RUN_ID + "-" + cluster + "-" + id);
    }
    this.keeper =
        new GenericContainer<>(DockerImageName.parse(image))
            .withImagePullPolicy(name -> false)
            .withLabel(ContainerCluster.LABEL, KEEPER)
            .withLabel(ContainerCluster.RUN_LABEL, ContainerCluster.RUN_ID)
            .withCreateContainerCmdModifier(this::complete)
            .withCommand("infinity");
    try {
      volumes.forEach(this::create);
      keeper.start();
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private void create(String nodeId, String volume) {
    engine
        .createVolumeCmd()
        .withName(volume)
        .withDriver("local")
        .withDriverOpts(
            Map.of(
                "type",
                "tmpfs",
                "device",
                "tmpfs",
                "o",
                "size=" + SIZE_MEBIBYTES + "m,mode=0750,uid=" + NODE_USER + ",gid=" + NODE_USER))
        .withLabels(
            Map.of(
                ContainerCluster.LABEL,
                nodeId,
                ContainerCluster.RUN_LABEL,
                ContainerCluster.RUN_ID))
        .exec();
  }

  private void complete(CreateContainerCmd command) {
    HostConfig host = command.getHostConfig();
    if (host == null) {
      throw new IllegalStateException("a container without a host configuration");
    }
    List<Bind> binds = new ArrayList<>();
    volumes.forEach((id, volume) -> binds.add(new Bind(volume, new Volume(folder(id)))));
    host.withBinds(binds);
    command.withEntrypoint("sleep").withUser("root");
  }

  private static String folder(String nodeId) {
    return "/disks/" + nodeId;
  }

  /** Returns the volume of a node. */
  String volume(String nodeId) {
    String volume = volumes.get(nodeId);
    if (volume == null) {
      throw new IllegalArgumentException("there is no disk of " + nodeId);
    }
    return volume;
  }

  /**
   * Takes all the room that a disk has left, and what files have set aside for later as well: a
   * store that has set room aside for its log goes on for long on a disk that is full. Nobody may
   * write meanwhile, or some of that is set aside again.
   *
   * @throws ClusterException (failed) if some is left
   */
  void fill(String nodeId) {
    String folder = folder(nodeId);
    // A file that is cut to the length it has loses what is set aside beyond it.
    String free =
        run(
            "cat /dev/zero 2>/dev/null >>"
                + folder
                + "/"
                + FILLER
                + "; find "
                + folder
                + " -type f -exec truncate -s +0 {} +; cat /dev/zero 2>/dev/null >>"
                + folder
                + "/"
                + FILLER
                + "; stat -f -c %a "
                + folder);
    if (!free.equals("0")) {
      throw ClusterException.failed(
          "The disk of " + nodeId + " was filled, but " + free + " blocks of it are free.", "");
    }
  }

  /**
   * Makes room again.
   *
   * @throws ClusterException (failed) if there is none
   */
  void free(String nodeId) {
    String free =
        run("rm -f " + folder(nodeId) + "/" + FILLER + "; stat -f -c %a " + folder(nodeId));
    if (free.equals("0")) {
      throw ClusterException.failed("The disk of " + nodeId + " is full for good.", "");
    }
  }

  private String run(String script) {
    try {
      ExecResult result = keeper.execInContainer("sh", "-c", script);
      if (result.getExitCode() != 0) {
        throw ClusterException.failed(
            "A command in the keeper of the disks failed: " + result.getStderr().strip(), "");
      }
      return result.getStdout().strip();
    } catch (IOException | DockerException | IllegalStateException e) {
      throw new ClusterException(
          ClusterException.Kind.FAILED, "The keeper of the disks is not reached.", "", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ClusterException(
          ClusterException.Kind.FAILED, "Interrupted while a disk was changed.", "", e);
    }
  }

  /** Removes the disks with what is on them; no node may use them any more. */
  @Override
  public void close() {
    try {
      keeper.stop();
    } catch (RuntimeException e) {
      LOGGER.warn("the keeper of the disks stays behind", e);
    }
    for (String volume : volumes.values()) {
      try {
        engine.removeVolumeCmd(volume).exec();
      } catch (RuntimeException e) {
        LOGGER.warn("the disk {} stays behind", volume, e);
      }
    }
  }
}
