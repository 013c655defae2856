package io.capstan.chaos.cluster;

import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.capstan.node.server.config.Setting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A cluster of real node processes on this machine, children of this one, with a proxy in this
 * process on every directed link.
 *
 * <p>Each node has a folder {@code nI} with its data, log and configuration. The nodes end with
 * this process (unless it is killed).
 */
public final class ProcessCluster extends ProxiedCluster {
  /** How long nodes may take until they answer: a second or two, more on a machine that is busy. */
  static final Duration START_TIMEOUT = Duration.ofSeconds(120);

  /** Variables beat the file: one that is exported by chance would reach every node alike. */
  private static final Set<String> HIDDEN_VARIABLES =
      Stream.of(
              Setting.ID,
              Setting.CLUSTER,
              Setting.DATA,
              Setting.LISTEN,
              Setting.PEER_LISTEN,
              Setting.ADVERTISE,
              Setting.MEMBERS,
              Setting.JOIN,
              Setting.PEER_ROUTES,
              Setting.MEMBER_CLIENTS)
          .map(Setting::environmentVariable)
          .collect(Collectors.toUnmodifiableSet());

  private static final YAMLMapper YAML = new YAMLMapper();

  private final ClusterDirectory directory;
  private final NodeCommand command;
  private final NodeStarter starter;
  private final Map<String, ?> tuning;

  /** The nodes that did not begin the cluster: nobody may take them for members by himself. */
  private final Set<String> joined = ConcurrentHashMap.newKeySet();

  private final Map<String, NodeProcess> nodes = new ConcurrentSkipListMap<>();
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final Thread shutdownHook = new Thread(this::closeNow, "stop-nodes");

  private ProcessCluster(
      ClusterLayout layout,
      ClusterDirectory directory,
      NodeCommand command,
      NodeStarter starter,
      Map<String, ?> tuning)
      throws IOException {
    super(layout);
    this.directory = directory;
    this.command = command;
    this.starter = starter;
    this.tuning = Map.copyOf(tuning);
    for (String id : layout.nodeIds()) {
      if (hasJoined(directory.config(id))) {
        joined.add(id);
      }
    }
    for (String id : layout.nodeIds()) {
      place(layout, id);
    }
    Runtime.getRuntime().addShutdownHook(shutdownHook);
  }

  /** Whether the node was added to a cluster that existed, and so must never begin one. */
  private static boolean hasJoined(Path config) throws IOException {
    return Files.exists(config) && YAML.readTree(config.toFile()).has(Setting.JOIN.key());
  }

  /** Makes the folder and the configuration of a node, and the place for its process. */
  private void place(ClusterLayout layout, String id) throws IOException {
    Files.createDirectories(directory.data(id));
    writeConfig(layout, id);
    nodes.put(
        id,
        new NodeProcess(
            id,
            command.commandLine(directory.config(id)),
            NodeCommand.environment(),
            HIDDEN_VARIABLES,
            directory.node(id),
            directory.log(id),
            starter,
            this::changed));
  }

  /**
   * Writes the nodes' configurations and opens the link proxies; starts no node.
   *
   * @throws ClusterException (failed) if a port is taken or the folder cannot be written
   */
  static ProcessCluster prepare(
      ClusterLayout layout, ClusterDirectory directory, NodeCommand command) {
    return prepare(layout, directory, command, NodeStarter.FORK, Map.of());
  }

  private static ProcessCluster prepare(
      ClusterLayout layout,
      ClusterDirectory directory,
      NodeCommand command,
      NodeStarter starter,
      Map<String, ?> tuning) {
    Integer taken = layout.clientPortInUse();
    if (taken != null) {
      throw portInUse(taken);
    }
    try {
      return new ProcessCluster(layout, directory, command, starter, tuning);
    } catch (IOException e) {
      throw new ClusterException(
          ClusterException.Kind.FAILED,
          "The folder " + directory.root() + " cannot be written: " + e.getMessage() + ".",
          "Choose another one with --dir.",
          e);
    }
  }

  /**
   * Starts a cluster on free ports and waits until it has a leader.
   *
   * @param nodeCount how many nodes
   * @param directory where they keep their data; created if it does not exist
   * @param tuning settings of every node beside those that say where things are
   * @param command how a node's process is started
   * @throws ClusterException (failed) with the end of a node's log; what was started is stopped
   */
  public static ProcessCluster start(
      int nodeCount, Path directory, Map<String, ?> tuning, NodeCommand command) {
    return start(nodeCount, directory, tuning, command, NodeStarter.FORK);
  }

  /**
   * As {@link #start(int, Path, Map, NodeCommand)}, with processes that somebody else provides.
   *
   * @param starter makes a process of what {@code command} says
   */
  public static ProcessCluster start(
      int nodeCount,
      Path directory,
      Map<String, ?> tuning,
      NodeCommand command,
      NodeStarter starter) {
    ClusterLayout layout = ClusterLayout.onFreePorts("local", NodeNames.first(nodeCount));
    ProcessCluster cluster =
        prepare(layout, new ClusterDirectory(directory), command, starter, tuning);
    cluster.startAll(START_TIMEOUT);
    return cluster;
  }

  static ClusterException portInUse(int port) {
    return ClusterException.failed(
        "Port " + port + " is in use by another program, so the cluster was not started.",
        "Stop that program (perhaps another cluster: capstan cluster stop --dir DIR), or choose"
            + " other ports: capstan cluster start --base-port "
            + (port > 40_000 ? 7_201 : port + 100));
  }

  private void writeConfig(ClusterLayout layout, String self) throws IOException {
    NodeSettings settings = layout.settings(self, directory.root());
    boolean joins = joined.contains(self);
    Map<String, String> members = new LinkedHashMap<>(settings.members());
    Map<String, String> peerRoutes = new LinkedHashMap<>(settings.peerRoutes());
    if (joins) {
      members.remove(self);
    } else {
      settings
          .members()
          .forEach(
              (id, address) -> {
                if (joined.contains(id)) {
                  members.remove(id);
                  peerRoutes.put(layout.peerAddress(id), address);
                }
              });
    }
    Map<String, String> memberClients = new LinkedHashMap<>(settings.memberClients());
    memberClients.keySet().retainAll(members.keySet());
    Map<String, Object> keys = new LinkedHashMap<>(tuning);
    keys.put(Setting.ID.key(), self);
    keys.put(Setting.CLUSTER.key(), settings.cluster());
    keys.put(Setting.DATA.key(), settings.data().toString());
    keys.put(Setting.LISTEN.key(), settings.listen());
    keys.put(Setting.PEER_LISTEN.key(), settings.peerListen());
    keys.put(Setting.ADVERTISE.key(), settings.advertise());
    keys.put((joins ? Setting.JOIN : Setting.MEMBERS).key(), members);
    keys.put(Setting.PEER_ROUTES.key(), peerRoutes);
    keys.put(Setting.MEMBER_CLIENTS.key(), memberClients);
    Files.writeString(directory.config(self), YAML.writeValueAsString(keys));
  }

  /**
   * Starts the next node, with an empty data folder, and waits until it answers. It waits to be
   * named by {@code capstan member add}, with its {@link ClusterLayout#peerAddress}.
   *
   * @return its id
   * @throws ClusterException (failed) if its folder is not empty, or it does not start
   */
  public synchronized String add() {
    ClusterLayout grown = layout().withNextNode();
    String id = grown.nodeIds().get(grown.nodes().size() - 1);
    try {
      if (Files.exists(directory.node(id))) {
        throw ClusterException.failed(
            "The folder " + directory.node(id) + " exists already, but a new node begins empty.",
            "Move it away.");
      }
      joined.add(id);
      place(grown, id);
      grow(grown, id);
    } catch (IOException e) {
      throw new ClusterException(
          ClusterException.Kind.FAILED,
          "The folder " + directory.node(id) + " cannot be written: " + e.getMessage() + ".",
          "",
          e);
    } finally {
      if (!nodeIds().contains(id)) {
        joined.remove(id);
        nodes.remove(id);
      }
    }
    start(id);
    return id;
  }

  @Override
  boolean waitsToBeAdded(NodeView view) {
    return joined.contains(view.id()) && view.appliedIndex() == 0;
  }

  /** Calls the listener, from any thread, whenever a process has started, ended or was held. */
  void onChange(Runnable listener) {
    listeners.add(listener);
  }

  private void changed() {
    listeners.forEach(Runnable::run);
  }

  /**
   * Starts every node and waits until all of them answer and name one leader.
   *
   * @throws ClusterException (failed) with the end of a node's log; everything is closed then
   */
  void startAll(Duration timeout) {
    try {
      nodes.values().forEach(NodeProcess::start);
      String missing =
          Waiting.untilNothingIsMissing(
              timeout,
              () -> {
                requireNoneFailed();
                return readinessMissing();
              });
      if (!missing.isEmpty()) {
        throw ClusterException.failed(
            "The cluster did not come up within " + timeout.toSeconds() + " s: " + missing + ".",
            "The logs are in " + directory.root() + "/nI/node.log.");
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private void requireNoneFailed() {
    nodes.forEach(
        (id, node) -> {
          if (node.state() == NodeState.FAILED) {
            throw ended(id, node);
          }
        });
  }

  private static ClusterException ended(String id, NodeProcess node) {
    return ClusterException.failed(
        id
            + " ended with exit code "
            + node.exitCode()
            + " instead of starting. Its log ends:\n"
            + LogTail.lastLines(node.log()),
        "The whole log is " + node.log() + ".");
  }

  private NodeProcess node(String nodeId) {
    String id = NodeNames.require(nodeId, nodeIds());
    NodeProcess node = nodes.get(id);
    if (node == null) {
      throw new IllegalStateException("the layout names " + id + " but it has no process");
    }
    return node;
  }

  @Override
  public NodeState state(String nodeId) {
    return node(nodeId).state();
  }

  /** Returns the process of a node, or null where it has none. */
  @Nullable ProcessIdentity identity(String nodeId) {
    return node(nodeId).identity();
  }

  /** Returns the last lines that a node has logged. */
  public String logTail(String nodeId) {
    return LogTail.lastLines(node(nodeId).log());
  }

  /** Returns how the last process of a node ended, or null where it lives or never lived. */
  @Nullable Integer exitCode(String nodeId) {
    return node(nodeId).exitCode();
  }

  @Override
  public Set<NodeFault> supportedFaults() {
    return abilities();
  }

  /** Returns what such a cluster can do on this machine. */
  public static Set<NodeFault> abilities() {
    EnumSet<NodeFault> supported = EnumSet.allOf(NodeFault.class);
    supported.remove(NodeFault.SKEW_CLOCK);
    if (!FileSizeLimit.isAvailable()) {
      supported.remove(NodeFault.FULL_DISK);
    }
    return supported;
  }

  /** {@inheritDoc} By its limit on the size of files: every write that makes one larger fails. */
  @Override
  public void fillDisk(String nodeId) {
    ProcessIdentity process = node(nodeId).identity();
    if (process == null) {
      throw ClusterException.failed(nodeId + " does not run, so its disk cannot fill up.", "");
    }
    FileSizeLimit.set(process.pid(), 0);
  }

  @Override
  public void freeDisk(String nodeId) {
    NodeProcess node = node(nodeId);
    ProcessIdentity process = node.identity();
    if (process != null) {
      FileSizeLimit.lift(process.pid());
    }
    try {
      start(nodeId);
    } catch (ClusterException e) {
      if (process == null || node.state().isAlive()) {
        throw e;
      }
      // The full disk was ending it just now: it counted as running, and was not started.
      start(nodeId);
    }
  }

  @Override
  public void losePower(Set<String> nodeIds) {
    together(nodeIds, this::kill);
  }

  @Override
  public void startAll(Set<String> nodeIds) {
    together(nodeIds, this::start);
  }

  private static void together(Set<String> nodeIds, Consumer<String> deed) {
    CompletableFuture<?>[] deeds =
        nodeIds.stream()
            .map(
                id ->
                    CompletableFuture.runAsync(
                        () -> deed.accept(id), task -> new Thread(task).start()))
            .toArray(CompletableFuture[]::new);
    try {
      CompletableFuture.allOf(deeds).join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof ClusterException cause ? cause : e;
    }
  }

  @Override
  public AddedNode addNode() {
    String id = add();
    return new AddedNode(id, layout().clientAddress(id), layout().peerAddress(id));
  }

  @Override
  public void start(String nodeId) {
    String id = NodeNames.require(nodeId, nodeIds());
    NodeProcess node = node(id);
    node.start();
    awaitAnswer(id, START_TIMEOUT, node::state, () -> logTail(id));
  }

  @Override
  public void stop(String nodeId) {
    node(nodeId).stop();
  }

  @Override
  public void kill(String nodeId) {
    node(nodeId).kill();
  }

  @Override
  public void pause(String nodeId) {
    node(nodeId).pause();
  }

  @Override
  public void resume(String nodeId) {
    node(nodeId).resume();
  }

  @Override
  public void close() {
    closeNow();
    try {
      Runtime.getRuntime().removeShutdownHook(shutdownHook);
    } catch (IllegalStateException e) {
      // This process is ending: the hook runs already.
      return;
    }
  }

  private void closeNow() {
    if (closed.compareAndSet(false, true)) {
      CompletableFuture<?>[] stops =
          nodes.values().stream()
              .map(node -> CompletableFuture.runAsync(node::stop))
              .toArray(CompletableFuture[]::new);
      try {
        CompletableFuture.allOf(stops).join();
      } finally {
        closeNetwork();
      }
    }
  }
}
