package io.capstan.chaos.command;

import io.capstan.chaos.cluster.BackgroundCluster;
import io.capstan.chaos.cluster.NodeCommand;
import io.capstan.chaos.cluster.Supervisor;
import io.capstan.cli.ExitCode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The process that {@code capstan cluster start} leaves behind; nobody types this. */
@Command(
    name = "supervise",
    hidden = true,
    description = "Holds the links of a cluster and looks after its nodes, in the foreground.")
final class ClusterSupervise extends ClusterSubcommand {
  @Option(names = "--nodes", description = "How many nodes.")
  private int nodes = BackgroundCluster.DEFAULT_NODES;

  @Option(names = "--base-port", description = "Where n1 serves clients.")
  private int basePort = BackgroundCluster.DEFAULT_BASE_PORT;

  @Override
  int run() {
    Supervisor.run(directoryToStart(), nodes, basePort, NodeCommand.capstanNode());
    return ExitCode.OK;
  }
}
