package io.capstan.chaos.command;

import io.capstan.chaos.cluster.AddedNode;
import io.capstan.chaos.cluster.SupervisedCluster;
import io.capstan.cli.ExitCode;
import picocli.CommandLine.Command;

/** {@code capstan cluster add}. */
@Command(
    name = "add",
    description = {
      "Starts the next node (n4 after n3) with an empty data folder. It waits until it is made a"
          + " member by the command that is printed. At most four can be added while a cluster"
          + " runs."
    })
final class ClusterAdd extends ClusterSubcommand {
  @Override
  int run() {
    try (SupervisedCluster cluster = SupervisedCluster.connect(directory())) {
      progress("starting one node more");
      AddedNode added = cluster.add();
      if (isJson()) {
        printJson(added);
      } else {
        out().println(added.node() + " runs and waits to become a member:");
        out()
            .println(
                "  capstan member add "
                    + added.node()
                    + " "
                    + added.peer()
                    + " --client "
                    + added.client());
      }
      return ExitCode.OK;
    }
  }
}
