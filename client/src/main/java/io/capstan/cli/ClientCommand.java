package io.capstan.cli;

import io.capstan.client.BlockingClient;
import io.capstan.client.Bytes;
import io.capstan.client.CapstanClient;
import io.capstan.client.Level;
import io.capstan.client.Receipt;
import java.util.Base64;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A command that asks the cluster something and prints the answer. */
abstract class ClientCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  /** Asks and prints; returns one of {@link ExitCode}. */
  abstract int run(BlockingClient client);

  /** Finds what is wrong with the arguments together, before anything is contacted. */
  void check() {}

  @Override
  public final Integer call() {
    check();
    try (CapstanClient client = options().openClient()) {
      return ask(client);
    }
  }

  int ask(CapstanClient client) {
    return run(client.blocking());
  }

  GlobalOptions options() {
    return GlobalOptions.of(spec);
  }

  Streams streams() {
    return options().streams();
  }

  OutputFormat output() {
    return options().output();
  }

  void print(String line) {
    streams().out().println(line);
  }

  ParameterException usage(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  void checkWriteLevel(@Nullable Level level) {
    if (level == Level.STALE) {
      throw usage(
          "Level stale is for reads. Writes: linearizable in a CP keyspace; one, quorum or all in an"
              + " AP keyspace.");
    }
  }

  /** Reads a context as a receipt prints it. */
  @Nullable Bytes context(@Nullable String text) {
    if (text == null) {
      return null;
    }
    try {
      return Bytes.of(Base64.getUrlDecoder().decode(text));
    } catch (IllegalArgumentException e) {
      throw usage(
          "--context '"
              + text
              + "' is not the context of a receipt; take it from: get KEY -o json");
    }
  }

  /** Prints what a write answered. */
  int printWritten(Receipt receipt) {
    switch (output()) {
      case JSON -> print(Json.receipt(receipt));
      case TEXT -> print(Text.ok(streams(), receipt));
      case RAW -> print(receipt.version());
    }
    return ExitCode.OK;
  }
}
