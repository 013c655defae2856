package io.capstan.chaos.junit;

import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.cluster.ContainerCluster;
import io.capstan.chaos.cluster.ContainerEquipment;
import io.capstan.chaos.cluster.EmbeddedCluster;
import io.capstan.chaos.cluster.NodeCommand;
import io.capstan.chaos.cluster.NodeImage;
import io.capstan.chaos.cluster.NodeServerLauncher;
import io.capstan.chaos.cluster.NodeStarter;
import io.capstan.chaos.cluster.ProcessCluster;
import io.capstan.chaos.junit.CapstanCluster.Equipment;
import io.capstan.chaos.junit.CapstanCluster.NodesAs;
import io.capstan.node.server.config.Setting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Starts a {@link TestCluster} where an annotation does not do: one whose settings are computed, or
 * several in one test. Each method says the same as the element of {@link CapstanCluster} of its
 * name. Not thread-safe.
 *
 * <pre>{@code
 * try (TestCluster cluster = TestCluster.builder().nodes(5).setting("snapshotEntries", 100).start()) {
 *   ...
 * }
 * }</pre>
 */
public final class TestClusterBuilder {
  static final long START_TIMEOUT_MILLIS = 60_000;

  private int nodes = 3;
  private NodesAs nodesAs = NodesAs.EMBEDDED;
  private final Map<Setting, String> settings = new LinkedHashMap<>();
  private final Set<Equipment> equipment = EnumSet.noneOf(Equipment.class);
  private String image = "";
  private NodeCommand command = NodeCommand.capstanNode();
  private NodeStarter starter = NodeStarter.FORK;
  private Duration startTimeout = Duration.ofMillis(START_TIMEOUT_MILLIS);

  TestClusterBuilder() {}

  /** How many nodes, at least 1. */
  public TestClusterBuilder nodes(int count) {
    this.nodes = count;
    return this;
  }

  /** What the nodes are. */
  public TestClusterBuilder nodesAs(NodesAs kind) {
    this.nodesAs = kind;
    return this;
  }

  /**
   * Gives every node a setting.
   *
   * @param name as in its YAML file, such as {@code snapshotEntries}
   * @throws IllegalArgumentException if there is no such setting; says which may be meant
   */
  public TestClusterBuilder setting(String name, Object value) {
    Setting setting = Setting.ofKey(name).orElse(null);
    if (setting == null) {
      throw new IllegalArgumentException(
          "'"
              + name
              + "="
              + value
              + "' is no setting=value of a node; did you mean "
              + Setting.nearest(name).key()
              + "?");
    }
    settings.put(setting, String.valueOf(value));
    return this;
  }

  /** Gives every node these settings as {@link #setting} does. */
  public TestClusterBuilder settings(Map<String, ?> values) {
    values.forEach(this::setting);
    return this;
  }

  /** For containers, the image of the nodes; empty for the usual one. */
  public TestClusterBuilder image(String name) {
    this.image = name;
    return this;
  }

  /** For containers, what they are given so that more can be done to them. */
  public TestClusterBuilder equipment(Equipment... pieces) {
    equipment.addAll(List.of(pieces));
    return this;
  }

  /** For processes, how one is started; otherwise with the JVM and the class path of this one. */
  public TestClusterBuilder command(NodeCommand wanted) {
    this.command = wanted;
    return this;
  }

  /** For processes, who makes them; otherwise they are forked. */
  public TestClusterBuilder starter(NodeStarter wanted) {
    this.starter = wanted;
    return this;
  }

  /** How long the start may take. */
  public TestClusterBuilder startTimeout(Duration timeout) {
    this.startTimeout = timeout;
    return this;
  }

  /**
   * Starts it and waits until it has a leader. It is the caller's to close.
   *
   * @throws ClusterException if it does not come up, or cannot here: the message and the hint say
   *     why; nothing stays behind
   */
  public TestCluster start() {
    Path folder;
    try {
      folder = Files.createTempDirectory("capstan-junit-");
    } catch (IOException e) {
      throw new ClusterException(
          ClusterException.Kind.FAILED, "No temporary folder can be made: " + e, "", e);
    }
    try {
      return new TestCluster(start(folder), folder);
    } catch (RuntimeException e) {
      TestCluster.delete(folder);
      throw e;
    }
  }

  private Cluster start(Path folder) {
    if (nodesAs == NodesAs.EMBEDDED) {
      return EmbeddedCluster.start(nodes, folder, new NodeServerLauncher(settings), startTimeout);
    }
    Map<String, String> byKey = new LinkedHashMap<>();
    settings.forEach((setting, value) -> byKey.put(setting.key(), value));
    Cluster cluster =
        nodesAs == NodesAs.CONTAINERS
            ? startContainers(byKey)
            : ProcessCluster.start(nodes, folder, byKey, command, starter);
    try {
      cluster.awaitReady(startTimeout);
      return cluster;
    } catch (RuntimeException e) {
      cluster.close();
      throw e;
    }
  }

  private Cluster startContainers(Map<String, String> byKey) {
    NodeImage.requireEngine();
    ContainerEquipment wanted =
        new ContainerEquipment(
            equipment.contains(Equipment.SMALL_DISKS), equipment.contains(Equipment.CLOCKS));
    String named = image.isEmpty() ? System.getenv().getOrDefault(NodeImage.VARIABLE, "") : image;
    String chosen = NodeImage.choose(named, "@CapstanCluster(image = ...)");
    NodeImage.requirePresent(chosen);
    return ContainerCluster.start(
        nodes,
        wanted.clocks() && named.isEmpty() ? NodeImage.withClock(chosen) : chosen,
        id -> byKey,
        wanted);
  }
}
