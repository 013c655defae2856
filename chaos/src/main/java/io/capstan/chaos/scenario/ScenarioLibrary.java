package io.capstan.chaos.scenario;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The scenarios that ship with Capstan, and how a name or a path becomes one. */
public final class ScenarioLibrary {
  /** The names, from the first to look at to the last. */
  public static final List<String> NAMES =
      List.of(
          "split",
          "isolate-follower",
          "one-way",
          "bridge",
          "majority-ring",
          "flapping",
          "leader-kill",
          "rolling-restart",
          "pause",
          "slow-link",
          "lossy",
          "clock-skew",
          "disk-full",
          "power-loss",
          "member-replace",
          "mode-switch-in-split",
          "everything",
          "stale-reads",
          "lww-discards");

  private ScenarioLibrary() {}

  /**
   * Returns a scenario of the library.
   *
   * @throws ScenarioFile.InvalidScenarioException if there is none of this name
   */
  public static Scenario named(String name) {
    return ScenarioFile.parse(text(name), name);
  }

  /** Returns the file of a scenario of the library. */
  public static String text(String name) {
    if (!NAMES.contains(name)) {
      throw new ScenarioFile.InvalidScenarioException(
          "There is no scenario " + name + "; there are " + String.join(", ", NAMES));
    }
    try (InputStream in = ScenarioLibrary.class.getResourceAsStream(name + ".yaml")) {
      if (in == null) {
        throw new IllegalStateException("the library lists " + name + " but does not have it");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Returns the scenario that a name of the library or the path of a file means.
   *
   * @throws ScenarioFile.InvalidScenarioException if it is neither, or the file is not a scenario
   */
  public static Scenario find(String nameOrPath) {
    if (NAMES.contains(nameOrPath)) {
      return named(nameOrPath);
    }
    Path file = Path.of(nameOrPath);
    if (!Files.isRegularFile(file)) {
      throw new ScenarioFile.InvalidScenarioException(
          "\""
              + nameOrPath
              + "\" is neither a file nor a scenario of the library; that has "
              + String.join(", ", NAMES));
    }
    try {
      return ScenarioFile.parse(Files.readString(file), nameOrPath);
    } catch (IOException e) {
      throw new ScenarioFile.InvalidScenarioException(nameOrPath + " cannot be read: " + e);
    }
  }
}
