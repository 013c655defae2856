package io.capstan.chaos.scenario;

import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.cluster.DirectedLink;
import io.capstan.chaos.cluster.NodeState;
import io.capstan.chaos.cluster.NodeView;
import io.capstan.chaos.report.ClusterSample;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Looks again and again at what the nodes say of themselves and which links are cut, and keeps what
 * changed for the report. One thread looks; any may ask for the samples.
 */
final class ScenarioWatch {
  /** So many changes of the cluster are kept. */
  private static final int SAMPLES_MAX = 20_000;

  private final Cluster cluster;
  private final LongSupplier elapsedNanos;
  private final RunProgress progress;
  private final List<ClusterSample> samples = new ArrayList<>();

  /**
   * @param elapsedNanos how long the run has gone on
   * @param progress is told who leads
   */
  ScenarioWatch(Cluster cluster, LongSupplier elapsedNanos, RunProgress progress) {
    this.cluster = cluster;
    this.elapsedNanos = elapsedNanos;
    this.progress = progress;
  }

  /** Runs beside everything else; what a node does not say is told as its absence. */
  void sample() {
    try {
      long nowNanos = elapsedNanos.getAsLong();
      List<String> cut = cluster.cutLinks().stream().map(DirectedLink::toString).toList();
      Map<String, NodeView> views = cluster.views();
      List<ClusterSample.NodeSample> nodes = new ArrayList<>();
      for (String node : cluster.nodeIds()) {
        NodeView view = views.get(node);
        NodeState state = cluster.state(node);
        nodes.add(
            view == null
                ? new ClusterSample.NodeSample(
                    node, state == NodeState.RUNNING ? "silent" : state.text(), 0, "")
                : new ClusterSample.NodeSample(node, view.role(), view.term(), view.leader()));
        if (view != null && view.role().equals("leader")) {
          progress.leader(node);
        }
      }
      keep(new ClusterSample(TimeUnit.NANOSECONDS.toMillis(nowNanos), nodes, cut));
    } catch (ClusterException e) {
      // A cluster that is being hurt: the next look is in a moment.
      progress.leader("");
    }
  }

  private void keep(ClusterSample sample) {
    synchronized (samples) {
      boolean isNews = samples.isEmpty() || !samples.get(samples.size() - 1).looksLike(sample);
      if (isNews && samples.size() < SAMPLES_MAX) {
        samples.add(sample);
      }
    }
  }

  /** Returns the changes so far, oldest first. */
  List<ClusterSample> samples() {
    synchronized (samples) {
      return List.copyOf(samples);
    }
  }
}
