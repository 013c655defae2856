package io.capstan.chaos.workload;

import io.capstan.chaos.sim.VirtualCluster;
import java.time.Duration;
import java.util.List;

/** Makes the attempts of all clients at their virtual times. For one thread. */
public final class VirtualDriver implements AttemptDriver {
  private static final long MILLI = 1_000_000L;
  private static final long DRAIN_NANOS = 10 * MILLI;
  private static final long DRAIN_EXTRA_NANOS = 1_000 * MILLI;

  private final VirtualCluster world;
  private final List<WorkloadClient> clients;
  private final Duration attemptTimeout;
  private Phase phase = Phase.BEFORE;
  private boolean isQuiet;
  private boolean isStopped;
  private long startNanos;

  public VirtualDriver(
      VirtualCluster world, List<WorkloadClient> clients, Duration attemptTimeout) {
    this.world = world;
    this.clients = List.copyOf(clients);
    this.attemptTimeout = attemptTimeout;
  }

  @Override
  public void start() {
    startNanos = world.nowNanos();
    clients.forEach(this::plan);
  }

  private void plan(WorkloadClient client) {
    long dueNanos = startNanos + client.nextAttemptNanos();
    world.after(
        dueNanos - world.nowNanos(),
        () -> {
          if (isStopped) {
            return;
          }
          if (!isQuiet) {
            client.attempt(phase, attemptTimeout);
          }
          plan(client);
        });
  }

  @Override
  public void phase(Phase next) {
    phase = next;
  }

  @Override
  public void quiet(boolean wanted) {
    isQuiet = wanted;
  }

  @Override
  public void drain() {
    long deadlineNanos = world.nowNanos() + attemptTimeout.toNanos() + DRAIN_EXTRA_NANOS;
    while (clients.stream().anyMatch(client -> client.outstanding() > 0)
        && world.nowNanos() < deadlineNanos) {
      world.runUntil(world.nowNanos() + DRAIN_NANOS);
    }
  }

  @Override
  public void close() {
    isStopped = true;
    for (WorkloadClient client : clients) {
      RuntimeException broken = client.broken();
      if (broken != null) {
        throw new IllegalStateException("The workload broke down: " + broken.getMessage(), broken);
      }
    }
  }
}
