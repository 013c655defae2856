package io.capstan.chaos.fault;

import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.cluster.PartitionSpec;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Makes faults happen on a cluster and undoes them: journal first, then the deed, then the look
 * whether the cluster shows it. Closing heals whatever is still open. Thread-safe.
 */
public final class FaultInjector implements AutoCloseable {
  private final Cluster cluster;
  private final FaultJournal journal;
  private final LongSupplier elapsedNanos;
  private final Map<Long, InjectedFault> open = new LinkedHashMap<>();
  private long faults;

  /**
   * @param journal stays the caller's to close
   * @param elapsedNanos time since the start of the workload
   */
  public FaultInjector(Cluster cluster, FaultJournal journal, LongSupplier elapsedNanos) {
    this.cluster = cluster;
    this.journal = journal;
    this.elapsedNanos = elapsedNanos;
  }

  /**
   * Makes a fault happen and waits until the nodes show it.
   *
   * @param timeout how long they may take
   * @throws io.capstan.chaos.cluster.ClusterException if it cannot be done or does not show; it is
   *     healed then
   */
  public synchronized InjectedFault begin(Fault fault, Duration timeout) {
    PartitionSpec partition = fault.resolve(cluster);
    long id = ++faults;
    long startNanos = elapsedNanos.getAsLong();
    InjectedFault intended = new InjectedFault(id, fault.name(), partition, startNanos, startNanos);
    write(FaultJournal.State.INTENDED, intended);
    open.put(id, intended);
    try {
      cluster.cut(partition.cutLinks());
      cluster.awaitLinks(timeout);
    } catch (RuntimeException e) {
      healAfter(e, intended);
      throw e;
    }
    InjectedFault active =
        new InjectedFault(id, fault.name(), partition, startNanos, elapsedNanos.getAsLong());
    open.put(id, active);
    write(FaultJournal.State.ACTIVE, active);
    return active;
  }

  private void healAfter(RuntimeException cause, InjectedFault fault) {
    try {
      end(fault);
    } catch (RuntimeException e) {
      cause.addSuppressed(e);
    }
  }

  /**
   * Undoes a fault. Does nothing if that has happened.
   *
   * @return the moment from which every link carried again, since the start of the workload
   */
  public synchronized long end(InjectedFault fault) {
    long healedNanos = elapsedNanos.getAsLong();
    if (open.containsKey(fault.id())) {
      // Whoever was interrupted still heals, and is interrupted afterwards.
      boolean wasInterrupted = Thread.interrupted();
      try {
        cluster.heal(fault.partition().cutLinks());
        healedNanos = elapsedNanos.getAsLong();
        open.remove(fault.id());
        write(FaultJournal.State.HEALED, fault);
      } finally {
        if (wasInterrupted) {
          Thread.currentThread().interrupt();
        }
      }
    }
    return healedNanos;
  }

  private void write(FaultJournal.State state, InjectedFault fault) {
    journal.append(
        state,
        fault.id(),
        fault.name(),
        fault.partition().text(),
        TimeUnit.NANOSECONDS.toMillis(elapsedNanos.getAsLong()));
  }

  /** Heals what is open. */
  @Override
  public synchronized void close() {
    for (InjectedFault fault : Map.copyOf(open).values()) {
      end(fault);
    }
  }
}
