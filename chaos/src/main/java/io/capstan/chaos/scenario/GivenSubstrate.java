package io.capstan.chaos.scenario;

import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.fault.FaultType;
import java.util.EnumSet;
import java.util.Set;

/**
 * A running cluster that belongs to somebody else, who goes on with it after the scenario: closing
 * this ends the scenario's clients and nothing more.
 */
public final class GivenSubstrate extends RunningSubstrate {
  /**
   * @param name in results
   * @param cluster has a leader and every link open; stays the caller's to close
   */
  public GivenSubstrate(String name, Cluster cluster) {
    super(name, cluster);
  }

  /**
   * Returns the kinds of faults that such a cluster can suffer and be whole again: its members stay
   * the same ones.
   */
  public static Set<FaultType> faults(Cluster cluster) {
    Set<FaultType> possible = EnumSet.noneOf(FaultType.class);
    for (FaultType type : FaultType.values()) {
      if (type != FaultType.MEMBER_REPLACE && type.isPossibleWith(cluster.supportedFaults())) {
        possible.add(type);
      }
    }
    return possible;
  }
}
