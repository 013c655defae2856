package io.capstan.cli;

import io.capstan.client.BlockingClient;
import io.capstan.client.Bytes;
import io.capstan.client.Delete;
import io.capstan.client.Level;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code capstan delete}. */
@Command(
    name = "delete",
    description = "Removes the value of one key; one that has none is no error.",
    footer = {
      "",
      "Examples:",
      "  capstan delete greeting",
      "  capstan delete balance --if-version 17",
      "  capstan delete post-1 -k feed -c quorum"
    })
final class DeleteCommand extends SessionCommand {
  @Parameters(paramLabel = "KEY", description = "1 to 4,096 bytes.")
  private String key = "";

  @Option(
      names = {"-c", "--level"},
      paramLabel = "LEVEL",
      converter = Converters.LevelConverter.class,
      description = "CP: linearizable. AP: one, quorum (default) or all.")
  private @Nullable Level level;

  @Option(
      names = "--if-version",
      paramLabel = "V",
      description = "CP: only where the key's version is this one.")
  private @Nullable Long ifVersion;

  @Option(
      names = "--context",
      paramLabel = "CTX",
      description = "From an earlier receipt: deletes exactly what that receipt saw.")
  private @Nullable String context;

  @Override
  void check() {
    super.check();
    checkWriteLevel(level);
  }

  @Override
  int run(BlockingClient client) {
    Delete delete = Delete.of(Bytes.of(key)).level(level).context(context(context));
    if (ifVersion != null) {
      delete = delete.ifVersion(ifVersion);
    }
    return printWritten(client.delete(delete));
  }
}
