package io.capstan.chaos.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

/** The image of what is being tested, and variants of it with a defect. */
public final class DockerImages {
  private static final Path HOME = Path.of(System.getProperty("capstan.home", ".."));
  private static final Duration ANSWER_MAX = Duration.ofSeconds(20);
  private static final Duration BUILD_MAX = Duration.ofMinutes(15);

  private static String image;
  private static IOException problem;

  private DockerImages() {}

  /**
   * Returns the image of this checkout's distribution, built if the engine does not have it.
   *
   * @throws IOException if there is no engine, or the image cannot be built; the message says why
   */
  public static synchronized String current() throws IOException {
    if (image == null && problem == null) {
      try {
        run(ANSWER_MAX, "docker", "version", "--format", "{{.Server.Version}}");
        image = lastLine(run(BUILD_MAX, HOME.resolve("docker/build-image").toString()));
      } catch (IOException e) {
        problem = e;
      }
    }
    if (problem != null) {
      throw problem;
    }
    return image;
  }

  /**
   * Returns an image like the given one, with the library that sets clocks wrong.
   *
   * @throws IOException if it cannot be built; the message says why
   */
  public static String withClock(String plain) throws IOException {
    return lastLine(run(BUILD_MAX, HOME.resolve("docker/chaos-image").toString(), plain));
  }

  /**
   * A change of a source of the node.
   *
   * @param source the class, as a path below {@code node/src/main/java}
   * @param right what the source says
   * @param wrong what the variant says instead
   */
  public record Edit(String source, String right, String wrong) {}

  /**
   * Builds an image in which some classes of the node are compiled from changed sources. The
   * sources of this checkout stay as they are.
   *
   * @throws IOException if a source does not say any more what is to be changed, or a step fails
   */
  public static String variant(List<Edit> edits, Path folder) throws IOException {
    List<Path> patched = new ArrayList<>();
    for (Edit edit : edits) {
      patched.add(patch(edit, folder.resolve("source")));
    }
    Path classes = Files.createDirectories(folder.resolve("classes"));
    Path lib = HOME.resolve("target/dist/lib");
    compile(patched, classes, lib);

    Path jar = only(lib, "capstan-node-");
    Path context = Files.createDirectories(folder.resolve("context"));
    Path patchedJar = Files.copy(jar, context.resolve(jar.getFileName()));
    replaceClasses(patchedJar, classes);
    Files.writeString(
        context.resolve("Dockerfile"),
        "FROM " + current() + "\nCOPY " + jar.getFileName() + " /opt/capstan/lib/\n",
        UTF_8);
    return lastLine(run(BUILD_MAX, "docker", "build", "-q", context.toString()));
  }

  private static Path patch(Edit edit, Path folder) throws IOException {
    String text =
        Files.readString(HOME.resolve("node/src/main/java").resolve(edit.source()), UTF_8);
    if (!text.contains(edit.right())) {
      throw new IOException(
          edit.source() + " does not say \"" + edit.right() + "\" any more; change it elsewhere");
    }
    Path patched = folder.resolve(edit.source());
    Files.createDirectories(patched.getParent());
    return Files.writeString(patched, text.replace(edit.right(), edit.wrong()), UTF_8);
  }

  /** Removes an image that {@link #variant} made. */
  public static void remove(String variant) throws IOException {
    run(ANSWER_MAX, "docker", "image", "rm", "-f", variant);
  }

  private static void compile(List<Path> sources, Path classes, Path lib) throws IOException {
    List<String> libraries = new ArrayList<>();
    try (Stream<Path> jars = Files.list(lib)) {
      jars.map(Path::toString).forEach(libraries::add);
    }
    List<String> arguments =
        new ArrayList<>(List.of("--release", "21", "-proc:none", "-nowarn", "-cp"));
    arguments.add(String.join(File.pathSeparator, libraries));
    arguments.add("-d");
    arguments.add(classes.toString());
    sources.forEach(source -> arguments.add(source.toString()));
    int code =
        ToolProvider.getSystemJavaCompiler()
            .run(null, null, null, arguments.toArray(String[]::new));
    if (code != 0) {
      throw new IOException("the changed sources do not compile: " + sources);
    }
  }

  private static void replaceClasses(Path jar, Path classes) throws IOException {
    try (FileSystem zip =
            FileSystems.newFileSystem(URI.create("jar:" + jar.toUri()), java.util.Map.of());
        Stream<Path> files = Files.walk(classes)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.write(zip.getPath(classes.relativize(file).toString()), Files.readAllBytes(file));
      }
    }
  }

  private static Path only(Path folder, String prefix) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith(prefix))
          .findFirst()
          .orElseThrow(() -> new IOException("there is no " + prefix + "*.jar in " + folder));
    }
  }

  /** Runs a command that says nothing on standard error, and returns what it printed. */
  static String quietRun(Duration max, String... command) throws IOException {
    return run(true, max, command);
  }

  private static String run(Duration max, String... command) throws IOException {
    return run(false, max, command);
  }

  private static String run(boolean quiet, Duration max, String... command) throws IOException {
    Path out = Files.createTempFile("capstan-docker-", ".out");
    Path err = Files.createTempFile("capstan-docker-", ".err");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
              .redirectOutput(out.toFile())
              .redirectError(err.toFile())
              .start();
      if (!process.waitFor(max.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IOException(command[0] + " did not end within " + max.toSeconds() + " s");
      }
      if (process.exitValue() != 0) {
        throw new IOException(lastLine(Files.readString(err, UTF_8)));
      }
      if (quiet && Files.size(err) > 0) {
        throw new IOException("it says on standard error: " + Files.readString(err, UTF_8));
      }
      return Files.readString(out, UTF_8);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while " + command[0] + " was running", e);
    } finally {
      Files.delete(out);
      Files.delete(err);
    }
  }

  private static String lastLine(String text) {
    List<String> lines = text.strip().lines().toList();
    return lines.isEmpty() ? "" : lines.getLast();
  }
}
