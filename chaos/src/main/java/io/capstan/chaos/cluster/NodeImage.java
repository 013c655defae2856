package io.capstan.chaos.cluster;

import com.github.dockerjava.api.exception.NotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.testcontainers.DockerClientFactory;

/** The image that containers are made of, and whether they can be made at all. */
public final class NodeImage {
  /** Names the image where nobody else does. */
  public static final String VARIABLE = "CAPSTAN_IMAGE";

  private static final long BUILD_MAX_MINUTES = 15;

  /** Whatever runs containers, as far as it matters before the first one. */
  interface Engine {
    /** Returns whether one answers. */
    boolean answers();

    /** Returns whether it has an image of this name. */
    boolean has(String image);
  }

  private static final Engine DOCKER =
      new Engine() {
        @Override
        public boolean answers() {
          return DockerClientFactory.instance().isDockerAvailable();
        }

        @Override
        public boolean has(String image) {
          try {
            var unused = DockerClientFactory.lazyClient().inspectImageCmd(image).exec();
            return true;
          } catch (NotFoundException e) {
            return false;
          }
        }
      };

  private NodeImage() {}

  /**
   * Returns the image: the one named, else what this checkout's {@code docker/build-image} makes
   * (which is quick where it is there).
   *
   * @param named by whoever asks or by his environment; empty if by nobody
   * @param howToName what somebody writes who names one, for the message that asks for it
   * @throws ClusterException if there is none, or what makes containers is not set up
   */
  public static String choose(String named, String howToName) {
    requireVariables();
    if (!named.isEmpty()) {
      return named;
    }
    Path script = script("docker/build-image");
    if (!Files.isExecutable(script)) {
      throw ClusterException.usage(
          "There is no image for the containers, and no docker/build-image that makes one.",
          "Name one with " + howToName + " or " + VARIABLE + ".");
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
  public static String withClock(String image) {
    Path script = script("docker/chaos-image");
    if (!Files.isExecutable(script)) {
      throw ClusterException.usage(
          "To set clocks wrong, the image needs libfaketime, and there is no docker/chaos-image"
              + " that adds it.",
          "Leave clock-skew out, or run it with --substrate sim.");
    }
    return lastLine(List.of(script.toString(), image));
  }

  /**
   * Makes sure that containers of this image can be made.
   *
   * @throws ClusterException (unreachable) if no engine answers, (usage) if it has no such image
   */
  public static void requirePresent(String image) {
    requirePresent(image, DOCKER);
  }

  static void requirePresent(String image, Engine engine) {
    requireEngine(engine);
    if (!engine.has(image)) {
      throw ClusterException.usage(
          "The Docker engine has no image " + image + ", and none is pulled.",
          "docker images lists what it has; docker/build-image makes one.");
    }
  }

  /**
   * Makes sure that an engine answers.
   *
   * @throws ClusterException (unreachable) if none does, (usage) if what speaks to it is not set up
   */
  public static void requireEngine() {
    requireVariables();
    requireEngine(DOCKER);
  }

  private static void requireEngine(Engine engine) {
    if (!engine.answers()) {
      throw ClusterException.unreachable(
          "No Docker engine answers, and nodes in containers need one.",
          "Start one, and see that docker version shows a server.");
    }
  }

  /** What Testcontainers would otherwise pull images for; it reads properties as well. */
  private static void requireVariables() {
    for (String variable :
        List.of("TESTCONTAINERS_RYUK_DISABLED", "TESTCONTAINERS_CHECKS_DISABLE")) {
      if (System.getenv(variable) == null) {
        throw ClusterException.usage(
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
        throw ClusterException.failed(
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
