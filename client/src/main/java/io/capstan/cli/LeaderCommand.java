package io.capstan.cli;

import io.capstan.client.BlockingClient;
import java.time.Duration;
import java.util.Map;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code capstan leader}. */
@Command(
    name = "leader",
    description = "Moves the leadership of the log.",
    footer = {"", "Examples:", "  capstan leader transfer n2"})
final class LeaderCommand implements Runnable, CommandGroup {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Map<String, Supplier<Object>> subcommands() {
    return Map.of("transfer", Transfer::new);
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing command: transfer.");
  }

  @Command(
      name = "transfer",
      description = {
        "Hands the leadership to another node, without an election timeout.",
        "Writes wait for the moment that it takes."
      },
      footer = {"", "Examples:", "  capstan leader transfer n2"})
  static final class Transfer extends ClientCommand {
    @Parameters(paramLabel = "NODE", description = "Who is to lead; a voter.")
    private String target = "";

    @Option(
        names = "--wait",
        paramLabel = "DURATION",
        converter = Converters.DurationConverter.class,
        description = "How long to watch. Default: 10s.")
    private Duration patience = Duration.ofSeconds(10);

    @Override
    int run(BlockingClient client) {
      client.transferLeadership(target);
      Watch.until(
          "The transfer of the leadership to " + target,
          patience,
          "See who leads: capstan status",
          () -> client.members().leader().equals(target));
      switch (output()) {
        case JSON -> print(Json.object(json -> json.writeStringField("leader", target)));
        case TEXT ->
            print(Text.colour(streams(), Text.Colour.GREEN, "OK") + "  " + target + " leads");
        case RAW -> print(target);
      }
      return ExitCode.OK;
    }
  }
}
