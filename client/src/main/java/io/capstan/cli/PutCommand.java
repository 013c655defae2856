package io.capstan.cli;

import io.capstan.client.BlockingClient;
import io.capstan.client.Bytes;
import io.capstan.client.Level;
import io.capstan.client.Put;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code capstan put}. */
@Command(
    name = "put",
    description = "Writes one key.",
    footer = {
      "",
      "Examples:",
      "  capstan put greeting hello",
      "  capstan put photo - < photo.jpg",
      "  capstan put balance 90 --if-version 17      only where nobody wrote since",
      "  capstan put post-1 hi -k feed -c one         AP: one replica is enough",
      "  capstan put cart milk,eggs -k feed --context CTX   resolves what it saw"
    })
final class PutCommand extends SessionCommand {
  /** One more than the cluster takes, so that a larger value is seen to be one. */
  private static final int READ_MAX_BYTES = (1 << 20) + 1;

  @Parameters(index = "0", paramLabel = "KEY", description = "1 to 4,096 bytes.")
  private String key = "";

  @Parameters(
      index = "1",
      paramLabel = "VALUE",
      description = "Up to 1 MiB; - reads standard input.")
  private String value = "";

  @Option(
      names = {"-c", "--level"},
      paramLabel = "LEVEL",
      converter = Converters.LevelConverter.class,
      description = "CP: linearizable. AP: one, quorum (default) or all.")
  private @Nullable Level level;

  @ArgGroup private @Nullable Condition condition;

  @Option(
      names = "--context",
      paramLabel = "CTX",
      description = "From an earlier receipt: replaces exactly what that receipt saw.")
  private @Nullable String context;

  /** At most one of them. */
  static final class Condition {
    @Option(
        names = "--if-version",
        paramLabel = "V",
        description = "CP: only where the key's version is this one.")
    private @Nullable Long ifVersion;

    @Option(names = "--if-absent", description = "CP: only where the key has no value.")
    private boolean ifAbsent;
  }

  @Override
  void check() {
    super.check();
    checkWriteLevel(level);
  }

  @Override
  int run(BlockingClient client) {
    Put put = Put.of(Bytes.of(key), value()).level(level).context(context(context));
    Condition wanted = condition;
    if (wanted != null && wanted.ifVersion != null) {
      put = put.ifVersion(wanted.ifVersion);
    }
    if (wanted != null && wanted.ifAbsent) {
      put = put.onlyIfAbsent();
    }
    return printWritten(client.put(put));
  }

  private Bytes value() {
    if (!value.equals("-")) {
      return Bytes.of(value);
    }
    try {
      return Bytes.of(streams().in().readNBytes(READ_MAX_BYTES));
    } catch (IOException e) {
      throw new UncheckedIOException("standard input cannot be read: " + e.getMessage(), e);
    }
  }
}
