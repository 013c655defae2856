package io.capstan.chaos.command;

import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.cluster.PartitionSpec;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/** The cluster after the demo, for a person to play with until Enter or Ctrl-C. */
final class Playground {
  private static final Duration LINKS_TIMEOUT = Duration.ofSeconds(5);
  private static final int LINES_MAX = 100;

  private final Cluster cluster;
  private final DemoRun.Screen screen;

  Playground(Cluster cluster, DemoRun.Screen screen) {
    this.cluster = cluster;
    this.screen = screen;
  }

  /** Returns once the person has had enough. */
  void stay() throws InterruptedException {
    invite();
    BlockingQueue<String> lines = new ArrayBlockingQueue<>(LINES_MAX);
    Thread reader = new Thread(() -> readInto(lines), "playground-input");
    reader.setDaemon(true);
    reader.start();
    for (String line = next(lines); !line.isBlank(); line = next(lines)) {
      obey(line.strip());
    }
  }

  private String next(BlockingQueue<String> lines) throws InterruptedException {
    screen.out().flush();
    return lines.take();
  }

  /**
   * On a thread of its own: a read of standard input cannot be interrupted. Ends with the input.
   */
  private void readInto(BlockingQueue<String> lines) {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(screen.streams().in(), StandardCharsets.UTF_8));
    try {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        lines.put(line);
      }
    } catch (IOException e) {
      screen.line("Standard input cannot be read; Ctrl-C ends the demo.");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void invite() {
    List<String> nodes = cluster.nodeIds();
    screen.line("");
    screen.line("The cluster stays up. In another terminal:");
    for (String node : nodes) {
      screen.line(
          "  capstan status --endpoints " + cluster.clientAddress(node) + "      (" + node + ")");
    }
    String first = cluster.clientAddress(nodes.get(0));
    screen.line("  capstan put account/9 50 -k bank --endpoints " + first);
    screen.line("  capstan get wall/barbara -k feed -c one --all-siblings --endpoints " + first);
    screen.line("Here:");
    screen.line(
        "  partition "
            + nodes.get(0)
            + "|"
            + String.join(",", nodes.subList(1, nodes.size()))
            + "     heal     (Enter alone ends it)");
  }

  private void obey(String line) {
    try {
      if (line.equals("heal")) {
        cluster.heal();
        cluster.awaitLinks(LINKS_TIMEOUT);
        screen.line("Every link carries.");
      } else if (line.startsWith("partition ")) {
        PartitionSpec spec = cluster.partition(line.substring("partition ".length()));
        cluster.awaitLinks(LINKS_TIMEOUT);
        screen.line("Cut: " + spec.cutLinks());
      } else {
        screen.line("Known here: partition SIDES, heal, or Enter to end.");
      }
    } catch (ClusterException | PartitionSpec.InvalidPartitionException e) {
      screen.line(String.valueOf(e.getMessage()));
    }
  }
}
