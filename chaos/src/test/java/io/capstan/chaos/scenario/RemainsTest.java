package io.capstan.chaos.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.chaos.cluster.ClusterException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("What a dead harness left behind")
class RemainsTest {
  @TempDir Path temporary;

  @Test
  @DisplayName("is ended, even what is held still, and its data removed; nobody else is touched")
  void processes() throws Exception {
    // Given: a process of the run that is held still, and one of somebody else.
    Path folder = Files.createDirectory(temporary.resolve("capstan-chaos-1"));
    Path log = Files.createFile(folder.resolve("node.log"));
    Path foreign = Files.createFile(temporary.resolve("capstan-chaos-12.log"));
    Process ours = new ProcessBuilder("tail", "-f", log.toString()).start();
    Process theirs = new ProcessBuilder("tail", "-f", foreign.toString()).start();
    try {
      new ProcessBuilder("kill", "-STOP", Long.toString(ours.pid())).start().waitFor();

      // When: what the journal names is removed.
      List<String> done = Remains.remove(RealSubstrate.PROCESS_REMAINS + folder);

      // Then.
      assertThat(done).hasSize(2);
      assertThat(ours.waitFor(10, TimeUnit.SECONDS)).isTrue();
      assertThat(theirs.isAlive()).isTrue();
      assertThat(folder).doesNotExist();
      assertThat(Remains.remove(RealSubstrate.PROCESS_REMAINS + folder)).isEmpty();
    } finally {
      ours.destroyForcibly();
      theirs.destroyForcibly();
    }
  }

  @Test
  @DisplayName("is only what carries the harness's own name")
  void foreignFolder() {
    assertThatThrownBy(() -> Remains.remove(RealSubstrate.PROCESS_REMAINS + temporary))
        .isInstanceOf(ClusterException.class)
        .hasMessageContaining("nothing in it is touched");
    assertThat(temporary).exists();
  }
}
