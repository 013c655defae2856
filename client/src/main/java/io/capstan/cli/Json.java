package io.capstan.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.capstan.client.Bytes;
import io.capstan.client.CapstanException;
import io.capstan.client.Keyspace;
import io.capstan.client.ModeChange;
import io.capstan.client.Receipt;
import io.capstan.client.Sibling;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The JSON of the command line: names and types are a contract. Written field by field, since a
 * one-line answer is not worth the start-up time of a mapper.
 */
final class Json {
  private static final JsonFactory FACTORY = new JsonFactory();

  private Json() {}

  /** Writes the fields of one object. */
  interface Fields {
    void write(JsonGenerator json) throws IOException;
  }

  /** Returns one object on one line, without its end. */
  static String object(Fields fields) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = FACTORY.createGenerator(text)) {
      json.writeStartObject();
      fields.write(json);
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("writing JSON to memory failed", e);
    }
    return text.toString();
  }

  /** UTF-8 as a string, other bytes as {@code {"base64":"..."}}, nothing as null. */
  static void bytes(JsonGenerator json, String field, @Nullable Bytes bytes) throws IOException {
    json.writeFieldName(field);
    bytes(json, bytes);
  }

  private static void bytes(JsonGenerator json, @Nullable Bytes bytes) throws IOException {
    if (bytes == null) {
      json.writeNull();
    } else if (bytes.isUtf8()) {
      json.writeString(bytes.utf8());
    } else {
      json.writeStartObject();
      json.writeStringField("base64", Base64.getEncoder().encodeToString(bytes.toByteArray()));
      json.writeEndObject();
    }
  }

  /** The opaque context, in the form that {@code --context} takes. */
  static String context(Bytes context) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(context.toByteArray());
  }

  static void siblings(JsonGenerator json, List<Sibling> siblings) throws IOException {
    json.writeArrayFieldStart("siblings");
    for (Sibling sibling : siblings) {
      json.writeStartObject();
      bytes(json, "value", sibling.value());
      json.writeStringField("version", sibling.version());
      json.writeNumberField("writtenAtMillis", sibling.writtenAtMillis());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  static void members(JsonGenerator json, List<Bytes> members) throws IOException {
    json.writeArrayFieldStart("members");
    for (Bytes each : members) {
      bytes(json, each);
    }
    json.writeEndArray();
  }

  static void strings(JsonGenerator json, String field, List<String> strings) throws IOException {
    json.writeArrayFieldStart(field);
    for (String each : strings) {
      json.writeString(each);
    }
    json.writeEndArray();
  }

  static void nullable(JsonGenerator json, String field, @Nullable String value)
      throws IOException {
    json.writeStringField(field, value);
  }

  static void nullable(JsonGenerator json, String field, @Nullable Long value) throws IOException {
    if (value == null) {
      json.writeNullField(field);
    } else {
      json.writeNumberField(field, value);
    }
  }

  static String receipt(Receipt receipt) {
    return object(json -> receiptFields(json, receipt));
  }

  static void receiptFields(JsonGenerator json, Receipt receipt) throws IOException {
    bytes(json, "key", receipt.key());
    bytes(json, "value", receipt.value());
    json.writeBooleanField("found", receipt.found());
    json.writeStringField("version", receipt.version());
    json.writeStringField("context", context(receipt.context()));
    siblings(json, receipt.siblings());
    json.writeStringField("keyspace", receipt.keyspace());
    nullable(json, "mode", receipt.mode() == null ? null : receipt.mode().label());
    json.writeNumberField("epoch", receipt.epoch());
    nullable(json, "level", receipt.level() == null ? null : receipt.level().label());
    json.writeStringField("phase", receipt.phase());
    json.writeStringField("outcome", receipt.outcome().label());
    strings(json, "acked", receipt.acked());
    strings(json, "hinted", receipt.hinted());
    strings(json, "missing", receipt.missing());
    strings(json, "superseded", receipt.superseded());
    if (!receipt.leftBehind().isEmpty()) {
      strings(json, "leftBehind", receipt.leftBehind());
    }
    json.writeStringField("servedBy", receipt.servedBy());
    json.writeStringField("receivedBy", receipt.receivedBy());
    nullable(json, "stalenessMillis", receipt.stalenessMillis());
    if (!receipt.type().isEmpty()) {
      json.writeStringField("type", receipt.type());
    }
    if (receipt.counter() != null) {
      json.writeNumberField("counter", receipt.counter());
    }
    json.writeNumberField("serverMicros", receipt.serverMicros());
    json.writeNumberField("latencyMicros", receipt.latencyMicros());
  }

  static void keyspaceFields(JsonGenerator json, Keyspace keyspace) throws IOException {
    json.writeStringField("name", keyspace.name());
    nullable(json, "mode", keyspace.mode() == null ? null : keyspace.mode().label());
    json.writeNumberField("epoch", keyspace.epoch());
    json.writeStringField("phase", keyspace.phase());
    json.writeNumberField("id", keyspace.id());
    nullable(json, "conflicts", keyspace.conflicts() == null ? null : keyspace.conflicts().label());
    nullable(json, "minWrites", keyspace.minWrites() == null ? null : keyspace.minWrites().label());
    json.writeNumberField("groupId", keyspace.groupId());
    json.writeBooleanField("settling", keyspace.settling());
    json.writeNumberField("lostDots", keyspace.lostDots());
    json.writeArrayFieldStart("changes");
    for (ModeChange change : keyspace.changes()) {
      json.writeStartObject();
      json.writeNumberField("id", change.id());
      nullable(json, "from", change.from() == null ? null : change.from().label());
      nullable(json, "to", change.to() == null ? null : change.to().label());
      json.writeNumberField("epoch", change.epoch());
      json.writeStringField("requestedBy", change.requestedBy());
      json.writeNumberField("beganAtMillis", change.beganAtMillis());
      json.writeNumberField("endedAtMillis", change.endedAtMillis());
      json.writeObjectFieldStart("phases");
      for (ModeChange.Phase phase : change.phases()) {
        json.writeNumberField(phase.name(), phase.millis());
      }
      json.writeEndObject();
      json.writeNumberField("writesPausedMillis", change.writesPausedMillis());
      json.writeNumberField("dotsMoved", change.dotsMoved());
      json.writeStringField("aborted", change.aborted());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  static String error(CapstanException error) {
    return error(
        error.code(),
        String.valueOf(error.getMessage()),
        error.outcome().label(),
        error.hint(),
        error.receipt());
  }

  static String error(
      String code, String message, String outcome, String hint, @Nullable Receipt receipt) {
    return object(
        json -> {
          json.writeObjectFieldStart("error");
          json.writeStringField("code", code);
          json.writeStringField("message", message);
          json.writeStringField("outcome", outcome);
          json.writeStringField("hint", hint);
          if (receipt != null) {
            json.writeObjectFieldStart("receipt");
            receiptFields(json, receipt);
            json.writeEndObject();
          }
          json.writeEndObject();
        });
  }
}
