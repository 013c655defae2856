package io.capstan.chaos.command;

import io.capstan.cli.CommandGroup;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code capstan cluster}: real nodes on this machine, in the background, to play with. */
@Command(
    name = "cluster",
    description = "Starts, hurts and mends a local cluster of real processes.")
final class ClusterCommand implements Runnable, CommandGroup {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Map<String, Supplier<Object>> subcommands() {
    Map<String, Supplier<Object>> all = new LinkedHashMap<>();
    all.put("start", ClusterStart::new);
    all.put("status", ClusterStatus::new);
    all.put("add", ClusterAdd::new);
    all.put("stop", ClusterStop::new);
    all.put("destroy", ClusterDestroy::new);
    all.put("kill", ClusterNodeDeed.Kill::new);
    all.put("restart", ClusterNodeDeed.Restart::new);
    all.put("pause", ClusterNodeDeed.Pause::new);
    all.put("resume", ClusterNodeDeed.Resume::new);
    all.put("partition", ClusterPartition::new);
    all.put("heal", ClusterHeal::new);
    all.put("supervise", ClusterSupervise::new);
    all.put("train", ClusterTrain::new);
    return all;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing command after 'cluster'.");
  }
}
