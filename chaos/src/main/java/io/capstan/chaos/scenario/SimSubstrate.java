package io.capstan.chaos.scenario;

import com.google.protobuf.Message;
import io.capstan.chaos.cluster.AddedNode;
import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.cluster.SimulatedCluster;
import io.capstan.chaos.fault.ClusterOffice;
import io.capstan.chaos.sim.VirtualCluster;
import io.capstan.chaos.workload.AttemptDriver;
import io.capstan.chaos.workload.KeyspaceClient;
import io.capstan.chaos.workload.SimulatedKeyspaceClient;
import io.capstan.chaos.workload.VirtualDriver;
import io.capstan.chaos.workload.WorkloadClient;
import io.capstan.client.ConflictPolicy;
import io.capstan.client.Level;
import io.capstan.client.Mode;
import io.capstan.proto.v1.Conflict;
import io.capstan.proto.v1.CreateKeyspaceRequest;
import io.capstan.proto.v1.CreateKeyspaceResponse;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.KeyspaceRef;
import io.capstan.proto.v1.ListConflictsRequest;
import io.capstan.proto.v1.ListConflictsResponse;
import io.capstan.proto.v1.SetModeRequest;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A simulated cluster in virtual time: the same seed gives the same run. For one thread. */
public final class SimSubstrate implements Substrate {
  private static final long MILLI = 1_000_000L;
  private static final long CALL_NANOS = 2_000 * MILLI;
  private static final long STEP_NANOS = 10 * MILLI;

  private final SimulatedCluster cluster;
  private final VirtualCluster world;
  private final VirtualPace pace = new VirtualPace();

  private SimSubstrate(SimulatedCluster cluster) {
    this.cluster = cluster;
    this.world = cluster.world();
  }

  /** Starts one. */
  public static SimSubstrate start(int nodes, long seed) {
    return new SimSubstrate(SimulatedCluster.start(nodes, seed));
  }

  @Override
  public String name() {
    return SubstrateKind.SIM.label();
  }

  @Override
  public Cluster cluster() {
    return cluster;
  }

  @Override
  public Pace pace() {
    return pace;
  }

  @Override
  public AttemptDriver driver(List<WorkloadClient> clients, Duration attemptTimeout) {
    return new VirtualDriver(world, clients, attemptTimeout);
  }

  @Override
  public void close() {
    cluster.close();
  }

  /** Virtual time: it passes while somebody waits. */
  private final class VirtualPace implements Pace {
    @Override
    public boolean isVirtual() {
      return true;
    }

    @Override
    public long nowNanos() {
      return world.nowNanos();
    }

    @Override
    public void sleepUntil(long nanos) {
      world.runUntil(nanos);
    }

    @Override
    public void await(CompletableFuture<?> future) {
      while (!future.isDone()) {
        world.runNext(world.nowNanos() + STEP_NANOS);
      }
    }

    @Override
    public Repeated every(long periodNanos, Runnable task) {
      boolean[] isClosed = {false};
      Runnable[] again = new Runnable[1];
      again[0] =
          () -> {
            if (!isClosed[0]) {
              task.run();
              world.after(periodNanos, again[0]);
            }
          };
      world.after(periodNanos, again[0]);
      return () -> isClosed[0] = true;
    }
  }

  // ---- administration ----

  /** Asks a node that runs, and waits for its answer; null where none came. */
  private @Nullable Message ask(int node, Message request) {
    CompletableFuture<@Nullable Message> answered = new CompletableFuture<>();
    world.after(CALL_NANOS, () -> answered.complete(null));
    world.call(node, request, CALL_NANOS, answered::complete);
    pace.await(answered);
    return answered.join();
  }

  private int anybody() {
    for (String id : cluster.nodeIds()) {
      int node = cluster.number(id);
      if (world.isUp(node) && !world.isPaused(node)) {
        return node;
      }
    }
    throw new ClusterException(ClusterException.Kind.FAILED, "No node runs.", "");
  }

  private static io.capstan.proto.store.v1.Mode wire(Mode mode) {
    return mode == Mode.CP
        ? io.capstan.proto.store.v1.Mode.MODE_CP
        : io.capstan.proto.store.v1.Mode.MODE_AP;
  }

  @Override
  public ScenarioClients clients() {
    return new ScenarioClients() {
      @Override
      public void createKeyspace(String name, Mode mode, Duration timeout) {
        createKeyspace(name, mode, ConflictPolicy.SIBLINGS, timeout);
      }

      @Override
      public void createKeyspace(
          String name, Mode mode, ConflictPolicy conflicts, Duration timeout) {
        create(name, mode, conflicts, timeout);
      }

      @Override
      public KeyspaceClient open(String nodeId, String keyspace, Level level) {
        return new SimulatedKeyspaceClient(nodeId, cluster.number(nodeId), world, keyspace, level);
      }

      @Override
      public List<Discarded> discarded(String keyspace) {
        return ledgers(keyspace);
      }

      @Override
      public void close() {
        cluster.close();
      }
    };
  }

  private void create(String name, Mode mode, ConflictPolicy conflicts, Duration timeout) {
    CreateKeyspaceRequest.Builder request =
        CreateKeyspaceRequest.newBuilder().setName(name).setMode(wire(mode));
    if (mode == Mode.AP) {
      request.setConflicts(
          conflicts == ConflictPolicy.LWW
              ? io.capstan.proto.store.v1.ConflictPolicy.CONFLICT_POLICY_LWW
              : io.capstan.proto.store.v1.ConflictPolicy.CONFLICT_POLICY_SIBLINGS);
    }
    long deadlineNanos = world.nowNanos() + timeout.toNanos();
    Message answer = null;
    while (world.nowNanos() < deadlineNanos) {
      answer = ask(anybody(), request.build());
      boolean isThere =
          answer instanceof CreateKeyspaceResponse
              || (answer instanceof ErrorDetail error && error.getCode().equals("KEYSPACE_EXISTS"));
      if (isThere) {
        return;
      }
    }
    throw new ClusterException(
        ClusterException.Kind.FAILED, "The keyspace " + name + " cannot be created: " + answer, "");
  }

  private List<ScenarioClients.Discarded> ledgers(String keyspace) {
    Map<String, ScenarioClients.Discarded> byVersion = new LinkedHashMap<>();
    for (String id : cluster.nodeIds()) {
      long before = 0;
      do {
        ListConflictsRequest request =
            ListConflictsRequest.newBuilder()
                .setKeyspace(KeyspaceRef.newBuilder().setName(keyspace))
                .setLimit(1_000)
                .setBefore(before)
                .build();
        before = 0;
        if (ask(cluster.number(id), request) instanceof ListConflictsResponse page) {
          for (Conflict lost : page.getConflictsList()) {
            if (lost.hasValue()) {
              byVersion.put(
                  lost.getVersion(),
                  new ScenarioClients.Discarded(
                      lost.getKey().toStringUtf8(),
                      lost.getValue().toStringUtf8(),
                      lost.getVersion(),
                      lost.getWinnerVersion()));
            }
          }
          before = page.getNextBefore();
        }
      } while (before != 0);
    }
    return List.copyOf(byVersion.values());
  }

  @Override
  public ClusterOffice office(List<KeyspacePlan> keyspaces) {
    return new ClusterOffice() {
      @Override
      public void askToReplace(String removed, AddedNode added) {
        replace(removed, added);
      }

      @Override
      public void replace(String removed, AddedNode added) {
        throw new ClusterException(
            ClusterException.Kind.USAGE, "The simulator's members are fixed.", "");
      }

      @Override
      public void switchModes(boolean back) {
        for (KeyspacePlan keyspace : keyspaces) {
          Mode other = keyspace.mode() == Mode.CP ? Mode.AP : Mode.CP;
          switchMode(keyspace.keyspace(), back ? keyspace.mode() : other);
        }
      }
    };
  }

  /** Asks whoever may know; nobody waits for the answer, for in a split it may take its time. */
  private void switchMode(String keyspace, Mode mode) {
    for (String id : cluster.nodeIds()) {
      world.call(
          cluster.number(id),
          SetModeRequest.newBuilder().setName(keyspace).setMode(wire(mode)).build(),
          CALL_NANOS,
          answer -> {});
    }
  }

  @Override
  public String modeSwitchProblem(String keyspace) {
    return "";
  }
}
