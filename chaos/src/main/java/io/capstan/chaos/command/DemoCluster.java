package io.capstan.chaos.command;

import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.scenario.ScenarioClients;
import java.nio.file.Path;

/** The cluster that the demo runs on, and how to reach it. Closing it removes all of it. */
interface DemoCluster extends AutoCloseable {

  Cluster cluster();

  ScenarioClients clients();

  /** Returns what it is made of, as reports name it. */
  String substrate();

  @Override
  void close();

  /** Starts one. */
  @FunctionalInterface
  interface Factory {
    /**
     * Starts a cluster and waits until it has a leader.
     *
     * @param log where the nodes' log goes
     * @throws io.capstan.chaos.cluster.ClusterException if it does not come up
     */
    DemoCluster start(int nodes, Path log);
  }
}
