package io.capstan.chaos.command;

import io.capstan.chaos.cluster.ClusterException;
import io.capstan.cli.Streams;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The image that containers are made of. */
final class NodeImage {
  private static final String VARIABLE = "CAPSTAN_IMAGE";
  private static final long BUILD_MAX_MINUTES = 15;

  private NodeImage() {}

  /**
   * Returns the image: the one named, else the one of the environment, else what this checkout's
   * {@code docker/build-image} makes (which is quick where it is there).
   *
   * @throws ClusterException if there is none
   */
  static String choose(@Nullable String named, Streams streams) {
    settings();
    String image = named == null ? streams.variable(VARIABLE, "") : named;
    if (!image.isEmpty()) {
      return image;
    }
    Path script = script("docker/build-image");
    if (!Files.isExecutable(script)) {
      throw new ClusterException(
          ClusterException.Kind.USAGE,
          "There is no image for the containers, and no docker/build-image that makes one.",
          "Name one with --image or " + VARIABLE + ".");
    }
    return lastLine(List.of(script.toString()));
  }

  private static Path script(String name) {
    return Path.of(System.getProperty("capstan.home", ".")).resolve(name);
  }

  /**
   * Returns the image that {@code docker/chaos-image} makes of this one: it has libfaketime.
   *
   * @throws ClusterException if there is none
   */
  static String withClock(String image) {
    Path script = script("docker/chaos-image");
    if (!Files.isExecutable(script)) {
      throw new ClusterException(
          ClusterException.Kind.USAGE,
          "To set clocks wrong, the image needs libfaketime, and there is no docker/chaos-image"
              + " that adds it.",
          "Leave clock-skew out, or run it with --substrate sim.");
    }
    return lastLine(List.of(script.toString(), image));
  }

  /** What Testcontainers would otherwise pull images for; it reads properties as well. */
  private static void settings() {
    for (String variable :
        List.of("TESTCONTAINERS_RYUK_DISABLED", "TESTCONTAINERS_CHECKS_DISABLE")) {
      if (System.getenv(variable) == null) {
        throw new ClusterException(
            ClusterException.Kind.USAGE,
            "The library that makes containers would pull an image of its own: "
                + variable
                + " is not set.",
            "export TESTCONTAINERS_RYUK_DISABLED=true TESTCONTAINERS_CHECKS_DISABLE=true"
                + " TESTCONTAINERS_HOST_OVERRIDE=localhost");
      }
    }
  }

  /** Runs a script that makes an image and returns the last line that it prints: the name. */
  private static String lastLine(List<String> command) {
    try {
      Path out = Files.createTempFile("capstan-image-", ".out");
      Process build =
          new ProcessBuilder(command)
              .redirectOutput(out.toFile())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      if (!build.waitFor(BUILD_MAX_MINUTES, TimeUnit.MINUTES) || build.exitValue() != 0) {
        build.destroyForcibly();
        throw new ClusterException(
            ClusterException.Kind.FAILED,
            "The image of the nodes cannot be built.",
            "See what " + command.get(0) + " says. Is a Docker engine running? docker version");
      }
      List<String> lines = Files.readString(out, StandardCharsets.UTF_8).strip().lines().toList();
      Files.deleteIfExists(out);
      return lines.get(lines.size() - 1);
    } catch (IOException e) {
      throw new ClusterException(
          ClusterException.Kind.FAILED, "The image cannot be built: " + e.getMessage(), "", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ClusterException(
          ClusterException.Kind.FAILED, "Interrupted while the image was built.", "", e);
    }
  }
}
