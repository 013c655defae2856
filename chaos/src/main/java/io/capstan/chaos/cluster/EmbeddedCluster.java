package io.capstan.chaos.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A cluster whose nodes live inside this JVM, with real gRPC, real storage, and a real TCP proxy on
 * every directed link: it starts in a second or two and can be cut like any other.
 *
 * <p>Nodes can be stopped and started but neither killed nor paused, for they share a process; see
 * {@link #supportedFaults}.
 */
public final class EmbeddedCluster extends ProxiedCluster {
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(30);
  private static final Logger LOGGER = LoggerFactory.getLogger(EmbeddedCluster.class);

  private final Path directory;
  private final NodeLauncher launcher;
  private final Map<String, Slot> slots = new LinkedHashMap<>();
  private final AtomicBoolean closed = new AtomicBoolean();

  /** The place of one node; its lock makes deeds on the node wait for each other. */
  private static final class Slot {
    final ReentrantLock deeds = new ReentrantLock();
    volatile NodeLauncher.@Nullable EmbeddedNode node;
  }

  private EmbeddedCluster(ClusterLayout layout, Path directory, NodeLauncher launcher) {
    super(layout);
    this.directory = directory;
    this.launcher = launcher;
    layout.nodeIds().forEach(id -> slots.put(id, new Slot()));
  }

  /**
   * Starts a cluster on free ports and waits until it has a leader.
   *
   * @param nodeCount how many nodes
   * @param directory where they keep their data, in {@code nI/data}; created if it does not exist
   * @param launcher starts one node
   * @param timeout how long all of it may take
   * @throws ClusterException (failed) if a node cannot be started or there is no leader in time;
   *     what was started is stopped
   */
  public static EmbeddedCluster start(
      int nodeCount, Path directory, NodeLauncher launcher, Duration timeout) {
    ClusterLayout layout = ClusterLayout.onFreePorts("embedded", NodeNames.first(nodeCount));
    EmbeddedCluster cluster = new EmbeddedCluster(layout, directory, launcher);
    try {
      cluster.nodeIds().forEach(cluster::launch);
      cluster.awaitReady(timeout);
      return cluster;
    } catch (RuntimeException e) {
      cluster.close();
      throw e;
    }
  }

  private Slot slot(String nodeId) {
    String id = NodeNames.require(nodeId, nodeIds());
    Slot slot = slots.get(id);
    if (slot == null) {
      throw new IllegalStateException("the layout names " + id + " but it has no place");
    }
    return slot;
  }

  private void launch(String nodeId) {
    Slot slot = slot(nodeId);
    slot.deeds.lock();
    try {
      if (slot.node == null) {
        NodeSettings settings = layout().settings(nodeId, directory);
        Files.createDirectories(settings.data());
        slot.node = launcher.launch(settings);
      }
    } catch (IOException e) {
      throw notStarted(nodeId, e);
    } catch (Exception e) {
      if (e instanceof InterruptedException) {
        Thread.currentThread().interrupt();
      }
      throw notStarted(nodeId, e);
    } finally {
      slot.deeds.unlock();
    }
  }

  private static ClusterException notStarted(String nodeId, Exception cause) {
    return new ClusterException(
        ClusterException.Kind.FAILED,
        nodeId + " cannot be started: " + cause.getMessage(),
        "",
        cause);
  }

  @Override
  public NodeState state(String nodeId) {
    return slot(nodeId).node == null ? NodeState.STOPPED : NodeState.RUNNING;
  }

  @Override
  public Set<NodeFault> supportedFaults() {
    return EnumSet.of(NodeFault.STOP, NodeFault.CUT);
  }

  @Override
  public void start(String nodeId) {
    String id = NodeNames.require(nodeId, nodeIds());
    launch(id);
    String missing =
        Waiting.untilNothingIsMissing(
            ANSWER_TIMEOUT, () -> answers(id) ? "" : id + " does not answer");
    if (!missing.isEmpty()) {
      throw ClusterException.failed(missing + " after " + ANSWER_TIMEOUT.toSeconds() + " s.", "");
    }
  }

  @Override
  public void stop(String nodeId) {
    Slot slot = slot(nodeId);
    slot.deeds.lock();
    try {
      NodeLauncher.EmbeddedNode node = slot.node;
      if (node != null) {
        node.close();
        slot.node = null;
      }
    } catch (Exception e) {
      if (e instanceof InterruptedException) {
        Thread.currentThread().interrupt();
      }
      throw new ClusterException(
          ClusterException.Kind.FAILED,
          nodeId + " did not stop in order: " + e.getMessage(),
          "",
          e);
    } finally {
      slot.deeds.unlock();
    }
  }

  @Override
  public void kill(String nodeId) {
    throw unsupported("killed");
  }

  @Override
  public void pause(String nodeId) {
    throw unsupported("paused");
  }

  @Override
  public void resume(String nodeId) {
    throw unsupported("resumed");
  }

  private static ClusterException unsupported(String deed) {
    return ClusterException.usage(
        "A node inside this JVM cannot be " + deed + ": it has no process of its own.",
        "Use real processes: capstan cluster start.");
  }

  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    try {
      for (String id : nodeIds()) {
        try {
          stop(id);
        } catch (ClusterException e) {
          LOGGER.warn("while closing the cluster", e);
        }
      }
    } finally {
      closeNetwork();
    }
  }
}
