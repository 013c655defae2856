package io.capstan.node.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.capstan.proto.v1.ChangeMembersRequest;
import io.capstan.proto.v1.ListMembersRequest;
import io.capstan.proto.v1.ListMembersResponse;
import io.capstan.proto.v1.Member;
import io.capstan.proto.v1.NewMember;
import io.capstan.proto.v1.StatusResponse;
import io.capstan.proto.v1.TransferLeadershipRequest;
import io.grpc.StatusRuntimeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Three real nodes")
class MembershipAndSnapshotsTest {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir private Path folder;
  private LocalCluster cluster;

  @BeforeEach
  void begin() throws Exception {
    cluster =
        new LocalCluster(folder).tuned("snapshotEntries", "200").tuned("snapshotEntriesKept", "20");
    cluster.startAll();
    await().atMost(PATIENCE).until(() -> cluster.leader() != null);
    await().atMost(PATIENCE).until(() -> written("n1", "k", "first"));
  }

  private boolean written(String through, String key, String value) {
    try {
      return !cluster.put(through, "default", key, value).getVersion().isEmpty();
    } catch (StatusRuntimeException notYet) {
      return false;
    }
  }

  @AfterEach
  void end() throws Exception {
    cluster.close();
  }

  private String leader() {
    await().atMost(PATIENCE).until(() -> cluster.leader() != null);
    String leader = cluster.leader();
    assertThat(leader).isNotNull();
    return leader == null ? "" : leader;
  }

  private String follower() {
    String leader = leader();
    return LocalCluster.IDS.stream().filter(id -> !id.equals(leader)).findFirst().orElseThrow();
  }

  /** Each until it is acknowledged: a busy machine may cost a leader its majority for a moment. */
  private void write(String through, int count) {
    for (int i = 0; i < count; i++) {
      String key = "key-" + i % 50;
      String value = "value-" + i;
      // Waiting begins with a pause, which is no use to the hundreds that succeed at once.
      if (!written(through, key, value)) {
        await().atMost(PATIENCE).until(() -> written(through, key, value));
      }
    }
  }

  private boolean applied(String node, String asMuchAs) {
    StatusResponse behind = cluster.status(node);
    return behind.getAppliedIndex() >= cluster.status(asMuchAs).getCommitIndex();
  }

  @Test
  @DisplayName("bring a follower that was away for longer than the log back by a snapshot")
  void catchUpBySnapshot() throws Exception {
    String away = follower();
    cluster.stop(away);
    String leader = leader();
    write(leader, 600);

    cluster.start(away);
    write(leader, 50);

    await().atMost(PATIENCE).until(() -> applied(away, leader));
    assertThat(cluster.get(away, "default", "key-49").getValue().toStringUtf8())
        .isEqualTo("value-49");
    try (Stream<Path> exports = Files.list(folder.resolve(leader).resolve("snapshots"))) {
      assertThat(exports).as("what the leader exported for it").isNotEmpty();
    }
    cluster.kill(away);
    cluster.start(away);
    await().atMost(PATIENCE).until(() -> applied(away, leader()));
  }

  @Test
  @DisplayName("replace a member by a node that joins, which then serves and votes")
  void replaceAMember() throws Exception {
    String gone = follower();
    write("n1", 400);
    cluster.startJoining("n4");
    cluster.kill(gone);

    var unused =
        cluster
            .admin(leader())
            .changeMembers(
                ChangeMembersRequest.newBuilder()
                    .setReplace(
                        ChangeMembersRequest.Replace.newBuilder()
                            .setRemoved(gone)
                            .setAdded(
                                NewMember.newBuilder()
                                    .setId("n4")
                                    .setPeerAddress(cluster.peerAddress("n4"))))
                    .build());

    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              ListMembersResponse list =
                  cluster.admin("n4").listMembers(ListMembersRequest.getDefaultInstance());
              assertThat(list.getChanging()).isFalse();
              assertThat(list.getMembersList().stream().map(Member::getId))
                  .contains("n4")
                  .doesNotContain(gone)
                  .hasSize(3);
            });
    await().atMost(PATIENCE).until(() -> written("n4", "k", "through n4"));
    // Now n4 is needed for every majority.
    List<String> old = LocalCluster.IDS.stream().filter(id -> !id.equals(gone)).toList();
    cluster.kill(old.get(0));
    await().atMost(PATIENCE).until(() -> readThrough("n4").equals("through n4"));
  }

  private String readThrough(String node) {
    try {
      return cluster.get(node, "default", "k").getValue().toStringUtf8();
    } catch (StatusRuntimeException noQuorumYet) {
      return "";
    }
  }

  @Test
  @DisplayName("hand the leadership over where asked, and when the leader stops in good order")
  void handOver() {
    String target = follower();

    var unused =
        cluster
            .admin("n1")
            .transferLeadership(TransferLeadershipRequest.newBuilder().setTarget(target).build());

    await().atMost(PATIENCE).until(() -> target.equals(cluster.leader()));
    cluster.stop(target);
    assertThat(leader()).isNotEqualTo(target);
  }
}
