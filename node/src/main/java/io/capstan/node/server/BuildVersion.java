package io.capstan.node.server;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;

/** The version of the build, as every command of {@code capstan} prints it. Stateless. */
final class BuildVersion {

  private static final String RESOURCE = "/io/capstan/cli/version.properties";

  private BuildVersion() {}

  /** The version, or "unknown" where the build left none. */
  static String get() {
    Properties properties = new Properties();
    try (InputStream in = BuildVersion.class.getResourceAsStream(RESOURCE)) {
      if (in != null) {
        properties.load(in);
      }
    } catch (IOException e) {
      // A node that does not know its version still serves.
    }
    return properties.getProperty("version", "unknown");
  }
}
