package io.capstan.chaos.cluster;

import java.nio.file.Path;

/** The supervisor's process in tests: like {@code capstan cluster supervise}, over fake nodes. */
final class FakeSupervisor {
  private FakeSupervisor() {}

  /** Arguments: --dir DIR --nodes N --base-port PORT. */
  public static void main(String[] arguments) {
    try {
      Supervisor.run(
          new ClusterDirectory(Path.of(arguments[1])),
          Integer.parseInt(arguments[3]),
          Integer.parseInt(arguments[5]),
          FakeNode.command());
      System.exit(0);
    } catch (ClusterException e) {
      System.err.println(e.getMessage());
      System.exit(1);
    }
  }
}
