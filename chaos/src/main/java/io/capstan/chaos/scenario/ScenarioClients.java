package io.capstan.chaos.scenario;

import io.capstan.chaos.workload.KeyspaceClient;
import io.capstan.client.Level;
import io.capstan.client.Mode;
import java.time.Duration;

/** How a scenario reaches the cluster as a client does. Thread-safe. */
public interface ScenarioClients extends AutoCloseable {

  /**
   * Makes a keyspace. One of the same name and mode that is there already will do.
   *
   * @throws io.capstan.chaos.cluster.ClusterException if the cluster does not make it in time
   */
  void createKeyspace(String name, Mode mode, Duration timeout);

  /** Returns a client that can reach this node only. It lives as long as this object. */
  KeyspaceClient open(String nodeId, String keyspace, Level level);

  /** Ends all connections. */
  @Override
  void close();
}
