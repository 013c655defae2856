package io.capstan.node.storage.rocks;

import io.capstan.node.storage.StorageException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Who a data folder belongs to. A text file of {@code key=value} lines, the last of them a checksum
 * over the bytes before it.
 *
 * @param nodeId the node, unique within its cluster
 * @param clusterName the cluster, so that a folder is never started in another one
 * @param incarnation random and not 0, made when the folder was empty; with the node id it names
 *     the writer of dots, so a folder that was lost never has its dots reused
 */
public record NodeIdentity(String nodeId, String clusterName, long incarnation) {

  /** The version of everything in the folder; a folder of another version is refused. */
  static final int FORMAT_VERSION = 1;

  private static final String CHECKSUM_KEY = "crc32c=";

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException for an empty name, a name of several lines, or incarnation 0
   */
  public NodeIdentity {
    if (nodeId.isEmpty()
        || clusterName.isEmpty()
        || (nodeId + clusterName).chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException(
          "node id '" + nodeId + "' and cluster name '" + clusterName + "' must be names");
    }
    if (incarnation == 0) {
      throw new IllegalArgumentException("incarnation 0 means that there is none");
    }
  }

  void write(Path file) throws IOException {
    String text =
        "# Written by Capstan when this folder was empty. Do not change or copy it.\n"
            + "format="
            + FORMAT_VERSION
            + "\nnode="
            + nodeId
            + "\ncluster="
            + clusterName
            + "\nincarnation="
            + HexFormat.of().toHexDigits(incarnation)
            + "\n";
    DurableFile.replace(
        file, (text + CHECKSUM_KEY + checksum(text) + "\n").getBytes(StandardCharsets.UTF_8));
  }

  /**
   * The identity in the file.
   *
   * @throws StorageException when the file is not what was written, or of another format version
   */
  static NodeIdentity read(Path file) throws IOException {
    String text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    int checked = text.lastIndexOf(CHECKSUM_KEY);
    if (checked < 0
        || !text.substring(checked)
            .equals(CHECKSUM_KEY + checksum(text.substring(0, checked)) + "\n")) {
      throw new StorageException(
          "The identity file "
              + file
              + " is damaged or half written: its checksum does not match. "
              + StorageEngine.REBUILD_ADVICE,
          null);
    }
    Map<String, String> fields = fields(text.substring(0, checked));
    String format = fields.get("format");
    if (!Integer.toString(FORMAT_VERSION).equals(format)) {
      throw new StorageException(
          "The data folder of "
              + file
              + " has format version "
              + format
              + ", but this program reads version "
              + FORMAT_VERSION
              + ". Start the version that wrote it.",
          null);
    }
    return new NodeIdentity(
        field(file, fields, "node"),
        field(file, fields, "cluster"),
        HexFormat.fromHexDigitsToLong(field(file, fields, "incarnation")));
  }

  private static Map<String, String> fields(String text) {
    Map<String, String> fields = new LinkedHashMap<>();
    text.lines()
        .filter(line -> !line.startsWith("#") && line.contains("="))
        .forEach(
            line -> {
              int equals = line.indexOf('=');
              fields.put(line.substring(0, equals), line.substring(equals + 1));
            });
    return fields;
  }

  private static String field(Path file, Map<String, String> fields, String key) {
    String value = fields.get(key);
    if (value == null) {
      throw new StorageException("The identity file " + file + " names no " + key + ".", null);
    }
    return value;
  }

  private static String checksum(String text) {
    CRC32C crc = new CRC32C();
    crc.update(text.getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().toHexDigits((int) crc.getValue());
  }
}
