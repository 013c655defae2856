package io.capstan.cli;

import io.capstan.client.BlockingClient;
import io.capstan.client.Bytes;
import io.capstan.client.Level;
import io.capstan.client.Scan;
import io.capstan.client.ScanRow;
import io.capstan.client.Sibling;
import java.io.PrintStream;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code capstan scan}. */
@Command(
    name = "scan",
    description = "Lists keys in the order of their bytes, page by page.",
    footer = {
      "",
      "With -o raw one row a line: the key, a tab, the value. With -o json one object a line.",
      "",
      "Examples:",
      "  capstan scan --prefix user- --limit 20",
      "  capstan scan --from m --keys-only -o json"
    })
final class ScanCommand extends SessionCommand {
  private static final long LIMIT_DEFAULT_ROWS = 1_000;

  @Option(names = "--prefix", paramLabel = "P", description = "Only keys that begin so.")
  private String prefix = "";

  @Option(names = "--from", paramLabel = "K", description = "Only keys at or after this one.")
  private String from = "";

  @Option(names = "--limit", paramLabel = "N", description = "At most so many rows. Default: 1000.")
  private long limit = LIMIT_DEFAULT_ROWS;

  @Option(names = "--keys-only", description = "Leaves the values out.")
  private boolean keysOnly;

  @Option(
      names = {"-c", "--level"},
      paramLabel = "LEVEL",
      converter = Converters.LevelConverter.class,
      description = "CP: linearizable (default) or stale. AP: one, quorum (default) or all.")
  private @Nullable Level level;

  @Override
  void check() {
    super.check();
    if (limit < 1) {
      throw usage("--limit " + limit + ": at least 1 is allowed");
    }
  }

  @Override
  int run(BlockingClient client) {
    Scan scan =
        Scan.all()
            .withPrefix(Bytes.of(prefix))
            .from(Bytes.of(from))
            .keysOnly(keysOnly)
            .level(level)
            .pageRows((int) Math.min(limit, Scan.PAGE_ROWS_MAX));
    long rows = 0;
    for (ScanRow row : client.rows(scan)) {
      print(row);
      rows++;
      if (rows >= limit) {
        break;
      }
    }
    return ExitCode.OK;
  }

  private void print(ScanRow row) {
    switch (output()) {
      case JSON ->
          print(
              Json.object(
                  json -> {
                    Json.bytes(json, "key", row.key());
                    if (!keysOnly) {
                      Json.bytes(json, "value", row.value());
                    }
                    json.writeStringField("version", row.version());
                    json.writeStringField("context", Json.context(row.context()));
                    if (!keysOnly) {
                      Json.siblings(json, row.siblings());
                    }
                  }));
      case TEXT -> print(Text.value(row.key()) + (keysOnly ? "" : "  " + values(row)));
      case RAW -> raw(row);
    }
  }

  private static String values(ScanRow row) {
    return row.siblings().stream()
        .map(each -> Text.value(each.value()))
        .collect(Collectors.joining(" | "));
  }

  /** One line for each sibling that is not a delete. */
  private void raw(ScanRow row) {
    PrintStream out = streams().out();
    if (keysOnly) {
      out.writeBytes(row.key().toByteArray());
      out.println();
      return;
    }
    for (Sibling sibling : row.siblings()) {
      Bytes value = sibling.value();
      if (value != null) {
        out.writeBytes(row.key().toByteArray());
        out.print('\t');
        out.writeBytes(value.toByteArray());
        out.println();
      }
    }
  }
}
