package io.capstan.chaos.command;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.capstan.chaos.cluster.SupervisedCluster;
import io.capstan.cli.ExitCode;
import java.time.Duration;
import picocli.CommandLine.Command;

/** {@code capstan cluster heal}. */
@Command(
    name = "heal",
    description = "Opens every link and returns once all running nodes hear each other.")
final class ClusterHeal extends ClusterSubcommand {
  /** A connection that was given up during the cut is tried again after a pause. */
  static final Duration VERIFY_TIMEOUT = Duration.ofSeconds(20);

  @Override
  int run() {
    try (SupervisedCluster cluster = SupervisedCluster.connect(directory())) {
      cluster.heal();
      progress("healed; waiting until the nodes hear each other");
      cluster.awaitLinks(VERIFY_TIMEOUT);
      if (isJson()) {
        printJson(JsonNodeFactory.instance.objectNode().put("healed", true).put("verified", true));
      } else {
        out().println("All links are open, and the nodes hear each other.");
      }
      return ExitCode.OK;
    }
  }
}
