package io.capstan.chaos.command;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code capstan cluster}: real nodes on this machine, in the background, to play with. */
@Command(
    name = "cluster",
    description = "Starts, hurts and mends a local cluster of real processes.",
    subcommands = {
      ClusterStart.class,
      ClusterStatus.class,
      ClusterAdd.class,
      ClusterStop.class,
      ClusterDestroy.class,
      ClusterNodeDeed.Kill.class,
      ClusterNodeDeed.Restart.class,
      ClusterNodeDeed.Pause.class,
      ClusterNodeDeed.Resume.class,
      ClusterPartition.class,
      ClusterHeal.class,
      ClusterSupervise.class,
      ClusterTrain.class
    })
final class ClusterCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing command after 'cluster'.");
  }
}
