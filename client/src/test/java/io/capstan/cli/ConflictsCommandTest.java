package io.capstan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;
import io.capstan.client.FakeCluster;
import io.capstan.proto.v1.Conflict;
import io.capstan.proto.v1.ListConflictsResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two nodes whose ledgers overlap. */
@Timeout(30)
@DisplayName("capstan conflicts")
class ConflictsCommandTest {
  private FakeCluster cluster;
  private CommandRun.Setting setting;

  private static Conflict conflict(long number, String version, String value) {
    return Conflict.newBuilder()
        .setNumber(number)
        .setKey(ByteString.copyFromUtf8("user-7"))
        .setVersion(version)
        .setValue(ByteString.copyFromUtf8(value))
        .setValueSizeBytes(value.length())
        .setWrittenAtMillis(1_700_000_000_000L + number)
        .setWinnerVersion("n1.a:9")
        .setWinnerWrittenAtMillis(1_700_000_009_000L)
        .setDiscardedAtMillis(1_700_000_010_000L + number)
        .build();
  }

  @BeforeEach
  void twoNodes() throws Exception {
    cluster = new FakeCluster(2);
    cluster
        .node(1)
        .ledger(
            ListConflictsResponse.newBuilder()
                .setDiscarded(2)
                .addConflicts(conflict(2, "n2.b:5", "second"))
                .addConflicts(conflict(1, "n2.b:4", "first"))
                .build());
    cluster
        .node(2)
        .ledger(
            ListConflictsResponse.newBuilder()
                .setDiscarded(8)
                .setCollapsed(7)
                .setCollapsedUntilMillis(1_700_000_000_000L)
                .addConflicts(conflict(1, "n2.b:4", "first"))
                .build());
    setting =
        new CommandRun.Setting()
            .variable("CAPSTAN_ENDPOINTS", String.join(",", cluster.endpoints()));
  }

  @AfterEach
  void stop() {
    cluster.close();
  }

  @Test
  @DisplayName("list shows each write once, and what each node counts")
  void listJoinsTheLedgers() {
    CommandRun text = setting.run("conflicts", "list", "-k", "feed", "-o", "text");

    assertThat(text.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(text.out().lines().skip(1).limit(2))
        .satisfiesExactly(
            line -> assertThat(line).contains("user-7", "second", "n2.b:5", "n1.a:9", "n1"),
            line -> assertThat(line).contains("user-7", "first", "n2.b:4", "n1.a:9", "n1 n2"));
    assertThat(text.out())
        .contains("n1: 2 discarded\n")
        .contains("n2: 8 discarded, of which 7 until 2023-11-14T22:13:20Z are counted only");
  }

  @Test
  void listHasItsShapeInJson() {
    JsonNode json = JsonTree.of(setting.run("conflicts", "list", "-k", "feed", "-o", "json").out());

    assertThat(json.get("conflicts")).hasSize(2);
    JsonNode last = json.get("conflicts").get(0);
    assertThat(last.get("key").asText()).isEqualTo("user-7");
    assertThat(last.get("value").asText()).isEqualTo("second");
    assertThat(last.get("version").asText()).isEqualTo("n2.b:5");
    assertThat(last.get("winner").asText()).isEqualTo("n1.a:9");
    assertThat(last.get("deleted").asBoolean()).isFalse();
    assertThat(last.get("listedBy")).hasSize(1);
    assertThat(json.get("nodes").get(1).get("collapsed").asLong()).isEqualTo(7);
  }

  @Test
  @DisplayName("list reads page after page, up to its limit")
  void listReadsEveryPage() {
    ListConflictsResponse.Builder many = ListConflictsResponse.newBuilder().setDiscarded(1_200);
    for (int number = 1_200; number > 0; number--) {
      many.addConflicts(conflict(number, "n2.b:" + number, "v"));
    }
    cluster.node(1).ledger(many.build());

    CommandRun all = setting.run("conflicts", "list", "-k", "feed", "--limit", "2000", "-o", "raw");
    CommandRun some = setting.run("conflicts", "list", "-k", "feed", "--limit", "600", "-o", "raw");

    assertThat(all.out().lines()).hasSize(1_200).first().isEqualTo("n2.b:1200");
    assertThat(some.out().lines()).hasSize(601).contains("n2.b:601", "n2.b:4");
  }

  @Test
  void showGivesTheValueBack() {
    CommandRun raw = setting.run("conflicts", "show", "n2.b:4", "-k", "feed", "-o", "raw");
    CommandRun text = setting.run("conflicts", "show", "n2.b:4", "-k", "feed", "-o", "text");
    CommandRun none = setting.run("conflicts", "show", "n2.b:99", "-k", "feed");

    assertThat(raw.out()).isEqualTo("first");
    assertThat(text.out())
        .startsWith("first\n")
        .contains("key user-7\n", "lost to n1.a:9", "listed by n1 n2");
    assertThat(none.exitCode()).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(none.err()).contains("no ledger lists version n2.b:99");
  }

  @Test
  @DisplayName("a node that is away is said to be, and hides nothing of the others")
  void aSilentNodeIsSaidToBe() {
    cluster.node(2).stop();

    CommandRun list =
        setting.run("conflicts", "list", "-k", "feed", "-o", "text", "--timeout", "1s");
    CommandRun show = setting.run("conflicts", "show", "n9.b:1", "-k", "feed", "--timeout", "1s");

    assertThat(list.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(list.out()).contains("n2.b:5").contains(cluster.node(2).address() + ": not known");
    assertThat(show.exitCode()).isEqualTo(ExitCode.UNREACHABLE);
  }

  @Test
  void aKeyspaceWithoutLedgerIsAUsageError() {
    cluster.node(1).ledger(null);

    CommandRun list = setting.run("conflicts", "list", "-k", "default");

    assertThat(list.exitCode()).isEqualTo(ExitCode.USAGE);
  }

  @Test
  void theLimitIsChecked() {
    assertThat(setting.run("conflicts", "list", "--limit", "0").exitCode())
        .isEqualTo(ExitCode.USAGE);
    assertThat(setting.run("conflicts").exitCode()).isEqualTo(ExitCode.USAGE);
  }
}
