package io.capstan.node.server.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.yaml.snakeyaml.error.MarkedYAMLException;

/**
 * Reads the YAML file: a map of known keys to texts, or to maps of texts. It is read as a stream,
 * so that every message can name the line.
 */
final class ConfigFile {

  private static final YAMLFactory YAML =
      YAMLFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private final Path file;
  private final YAMLParser parser;
  private final Map<Setting, RawSetting> settings = new EnumMap<>(Setting.class);

  private ConfigFile(Path file, YAMLParser parser) {
    this.file = file;
    this.parser = parser;
  }

  /**
   * The settings in the file.
   *
   * @throws ConfigException when it cannot be read or understood
   */
  static Map<Setting, RawSetting> read(Path file) {
    try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8);
        YAMLParser parser = YAML.createParser(reader)) {
      ConfigFile content = new ConfigFile(file, parser);
      content.readDocument();
      return content.settings;
    } catch (JsonProcessingException e) {
      throw notYaml(file, e);
    } catch (CharacterCodingException e) {
      throw new ConfigException("The configuration file " + file + " is not UTF-8 text.");
    } catch (NoSuchFileException e) {
      throw new ConfigException("The configuration file " + file + " does not exist.");
    } catch (IOException e) {
      throw new ConfigException("The configuration file " + file + " cannot be read: " + e + ".");
    }
  }

  private static ConfigException notYaml(Path file, JsonProcessingException e) {
    int line = e.getLocation() == null ? 1 : e.getLocation().getLineNr();
    String what = e.getOriginalMessage();
    if (e.getCause() instanceof MarkedYAMLException cause && cause.getProblemMark() != null) {
      // Where it went wrong, not where the last good token was; the mark counts from 0.
      line = cause.getProblemMark().getLine() + 1;
      what = cause.getProblem();
    }
    return new ConfigException(
        "The configuration file "
            + file
            + " is not complete YAML at line "
            + line
            + ": "
            + what.lines().findFirst().orElse("").strip()
            + ". Was it only half written?");
  }

  private void readDocument() throws IOException {
    JsonToken first = parser.nextToken();
    if (first == null) {
      return;
    }
    if (first != JsonToken.START_OBJECT) {
      throw new ConfigException(
          source() + " must begin with a line 'key: value', but has '" + parser.getText() + "'.");
    }
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      readSetting(parser.currentName());
    }
    if (parser.nextToken() != null) {
      throw new ConfigException(
          source() + " begins a second document; one file configures one node.");
    }
  }

  private void readSetting(String key) throws IOException {
    String source = source();
    Setting setting = Setting.ofKey(key).orElseThrow(() -> unknown(key, source));
    JsonToken token = parser.nextToken();
    if (token == JsonToken.START_OBJECT) {
      settings.put(setting, new RawSetting(null, readMap(), source));
    } else {
      settings.put(setting, RawSetting.of(scalar(key, token), source));
    }
  }

  private Map<String, String> readMap() throws IOException {
    Map<String, String> map = new LinkedHashMap<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String key = parser.currentName();
      map.put(key, scalar(key, parser.nextToken()));
    }
    return map;
  }

  private String scalar(String key, JsonToken token) throws IOException {
    if (token == JsonToken.VALUE_NULL || (token.isScalarValue() && parser.getText().isBlank())) {
      throw new ConfigException(
          source() + ": '" + key + "' has no value. Give it one, or remove the line.");
    }
    if (!token.isScalarValue()) {
      throw new ConfigException(source() + ": '" + key + "' must have one value, not a structure.");
    }
    return parser.getText();
  }

  private String source() {
    return "Line " + parser.currentTokenLocation().getLineNr() + " of " + file;
  }

  static ConfigException unknown(String key, String source) {
    return new ConfigException(
        source
            + ": there is no setting '"
            + key
            + "'. Did you mean '"
            + Setting.nearest(key).key()
            + "'?");
  }
}
