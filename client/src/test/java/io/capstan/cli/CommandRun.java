package io.capstan.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** One run of the command line with everything that it wrote. */
record CommandRun(int exitCode, byte[] outBytes, String err) {

  String out() {
    return new String(outBytes, StandardCharsets.UTF_8);
  }

  /** Prepares runs; text on a terminal unless changed. */
  static final class Setting {
    private final Map<String, String> environment = new HashMap<>();
    private boolean terminal = true;
    private byte[] in = {};

    Setting() {
      environment.put("NO_COLOR", "1");
      environment.put("CAPSTAN_STATE_DIR", "/nonexistent");
    }

    Setting variable(String name, String value) {
      environment.put(name, value);
      return this;
    }

    Setting piped() {
      terminal = false;
      return this;
    }

    Setting in(byte[] bytes) {
      in = bytes;
      return this;
    }

    CommandRun run(String... arguments) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      ByteArrayOutputStream err = new ByteArrayOutputStream();
      Streams streams =
          new Streams(
              new ByteArrayInputStream(in),
              new PrintStream(out, true, StandardCharsets.UTF_8),
              new PrintStream(err, true, StandardCharsets.UTF_8),
              terminal,
              environment);
      int exitCode = Capstan.run(streams, arguments);
      return new CommandRun(exitCode, out.toByteArray(), err.toString(StandardCharsets.UTF_8));
    }
  }
}
