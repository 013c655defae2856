package io.capstan.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import io.capstan.client.BlockingClient;
import io.capstan.client.Bytes;
import io.capstan.client.CapstanException;
import io.capstan.client.ConflictList;
import io.capstan.client.ConflictQuery;
import io.capstan.client.ErrorCode;
import io.capstan.client.Outcome;
import java.io.IOException;
import java.time.Instant;
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

/** {@code capstan conflicts}. */
@Command(
    name = "conflicts",
    description = {
      "Lists the writes that lost where the latest of concurrent writes wins (lww).",
      "Asks every endpoint: each node keeps a ledger of its own."
    },
    footer = {
      "",
      "Examples:",
      "  capstan conflicts list -k profiles",
      "  capstan conflicts show n2.5f31:17 -k profiles"
    })
final class ConflictsCommand implements Runnable, CommandGroup {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Map<String, Supplier<Object>> subcommands() {
    Map<String, Supplier<Object>> all = new LinkedHashMap<>();
    all.put("list", ListAll::new);
    all.put("show", Show::new);
    return all;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing command: list or show.");
  }

  /** Reads the ledgers; an error that concerns the request rather than a node is thrown. */
  private static ConflictList read(BlockingClient client, ConflictQuery query) {
    ConflictList list = client.conflicts(query);
    CapstanException unreachable = null;
    for (ConflictList.Node node : list.nodes()) {
      CapstanException error = node.error();
      if (error == null) {
        unreachable = null;
        break;
      }
      unreachable = error;
    }
    for (ConflictList.Node node : list.nodes()) {
      CapstanException error = node.error();
      if (error != null && isOfTheRequest(error)) {
        throw error;
      }
    }
    if (unreachable != null) {
      throw unreachable;
    }
    return list;
  }

  static boolean isOfTheRequest(CapstanException error) {
    return switch (error.code()) {
      case ErrorCode.UNKNOWN_KEYSPACE, ErrorCode.WRONG_MODE, ErrorCode.INVALID_ARGUMENT -> true;
      default -> false;
    };
  }

  private static String time(long millis) {
    return Instant.ofEpochMilli(millis).toString();
  }

  @Command(
      name = "list",
      description = "Lists the writes that were discarded, the last one first.",
      footer = {
        "",
        "With -o raw one version a line. A ledger that is full keeps the newest and counts the"
            + " rest.",
        "",
        "Examples:",
        "  capstan conflicts list -k profiles",
        "  capstan conflicts list -k profiles --key user-7 -o json"
      })
  static final class ListAll extends ClientCommand {
    @Option(names = "--key", paramLabel = "KEY", description = "Only writes of this key.")
    private @Nullable String key;

    @Option(
        names = "--limit",
        paramLabel = "N",
        description = "At most so many of each node. Default: 1000.")
    private int limit = 1_000;

    @Override
    void check() {
      if (limit < 1 || limit > ConflictQuery.LIMIT_ROWS_MAX) {
        throw usage("--limit " + limit + ": 1 to " + ConflictQuery.LIMIT_ROWS_MAX + " are allowed");
      }
    }

    @Override
    int run(BlockingClient client) {
      ConflictQuery query = ConflictQuery.all().limit(limit);
      ConflictList list = read(client, key == null ? query : query.ofKey(Bytes.of(key)));
      switch (output()) {
        case JSON ->
            print(
                Json.object(
                    json -> {
                      json.writeArrayFieldStart("conflicts");
                      for (ConflictList.Conflict each : list.conflicts()) {
                        json.writeStartObject();
                        fields(json, each);
                        json.writeEndObject();
                      }
                      json.writeEndArray();
                      nodes(json, list.nodes());
                    }));
        case TEXT -> {
          streams().out().print(table(list.conflicts()));
          list.nodes().forEach(node -> print(sentence(node)));
        }
        case RAW -> list.conflicts().forEach(each -> print(each.version()));
      }
      return ExitCode.OK;
    }

    private static String table(List<ConflictList.Conflict> conflicts) {
      if (conflicts.isEmpty()) {
        return "";
      }
      List<List<String>> rows = new ArrayList<>();
      rows.add(List.of("DISCARDED", "KEY", "VALUE", "VERSION", "LOST TO", "LISTED BY"));
      for (ConflictList.Conflict each : conflicts) {
        rows.add(
            List.of(
                time(each.discardedAtMillis()),
                brief(Text.value(each.key())),
                brief(Text.value(each.value())),
                each.version(),
                each.winnerVersion(),
                String.join(" ", each.listedBy())));
      }
      return Text.table(rows);
    }

    private static String brief(String text) {
      String line = text.replace('\n', ' ').replace('\t', ' ');
      return line.length() <= 32 ? line : line.substring(0, 31) + "…";
    }

    private static String sentence(ConflictList.Node node) {
      CapstanException error = node.error();
      if (error != null) {
        return node.endpoint() + ": not known, " + error.getMessage();
      }
      return node.id()
          + ": "
          + node.discarded()
          + " discarded"
          + (node.collapsed() == 0
              ? ""
              : ", of which "
                  + node.collapsed()
                  + " until "
                  + time(node.collapsedUntilMillis())
                  + " are counted only, because the ledger was full")
          + (node.hasMore() ? "; there are more than --limit" : "");
    }
  }

  private static void fields(JsonGenerator json, ConflictList.Conflict each) throws IOException {
    Json.bytes(json, "key", each.key());
    json.writeStringField("version", each.version());
    Json.bytes(json, "value", each.value());
    json.writeBooleanField("deleted", each.value() == null);
    json.writeNumberField("valueSizeBytes", each.valueSizeBytes());
    json.writeBooleanField("valueCut", each.isCut());
    json.writeNumberField("writtenAtMillis", each.writtenAtMillis());
    json.writeStringField("winner", each.winnerVersion());
    json.writeNumberField("winnerWrittenAtMillis", each.winnerWrittenAtMillis());
    json.writeNumberField("discardedAtMillis", each.discardedAtMillis());
    Json.strings(json, "listedBy", each.listedBy());
  }

  private static void nodes(JsonGenerator json, List<ConflictList.Node> nodes) throws IOException {
    json.writeArrayFieldStart("nodes");
    for (ConflictList.Node node : nodes) {
      json.writeStartObject();
      json.writeStringField("id", node.id().isEmpty() ? null : node.id());
      json.writeStringField("address", node.endpoint());
      CapstanException error = node.error();
      json.writeBooleanField("reachable", error == null);
      if (error == null) {
        json.writeNumberField("discarded", node.discarded());
        json.writeNumberField("collapsed", node.collapsed());
        json.writeNumberField("collapsedUntilMillis", node.collapsedUntilMillis());
        json.writeBooleanField("hasMore", node.hasMore());
      } else {
        json.writeStringField("error", error.getMessage());
      }
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  @Command(
      name = "show",
      description = "Shows one discarded write with its value.",
      footer = {
        "",
        "Exits with 4 where no ledger lists it. With -o raw the bytes of the value, so that it can"
            + " be written again.",
        "",
        "Examples:",
        "  capstan conflicts show n2.5f31:17 -k profiles",
        "  capstan conflicts show n2.5f31:17 -k profiles -o raw | capstan put user-7 - -k profiles"
      })
  static final class Show extends ClientCommand {
    @Parameters(paramLabel = "VERSION", description = "As conflicts list shows it.")
    private String version = "";

    @Override
    int run(BlockingClient client) {
      ConflictList list = read(client, ConflictQuery.all().ofVersion(version));
      if (list.conflicts().isEmpty()) {
        if (list.nodes().stream().anyMatch(node -> node.error() != null)) {
          throw new CapstanException(
              ErrorCode.UNREACHABLE,
              Outcome.FAILED,
              "No node that answered lists version " + version + ", and not all of them did.",
              "See which nodes answer: capstan status",
              null);
        }
        streams().err().println("capstan: not found: no ledger lists version " + version);
        return ExitCode.NOT_FOUND;
      }
      show(list.conflicts().get(0));
      return ExitCode.OK;
    }

    private void show(ConflictList.Conflict found) {
      switch (output()) {
        case JSON -> print(Json.object(json -> fields(json, found)));
        case TEXT -> {
          print(Text.value(found.value()));
          if (found.isCut()) {
            print("(the beginning of " + found.valueSizeBytes() + " bytes)");
          }
          print("key " + Text.value(found.key()));
          print("version " + found.version() + ", written " + time(found.writtenAtMillis()));
          print(
              "lost to "
                  + found.winnerVersion()
                  + ", written "
                  + time(found.winnerWrittenAtMillis()));
          print(
              "discarded "
                  + time(found.discardedAtMillis())
                  + ", listed by "
                  + String.join(" ", found.listedBy()));
        }
        case RAW -> {
          Bytes value = found.value();
          if (value != null) {
            streams().out().writeBytes(value.toByteArray());
          }
        }
      }
    }
  }
}
