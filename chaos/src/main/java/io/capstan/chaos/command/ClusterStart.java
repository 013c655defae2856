package io.capstan.chaos.command;

import io.capstan.chaos.cluster.BackgroundCluster;
import io.capstan.chaos.cluster.ClusterDirectory;
import io.capstan.chaos.cluster.ClusterReport;
import io.capstan.cli.ExitCode;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code capstan cluster start}. */
@Command(
    name = "start",
    description = {
      "Starts nodes n1, n2, ... in the background, each with its own data folder and log, and a"
          + " TCP proxy on every directed link between them.",
      "Started again in the same folder, the cluster has its data."
    })
final class ClusterStart extends ClusterSubcommand {
  @Option(
      names = "--nodes",
      paramLabel = "N",
      description = "How many nodes. Default: as many as before, else 3.")
  private @Nullable Integer nodes;

  @Option(
      names = "--base-port",
      paramLabel = "PORT",
      description =
          "Where n1 serves clients; nI serves them on PORT + I - 1. Default: as before, else 7101.")
  private @Nullable Integer basePort;

  @Override
  int run() {
    ClusterDirectory directory = directoryToStart();
    progress("starting the cluster in " + directory.root());
    ClusterReport report =
        BackgroundCluster.in(directory, home()).start(nodes, basePort, this::progress);
    if (isJson()) {
      printJson(report);
    } else {
      printSummary(report);
    }
    return ExitCode.OK;
  }

  private void printSummary(ClusterReport report) {
    out().println("The cluster runs, " + report.nodes().size() + " nodes in " + report.dir() + ":");
    out().println();
    ClusterTable.nodes(report).forEach(line -> out().println("  " + line));
    out().println();
    out().println("Try next:");
    out().println("  capstan put greeting hello");
    out().println("  capstan get greeting");
    String split = splitExample(report);
    if (!split.isEmpty()) {
      out().println("  capstan cluster partition \"" + split + "\"     (cuts the leader off)");
      out().println("  capstan cluster heal");
    }
    out().println("  capstan cluster stop     (the data is kept)");
  }

  /** Returns a partition with the leader in the minority; empty where one node is all there is. */
  private static String splitExample(ClusterReport report) {
    List<String> ids = report.nodes().stream().map(ClusterReport.NodeReport::id).toList();
    if (ids.size() < 2) {
      return "";
    }
    String leader = ClusterTable.leader(report);
    String alone = ids.contains(leader) ? leader : ids.get(0);
    return alone
        + "|"
        + ids.stream().filter(id -> !id.equals(alone)).collect(Collectors.joining(","));
  }
}
