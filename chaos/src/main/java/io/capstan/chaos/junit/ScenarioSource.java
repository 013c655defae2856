package io.capstan.chaos.junit;

import io.capstan.chaos.scenario.Scenario;
import io.capstan.chaos.scenario.ScenarioFile;
import io.capstan.chaos.scenario.ScenarioLibrary;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Where a scenario comes from that a test names.
 *
 * @param name by which the command line finds it, or the resource where that is in no file
 */
record ScenarioSource(String name, Scenario scenario) {
  private static final String SUFFIX = ".yaml";

  /**
   * Finds it.
   *
   * @throws ScenarioFile.InvalidScenarioException if there is none, or it is not a scenario
   */
  static ScenarioSource find(String wanted, Class<?> test) throws IOException {
    if (wanted.isBlank()) {
      throw new ScenarioFile.InvalidScenarioException("@ChaosScenario names no scenario");
    }
    URL resource = test.getResource(wanted);
    if (resource == null && !wanted.startsWith("/")) {
      resource = test.getResource("/" + wanted);
    }
    if (resource != null) {
      try (InputStream in = resource.openStream()) {
        String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        return new ScenarioSource(place(resource), ScenarioFile.parse(text, wanted));
      }
    }
    String library =
        wanted.endsWith(SUFFIX) ? wanted.substring(0, wanted.length() - SUFFIX.length()) : wanted;
    String found =
        ScenarioLibrary.NAMES.contains(library) && !Path.of(wanted).toFile().isFile()
            ? library
            : wanted;
    return new ScenarioSource(found, ScenarioLibrary.find(found));
  }

  private static String place(URL resource) {
    try {
      return resource.getProtocol().equals("file")
          ? Path.of(resource.toURI()).toString()
          : resource.toString();
    } catch (URISyntaxException e) {
      return resource.toString();
    }
  }
}
