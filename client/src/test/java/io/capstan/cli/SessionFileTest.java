package io.capstan.cli;

import static io.capstan.client.FakeNode.refuse;
import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.client.ErrorCode;
import io.capstan.client.FakeCluster;
import io.capstan.proto.store.v1.Mode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
@DisplayName("--session FILE")
class SessionFileTest {
  @TempDir private Path folder;
  private FakeCluster cluster;
  private CommandRun.Setting setting;
  private Path file;

  @BeforeEach
  void oneNode() throws Exception {
    cluster = new FakeCluster(1);
    file = folder.resolve("me.json");
    setting =
        new CommandRun.Setting()
            .variable("CAPSTAN_ENDPOINTS", String.join(",", cluster.endpoints()))
            .variable("CAPSTAN_KEYSPACE", "feed");
  }

  @AfterEach
  void stop() {
    cluster.close();
  }

  private CommandRun inSession(String... arguments) {
    String[] all = new String[arguments.length + 2];
    System.arraycopy(arguments, 0, all, 0, arguments.length);
    all[arguments.length] = "--session";
    all[arguments.length + 1] = file.toString();
    return setting.run(all);
  }

  @Test
  void carriesWhatWasWrittenToTheNextCommand() {
    assertThat(inSession("put", "post", "hi").exitCode()).isEqualTo(ExitCode.OK);
    assertThat(file).content().contains("capstan-session-1").contains("feed");

    assertThat(inSession("get", "post").exitCode()).isEqualTo(ExitCode.OK);

    assertThat(cluster.node(1).claims().get(0).getDotsList()).hasSize(1);
    assertThat(folder).isDirectoryNotContaining(path -> path.toString().endsWith(".new"));
  }

  @Test
  void isNotRewrittenWhereNothingNewWasSeen() throws Exception {
    inSession("put", "post", "hi");
    inSession("get", "post");
    Object before = Files.readAttributes(file, "*").get("fileKey");

    inSession("get", "post");

    assertThat(Files.readAttributes(file, "*").get("fileKey")).isEqualTo(before);
  }

  @Test
  @DisplayName("that cannot be met ends with exit 5, at once with --session-wait 0s")
  void unavailable() {
    inSession("put", "post", "hi");
    cluster.node(1).always(refuse(ErrorCode.SESSION_NOT_MET));

    CommandRun get = inSession("get", "post", "--session-wait", "0s");

    assertThat(get.exitCode()).isEqualTo(ExitCode.UNAVAILABLE);
    assertThat(get.err()).contains("SESSION_NOT_MET");
  }

  @Test
  void ofAKeyspaceThatWasDroppedIsToldPlainly() {
    inSession("put", "post", "hi");
    cluster.drop("feed");
    cluster.addKeyspace("feed", Mode.MODE_AP);

    CommandRun get = inSession("get", "post");

    assertThat(get.exitCode()).isEqualTo(ExitCode.ERROR);
    assertThat(get.err()).contains("It was dropped since").contains("another --session file");
  }

  @Test
  void thatHoldsSomethingElseIsAUsageErrorAndStaysAsItIs() throws Exception {
    Files.writeString(file, "my diary");

    CommandRun put = inSession("put", "post", "hi");

    assertThat(put.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(put.err()).contains("not an exported session");
    assertThat(file).content().isEqualTo("my diary");
    assertThat(cluster.applied()).isZero();
  }

  @Test
  void addsToWhatAnotherCommandWroteMeanwhile() throws Exception {
    CommandRun first = inSession("put", "a", "1");
    assertThat(first.exitCode()).as(first.err()).isEqualTo(ExitCode.OK);
    Path mine = file;
    byte[] before = Files.readAllBytes(mine);
    SessionFile stale = new SessionFile(mine);
    try (var client = io.capstan.client.CapstanClient.of(cluster.node(1).address())) {
      var session = stale.begin(client);
      session.blocking().put(io.capstan.client.Put.of("b", "2").keyspace("feed"));
      CommandRun other = inSession("put", "c", "3");
      assertThat(other.exitCode()).as(other.err()).isEqualTo(ExitCode.OK);

      stale.save(session);
    }

    assertThat(Files.readAllBytes(mine)).isNotEqualTo(before);
    // "a", "b" and "c" in base 64
    assertThat(mine).content().contains("YQ==").contains("Yg==").contains("Yw==");
  }

  @Test
  void waitIsAboutASession() {
    assertThat(setting.run("get", "k", "--session-wait", "1s").exitCode())
        .isEqualTo(ExitCode.USAGE);
  }
}
