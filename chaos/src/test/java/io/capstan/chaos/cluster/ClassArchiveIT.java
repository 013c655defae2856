package io.capstan.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Without its archive the image works as well, so that nobody would notice its loss. */
@RequiresDocker
@DisplayName("The class archive in the image of a node")
class ClassArchiveIT {
  private static final Duration RUN_MAX = Duration.ofSeconds(120);

  /** The JVM tells of each class where it has it from. */
  private static final String TELL_CLASSES = "CAPSTAN_JAVA_OPTS=-Xlog:class+load:stdout";

  private static final String MAIN_CLASS = "io.capstan.cli.Capstan source:";
  private static final String FROM_ARCHIVE = "source: shared objects file";

  @Test
  @DisplayName("fits the runtime and the class path of the image: that is where classes come from")
  void classesComeFromTheArchive() throws IOException {
    List<String> told = run("-e", TELL_CLASSES, image(), "--version");

    assertThat(told)
        .filteredOn(line -> line.contains(MAIN_CLASS))
        .singleElement()
        .asString()
        .contains(FROM_ARCHIVE);
  }

  @Test
  @DisplayName("is left alone, without a word, where a jar is another one than when it was made")
  void anArchiveThatDoesNotFitIsIgnored() throws IOException {
    String script =
        "touch -d 2020-01-01 /opt/capstan/lib/capstan-client-*.jar && capstan --version";

    List<String> plain = run("-u", "root", "--entrypoint", "sh", image(), "-c", script);
    List<String> told =
        run("-u", "root", "-e", TELL_CLASSES, "--entrypoint", "sh", image(), "-c", script);

    assertThat(plain).singleElement().asString().startsWith("capstan ");
    assertThat(told).noneMatch(line -> line.contains(FROM_ARCHIVE));
  }

  private static String image() throws IOException {
    return DockerImages.current();
  }

  /** What it printed; standard error must be empty. */
  private static List<String> run(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("docker", "run", "--rm"));
    command.addAll(List.of(arguments));
    return DockerImages.quietRun(RUN_MAX, command.toArray(String[]::new)).strip().lines().toList();
  }
}
