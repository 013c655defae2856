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
 * <p>Nodes share a process, so they cannot be paused, and to kill one means that its server ends
 * without writing or answering anything more; see {@link #supportedFaults}.
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

    /** What the node is while it does not run. */
    volatile NodeState ended = NodeState.STOPPED;
  }

  private EmbeddedCluster(ClusterLayout layout, Path directory, NodeLauncher launcher) {
    super(layout);
    this.directory = directory;
    this.launcher = launcher;
    layout.nodeIds().forEach(id -> slots.put(id, new Slot()));
  }

  /**
   * Starts a cluster of real nodes with default settings on free ports and waits until it has a
   * leader.
   *
   * @param nodeCount how many nodes
   * @param directory where they keep their data, in {@code nI/data}; created if it does not exist
   * @param timeout how long all of it may take
   * @throws ClusterException (failed) if a node cannot be started or there is no leader in time;
   *     what was started is stopped
   */
  public static EmbeddedCluster start(int nodeCount, Path directory, Duration timeout) {
    return start(nodeCount, directory, new NodeServerLauncher(), timeout);
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
      NodeLauncher.EmbeddedNode before = slot.node;
      if (before == null || !before.isRunning()) {
        if (before != null) {
          // It ended by itself; this waits until its folder and ports are free.
          before.close();
        }
        slot.node = null;
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
    Slot slot = slot(nodeId);
    NodeLauncher.EmbeddedNode node = slot.node;
    if (node == null) {
      return slot.ended;
    }
    return node.isRunning() ? NodeState.RUNNING : NodeState.FAILED;
  }

  @Override
  public Set<NodeFault> supportedFaults() {
    return EnumSet.of(
        NodeFault.STOP, NodeFault.KILL, NodeFault.CUT, NodeFault.SLOW_LINK, NodeFault.LOSSY_LINK);
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
    end(nodeId, NodeState.STOPPED, NodeLauncher.EmbeddedNode::close);
  }

  @Override
  public void kill(String nodeId) {
    if (!state(nodeId).isAlive()) {
      throw ClusterException.failed(
          nodeId + " cannot be killed: it does not run (" + state(nodeId).text() + ").", "");
    }
    end(nodeId, NodeState.KILLED, NodeLauncher.EmbeddedNode::kill);
  }

  /** A way to end a node. */
  @FunctionalInterface
  private interface Ending {
    void apply(NodeLauncher.EmbeddedNode node) throws Exception;
  }

  private void end(String nodeId, NodeState afterwards, Ending ending) {
    Slot slot = slot(nodeId);
    slot.deeds.lock();
    try {
      slot.ended = afterwards;
      NodeLauncher.EmbeddedNode node = slot.node;
      if (node != null) {
        ending.apply(node);
        slot.node = null;
      }
    } catch (Exception e) {
      if (e instanceof InterruptedException) {
        Thread.currentThread().interrupt();
      }
      throw new ClusterException(
          ClusterException.Kind.FAILED,
          nodeId + " did not end as it should: " + e.getMessage(),
          "",
          e);
    } finally {
      slot.deeds.unlock();
    }
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
