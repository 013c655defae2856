package io.capstan.chaos.command;

import io.capstan.chaos.cluster.ClusterReport;
import io.capstan.cli.ExitCode;
import picocli.CommandLine.Command;

/** {@code capstan cluster status}. */
@Command(
    name = "status",
    description = {
      "Shows the processes, the links, and what each node says about itself.",
      "Exit code 3 if the cluster does not run."
    })
final class ClusterStatus extends ClusterSubcommand {
  @Override
  int run() {
    ClusterReport report = background().report();
    if (isJson()) {
      printJson(report);
    } else {
      print(report);
    }
    return report.supervisorPid() == null ? ExitCode.UNREACHABLE : ExitCode.OK;
  }

  private void print(ClusterReport report) {
    out().println("The cluster in " + report.dir() + " is " + report.phase() + ".");
    if (!report.message().isEmpty()) {
      out().println(report.message());
    }
    ClusterTable.nodes(report).forEach(out()::println);
    if (report.supervisorPid() == null) {
      out().println("Start it, with its data: capstan cluster start --dir " + report.dir());
    } else {
      out().println(ClusterTable.links(report));
    }
  }
}
