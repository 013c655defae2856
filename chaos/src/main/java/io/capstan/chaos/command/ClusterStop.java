package io.capstan.chaos.command;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.capstan.cli.ExitCode;
import picocli.CommandLine.Command;

/** {@code capstan cluster stop}. */
@Command(
    name = "stop",
    description = "Stops every node in an orderly way, then the links. The data is kept.")
final class ClusterStop extends ClusterSubcommand {
  @Override
  int run() {
    String dir = directory().root().toString();
    boolean ran = background().stop(this::progress);
    if (isJson()) {
      printJson(
          JsonNodeFactory.instance
              .objectNode()
              .put("dir", dir)
              .put("ran", ran)
              .put("phase", "stopped"));
    } else if (ran) {
      out().println("The cluster in " + dir + " is stopped. Its data is kept.");
    } else {
      out().println("No cluster runs in " + dir + ".");
    }
    return ExitCode.OK;
  }
}
