package io.capstan.chaos.junit;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("docs/junit.md")
class JunitGuideTest {
  private static final Path HOME = Path.of(System.getProperty("capstan.home", ".."));

  @Test
  @DisplayName("shows the example that the build compiles and runs")
  void showsTheExample() throws Exception {
    String guide = Files.readString(HOME.resolve("docs/junit.md"));
    String example =
        Files.readString(
            HOME.resolve("chaos/src/test/java/io/capstan/chaos/junit/CheckoutExampleTest.java"));

    assertThat(guide).contains(example.substring(example.indexOf("import static")));
  }
}
