package io.capstan.cli;

import io.capstan.client.BlockingClient;
import io.capstan.client.Bytes;
import io.capstan.client.Get;
import io.capstan.client.Level;
import io.capstan.client.Receipt;
import io.capstan.client.Sibling;
import java.io.PrintStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code capstan get}. */
@Command(
    name = "get",
    description = "Reads one key.",
    footer = {
      "",
      "Exits with 4 where the key does not exist, and with 6 where concurrent writes left more than",
      "one value (unless --all-siblings).",
      "",
      "Examples:",
      "  capstan get greeting",
      "  capstan get greeting -c stale               CP: any node answers, perhaps an old value",
      "  capstan get cart -k feed --all-siblings -o json",
      "  capstan get photo -o raw > photo.jpg",
      "  capstan get post-1 -k feed -c one --session me.json   never older than what I saw"
    })
final class GetCommand extends SessionCommand {
  @Parameters(paramLabel = "KEY", description = "1 to 4,096 bytes.")
  private String key = "";

  @Option(
      names = {"-c", "--level"},
      paramLabel = "LEVEL",
      converter = Converters.LevelConverter.class,
      description = "CP: linearizable (default) or stale. AP: one, quorum (default) or all.")
  private @Nullable Level level;

  @Option(
      names = "--all-siblings",
      description = "Concurrent values are a full answer: exit 0 instead of 6.")
  private boolean allSiblings;

  @Override
  int run(BlockingClient client) {
    Receipt receipt = client.get(Get.of(Bytes.of(key)).level(level));
    if (output() == OutputFormat.JSON) {
      print(Json.receipt(receipt));
    }
    if (receipt.hasSiblings()) {
      return siblings(receipt);
    }
    if (!receipt.found()) {
      return notFound(receipt);
    }
    switch (output()) {
      case JSON -> {}
      case TEXT -> {
        print(Text.value(receipt.value()));
        print(
            Text.colour(
                streams(),
                Text.Colour.FAINT,
                "version " + receipt.version() + "  " + Text.promise(receipt)));
      }
      case RAW -> raw(receipt.value());
    }
    return ExitCode.OK;
  }

  private int notFound(Receipt receipt) {
    if (output() != OutputFormat.JSON) {
      streams()
          .err()
          .println(
              "capstan: not found: key \""
                  + key
                  + "\" in keyspace \""
                  + receipt.keyspace()
                  + "\"  "
                  + Text.promise(receipt));
      streams().err().println(whereItMayBe(receipt));
    }
    return ExitCode.NOT_FOUND;
  }

  /** Why a key that somebody has written may not be found, and what shows it. */
  private static String whereItMayBe(Receipt receipt) {
    Level level = receipt.level();
    if (level == Level.ONE) {
      return "Only the replica that answered was asked; a write may not have come there yet. Ask more"
          + " of them: -c quorum";
    }
    if (level == Level.STALE) {
      return "A stale read shows what the node that answered has applied so far. To see every"
          + " acknowledged write: leave -c stale out";
    }
    return "It was never written, or was deleted since. Keys that are there: capstan scan -k "
        + receipt.keyspace();
  }

  private int siblings(Receipt receipt) {
    switch (output()) {
      case JSON -> {}
      case TEXT -> {
        print(receipt.siblings().size() + " siblings  " + Text.promise(receipt));
        receipt.siblings().forEach(each -> print(Text.sibling(each)));
        print("context " + Json.context(receipt.context()));
      }
      case RAW -> {
        for (Sibling each : receipt.siblings()) {
          if (each.value() != null) {
            raw(each.value());
            if (!streams().outIsTerminal()) {
              streams().out().println();
            }
          }
        }
      }
    }
    if (allSiblings) {
      return ExitCode.OK;
    }
    if (output() != OutputFormat.JSON) {
      streams()
          .err()
          .println(
              "capstan: key \""
                  + key
                  + "\" has "
                  + receipt.siblings().size()
                  + " concurrent values, written where neither side saw the other; an AP keyspace"
                  + " keeps them all.\nResolve with: capstan put "
                  + key
                  + " VALUE -k "
                  + receipt.keyspace()
                  + " --context "
                  + Json.context(receipt.context()));
    }
    return ExitCode.CONFLICT;
  }

  /** The bytes exactly; the end of the line only where a prompt follows. */
  private void raw(@Nullable Bytes value) {
    if (value == null) {
      return;
    }
    PrintStream out = streams().out();
    byte[] bytes = value.toByteArray();
    out.write(bytes, 0, bytes.length);
    if (streams().outIsTerminal()) {
      out.println();
    }
  }
}
