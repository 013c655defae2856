package io.capstan.chaos.scenario;

import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.workload.CapstanKeyspaceClient;
import io.capstan.chaos.workload.KeyspaceClient;
import io.capstan.client.CapstanClient;
import io.capstan.client.CapstanException;
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
  private final Map<String, CapstanClient> clientByNode = new LinkedHashMap<>();

  public CapstanScenarioClients(Cluster cluster) {
    for (String node : cluster.nodeIds()) {
      clientByNode.put(
          node, CapstanClient.builder().endpoints(List.of(cluster.clientAddress(node))).build());
    }
  }

  private CapstanClient client(String nodeId) {
    CapstanClient client = clientByNode.get(nodeId);
    if (client == null) {
      throw new IllegalArgumentException(
          "There is no node " + nodeId + "; the nodes are " + clientByNode.keySet() + ".");
    }
    return client;
  }

  @Override
  public void createKeyspace(String name, Mode mode, Duration timeout) {
    CapstanClient client = clientByNode.values().iterator().next();
    try {
      client.blocking().createKeyspace(CreateKeyspace.of(name, mode).timeout(timeout));
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
