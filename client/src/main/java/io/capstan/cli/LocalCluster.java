package io.capstan.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The cluster that {@code capstan cluster start} left running on this machine, as its files tell:
 * {@code current-cluster.json} names a folder, {@code cluster.json} in that folder names the nodes.
 *
 * @param addressById node id to host:port, in the order of the file
 */
record LocalCluster(Map<String, String> addressById) {

  /** Reads the files, or returns null where there is no such cluster. */
  static @Nullable LocalCluster find(Streams streams) {
    Path current = stateDirectory(streams).resolve("current-cluster.json");
    if (!Files.isRegularFile(current)) {
      return null;
    }
    try {
      String directory = readDirectory(current);
      Path file = directory == null ? null : Path.of(directory, "cluster.json");
      if (file == null || !Files.isRegularFile(file)) {
        return null;
      }
      Map<String, String> nodes = readNodes(file);
      return nodes.isEmpty() ? null : new LocalCluster(nodes);
    } catch (IOException e) {
      // Half-written or foreign: as if it were not there. The default address is tried instead.
      return null;
    }
  }

  /** Where the state of the command line is kept between two of its runs. */
  static Path stateDirectory(Streams streams) {
    String home = streams.variable("HOME", System.getProperty("user.home", "."));
    return Path.of(streams.variable("CAPSTAN_STATE_DIR", home + "/.capstan"));
  }

  private static @Nullable String readDirectory(Path file) throws IOException {
    try (JsonParser parser = new JsonFactory().createParser(file.toFile())) {
      while (parser.nextToken() != null) {
        if (parser.currentToken() == JsonToken.FIELD_NAME && "dir".equals(parser.currentName())) {
          return parser.nextTextValue();
        }
      }
    }
    return null;
  }

  private static Map<String, String> readNodes(Path file) throws IOException {
    Map<String, String> nodes = new LinkedHashMap<>();
    try (JsonParser parser = new JsonFactory().createParser(file.toFile())) {
      if (!advanceToArray(parser, "nodes")) {
        return nodes;
      }
      while (parser.nextToken() == JsonToken.START_OBJECT) {
        readNode(parser, nodes);
      }
    }
    return nodes;
  }

  private static boolean advanceToArray(JsonParser parser, String name) throws IOException {
    parser.nextToken();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      boolean wanted = name.equals(parser.currentName());
      JsonToken value = parser.nextToken();
      if (wanted && value == JsonToken.START_ARRAY) {
        return true;
      }
      parser.skipChildren();
    }
    return false;
  }

  private static void readNode(JsonParser parser, Map<String, String> nodes) throws IOException {
    String id = null;
    String address = null;
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      parser.nextToken();
      switch (field) {
        case "id" -> id = parser.getValueAsString();
        case "address" -> address = parser.getValueAsString();
        default -> parser.skipChildren();
      }
    }
    if (id != null && address != null) {
      nodes.put(id, address);
    }
  }
}
