package io.capstan.chaos.command;

import io.capstan.cli.CommandGroup;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code capstan chaos}: the commands of the chaos harness. */
@Command(
    name = "chaos",
    description = "Breaks clusters on purpose and judges what their clients saw.")
public final class ChaosCommand implements Runnable, CommandGroup {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Map<String, Supplier<Object>> subcommands() {
    Map<String, Supplier<Object>> all = new LinkedHashMap<>();
    all.put("run", ChaosRun::new);
    all.put("list", ChaosList::new);
    all.put("check", CheckCommand::new);
    all.put("replay", ChaosReplay::new);
    all.put("heal", ChaosHeal::new);
    return all;
  }

  /** Alone it is a usage error: says so and shows what there is. */
  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing command after 'chaos'.");
  }
}
