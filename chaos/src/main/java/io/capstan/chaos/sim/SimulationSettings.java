package io.capstan.chaos.sim;

import java.util.EnumSet;
import java.util.Set;

/**
 * Within what bounds the schedules of seeds are drawn.
 *
 * @param mode which keyspaces are used
 * @param faults kinds that may happen; each seed picks its own among them
 * @param everyFault whether a seed uses all of them rather than its own choice
 * @param nodes size of the cluster, or 0 for one drawn by each seed
 * @param operationsPerSecond mean rate at which client operations are due while clients ask, a
 *     virtual second; 1 to {@link #OPERATIONS_PER_SECOND_MAX}
 */
public record SimulationSettings(
    SimulationMode mode,
    Set<FaultKind> faults,
    boolean everyFault,
    int nodes,
    int operationsPerSecond) {

  /** Unless another rate is asked for. */
  public static final int OPERATIONS_PER_SECOND = 20;

  /** So many clients cannot do more, even where every answer comes at once. */
  public static final int OPERATIONS_PER_SECOND_MAX = 1_000;

  /** All faults, any size of cluster, 20 operations a second while clients ask. */
  public static SimulationSettings of(SimulationMode mode) {
    return new SimulationSettings(mode, FaultKind.all(), false, 0, OPERATIONS_PER_SECOND);
  }

  public SimulationSettings {
    Set<FaultKind> copy = EnumSet.noneOf(FaultKind.class);
    copy.addAll(faults);
    faults = copy;
    if (nodes < 0 || nodes > Schedule.NODES_MAX) {
      throw new IllegalArgumentException(
          "nodes is " + nodes + ", allowed is 1 to " + Schedule.NODES_MAX + ", or 0 for any");
    }
    if (operationsPerSecond < 1 || operationsPerSecond > OPERATIONS_PER_SECOND_MAX) {
      throw new IllegalArgumentException(
          "operationsPerSecond is "
              + operationsPerSecond
              + ", allowed is 1 to "
              + OPERATIONS_PER_SECOND_MAX);
    }
  }

  /** The same with only these faults. */
  public SimulationSettings withFaults(Set<FaultKind> kinds) {
    return new SimulationSettings(mode, kinds, everyFault, nodes, operationsPerSecond);
  }

  /** The same with a fixed number of nodes. */
  public SimulationSettings withNodes(int size) {
    return new SimulationSettings(mode, faults, everyFault, size, operationsPerSecond);
  }
}
