package io.capstan.chaos.check.format;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import io.capstan.chaos.check.HistoryEvent;
import io.capstan.chaos.check.Keyword;
import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes one JSON object a line, with the fields of Jepsen's operations. JSON knows less
 * than EDN: keywords are written as strings with their colon and sets as arrays; the keys of a map
 * that look like whole numbers are read as such.
 */
final class JsonLines {
  private static final JsonFactory FACTORY = new JsonFactory();
  private static final Pattern WHOLE_NUMBER = Pattern.compile("0|-?[1-9][0-9]{0,17}");

  private final List<String> lines;

  JsonLines(List<String> lines) {
    this.lines = lines;
  }

  List<RawEvent> read() throws MalformedHistoryException {
    List<RawEvent> events = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      if (!lines.get(i).isBlank()) {
        events.add(event(i));
      }
    }
    return events;
  }

  private RawEvent event(int line) throws MalformedHistoryException {
    try (JsonParser parser = FACTORY.createParser(lines.get(line))) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw malformed(line, "a JSON object was expected");
      }
      Map<String, @Nullable Object> fields = new LinkedHashMap<>();
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String name = parser.currentName();
        parser.nextToken();
        fields.put(name, value(parser));
      }
      if (parser.nextToken() != null) {
        throw malformed(line, "something follows the JSON object");
      }
      return new RawEvent(line + 1, fields);
    } catch (JsonProcessingException e) {
      throw malformed(line, "not a JSON object (" + e.getOriginalMessage() + ")");
    } catch (IOException e) {
      throw malformed(line, "not readable");
    }
  }

  private static @Nullable Object value(JsonParser parser) throws IOException {
    return switch (parser.currentToken()) {
      case VALUE_NULL -> null;
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_STRING -> parser.getText();
      case VALUE_NUMBER_INT -> {
        BigInteger number = parser.getBigIntegerValue();
        if (number.bitLength() < Long.SIZE) {
          yield number.longValue();
        }
        yield number;
      }
      case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
      case START_ARRAY -> {
        List<@Nullable Object> list = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          list.add(value(parser));
        }
        yield list;
      }
      case START_OBJECT -> {
        Map<@Nullable Object, @Nullable Object> map = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
          String name = parser.currentName();
          parser.nextToken();
          map.put(
              WHOLE_NUMBER.matcher(name).matches() ? (Object) Long.valueOf(name) : name,
              value(parser));
        }
        yield map;
      }
      default -> throw new IOException("an unexpected end");
    };
  }

  /** One event as a line, without its end. */
  static String write(HistoryEvent event) {
    StringWriter line = new StringWriter();
    try (JsonGenerator json = FACTORY.createGenerator(line)) {
      json.writeStartObject();
      json.writeNumberField("index", event.index());
      if (event.timeNanos() != HistoryEvent.NO_TIME) {
        json.writeNumberField("time", event.timeNanos());
      }
      if (event.isClient()) {
        json.writeNumberField("process", event.process());
      } else {
        json.writeStringField("process", "nemesis");
      }
      json.writeStringField("type", event.type().label());
      json.writeStringField("f", event.f());
      if (event.key() != null) {
        json.writeFieldName("key");
        write(json, event.key());
      }
      json.writeFieldName("value");
      if (event.key() != null) {
        json.writeStartArray();
        write(json, event.key());
        write(json, event.value());
        json.writeEndArray();
      } else {
        write(json, event.value());
      }
      for (Map.Entry<String, @Nullable Object> extra : event.extras().entrySet()) {
        json.writeFieldName(extra.getKey());
        write(json, extra.getValue());
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new IllegalStateException("a string cannot fail to be written", e);
    }
    return line.toString();
  }

  private static void write(JsonGenerator json, @Nullable Object value) throws IOException {
    switch (value) {
      case null -> json.writeNull();
      case Long number -> json.writeNumber(number);
      case Double number -> json.writeNumber(number);
      case BigInteger number -> json.writeNumber(number);
      case Boolean flag -> json.writeBoolean(flag);
      case Map<?, ?> map -> {
        json.writeStartObject();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          json.writeFieldName(
              entry.getKey() instanceof Keyword key ? key.name() : String.valueOf(entry.getKey()));
          write(json, entry.getValue());
        }
        json.writeEndObject();
      }
      case Collection<?> list -> {
        json.writeStartArray();
        for (Object element : list) {
          write(json, element);
        }
        json.writeEndArray();
      }
      default -> json.writeString(value.toString());
    }
  }

  private MalformedHistoryException malformed(int line, String why) {
    return new MalformedHistoryException(line + 1, lines.get(line), why);
  }
}
