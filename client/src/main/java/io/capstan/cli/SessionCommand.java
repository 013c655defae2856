package io.capstan.cli;

import io.capstan.client.CapstanClient;
import io.capstan.client.Session;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** A command that may belong to a session, which a file carries from one command to the next. */
abstract class SessionCommand extends ClientCommand {
  @Option(
      names = "--session",
      paramLabel = "FILE",
      description =
          "Reads show at least what earlier commands with this file wrote or read, through any node;"
              + " where nobody who can be reached has that, they fail with exit 5. Made when missing.")
  private @Nullable Path sessionFile;

  @Option(
      names = "--session-wait",
      paramLabel = "DURATION",
      converter = Converters.WaitConverter.class,
      description =
          "With --session: how long to wait for a replica that has it; 0s asks every node once."
              + " Default: --timeout.")
  private @Nullable Duration sessionWait;

  @Override
  void check() {
    if (sessionWait != null && sessionFile == null) {
      throw usage("--session-wait is about --session FILE, which is missing");
    }
  }

  @Override
  final int ask(CapstanClient client) {
    Path path = sessionFile;
    if (path == null) {
      return super.ask(client);
    }
    SessionFile file = new SessionFile(path);
    Session session = begin(client, file);
    Duration wait = sessionWait;
    int exitCode;
    try {
      exitCode = run((wait == null ? session : session.patience(wait)).blocking());
    } catch (RuntimeException e) {
      // What was learnt before it failed counts: a scan has shown rows.
      try {
        file.save(session);
      } catch (RuntimeException notSaved) {
        e.addSuppressed(notSaved);
      }
      throw e;
    }
    file.save(session);
    return exitCode;
  }

  private Session begin(CapstanClient client, SessionFile file) {
    try {
      return file.begin(client);
    } catch (IllegalArgumentException e) {
      throw usage("--session " + sessionFile + ": " + e.getMessage());
    }
  }
}
