package io.capstan.chaos.cluster;

import java.nio.file.Path;

/**
 * The names of files inside a cluster's folder.
 *
 * @param root the folder, absolute
 */
public record ClusterDirectory(Path root) {

  public ClusterDirectory {
    root = root.toAbsolutePath().normalize();
  }

  /** Returns the description of the cluster: nodes, ports, process ids. */
  public Path stateFile() {
    return root.resolve("cluster.json");
  }

  /** Returns the log of the process that holds the links. */
  public Path supervisorLog() {
    return root.resolve("supervisor.log");
  }

  /** Returns the file whose lock keeps a second supervisor out. */
  Path lockFile() {
    return root.resolve("supervisor.lock");
  }

  /**
   * Returns the folder of a node: its data, log and configuration.
   *
   * @throws IllegalArgumentException if the id is not a node's; nothing outside the cluster's
   *     folder is ever named
   */
  public Path node(String id) {
    if (!id.matches("n[0-9]{1,4}")) {
      throw new IllegalArgumentException("Not a node: \"" + id + "\".");
    }
    return root.resolve(id);
  }

  /** Returns the data folder of a node. */
  public Path data(String id) {
    return node(id).resolve("data");
  }

  /** Returns the log of a node. */
  public Path log(String id) {
    return node(id).resolve("node.log");
  }

  /** Returns the configuration of a node. */
  public Path config(String id) {
    return node(id).resolve("node.yaml");
  }
}
