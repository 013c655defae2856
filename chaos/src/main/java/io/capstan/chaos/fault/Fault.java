package io.capstan.chaos.fault;

import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.cluster.PartitionSpec;
import java.time.Duration;
import java.util.List;

/** Something bad that can be done to a cluster and undone. Immutable. */
public sealed interface Fault {

  /** Returns the kind, as reports name it. */
  String name();

  /** Returns what exactly is hurt. */
  String detail();

  /**
   * Returns the partition that this fault means on the cluster as it is now.
   *
   * @throws ClusterException if the cluster does not allow it at this moment
   */
  PartitionSpec resolve(Cluster cluster);

  /**
   * Cuts links.
   *
   * @param spec for example {@code n1|n2,n3}; see {@link PartitionSpec}
   */
  record Partition(String spec) implements Fault {
    @Override
    public String name() {
      return "partition";
    }

    @Override
    public String detail() {
      return spec;
    }

    @Override
    public PartitionSpec resolve(Cluster cluster) {
      return PartitionSpec.parse(spec, cluster.nodeIds());
    }
  }

  /** Cuts off whichever node leads at that moment, alone. */
  record IsolateLeader() implements Fault {
    /** With fewer nodes the others are no majority. */
    public static final int NODES_MIN = 3;

    private static final Duration LEADER_WAIT_MAX = Duration.ofSeconds(10);

    @Override
    public String name() {
      return "partition";
    }

    @Override
    public String detail() {
      return "the leader alone";
    }

    @Override
    public PartitionSpec resolve(Cluster cluster) {
      if (cluster.nodeIds().size() < NODES_MIN) {
        throw new ClusterException(
            ClusterException.Kind.USAGE,
            "A leader cannot be in the minority of " + cluster.nodeIds().size() + " nodes.",
            "Take " + NODES_MIN + " nodes or more.");
      }
      // On a busy machine an election may be under way just now.
      cluster.awaitReady(LEADER_WAIT_MAX);
      String leader =
          cluster
              .leader()
              .orElseThrow(
                  () ->
                      new ClusterException(
                          ClusterException.Kind.FAILED,
                          "No node leads at this moment, so none can be cut off as the leader.",
                          ""));
      List<String> others =
          cluster.nodeIds().stream().filter(node -> !node.equals(leader)).toList();
      return PartitionSpec.parse(leader + "|" + String.join(",", others), cluster.nodeIds());
    }
  }
}
