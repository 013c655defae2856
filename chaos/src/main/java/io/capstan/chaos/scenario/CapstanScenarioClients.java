package io.capstan.chaos.scenario;

import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.workload.CapstanKeyspaceClient;
import io.capstan.chaos.workload.KeyspaceClient;
import io.capstan.client.Bytes;
import io.capstan.client.CapstanClient;
import io.capstan.client.CapstanException;
import io.capstan.client.ConflictList;
import io.capstan.client.ConflictPolicy;
import io.capstan.client.ConflictQuery;
import io.capstan.client.CreateKeyspace;
import io.capstan.client.ErrorCode;
import io.capstan.client.Level;
import io.capstan.client.Mode;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Clients over the network: one connection for each node, whose only endpoint it is. */
public final class CapstanScenarioClients implements ScenarioClients {
  private static final Duration LEDGER_MAX = Duration.ofSeconds(5);

  private final Map<String, CapstanClient> clientByNode = new LinkedHashMap<>();

  public CapstanScenarioClients(Cluster cluster) {
    for (String node : cluster.nodeIds()) {
      clientByNode.put(
          node, CapstanClient.builder().endpoints(List.of(cluster.clientAddress(node))).build());
    }
  }

  /** Returns the nodes that have a client. */
  List<String> nodeIds() {
    return List.copyOf(clientByNode.keySet());
  }

  /** Returns the client whose only endpoint is this node. */
  CapstanClient client(String nodeId) {
    CapstanClient client = clientByNode.get(nodeId);
    if (client == null) {
      throw new IllegalArgumentException(
          "There is no node " + nodeId + "; the nodes are " + clientByNode.keySet() + ".");
    }
    return client;
  }

  @Override
  public void createKeyspace(String name, Mode mode, Duration timeout) {
    create(CreateKeyspace.of(name, mode).timeout(timeout), name);
  }

  @Override
  public void createKeyspace(String name, Mode mode, ConflictPolicy conflicts, Duration timeout) {
    createKeyspace(name, mode, conflicts, Level.ONE, timeout);
  }

  @Override
  public void createKeyspace(
      String name, Mode mode, ConflictPolicy conflicts, Level minWrites, Duration timeout) {
    CreateKeyspace create = CreateKeyspace.of(name, mode).timeout(timeout);
    create(mode == Mode.AP ? create.conflicts(conflicts).minWrites(minWrites) : create, name);
  }

  @Override
  public List<Discarded> discarded(String keyspace) {
    Map<String, Discarded> byVersion = new LinkedHashMap<>();
    for (CapstanClient client : clientByNode.values()) {
      ConflictQuery query =
          ConflictQuery.all().in(keyspace).limit(ConflictQuery.LIMIT_ROWS_MAX).timeout(LEDGER_MAX);
      for (ConflictList.Conflict lost : client.conflicts(query).join().conflicts()) {
        Bytes value = lost.value();
        if (value != null) {
          byVersion.put(
              lost.version(),
              new Discarded(lost.key().utf8(), value.utf8(), lost.version(), lost.winnerVersion()));
        }
      }
    }
    return List.copyOf(byVersion.values());
  }

  private void create(CreateKeyspace create, String name) {
    CapstanClient client = clientByNode.values().iterator().next();
    try {
      client.blocking().createKeyspace(create);
    } catch (CapstanException e) {
      if (!e.code().equals(ErrorCode.KEYSPACE_EXISTS)) {
        throw new ClusterException(
            ClusterException.Kind.FAILED,
            "The keyspace " + name + " cannot be created: " + e.getMessage(),
            e.hint(),
            e);
      }
    }
  }

  @Override
  public KeyspaceClient open(String nodeId, String keyspace, Level level) {
    return new CapstanKeyspaceClient(nodeId, client(nodeId), keyspace, level);
  }

  @Override
  public void close() {
    clientByNode.values().forEach(CapstanClient::close);
  }
}
