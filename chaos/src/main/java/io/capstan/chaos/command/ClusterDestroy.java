package io.capstan.chaos.command;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.capstan.cli.ExitCode;
import io.capstan.client.ErrorCode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code capstan cluster destroy}. */
@Command(name = "destroy", description = "Stops the cluster and removes all of its data.")
final class ClusterDestroy extends ClusterSubcommand {
  @Option(names = "--yes", description = "Required: the data cannot be brought back.")
  private boolean yes;

  @Override
  int run() {
    String dir = directory().root().toString();
    if (!yes) {
      throw failure(
          ErrorCode.INVALID_ARGUMENT,
          "This would remove the cluster in " + dir + " with all of its data.",
          "If you mean it: capstan cluster destroy --yes");
    }
    boolean existed = background().destroy(this::progress);
    if (isJson()) {
      printJson(JsonNodeFactory.instance.objectNode().put("dir", dir).put("existed", existed));
    } else {
      out()
          .println(
              existed
                  ? "The cluster in " + dir + " and its data are removed."
                  : "There is no cluster in " + dir + ".");
    }
    return ExitCode.OK;
  }
}
