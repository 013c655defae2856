package io.capstan.chaos.scenario;

import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.fault.ClusterOffice;
import io.capstan.chaos.workload.AttemptDriver;
import io.capstan.chaos.workload.OpenLoopDriver;
import io.capstan.chaos.workload.WorkloadClient;
import java.time.Duration;
import java.util.List;

/**
 * A cluster of nodes that run in real time, whoever it belongs to: what a scenario asks of it.
 * Closing ends the scenario's clients.
 */
abstract class RunningSubstrate implements Substrate {
  private final String name;
  private final Cluster cluster;
  private final CapstanScenarioClients clients;

  /**
   * @param name in results
   * @param cluster has a leader and every link open
   */
  RunningSubstrate(String name, Cluster cluster) {
    this.name = name;
    this.cluster = cluster;
    this.clients = new CapstanScenarioClients(cluster);
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
