package io.capstan.chaos.scenario;

import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.fault.ClusterOffice;
import io.capstan.chaos.fault.FaultType;
import io.capstan.chaos.workload.AttemptDriver;
import io.capstan.chaos.workload.OpenLoopDriver;
import io.capstan.chaos.workload.WorkloadClient;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * A running cluster that belongs to somebody else, who goes on with it after the scenario: closing
 * this ends the scenario's clients and nothing more.
 */
public final class GivenSubstrate implements Substrate {
  private final String name;
  private final Cluster cluster;
  private final CapstanScenarioClients clients;

  /**
   * @param name in results
   * @param cluster has a leader and every link open; stays the caller's to close
   */
  public GivenSubstrate(String name, Cluster cluster) {
    this.name = name;
    this.cluster = cluster;
    this.clients = new CapstanScenarioClients(cluster);
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

  @Override
  public String name() {
    return name;
  }

  @Override
  public Cluster cluster() {
    return cluster;
  }

  @Override
  public ScenarioClients clients() {
    return clients;
  }

  @Override
  public Pace pace() {
    return new MachinePace();
  }

  @Override
  public AttemptDriver driver(List<WorkloadClient> workers, Duration attemptTimeout) {
    return new OpenLoopDriver(workers, attemptTimeout);
  }

  @Override
  public ClusterOffice office(List<KeyspacePlan> keyspaces) {
    return new RealOffice(cluster, clients, keyspaces);
  }

  @Override
  public String modeSwitchProblem(String keyspace) {
    return new RealOffice(cluster, clients, List.of()).modeSwitchProblem(keyspace);
  }

  @Override
  public void close() {
    clients.close();
  }
}
