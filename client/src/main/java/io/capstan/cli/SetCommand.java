package io.capstan.cli;

import io.capstan.client.BlockingClient;
import io.capstan.client.Bytes;
import io.capstan.client.ElementSet;
import io.capstan.client.Level;
import io.capstan.client.Receipt;
import java.io.PrintStream;
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

/** {@code capstan set}. */
@Command(
    name = "set",
    description = "Adds to sets, removes from them and lists their elements.",
    footer = {
      "",
      "In an AP keyspace additions on both sides of a partition all survive; a removal",
      "takes away what its node has seen, and an addition elsewhere at the same time",
      "wins.",
      "",
      "Examples:",
      "  capstan set add tags new -k feed -c one",
      "  capstan set remove tags new -k feed",
      "  capstan set members tags -k feed"
    })
final class SetCommand implements Runnable, CommandGroup {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Map<String, Supplier<Object>> subcommands() {
    Map<String, Supplier<Object>> all = new LinkedHashMap<>();
    all.put("add", Add::new);
    all.put("remove", Remove::new);
    all.put("members", Members::new);
    return all;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing command: add, remove or members.");
  }

  /** A command that changes one element. */
  abstract static class Change extends SessionCommand {
    @Parameters(index = "0", paramLabel = "KEY", description = "1 to 4,096 bytes.")
    private String key = "";

    @Parameters(index = "1", paramLabel = "ELEMENT", description = "1 to 4,096 bytes.")
    private String element = "";

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

    abstract Receipt change(BlockingClient client, ElementSet set, Bytes changed);

    @Override
    final int run(BlockingClient client) {
      return printWritten(change(client, client.set(null, key).level(level), Bytes.of(element)));
    }
  }

  @Command(
      name = "add",
      description = "Adds an element; a key that was never written becomes a set.",
      footer = {"", "Example:", "  capstan set add tags new -k feed -c one"})
  static final class Add extends Change {
    @Override
    Receipt change(BlockingClient client, ElementSet set, Bytes changed) {
      return client.add(set, changed);
    }
  }

  @Command(
      name = "remove",
      description = "Removes what is seen of an element.",
      footer = {
        "",
        "The receipt lists in superseded the additions that were removed; none where the",
        "node that decided knew of none.",
        "",
        "Example:",
        "  capstan set remove tags new -k feed -o json"
      })
  static final class Remove extends Change {
    @Override
    Receipt change(BlockingClient client, ElementSet set, Bytes changed) {
      return client.remove(set, changed);
    }
  }

  @Command(
      name = "members",
      description = "Lists the elements in byte order.",
      footer = {
        "",
        "One element a line; -o json gives one object with the receipt and members.",
        "Exits with 4 where the key was never a set; an emptied set is one still.",
        "",
        "Examples:",
        "  capstan set members tags",
        "  capstan set members tags -k feed -c one -o json"
      })
  static final class Members extends SessionCommand {
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
      Receipt receipt = client.members(client.set(null, key).level(level));
      switch (output()) {
        case JSON ->
            print(
                Json.object(
                    json -> {
                      Json.receiptFields(json, receipt);
                      Json.members(json, receipt.members());
                    }));
        case TEXT -> {
          receipt.members().forEach(each -> print(Text.value(each)));
          print(
              Text.colour(
                  streams(),
                  Text.Colour.FAINT,
                  receipt.members().size() + " elements  " + Text.promise(receipt)));
        }
        case RAW -> receipt.members().forEach(this::raw);
      }
      return receipt.found() ? ExitCode.OK : ExitCode.NOT_FOUND;
    }

    private void raw(Bytes element) {
      PrintStream out = streams().out();
      byte[] bytes = element.toByteArray();
      out.write(bytes, 0, bytes.length);
      out.println();
    }
  }
}
