package io.capstan.chaos.command;

import io.capstan.cli.SubcommandProvider;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code capstan chaos}: the commands of the chaos harness. */
@Command(
    name = "chaos",
    description = "Breaks clusters on purpose and judges what their clients saw.",
    subcommands = {
      ChaosRun.class,
      ChaosList.class,
      CheckCommand.class,
      ChaosReplay.class,
      ChaosHeal.class
    })
public final class ChaosCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  /** Alone it is a usage error: says so and shows what there is. */
  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing command after 'chaos'.");
  }

  /** Adds the command to {@code capstan}. */
  public static final class Provider implements SubcommandProvider {
    @Override
    public Object command() {
      return new ChaosCommand();
    }
  }
}
