package io.capstan.chaos.cluster;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The life of the background process of {@code capstan cluster start}: it holds the links, is the
 * parent of the nodes, takes orders, and keeps {@code cluster.json} true.
 */
public final class Supervisor {
  /** How long a supervisor whose cluster did not start stays, so that its starter can ask why. */
  private static final Duration FAILED_LINGER = Duration.ofSeconds(20);

  private static final Logger LOGGER = LoggerFactory.getLogger(Supervisor.class);

  private final ClusterDirectory directory;
  private final ClusterLayout firstLayout;
  private final NodeCommand command;
  private final CountDownLatch stopAsked = new CountDownLatch(1);
  private final Object stateFile = new Object();
  private volatile String phase = "starting";
  private volatile String message = "";
  private volatile @Nullable ProcessCluster running;
  private volatile ClusterState.@Nullable SupervisorEntry self;
  private boolean finished;

  Supervisor(ClusterDirectory directory, ClusterLayout layout, NodeCommand command) {
    this.directory = directory;
    this.firstLayout = layout;
    this.command = command;
  }

  /**
   * Starts a cluster and serves it until it is told to stop.
   *
   * @param nodeCount how many nodes
   * @param basePort where n1 serves clients; the others follow
   * @param command starts one node
   * @throws ClusterException (failed) if the cluster does not start, or another supervisor holds
   *     the folder
   */
  public static void run(
      ClusterDirectory directory, int nodeCount, int basePort, NodeCommand command) {
    try (FileChannel lockChannel =
            FileChannel.open(
                directory.lockFile(), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = tryLock(lockChannel)) {
      if (lock == null) {
        throw ClusterException.failed(
            "Another process already supervises the cluster in " + directory.root() + ".",
            "See capstan cluster status --dir " + directory.root());
      }
      ClusterLayout earlier = ClusterState.read(directory).map(ClusterState::layout).orElse(null);
      ClusterLayout layout =
          ClusterLayout.at("local", NodeNames.first(nodeCount), basePort, earlier);
      new Supervisor(directory, layout, command).serve();
    } catch (IOException e) {
      throw new ClusterException(
          ClusterException.Kind.FAILED,
          "The folder " + directory.root() + " cannot be used: " + e.getMessage() + ".",
          "",
          e);
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  private void serve() throws IOException {
    try (ControlServer control =
        ControlServer.start(this::cluster, this::report, stopAsked::countDown)) {
      ProcessIdentity identity = ProcessIdentity.of(ProcessHandle.current());
      self =
          new ClusterState.SupervisorEntry(
              identity.pid(), identity.startedMillis(), control.address(), control.token());
      writeState();
      try (ProcessCluster prepared = ProcessCluster.prepare(firstLayout, directory, command)) {
        running = prepared;
        prepared.onChange(this::writeState);
        prepared.startAll(ProcessCluster.START_TIMEOUT);
        phase = "running";
        LOGGER.info("the cluster in {} runs", directory.root());
        stopAsked.await();
        phase = "stopping";
      } catch (ClusterException e) {
        message = e.getMessage() + (e.hint().isEmpty() ? "" : "\n" + e.hint());
        phase = "failed";
        stopAsked.await(FAILED_LINGER.toMillis(), TimeUnit.MILLISECONDS);
        throw e;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      synchronized (stateFile) {
        self = null;
        writeState();
        finished = true;
      }
    }
  }

  /** Returns the cluster, once it runs. */
  private ProcessCluster cluster() {
    ProcessCluster current = running;
    if (current == null || !phase.equals("running")) {
      throw ClusterException.failed(
          "The cluster in " + directory.root() + " is not running: it is " + phase + ".",
          "capstan cluster status shows when it is.");
    }
    return current;
  }

  /** Returns the layout; it grows with every node that is added. */
  private ClusterLayout layout() {
    ProcessCluster current = running;
    return current == null ? firstLayout : current.layout();
  }

  private ClusterReport report() {
    ProcessCluster current = running;
    ClusterLayout layout = layout();
    Map<String, NodeView> views = current == null ? Map.of() : current.views();
    List<ClusterReport.NodeReport> nodes = new ArrayList<>();
    for (String id : layout.nodeIds()) {
      ProcessIdentity process = current == null ? null : current.identity(id);
      nodes.add(
          new ClusterReport.NodeReport(
              id,
              layout.clientAddress(id),
              (current == null ? NodeState.STOPPED : current.state(id)).text(),
              process == null ? null : process.pid(),
              current == null ? null : current.exitCode(id),
              directory.log(id).toString(),
              views.get(id)));
    }
    List<String> cutLinks =
        current == null
            ? List.of()
            : current.cutLinks().stream().map(DirectedLink::toString).toList();
    return new ClusterReport(
        phase,
        message,
        directory.root().toString(),
        ProcessHandle.current().pid(),
        nodes,
        cutLinks);
  }

  private void writeState() {
    synchronized (stateFile) {
      if (finished) {
        // A node's end that is noticed late: the process may exit in the middle of the write.
        return;
      }
      try {
        ClusterState.of(layout(), running, self).write(directory);
      } catch (IOException e) {
        LOGGER.error("{} cannot be written", directory.stateFile(), e);
      }
    }
  }
}
