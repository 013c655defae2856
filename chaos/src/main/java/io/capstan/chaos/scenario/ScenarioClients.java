package io.capstan.chaos.scenario;

import io.capstan.chaos.workload.KeyspaceClient;
import io.capstan.client.ConflictPolicy;
import io.capstan.client.Level;
import io.capstan.client.Mode;
import java.time.Duration;
import java.util.List;

/** How a scenario reaches the cluster as a client does. Thread-safe. */
public interface ScenarioClients extends AutoCloseable {

  /**
   * Makes a keyspace. One of the same name and mode that is there already will do.
   *
   * @throws io.capstan.chaos.cluster.ClusterException if the cluster does not make it in time
   */
  void createKeyspace(String name, Mode mode, Duration timeout);

  /**
   * Makes a keyspace that treats concurrent writes so; for a CP keyspace it makes no difference.
   *
   * @throws io.capstan.chaos.cluster.ClusterException if the cluster does not make it in time
   */
  default void createKeyspace(String name, Mode mode, ConflictPolicy conflicts, Duration timeout) {
    createKeyspace(name, mode, timeout);
  }

  /**
   * Makes a keyspace that takes no writes below a level; for a CP keyspace it makes no difference.
   *
   * @throws io.capstan.chaos.cluster.ClusterException if the cluster does not make it in time
   */
  default void createKeyspace(
      String name, Mode mode, ConflictPolicy conflicts, Level minWrites, Duration timeout) {
    createKeyspace(name, mode, conflicts, timeout);
  }

  /**
   * Returns the acknowledged writes that the ledgers of an AP keyspace list as discarded, with the
   * winners' values where they are known.
   */
  default List<Discarded> discarded(String keyspace) {
    return List.of();
  }

  /** A write that lost against a later one, as a ledger lists it. */
  record Discarded(String key, String value, String version, String winnerVersion) {}

  /** Returns a client that can reach this node only. It lives as long as this object. */
  KeyspaceClient open(String nodeId, String keyspace, Level level);

  /** Ends all connections. */
  @Override
  void close();
}
