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
    Path script = Path.of(System.getProperty("capstan.home", ".")).resolve("docker/build-image");
    if (!Files.isExecutable(script)) {
      throw new ClusterException(
          ClusterException.Kind.USAGE,
          "There is no image for the containers, and no docker/build-image that makes one.",
          "Name one with --image or " + VARIABLE + ".");
    }
    return build(script);
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

  private static String build(Path script) {
    try {
      Path out = Files.createTempFile("capstan-image-", ".out");
      Process build =
          new ProcessBuilder(script.toString())
              .redirectOutput(out.toFile())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      if (!build.waitFor(BUILD_MAX_MINUTES, TimeUnit.MINUTES) || build.exitValue() != 0) {
        build.destroyForcibly();
        throw new ClusterException(
            ClusterException.Kind.FAILED,
            "The image of the nodes cannot be built.",
            "See what " + script + " says. Is a Docker engine running? docker version");
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
