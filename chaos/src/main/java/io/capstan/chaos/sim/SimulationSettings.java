package io.capstan.chaos.sim;

/**
 * What one simulated run is made of. Probabilities are between 0 and 1; which faults a seed really
 * uses, and how hard, is drawn from the seed within these bounds.
 *
 * @param nodes replicas, 1 to 7
 * @param clients concurrent clients
 * @param keys keys in each keyspace; few keys make conflicts
 * @param faultyMillis virtual time under faults
 * @param healthyMillisMax virtual time within which a healed cluster must be live and equal
 * @param faults whether anything goes wrong at all
 */
public record SimulationSettings(
    int nodes, int clients, int keys, long faultyMillis, long healthyMillisMax, boolean faults) {

  /** Five nodes, six clients, ten seconds under faults. */
  public static SimulationSettings defaults() {
    return new SimulationSettings(5, 6, 4, 10_000, 20_000, true);
  }

  public SimulationSettings {
    if (nodes < 1 || nodes > 7) {
      throw new IllegalArgumentException("nodes is " + nodes + ", allowed is 1 to 7");
    }
  }
}
