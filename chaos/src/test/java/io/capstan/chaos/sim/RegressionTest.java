package io.capstan.chaos.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Schedules that once broke a claim; kept as files, because seeds rot when the code changes. */
@DisplayName("A schedule that once broke a claim")
final class RegressionTest {

  static List<Path> files() {
    try (Stream<Path> files = Files.list(folder())) {
      return files.filter(file -> file.toString().endsWith(".json")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path folder() {
    try {
      return Path.of(Objects.requireNonNull(RegressionTest.class.getResource("/sim")).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  @ParameterizedTest
  @MethodSource("files")
  @DisplayName("breaks it no more")
  void holds(Path file) throws IOException {
    Schedule schedule = ScheduleText.fromJson(Files.readString(file));

    assertThatCode(() -> new Simulation(schedule).run()).doesNotThrowAnyException();
  }

  @Test
  @DisplayName("is kept at least once")
  void thereAreSome() {
    assertThat(files()).isNotEmpty();
  }
}
