package io.capstan.cli;

import io.capstan.client.BlockingClient;
import io.capstan.client.ConflictPolicy;
import io.capstan.client.CreateKeyspace;
import io.capstan.client.Keyspace;
import io.capstan.client.KeyspaceList;
import io.capstan.client.Level;
import io.capstan.client.Mode;
import io.capstan.client.ModeChange;
import java.util.ArrayList;
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

/** {@code capstan keyspace}. */
@Command(
    name = "keyspace",
    description = "Creates, lists, describes and drops keyspaces.",
    footer = {
      "",
      "Examples:",
      "  capstan keyspace create bank --mode cp",
      "  capstan keyspace create feed --mode ap",
      "  capstan keyspace list"
    })
final class KeyspaceCommand implements Runnable, CommandGroup {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Map<String, Supplier<Object>> subcommands() {
    Map<String, Supplier<Object>> all = new LinkedHashMap<>();
    all.put("create", Create::new);
    all.put("list", ListAll::new);
    all.put("describe", Describe::new);
    all.put("drop", Drop::new);
    return all;
  }

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "Missing command: create, list, describe or drop.");
  }

  /** Prints one keyspace in the wanted form. */
  private static String line(OutputFormat output, Keyspace keyspace) {
    return switch (output) {
      case JSON -> Json.object(json -> Json.keyspaceFields(json, keyspace));
      case TEXT, RAW ->
          String.join(
              output == OutputFormat.RAW ? "\t" : "  ",
              keyspace.name(),
              label(keyspace),
              "epoch " + keyspace.epoch(),
              keyspace.phase());
    };
  }

  static String label(Keyspace keyspace) {
    return keyspace.mode() == null ? "?" : keyspace.mode().label();
  }

  @Command(
      name = "create",
      description = "Makes a keyspace and chooses its side.",
      footer = {
        "",
        "Examples:",
        "  capstan keyspace create bank --mode cp",
        "  capstan keyspace create feed --mode ap --conflicts siblings --min-writes one"
      })
  static final class Create extends ClientCommand {
    @Parameters(paramLabel = "NAME", description = "A lower-case letter, then a-z, 0-9 and -.")
    private String name = "";

    @Option(
        names = "--mode",
        required = true,
        paramLabel = "MODE",
        converter = Converters.ModeConverter.class,
        description = "cp: consistent, the minority refuses. ap: available, siblings may arise.")
    private @Nullable Mode mode;

    @Option(
        names = "--conflicts",
        paramLabel = "POLICY",
        converter = Converters.ConflictPolicyConverter.class,
        description = "AP: siblings (default) or lww.")
    private @Nullable ConflictPolicy conflicts;

    @Option(
        names = "--min-writes",
        paramLabel = "LEVEL",
        converter = Converters.LevelConverter.class,
        description = {
          "AP: the smallest write level allowed: one (default), quorum or all.",
          "With quorum a later change to cp needs a majority; with one, every replica."
        })
    private @Nullable Level minWrites;

    @Override
    void check() {
      if (minWrites != null && minWrites.mode() != Mode.AP) {
        throw usage("--min-writes " + minWrites.label() + ": allowed are one, quorum and all");
      }
    }

    @Override
    int run(BlockingClient client) {
      if (mode == null) {
        throw usage("--mode is missing: cp or ap");
      }
      Keyspace made =
          client.createKeyspace(
              CreateKeyspace.of(name, mode).conflicts(conflicts).minWrites(minWrites));
      switch (output()) {
        case JSON -> print(line(OutputFormat.JSON, made));
        case TEXT ->
            print(
                Text.colour(streams(), Text.Colour.GREEN, "OK")
                    + "  keyspace "
                    + made.name()
                    + "  ("
                    + label(made)
                    + ", epoch "
                    + made.epoch()
                    + ")");
        case RAW -> print(made.name());
      }
      return ExitCode.OK;
    }
  }

  @Command(
      name = "list",
      description = "Lists the keyspaces.",
      footer = {"", "Examples:", "  capstan keyspace list", "  capstan keyspace list -o json"})
  static final class ListAll extends ClientCommand {
    @Override
    int run(BlockingClient client) {
      KeyspaceList list = client.listKeyspaces();
      switch (output()) {
        case JSON ->
            print(
                Json.object(
                    json -> {
                      json.writeArrayFieldStart("keyspaces");
                      for (Keyspace each : list.keyspaces()) {
                        json.writeStartObject();
                        Json.keyspaceFields(json, each);
                        json.writeEndObject();
                      }
                      json.writeEndArray();
                      json.writeBooleanField("current", list.current());
                    }));
        case TEXT -> streams().out().print(table(list.keyspaces()));
        case RAW -> list.keyspaces().forEach(each -> print(line(OutputFormat.RAW, each)));
      }
      if (!list.current() && output() != OutputFormat.JSON) {
        streams()
            .err()
            .println(
                "capstan: no leader could be asked, so this is what one node has applied; it may be"
                    + " old.");
      }
      return ExitCode.OK;
    }

    private static String table(List<Keyspace> keyspaces) {
      List<List<String>> rows = new ArrayList<>();
      rows.add(List.of("NAME", "MODE", "EPOCH", "PHASE", "CONFLICTS", "MIN WRITES", "ID"));
      for (Keyspace each : keyspaces) {
        rows.add(
            List.of(
                each.name(),
                label(each),
                Long.toString(each.epoch()),
                each.phase(),
                each.conflicts() == null ? "-" : each.conflicts().label(),
                each.minWrites() == null ? "-" : each.minWrites().label(),
                Long.toString(each.id())));
      }
      return Text.table(rows);
    }
  }

  @Command(
      name = "describe",
      description = "Describes one keyspace.",
      footer = {"", "Examples:", "  capstan keyspace describe bank"})
  static final class Describe extends ClientCommand {
    @Parameters(paramLabel = "NAME", description = "The keyspace.")
    private String name = "";

    @Override
    int run(BlockingClient client) {
      Keyspace keyspace = client.describe(name);
      if (output() == OutputFormat.TEXT) {
        streams().out().print(ListAll.table(List.of(keyspace)));
        if (!keyspace.changes().isEmpty()) {
          streams().out().println();
          streams().out().print(history(keyspace.changes()));
        }
        if (keyspace.lostDots() > 0) {
          streams()
              .out()
              .println(
                  "\nLost with nodes that left or lost their disks, and waited for no more: "
                      + keyspace.lostDots()
                      + " writes");
        }
      } else {
        print(line(output(), keyspace));
      }
      return ExitCode.OK;
    }
  }

  private static String history(List<ModeChange> changes) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("CHANGED", "EPOCH", "BEGAN", "BY", "PHASES", "MOVED", "GIVEN UP"));
    for (ModeChange change : changes) {
      rows.add(
          List.of(
              label(change.from()) + " to " + label(change.to()),
              Long.toString(change.epoch()),
              java.time.Instant.ofEpochMilli(change.beganAtMillis()).toString(),
              change.requestedBy().isEmpty() ? "-" : change.requestedBy(),
              change.phases().stream()
                  .map(phase -> phase.name() + " " + phase.millis() + " ms")
                  .collect(java.util.stream.Collectors.joining(", ")),
              Long.toString(change.dotsMoved()),
              change.aborted().isEmpty() ? "-" : change.aborted()));
    }
    return Text.table(rows);
  }

  private static String label(@Nullable Mode mode) {
    return mode == null ? "?" : mode.label();
  }

  @Command(
      name = "drop",
      description = "Drops a keyspace with all its data.",
      footer = {"", "Examples:", "  capstan keyspace drop feed --yes"})
  static final class Drop extends ClientCommand {
    @Parameters(paramLabel = "NAME", description = "The keyspace.")
    private String name = "";

    @Option(names = "--yes", description = "All its data goes, and this says that you know.")
    private boolean yes;

    @Override
    void check() {
      if (!yes) {
        throw usage(
            "This removes keyspace \"" + name + "\" with all its data. To do it, add --yes.");
      }
    }

    @Override
    int run(BlockingClient client) {
      Keyspace dropped = client.dropKeyspace(name);
      switch (output()) {
        case JSON -> print(line(OutputFormat.JSON, dropped));
        case TEXT ->
            print(Text.colour(streams(), Text.Colour.GREEN, "OK") + "  dropped keyspace " + name);
        case RAW -> print(name);
      }
      return ExitCode.OK;
    }
  }
}
