package io.capstan.chaos.scenario;

import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.fault.ClusterOffice;
import io.capstan.chaos.workload.AttemptDriver;
import io.capstan.chaos.workload.WorkloadClient;
import java.time.Duration;
import java.util.List;

/** A cluster to run a scenario on, with everything that belongs to it. Closing it removes it. */
public interface Substrate extends AutoCloseable {

  /** Returns the name in results: sim, process or docker. */
  String name();

  Cluster cluster();

  ScenarioClients clients();

  Pace pace();

  /** Returns what makes the attempts of these clients. */
  AttemptDriver driver(List<WorkloadClient> clients, Duration attemptTimeout);

  /** Returns who changes members and modes, for these keyspaces. */
  ClusterOffice office(List<KeyspacePlan> keyspaces);

  /**
   * Returns, empty or in a sentence, why this build cannot change the mode of a keyspace.
   *
   * @param keyspace one that is there for the question
   */
  String modeSwitchProblem(String keyspace);

  /** Ends it; does not throw for what has ended before. */
  @Override
  void close();
}
