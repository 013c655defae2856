package io.capstan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.capstan.client.FakeCluster;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What {@code capstan status} says under its table, and in JSON. */
@Timeout(30)
class StatusCommandTest {

  private FakeCluster cluster;
  private CommandRun.Setting setting;

  @BeforeEach
  void oneNode() throws Exception {
    cluster = new FakeCluster(1);
    setting =
        new CommandRun.Setting()
            .variable("CAPSTAN_ENDPOINTS", String.join(",", cluster.endpoints()));
  }

  @AfterEach
  void stop() {
    cluster.close();
  }

  @Test
  void saysNothingUnderTheTableWhereAllIsWell() {
    CommandRun status = setting.run("status", "-o", "text");

    assertThat(status.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(status.out()).doesNotContain("ahead").doesNotContain("missed");
  }

  @Test
  void namesAClockThatIsAheadAndWhatToDo() {
    cluster.node(1).troubles(row -> row.setClockAheadMillis(120_000));

    CommandRun text = setting.run("status", "-o", "text");
    JsonNode json = JsonTree.of(setting.run("status", "-o", "json").out());

    assertThat(text.out())
        .contains("the clock of n1 is 120000 ms ahead of its peers'")
        .contains("Set its clock right");
    assertThat(row(json).path("clockAheadMillis").asLong()).isEqualTo(120_000);
  }

  @Test
  void namesAPeerThatMissedMoreThanHintsAreKeptFor() {
    cluster.node(1).troubles(row -> row.addNeedingAntiEntropy("n3"));

    CommandRun text = setting.run("status", "-o", "text");
    JsonNode json = JsonTree.of(setting.run("status", "-o", "json").out());

    assertThat(text.out()).contains("n3 missed more writes than n1 keeps hints for");
    assertThat(row(json).path("needingAntiEntropy").path(0).asText()).isEqualTo("n3");
  }

  @Test
  void namesReplicasThatHoldDifferentRowsAfterTheSameWrites() {
    cluster.node(1).troubles(row -> row.addDisagreeing("n2"));

    CommandRun text = setting.run("status", "-o", "text");

    assertThat(text.out())
        .contains("n1 and n2 have seen the same and hold different rows")
        .contains("capstan status --divergence");
  }

  private static JsonNode row(JsonNode status) {
    return status.path("nodes").path(0).path("keyspaces").path(0);
  }
}
