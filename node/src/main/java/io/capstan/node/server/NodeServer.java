package io.capstan.node.server;

import io.capstan.node.replica.Effect;
import io.capstan.node.replica.Input;
import io.capstan.node.replica.Moment;
import io.capstan.node.replica.Replica;
import io.capstan.node.replica.ReplicaConfig;
import io.capstan.node.server.config.HostPort;
import io.capstan.node.server.config.NodeConfig;
import io.capstan.node.storage.StorageException;
import io.capstan.node.storage.rocks.DataFolder;
import io.capstan.proto.peer.v1.Hello;
import io.grpc.Server;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One running node: a data folder, a replica on its event loop, a port for clients and one for
 * peers. Several may live in one JVM; they share nothing.
 *
 * <p>It ends in one of three ways. {@link #close} is orderly: what is open is answered, what was
 * written is made durable. {@link #kill} is what a crash would leave, for tests. And a broken
 * invariant or a disk that refuses ends it by itself: {@link #awaitEnd} then tells why.
 *
 * <p>Thread-safe.
 */
public final class NodeServer implements AutoCloseable {

  /** The first group of replicas: all nodes, all keyspaces, and the catalogue. */
  private static final long GROUP_ID = 1;

  /** Each part of the server gets this long to end. */
  private static final long PART_CLOSE_TIMEOUT_MILLIS = 2_000;

  /** Calls that are being answered get this long when the server closes. */
  private static final long ANSWER_GRACE_MILLIS = 500;

  /** How long a leader that stops waits for another one to lead. */
  private static final long HAND_OVER_MAX_MILLIS = 500;

  private static final long HAND_OVER_LOOK_NANOS = 5_000_000L;

  private static final int CLIENT_THREADS_MAX = 4;

  /** Name look-ups and measurements that wait. */
  private static final int ASIDE_TASKS_MAX = 1_000;

  private static final Logger log = LoggerFactory.getLogger(NodeServer.class);

  private final NodeConfig config;
  private final String threadPrefix;
  private final DataFolder folder;
  private final ThreadPoolExecutor aside;
  private final IoThreads clientThreads;
  private final IoThreads peerThreads;
  // Replaced as a whole by the event loop, read by peer streams.
  private volatile Effect.Peers peers;
  private final PeerLinks links;
  private final EventLoop loop;
  private final SyncThread sync;
  private final SnapshotThread snapshots;
  private final PeerService peerService;
  private final Health health;
  private final CompletableFuture<Optional<String>> end = new CompletableFuture<>();
  private final AtomicBoolean ending = new AtomicBoolean();
  private final AtomicBoolean failed = new AtomicBoolean();
  // Replaced as a whole by the event loop, read by status reports.
  private volatile Map<String, String> clientAddresses = new TreeMap<>();
  private @Nullable Server clientPort;
  private @Nullable Server peerPort;

  private NodeServer(NodeConfig config, DataFolder folder) {
    this.config = config;
    this.folder = folder;
    this.threadPrefix = "capstan-" + config.id() + "-";
    // First what may throw: the rest would have to be closed again.
    Replica replica =
        new Replica(
            replicaConfig(config, folder),
            folder.engine().group(GROUP_ID),
            new SplittableRandom(),
            now());
    this.aside = asideExecutor();
    this.clientThreads = new IoThreads(threadPrefix + "client-io", clientThreadCount());
    this.peerThreads = new IoThreads(threadPrefix + "peer-io", 1);
    this.peers = Effect.Peers.ofSettings(config.join().isEmpty(), others().keySet());
    this.links = new PeerLinks(others(), this::openLink);
    config.memberClients().forEach((id, address) -> clientAddresses.put(id, address.toString()));
    RoleWatch roles = new RoleWatch(config.id());
    ClockWatch clocks = new ClockWatch(config.id(), System::nanoTime);
    this.loop =
        new EventLoop(
            threadPrefix + "loop",
            config.queueCallsMax(),
            ReplicaCore.of(replica),
            NodeServer::now,
            new EventLoop.World(
                links,
                new Answers(config.id(), clientThreads.next()),
                sequence -> sync().request(sequence),
                effect -> snapshots().perform(effect),
                this::membersChanged,
                roles::observe,
                clocks::failed,
                this::failStop));
    this.sync =
        new SyncThread(threadPrefix + "sync", folder.engine()::sync, loop::durable, this::failStop);
    this.snapshots =
        new SnapshotThread(
            threadPrefix + "snapshots",
            config.id(),
            folder.engine().snapshots(GROUP_ID),
            loop::answered);
    this.peerService =
        new PeerService(
            () -> hello(""),
            peers,
            new PeerService.Introductions() {
              @Override
              public void seen(Input.PeerSeen peer) {
                loop.peerSeen(peer);
              }

              @Override
              public void knocks(Input.PeerSeen stranger) {
                loop.peerKnocks(stranger);
              }
            },
            GROUP_ID,
            loop::offerFromPeer);
    this.health = new Health(loop);
  }

  /**
   * Starts a node and returns once it listens. It may take an election until it can serve.
   *
   * @throws StartException where a port cannot be opened
   * @throws StorageException where the data folder is in use, damaged, or another node's
   */
  public static NodeServer start(NodeConfig config) throws StartException {
    DataFolder folder =
        DataFolder.open(config.data(), config.id(), config.cluster(), config.engine());
    NodeServer server;
    try {
      server = new NodeServer(config, folder);
    } catch (RuntimeException e) {
      folder.close();
      throw e;
    }
    boolean started = false;
    try {
      server.open();
      started = true;
      return server;
    } finally {
      if (!started) {
        server.end(Manner.ORDERLY, null);
      }
    }
  }

  private void open() throws StartException {
    peerPort = Ports.openForPeers(config.peerListen(), peerThreads, peerService);
    loop.start();
    sync.start();
    links.start();
    CallIntake intake = new CallIntake(config.id(), loop);
    StatusReport status = new StatusReport(identity(), loop, folder.engine()::diskBytes, aside);
    clientPort =
        Ports.openForClients(
            config.listen(),
            clientThreads,
            List.of(
                new KeyValueService(intake),
                new AdminService(intake, status),
                health.service(),
                ProtoReflectionServiceV1.newInstance()));
    health.start(clientThreads.next());
    log.atInfo()
        .addKeyValue("node", config.id())
        .addKeyValue("cluster", config.cluster())
        .addKeyValue("listen", config.listen())
        .addKeyValue("peerListen", config.peerListen())
        .addKeyValue("data", config.data())
        .addKeyValue("version", BuildVersion.get())
        .log("started");
  }

  private static ReplicaConfig replicaConfig(NodeConfig config, DataFolder folder) {
    return new ReplicaConfig(
        GROUP_ID,
        config.id(),
        folder.identity().incarnation(),
        List.copyOf(config.members().keySet()),
        config.electionTimeoutMillis(),
        config.heartbeatIntervalMillis(),
        config.antiEntropyIntervalMillis(),
        config.peerSilentMillis(),
        config.queueCallsMax(),
        config.uncommittedBytesMax(),
        config.sessionTtlMillis(),
        config.leaseReads(),
        config.snapshots());
  }

  /** Every other node that the settings name, as member or to join by. */
  private SortedMap<String, HostPort> others() {
    SortedMap<String, HostPort> others = new TreeMap<>(config.members());
    others.putAll(config.join());
    others.remove(config.id());
    return others;
  }

  private PeerLink openLink(String peer, HostPort address) {
    HostPort target = config.peerRoutes().getOrDefault(address, address);
    var io = peerThreads.next();
    PeerConnection.Dialer dialer =
        PeerConnection.dialer(target.host(), target.port(), peerThreads, io, aside);
    return new PeerLink(
        () -> hello(peer), dialer, io, connected -> loop().peerLink(peer, connected));
  }

  private void membersChanged(Effect.Peers now) {
    peers = now;
    links.changed(now);
    peerService.changed(now);
    Map<String, String> known = new TreeMap<>(clientAddresses);
    for (Effect.Peer peer : now.others()) {
      if (!peer.clientAddress().isEmpty()) {
        known.putIfAbsent(peer.id(), peer.clientAddress());
      }
    }
    clientAddresses = known;
  }

  private Hello hello(String toPeer) {
    return Hello.newBuilder()
        .setNodeId(config.id())
        .setToNodeId(toPeer)
        .setIncarnation(folder.identity().incarnation())
        .setClusterName(config.cluster())
        .setProtocolVersion(PeerProtocol.VERSION)
        .setPeerAddress(ownPeerAddress())
        .setClusterId(peers.clusterId())
        .setJoinedIndex(peers.joinedIndex())
        .build();
  }

  /** Where others reach this node: what the cluster was told wins; empty where nothing is known. */
  private String ownPeerAddress() {
    String told = peers.ownAddress();
    if (!told.isEmpty()) {
      return told;
    }
    HostPort own = config.members().getOrDefault(config.id(), config.peerListen());
    return own.isWildcard() ? "" : own.toString();
  }

  private StatusReport.Identity identity() {
    return new StatusReport.Identity(
        config.advertise().toString(),
        folder.identity().incarnation(),
        BuildVersion.get(),
        () -> clientAddresses);
  }

  private ThreadPoolExecutor asideExecutor() {
    AtomicInteger number = new AtomicInteger();
    ThreadPoolExecutor executor =
        new ThreadPoolExecutor(
            1,
            1,
            1,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(ASIDE_TASKS_MAX),
            task -> {
              Thread thread = new Thread(task, threadPrefix + "aside-" + number.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    executor.allowCoreThreadTimeOut(true);
    return executor;
  }

  /** Encoding and decoding for clients may take half of the machine, not more. */
  private static int clientThreadCount() {
    return Math.clamp(Runtime.getRuntime().availableProcessors() / 2, 1, CLIENT_THREADS_MAX);
  }

  private static Moment now() {
    return new Moment(System.nanoTime(), System.currentTimeMillis());
  }

  // Links, loop and sync thread know each other; these are read only once all three are there.

  private EventLoop loop() {
    return loop;
  }

  private SyncThread sync() {
    return sync;
  }

  private SnapshotThread snapshots() {
    return snapshots;
  }

  /** This node's id. */
  public String id() {
    return config.id();
  }

  /** Where clients reach this node. */
  public HostPort address() {
    return config.advertise();
  }

  /** Where peers reach this node. */
  public HostPort peerAddress() {
    return config.peerListen();
  }

  /** Whether nothing has begun to end the server. */
  public boolean isRunning() {
    return !ending.get();
  }

  /**
   * Waits until the server has ended, in whichever way.
   *
   * @return why it ended by itself; empty where it was closed or killed
   */
  public Optional<String> awaitEnd() throws InterruptedException {
    try {
      return end.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("the end is only ever completed with a value", e);
    }
  }

  /**
   * Ends the server in order: refuses new calls, answers those that are open (UNAVAILABLE, outcome
   * UNKNOWN), makes everything durable, frees the ports and the data folder. Bounded in time. Where
   * it is ending already, waits for that.
   */
  @Override
  public void close() {
    end(Manner.ORDERLY, null);
  }

  /**
   * Ends the server as a crash would, for tests: nothing more is written or answered. The ports and
   * the data folder are free afterwards.
   */
  public void kill() {
    end(Manner.ABRUPT, null);
  }

  /** Where the loop and the sync thread turn; the server ends on a thread of its own. */
  void failStop(String reason, @Nullable Throwable cause) {
    loop.abandon(0);
    if (!failed.compareAndSet(false, true) || ending.get()) {
      return;
    }
    if (cause != null && !(cause instanceof StorageException)) {
      log.atError().addKeyValue("node", config.id()).setCause(cause).log("unexpected");
    }
    // One line, and the last one: what a person finds at the end of the file.
    String why = describe(reason, cause);
    log.atError().addKeyValue("node", config.id()).addKeyValue("why", why).log("stopping for good");
    Thread closer = new Thread(() -> end(Manner.FAILED, why), threadPrefix + "halt");
    closer.setDaemon(true);
    closer.start();
  }

  private static String describe(String reason, @Nullable Throwable cause) {
    return cause == null ? reason : reason + ": " + cause.getMessage();
  }

  private enum Manner {
    ORDERLY,
    ABRUPT,
    FAILED
  }

  private void end(Manner manner, @Nullable String failure) {
    if (!ending.compareAndSet(false, true)) {
      end.join();
      return;
    }
    try {
      endParts(manner);
    } finally {
      if (manner != Manner.FAILED) {
        log.atInfo().addKeyValue("node", config.id()).addKeyValue("manner", manner).log("stopped");
      }
      end.complete(Optional.ofNullable(failure));
    }
  }

  private void endParts(Manner manner) {
    List<Throwable> problems = new ArrayList<>();
    boolean orderly = manner == Manner.ORDERLY;
    attempt(problems, health::stop);
    if (orderly) {
      attempt(problems, this::handOver);
    }
    boolean loopEnded =
        orderly ? loop.stop(PART_CLOSE_TIMEOUT_MILLIS) : loop.abandon(PART_CLOSE_TIMEOUT_MILLIS);
    attempt(problems, () -> closePort(clientPort, orderly ? ANSWER_GRACE_MILLIS : 0));
    attempt(problems, links::close);
    attempt(problems, () -> closePort(peerPort, 0));
    boolean syncEnded = sync.end(PART_CLOSE_TIMEOUT_MILLIS);
    attempt(problems, () -> clientThreads.close(PART_CLOSE_TIMEOUT_MILLIS));
    attempt(problems, () -> peerThreads.close(PART_CLOSE_TIMEOUT_MILLIS));
    aside.shutdownNow();
    boolean snapshotsEnded = snapshots.end(PART_CLOSE_TIMEOUT_MILLIS);
    if (loopEnded && syncEnded && snapshotsEnded && asideEnded()) {
      attempt(problems, folder::close);
    } else {
      // Native memory must not be freed under a thread that is still inside it.
      problems.add(
          new IllegalStateException("a thread hangs in the store; the data folder stays open"));
    }
    for (Throwable problem : problems) {
      log.atWarn()
          .addKeyValue("node", config.id())
          .addKeyValue("problem", problem.getMessage())
          .log("not everything could be closed");
    }
  }

  /** A leader that stops in good order leaves no election timeout behind. */
  private void handOver() {
    if (peerPort == null || clientPort == null || !leads()) {
      return;
    }
    loop.handOver();
    long deadlineNanos = System.nanoTime() + HAND_OVER_MAX_MILLIS * 1_000_000L;
    while (leads() && System.nanoTime() - deadlineNanos < 0) {
      LockSupport.parkNanos(HAND_OVER_LOOK_NANOS);
    }
  }

  private boolean leads() {
    CompletableFuture<Boolean> leads = new CompletableFuture<>();
    boolean asked =
        loop.offerStatusQuery(
            status ->
                leads.complete(status.getRole().equals("leader") && status.getPeersCount() > 0));
    try {
      return asked && leads.get(HAND_OVER_MAX_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } catch (ExecutionException | TimeoutException e) {
      return false;
    }
  }

  private boolean asideEnded() {
    try {
      return aside.awaitTermination(PART_CLOSE_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private static void closePort(@Nullable Server port, long graceMillis) {
    if (port != null) {
      Ports.close(port, graceMillis);
    }
  }

  private static void attempt(List<Throwable> problems, Runnable part) {
    try {
      part.run();
    } catch (RuntimeException e) {
      problems.add(e);
    }
  }
}
