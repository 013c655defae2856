package io.capstan.cli;

import io.capstan.client.BlockingClient;
import io.capstan.client.CapstanException;
import io.capstan.client.ErrorCode;
import io.capstan.client.Keyspace;
import io.capstan.client.Mode;
import io.capstan.client.ModeChange;
import io.capstan.client.NodeStatus;
import io.capstan.client.Outcome;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
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
    footer = {"", "Examples:", "  capstan mode get bank", "  capstan mode set feed cp"})
final class ModeCommand implements Runnable, CommandGroup {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Map<String, Supplier<Object>> subcommands() {
    Map<String, Supplier<Object>> all = new LinkedHashMap<>();
    all.put("get", Show::new);
    all.put("set", Change::new);
    return all;
  }

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
      if (output() == OutputFormat.TEXT) {
        for (String wait : waitsFor(client, keyspace.name())) {
          print("  waits: " + wait);
        }
      }
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
      description = {
        "Changes the side of a keyspace while it serves.",
        "",
        "To ap: at once; whoever lags behind the log serves later. To cp: replicas",
        "converge while they serve, then take no writes for a moment (sealed), agree",
        "on what there is, and open. Every acknowledged write is there afterwards.",
        "A keyspace made with --min-writes quorum needs a majority for that; where",
        "level one was allowed every replica is needed."
      },
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

    @Option(
        names = "--abort",
        description = "Gives up a change that has not opened yet; the keyspace stays ap.")
    private boolean abort;

    @Option(
        names = "--by",
        paramLabel = "NAME",
        description = "Who asks, for the history. Default: the user of this process.")
    private String by = System.getProperty("user.name", "");

    private String shown = "";

    @Override
    int run(BlockingClient client) {
      if (mode == null) {
        throw usage("the mode is missing: cp or ap");
      }
      if (abort) {
        Keyspace given = client.abortModeChange(name, by);
        print(line(output(), given));
        return ExitCode.OK;
      }
      ModeChange before = client.describe(name).lastChange();
      Keyspace now = client.setMode(name, mode, by);
      if (patience.isZero()) {
        print(line(output(), now));
        return ExitCode.OK;
      }
      return watch(client, mode, before == null ? 0 : before.id());
    }

    private int watch(BlockingClient client, Mode target, long idBefore) {
      Watch.until(
          "The change of keyspace \"" + name + "\"",
          patience,
          "Look with 'capstan mode get "
              + name
              + "', give it up with 'capstan mode set "
              + name
              + " "
              + target.label()
              + " --abort'.",
          () -> isDone(client, target, idBefore));
      Keyspace keyspace = client.describe(name);
      ModeChange last = keyspace.lastChange();
      done(keyspace, last != null && last.id() > idBefore ? last : null);
      return ExitCode.OK;
    }

    /** Says what has changed since the last look. */
    private boolean isDone(BlockingClient client, Mode target, long idBefore) {
      Keyspace keyspace = client.describe(name);
      ModeChange last = keyspace.lastChange();
      if (last != null && last.id() > idBefore && !last.aborted().isEmpty()) {
        throw new CapstanException(
            ErrorCode.NO_QUORUM,
            Outcome.FAILED,
            "The change of keyspace \"" + name + "\" was given up: " + last.aborted() + ".",
            "It serves on as ap in epoch "
                + keyspace.epoch()
                + ". Ask again when the replicas"
                + " that it needs can be reached; 'capstan status' shows them.",
            null);
      }
      if (keyspace.mode() == target && keyspace.phase().equals("serving")) {
        return true;
      }
      List<String> waits = waitsFor(client, name);
      String line = keyspace.phase() + (waits.isEmpty() ? "" : ": " + String.join("; ", waits));
      if (!line.equals(shown)) {
        shown = line;
        streams().err().println("capstan: " + name + " is " + line);
      }
      return false;
    }

    private void done(Keyspace keyspace, @Nullable ModeChange change) {
      if (output() != OutputFormat.TEXT || change == null) {
        print(line(output(), keyspace));
        return;
      }
      StringBuilder text = new StringBuilder();
      text.append(Text.colour(streams(), Text.Colour.GREEN, "OK"))
          .append("  ")
          .append(line(OutputFormat.TEXT, keyspace));
      for (ModeChange.Phase phase : change.phases()) {
        text.append("\n    ")
            .append(phase.name())
            .append("  ")
            .append(phase.millis())
            .append(" ms");
      }
      if (keyspace.mode() == Mode.CP) {
        text.append("\n    writes paused for ")
            .append(change.writesPausedMillis())
            .append(" ms; ")
            .append(change.dotsMoved())
            .append(" writes moved between replicas");
      }
      print(text.toString());
    }
  }

  /** What the leader says that a change waits for; nothing where it cannot be asked. */
  private static List<String> waitsFor(BlockingClient client, String name) {
    for (NodeStatus status : client.status(Duration.ofSeconds(1))) {
      NodeStatus.Node node = status.node();
      if (node == null || !node.role().equals("leader")) {
        continue;
      }
      for (Keyspace keyspace : node.keyspaces()) {
        if (keyspace.name().equals(name)) {
          return keyspace.waitsFor();
        }
      }
    }
    return List.of();
  }
}
