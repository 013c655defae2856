package io.capstan.chaos.command;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.capstan.chaos.cluster.DirectedLink;
import io.capstan.chaos.cluster.PartitionSpec;
import io.capstan.chaos.cluster.SupervisedCluster;
import io.capstan.cli.ExitCode;
import java.time.Duration;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code capstan cluster partition SPEC}. */
@Command(
    name = "partition",
    description = {
      "Cuts links between nodes: packets on them vanish. All other links are open afterwards.",
      "Returns once the nodes on either side no longer hear each other."
    })
final class ClusterPartition extends ClusterSubcommand {
  /** Nodes notice silence after a second or two. */
  static final Duration VERIFY_TIMEOUT = Duration.ofSeconds(10);

  @Parameters(
      paramLabel = "SPEC",
      description =
          "\"n1,n2|n3\" divides the nodes into sides (every node on one of them);"
              + " \"n1>n2\" cuts what n1 sends to n2, and nothing else.")
  private String partition = "";

  @Override
  int run() {
    try (SupervisedCluster cluster = SupervisedCluster.connect(directory())) {
      PartitionSpec applied = cluster.partition(partition);
      progress("cut; waiting until the nodes notice");
      cluster.awaitLinks(VERIFY_TIMEOUT);
      if (isJson()) {
        ObjectNode answer = JsonNodeFactory.instance.objectNode();
        answer.put("partition", applied.text()).put("verified", true);
        applied.cutLinks().forEach(link -> answer.withArray("cutLinks").add(link.toString()));
        printJson(answer);
      } else {
        String links =
            applied.cutLinks().stream()
                .map(DirectedLink::toString)
                .collect(Collectors.joining(", "));
        out().println("Cut and verified: " + links + ".");
        out().println("Clients still reach every node. Mend it with: capstan cluster heal");
      }
      return ExitCode.OK;
    }
  }
}
