package io.capstan.chaos.command;

import io.capstan.chaos.cluster.ClusterReport.NodeReport;
import io.capstan.chaos.cluster.SupervisedCluster;
import io.capstan.cli.ExitCode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** The subcommands of {@code cluster} that do something to one node. */
abstract class ClusterNodeDeed extends ClusterSubcommand {
  @Parameters(paramLabel = "N", description = "The node: n2, or just 2.")
  private String node = "";

  /** Does the deed; returns when it is done. */
  abstract void act(SupervisedCluster cluster, String nodeId);

  /** Returns what has become of the node, as the end of a sentence that begins with its name. */
  abstract String done();

  @Override
  final int run() {
    try (SupervisedCluster cluster = SupervisedCluster.connect(directory())) {
      String id = cluster.resolve(node);
      act(cluster, id);
      if (isJson()) {
        for (NodeReport report : cluster.report().nodes()) {
          if (report.id().equals(id)) {
            printJson(report);
          }
        }
      } else {
        out().println(id + " " + done());
      }
      return ExitCode.OK;
    }
  }

  /** {@code capstan cluster kill N}. */
  @Command(name = "kill", description = "Kills a node without warning (SIGKILL).")
  static final class Kill extends ClusterNodeDeed {
    @Override
    void act(SupervisedCluster cluster, String nodeId) {
      cluster.kill(nodeId);
    }

    @Override
    String done() {
      return "is killed. \"capstan cluster restart\" brings it back with its data.";
    }
  }

  /** {@code capstan cluster restart N}. */
  @Command(
      name = "restart",
      description = "Stops a node in an orderly way if it runs, and starts it with its data.")
  static final class Restart extends ClusterNodeDeed {
    @Override
    void act(SupervisedCluster cluster, String nodeId) {
      progress("restarting " + nodeId);
      cluster.restart(nodeId);
    }

    @Override
    String done() {
      return "runs and answers.";
    }
  }

  /** {@code capstan cluster pause N}. */
  @Command(
      name = "pause",
      description = "Holds a node still (SIGSTOP): it keeps its connections and answers nothing.")
  static final class Pause extends ClusterNodeDeed {
    @Override
    void act(SupervisedCluster cluster, String nodeId) {
      cluster.pause(nodeId);
    }

    @Override
    String done() {
      return "is held still. \"capstan cluster resume\" lets it go on.";
    }
  }

  /** {@code capstan cluster resume N}. */
  @Command(name = "resume", description = "Lets a paused node go on (SIGCONT).")
  static final class Resume extends ClusterNodeDeed {
    @Override
    void act(SupervisedCluster cluster, String nodeId) {
      cluster.resume(nodeId);
    }

    @Override
    String done() {
      return "goes on.";
    }
  }
}
