package io.capstan.cli;

import io.capstan.client.BlockingClient;
import io.capstan.client.Level;
import io.capstan.client.Receipt;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code capstan counter}. */
@Command(
    name = "counter",
    description = "Adds to counters and reads them.",
    footer = {
      "",
      "In an AP keyspace additions on both sides of a partition all count, and one",
      "that is sent again through another node counts once.",
      "",
      "Examples:",
      "  capstan counter add likes 1 -k feed -c one",
      "  capstan counter get likes -k feed"
    })
final class CounterCommand implements Runnable, CommandGroup {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Map<String, Supplier<Object>> subcommands() {
    Map<String, Supplier<Object>> all = new LinkedHashMap<>();
    all.put("add", Add::new);
    all.put("get", Get::new);
    return all;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing command: add or get.");
  }

  /** Where a counter does not exist its value is 0; the exit code tells. */
  private static String value(Receipt receipt) {
    return String.valueOf(receipt.counter() == null ? 0 : receipt.counter());
  }

  @Command(
      name = "add",
      description = "Adds to a counter; a key that was never written becomes one.",
      footer = {
        "",
        "Prints the value afterwards, as the node that decided knows it: in an AP",
        "keyspace others may have additions that it has not seen yet.",
        "",
        "Examples:",
        "  capstan counter add likes 1",
        "  capstan counter add stock -3 -k feed -c quorum"
      })
  static final class Add extends SessionCommand {
    @Parameters(index = "0", paramLabel = "KEY", description = "1 to 4,096 bytes.")
    private String key = "";

    @Parameters(
        index = "1",
        paramLabel = "N",
        description = "A whole number; a negative one subtracts.")
    private long delta;

    @Option(
        names = {"-c", "--level"},
        paramLabel = "LEVEL",
        converter = Converters.LevelConverter.class,
        description = "CP: linearizable. AP: one, quorum (default) or all.")
    private @Nullable Level level;

    @Override
    void check() {
      super.check();
      checkWriteLevel(level);
    }

    @Override
    int run(BlockingClient client) {
      Receipt receipt = client.add(client.counter(null, key).level(level), delta);
      switch (output()) {
        case JSON -> print(Json.receipt(receipt));
        case TEXT -> {
          print(value(receipt));
          print(Text.ok(streams(), receipt));
        }
        case RAW -> print(value(receipt));
      }
      return ExitCode.OK;
    }
  }

  @Command(
      name = "get",
      description = "Reads a counter.",
      footer = {
        "",
        "Exits with 4 where nothing was ever added, and prints 0.",
        "",
        "Examples:",
        "  capstan counter get likes",
        "  capstan counter get likes -k feed -c one -o json"
      })
  static final class Get extends SessionCommand {
    @Parameters(paramLabel = "KEY", description = "1 to 4,096 bytes.")
    private String key = "";

    @Option(
        names = {"-c", "--level"},
        paramLabel = "LEVEL",
        converter = Converters.LevelConverter.class,
        description = "CP: linearizable (default) or stale. AP: one, quorum (default) or all.")
    private @Nullable Level level;

    @Override
    int run(BlockingClient client) {
      Receipt receipt = client.get(client.counter(null, key).level(level));
      switch (output()) {
        case JSON -> print(Json.receipt(receipt));
        case TEXT -> {
          print(value(receipt));
          print(Text.colour(streams(), Text.Colour.FAINT, Text.promise(receipt)));
        }
        case RAW -> print(value(receipt));
      }
      return receipt.found() ? ExitCode.OK : ExitCode.NOT_FOUND;
    }
  }
}
