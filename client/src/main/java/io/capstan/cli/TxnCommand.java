package io.capstan.cli;

import io.capstan.client.BlockingClient;
import io.capstan.client.Bytes;
import io.capstan.client.Txn;
import io.capstan.client.TxnResult;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code capstan txn}. */
@Command(
    name = "txn",
    description =
        "Compares, reads and writes several keys of one CP keyspace as one log entry: all or"
            + " nothing.",
    footer = {
      "",
      "The document, all three parts optional:",
      "  {",
      "    \"compare\": [",
      "      {\"key\": \"alice\", \"version\": 17},",
      "      {\"key\": \"bob\", \"is\": \"!=\", \"value\": \"0\"},",
      "      {\"key\": \"lock\", \"absent\": true}",
      "    ],",
      "    \"then\": [",
      "      {\"put\": \"alice\", \"value\": \"90\"},",
      "      {\"put\": \"bob\", \"value\": \"110\"},",
      "      {\"delete\": \"note\"},",
      "      {\"get\": \"total\"}",
      "    ],",
      "    \"else\": [ {\"get\": \"alice\"} ]",
      "  }",
      "\"is\" is =, !=, < or > (default =). A version is the log index that wrote the value, 0 for",
      "none. Keys and values are strings, or {\"base64\": \"...\"} for other bytes.",
      "",
      "Exits with 6 where a comparison did not hold; the else-steps were performed then.",
      "",
      "Examples:",
      "  capstan txn transfer.json -k bank",
      "  echo '{\"then\":[{\"get\":\"a\"},{\"get\":\"b\"}]}' | capstan txn - -o json"
    })
final class TxnCommand extends ClientCommand {
  /** Keys and values of a transaction are bounded by 2 MiB; base64 and JSON add to that. */
  private static final int DOCUMENT_MAX_BYTES = 8 << 20;

  @Parameters(paramLabel = "FILE", description = "The document; - reads standard input.")
  private String file = "";

  @Override
  int run(BlockingClient client) {
    Txn txn = read();
    TxnResult result = client.txn(txn);
    List<Txn.Step> steps = result.succeeded() ? txn.thenSteps() : txn.elseSteps();
    switch (output()) {
      case JSON -> print(json(result, steps));
      case TEXT -> text(result, steps);
      case RAW -> raw(result, steps);
    }
    return result.succeeded() ? ExitCode.OK : ExitCode.CONFLICT;
  }

  private Txn read() {
    try {
      return TxnDocument.read(file.equals("-") ? bounded(streams().in()) : bounded(Path.of(file)));
    } catch (IllegalArgumentException e) {
      throw usage("the transaction in " + file + ": " + e.getMessage());
    } catch (NoSuchFileException e) {
      throw usage("the file " + file + " does not exist");
    } catch (IOException e) {
      throw usage("the file " + file + " cannot be read: " + e.getMessage());
    }
  }

  private static byte[] bounded(Path path) throws IOException {
    try (InputStream in = Files.newInputStream(path)) {
      return bounded(in);
    }
  }

  private static byte[] bounded(InputStream in) throws IOException {
    byte[] document = in.readNBytes(DOCUMENT_MAX_BYTES + 1);
    if (document.length > DOCUMENT_MAX_BYTES) {
      throw new IllegalArgumentException("larger than " + DOCUMENT_MAX_BYTES + " bytes");
    }
    return document;
  }

  private static String json(TxnResult result, List<Txn.Step> steps) {
    return Json.object(
        json -> {
          json.writeBooleanField("succeeded", result.succeeded());
          json.writeArrayFieldStart("results");
          for (int i = 0; i < result.results().size(); i++) {
            TxnResult.StepResult step = result.results().get(i);
            json.writeStartObject();
            Json.bytes(json, "key", step.key());
            json.writeBooleanField("found", step.found());
            Json.bytes(json, "value", valueRead(steps, i, step));
            json.writeStringField("version", step.version());
            Json.siblings(json, step.siblings());
            json.writeEndObject();
          }
          json.writeEndArray();
          json.writeObjectFieldStart("receipt");
          Json.receiptFields(json, result.receipt());
          json.writeEndObject();
        });
  }

  private void text(TxnResult result, List<Txn.Step> steps) {
    print(
        (result.succeeded()
                ? Text.colour(streams(), Text.Colour.GREEN, "OK")
                : Text.colour(streams(), Text.Colour.YELLOW, "COMPARE FAILED"))
            + "  version "
            + result.receipt().version()
            + "  "
            + Text.promise(result.receipt()));
    for (int i = 0; i < result.results().size(); i++) {
      TxnResult.StepResult step = result.results().get(i);
      Bytes read = valueRead(steps, i, step);
      String value = read != null ? " = " + Text.value(read) : step.found() ? "" : " (no value)";
      print("  " + Text.value(step.key()) + value + "  version " + step.version());
    }
  }

  /** The values that were read, one a line. */
  private void raw(TxnResult result, List<Txn.Step> steps) {
    for (int i = 0; i < result.results().size(); i++) {
      Bytes value = valueRead(steps, i, result.results().get(i));
      if (value != null) {
        streams().out().writeBytes(value.toByteArray());
        streams().out().println();
      }
    }
  }

  /** The value that a get found; a write answers with a version only. */
  private static @Nullable Bytes valueRead(
      List<Txn.Step> steps, int position, TxnResult.StepResult result) {
    boolean isGet = position < steps.size() && steps.get(position) instanceof Txn.Step.GetStep;
    return isGet ? result.value() : null;
  }
}
