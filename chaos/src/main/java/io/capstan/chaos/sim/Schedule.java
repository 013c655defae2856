package io.capstan.chaos.sim;

import java.util.List;

/**
 * One run as data: with the same schedule the same events happen in the same order. It is made from
 * a seed, and can be written to a file, made smaller and run again.
 *
 * @param seed decides everything that the schedule leaves open: delays of messages and syncs,
 *     election timeouts, what survives a loss of power
 * @param mode which keyspaces are used
 * @param nodes replicas that the cluster begins with, 1 to {@link #NODES_MAX}
 * @param leaseReads whether leaders serve reads by lease, instead of asking a majority each time
 * @param loopDelayMicros up to so long the inputs of a node gather before it works on them
 * @param faultyMillis virtual time in which faults may happen and clients ask
 * @param healthyMillisMax virtual time within which the healed cluster must be live and equal
 * @param handsOver whether what is due while its client is busy is done at once by another one;
 *     otherwise it waits for its own, and what clients ask becomes less where answers are slow
 * @param faults what goes wrong
 * @param operations what clients ask, in order of time
 */
public record Schedule(
    long seed,
    SimulationMode mode,
    int nodes,
    boolean leaseReads,
    long loopDelayMicros,
    long faultyMillis,
    long healthyMillisMax,
    boolean handsOver,
    List<SimulatedFault> faults,
    List<SimulatedOperation> operations) {

  /** The largest cluster. */
  public static final int NODES_MAX = 7;

  /** The most machines: nodes of the beginning, and those that join later. */
  static final int MACHINES_MAX = 9;

  /** The most clients. */
  static final int CLIENTS_MAX = 64;

  /** The last clients are operators: what they ask is handed over among them only. */
  static final int OPERATORS_FROM = 60;

  /** Checks that the parts fit together; throws IllegalArgumentException where they do not. */
  public Schedule {
    faults = List.copyOf(faults);
    operations = List.copyOf(operations);
    if (nodes < 1 || nodes > NODES_MAX) {
      throw new IllegalArgumentException("nodes is " + nodes + ", allowed is 1 to " + NODES_MAX);
    }
    if (faultyMillis < 0 || healthyMillisMax < 1 || loopDelayMicros < 0) {
      throw new IllegalArgumentException("times of a schedule must be positive");
    }
    for (SimulatedFault fault : faults) {
      if (!fault.fits(nodes)) {
        throw new IllegalArgumentException(
            "a fault does not fit a cluster of " + nodes + ": " + fault.describe());
      }
    }
    for (SimulatedOperation operation : operations) {
      if (operation.client() < 0 || operation.client() >= CLIENTS_MAX) {
        throw new IllegalArgumentException(
            "client is " + operation.client() + ", allowed is 0 to " + (CLIENTS_MAX - 1));
      }
    }
  }

  /** Machines: the nodes of the beginning, and every other one that a fault names. */
  int machines() {
    int machines = nodes;
    for (SimulatedFault fault : faults) {
      for (int node : fault.nodes()) {
        machines = Math.max(machines, node + 1);
      }
    }
    return machines;
  }

  /** Clients that ask, 0 to so many: with {@link #handsOver} those who help out count too. */
  int clients() {
    int clients = 0;
    for (SimulatedOperation operation : operations) {
      clients = Math.max(clients, operation.client() + 1);
    }
    return handsOver && clients > 0 ? CLIENTS_MAX : clients;
  }

  /** The same with leaders that serve reads by lease. */
  Schedule withLeaseReads() {
    return new Schedule(
        seed,
        mode,
        nodes,
        true,
        loopDelayMicros,
        faultyMillis,
        healthyMillisMax,
        handsOver,
        faults,
        operations);
  }

  Schedule withSeed(long newSeed) {
    return new Schedule(
        newSeed,
        mode,
        nodes,
        leaseReads,
        loopDelayMicros,
        faultyMillis,
        healthyMillisMax,
        handsOver,
        faults,
        operations);
  }

  Schedule withFaults(List<SimulatedFault> newFaults) {
    return with(faultyMillis, newFaults, operations);
  }

  Schedule withOperations(List<SimulatedOperation> newOperations) {
    return with(faultyMillis, faults, newOperations);
  }

  /** The schedule up to a moment: what begins later is left out. */
  Schedule until(long millis) {
    return with(
        Math.min(faultyMillis, millis),
        faults.stream().filter(fault -> fault.atMillis() < millis).toList(),
        operations.stream().filter(operation -> operation.atMillis() < millis).toList());
  }

  private Schedule with(
      long newFaultyMillis,
      List<SimulatedFault> newFaults,
      List<SimulatedOperation> newOperations) {
    return new Schedule(
        seed,
        mode,
        nodes,
        leaseReads,
        loopDelayMicros,
        newFaultyMillis,
        healthyMillisMax,
        handsOver,
        newFaults,
        newOperations);
  }
}
