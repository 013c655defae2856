package io.capstan.cli;

import io.capstan.client.BlockingClient;
import io.capstan.client.CapstanException;
import io.capstan.client.ErrorCode;
import io.capstan.client.Keyspace;
import io.capstan.client.Mode;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code capstan mode}. */
@Command(
    name = "mode",
    description = "Shows or changes the side that a keyspace has chosen.",
    subcommands = {ModeCommand.Show.class, ModeCommand.Change.class},
    footer = {"", "Examples:", "  capstan mode get bank", "  capstan mode set feed cp"})
final class ModeCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing command: get or set.");
  }

  @Command(
      name = "get",
      description = "Shows the mode of a keyspace.",
      footer = {"", "Examples:", "  capstan mode get", "  capstan mode get bank -o json"})
  static final class Show extends ClientCommand {
    @Parameters(
        arity = "0..1",
        paramLabel = "KEYSPACE",
        description = "Default: the one of --keyspace.")
    private @Nullable String name;

    @Override
    int run(BlockingClient client) {
      Keyspace keyspace = client.describe(name != null ? name : options().keyspace());
      print(line(output(), keyspace));
      return ExitCode.OK;
    }
  }

  private static String line(OutputFormat output, Keyspace keyspace) {
    return switch (output) {
      case JSON -> Json.object(json -> Json.keyspaceFields(json, keyspace));
      case TEXT ->
          keyspace.name()
              + " is "
              + KeyspaceCommand.label(keyspace)
              + "  (epoch "
              + keyspace.epoch()
              + ", "
              + keyspace.phase()
              + ")";
      case RAW -> KeyspaceCommand.label(keyspace);
    };
  }

  @Command(
      name = "set",
      description = "Changes the side of a keyspace while it serves. Not available yet.",
      footer = {"", "Examples:", "  capstan mode set feed cp --wait 60s"})
  static final class Change extends ClientCommand {
    @Parameters(index = "0", paramLabel = "KEYSPACE", description = "The keyspace.")
    private String name = "";

    @Parameters(
        index = "1",
        paramLabel = "MODE",
        converter = Converters.ModeConverter.class,
        description = "cp or ap.")
    private @Nullable Mode mode;

    @Option(
        names = "--wait",
        paramLabel = "DURATION",
        converter = Converters.DurationConverter.class,
        description = "How long to watch the change before detaching. Default: 60s.")
    private Duration patience = Duration.ofSeconds(60);

    @Option(names = "--abort", description = "Aborts a change that has not finished.")
    private boolean abort;

    @Override
    int run(BlockingClient client) {
      if (mode == null) {
        throw usage("the mode is missing: cp or ap");
      }
      try {
        print(line(output(), client.setMode(name, mode)));
        return ExitCode.OK;
      } catch (CapstanException e) {
        if (!e.code().equals(ErrorCode.NOT_AVAILABLE_YET)) {
          throw e;
        }
        throw new CapstanException(
            e.code(),
            e.outcome(),
            "Changing the mode of a keyspace comes with a later version; keyspace \""
                + name
                + "\" is as it was (asked for: "
                + mode.label()
                + (abort ? ", abort" : ", wait " + patience.toSeconds() + "s")
                + ").",
            "Create another keyspace with the mode you want: capstan keyspace create NAME --mode "
                + mode.label(),
            e.receipt());
      }
    }
  }
}
