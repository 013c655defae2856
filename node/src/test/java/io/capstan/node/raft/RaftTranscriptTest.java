package io.capstan.node.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Each {@code .txt} file under {@code src/test/resources/raft} is one story: input lines start with
 * {@code >}, the lines below are exactly the effects. {@code -Draft.transcripts.rewrite=DIR} writes
 * the scripts with the effects as they are now into that folder, to be read line by line before
 * they are believed.
 */
class RaftTranscriptTest {

  @TestFactory
  Stream<DynamicTest> everyTranscriptHappensAsWritten() throws IOException, URISyntaxException {
    URL folder = Objects.requireNonNull(getClass().getResource("/raft"), "transcripts");
    List<Path> scripts;
    try (Stream<Path> files = Files.list(Path.of(folder.toURI()))) {
      scripts =
          files
              .filter(file -> file.toString().endsWith(".txt") && !file.endsWith("README.txt"))
              .sorted()
              .toList();
    }
    assertThat(scripts).hasSizeGreaterThanOrEqualTo(12);
    return scripts.stream()
        .map(
            script ->
                DynamicTest.dynamicTest(script.getFileName().toString(), () -> replay(script)));
  }

  private static void replay(Path script) throws IOException {
    List<String> expected = Files.readAllLines(script);
    List<String> actual = new ArrayList<>();
    Transcript transcript = new Transcript();
    for (String line : expected) {
      if (line.isBlank() || line.startsWith("#")) {
        actual.add(line);
      } else if (line.startsWith(">")) {
        actual.add(line);
        actual.addAll(transcript.run(line.substring(1)));
      }
    }
    String rewriteInto = System.getProperty("raft.transcripts.rewrite");
    if (rewriteInto != null) {
      Files.write(Path.of(rewriteInto, script.getFileName().toString()), actual);
    }
    assertThat(actual).isEqualTo(expected);
  }
}
