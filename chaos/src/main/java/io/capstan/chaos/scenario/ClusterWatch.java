package io.capstan.chaos.scenario;

import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.cluster.DirectedLink;
import io.capstan.chaos.cluster.NodeState;
import io.capstan.chaos.cluster.NodeView;
import io.capstan.chaos.report.ClusterSample;
import io.capstan.chaos.report.ClusterSample.NodeSample;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Looks at a running cluster again and again, for the report: who leads in which term, who answers,
 * which links are cut. Nothing of it enters a verdict. Thread-safe.
 */
public final class ClusterWatch implements AutoCloseable {
  /** How often it looks. */
  public static final Duration INTERVAL = Duration.ofMillis(200);

  /** So many changes are kept; what comes after them is not seen. */
  static final int CHANGES_MAX = 20_000;

  private static final Duration STOP_MAX = Duration.ofSeconds(5);

  private final Cluster cluster;
  private final Thread thread;
  private final List<Look> looks = new ArrayList<>();
  private volatile boolean isStopped;

  /** What was seen, and when on {@code System.nanoTime}. */
  private record Look(long nanos, List<NodeSample> nodes, List<String> cutLinks) {}

  private ClusterWatch(Cluster cluster) {
    this.cluster = cluster;
    this.thread = new Thread(this::run, "cluster-watch");
    this.thread.setDaemon(true);
  }

  /** Starts to look. */
  public static ClusterWatch start(Cluster cluster) {
    ClusterWatch watch = new ClusterWatch(cluster);
    watch.thread.start();
    return watch;
  }

  private void run() {
    while (!isStopped) {
      try {
        keep(look());
        TimeUnit.NANOSECONDS.sleep(INTERVAL.toNanos());
      } catch (ClusterException e) {
        // The cluster is being started, hurt or closed; the next look may see it.
        if (!pause()) {
          return;
        }
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private static boolean pause() {
    try {
      TimeUnit.NANOSECONDS.sleep(INTERVAL.toNanos());
      return true;
    } catch (InterruptedException e) {
      return false;
    }
  }

  /** The time of a look is its beginning: what it shows was so when it ended at the latest. */
  private Look look() {
    long nanos = System.nanoTime();
    List<String> cut = cluster.cutLinks().stream().map(DirectedLink::toString).toList();
    Map<String, NodeView> views = cluster.views();
    List<NodeSample> nodes = new ArrayList<>();
    for (String id : cluster.nodeIds()) {
      NodeView view = views.get(id);
      if (view != null) {
        nodes.add(new NodeSample(id, view.role(), view.term(), view.leader()));
      } else {
        NodeState state = cluster.state(id);
        nodes.add(new NodeSample(id, state == NodeState.RUNNING ? "silent" : state.text(), 0, ""));
      }
    }
    return new Look(nanos, nodes, cut);
  }

  private synchronized void keep(Look look) {
    if (looks.size() >= CHANGES_MAX) {
      return;
    }
    Look last = looks.isEmpty() ? null : looks.get(looks.size() - 1);
    if (last == null
        || !last.nodes().equals(look.nodes())
        || !last.cutLinks().equals(look.cutLinks())) {
      looks.add(look);
    }
  }

  /**
   * Returns the changes that were seen.
   *
   * @param startNanos when the time of the run began, on {@code System.nanoTime}; what was seen
   *     before it counts as seen then
   */
  public synchronized List<ClusterSample> samples(long startNanos) {
    List<ClusterSample> samples = new ArrayList<>();
    for (Look look : looks) {
      long millis = Math.max(0, TimeUnit.NANOSECONDS.toMillis(look.nanos() - startNanos));
      if (millis == 0) {
        samples.clear();
      }
      samples.add(new ClusterSample(millis, look.nodes(), look.cutLinks()));
    }
    return samples;
  }

  /** Stops looking. */
  @Override
  public void close() {
    isStopped = true;
    thread.interrupt();
    try {
      thread.join(STOP_MAX.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
