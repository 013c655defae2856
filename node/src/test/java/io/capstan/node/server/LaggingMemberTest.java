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
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A member that was away while a node was added")
class LaggingMemberTest {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir private Path folder;
  private LocalCluster cluster;

  @BeforeEach
  void begin() throws Exception {
    cluster = new LocalCluster(folder);
    cluster.startAll();
    await().atMost(PATIENCE).until(() -> written("n1", "first"));
    await().atMost(PATIENCE).until(() -> cluster.status("n3").getAppliedIndex() > 0);
  }

  @AfterEach
  void end() throws Exception {
    cluster.close();
  }

  @Test
  @DisplayName("follows the newcomer, of whom its log knows nothing yet, and is counted again")
  void followsTheNewcomer() throws Exception {
    // given n3 away, n4 a member that leads, and n1 gone: two of four are left
    cluster.stop("n3");
    await().atMost(PATIENCE).until(() -> cluster.leader() != null);
    cluster.startJoining("n4");
    var unusedChange =
        cluster
            .admin("n1")
            .changeMembers(
                ChangeMembersRequest.newBuilder()
                    .setAdd(
                        NewMember.newBuilder()
                            .setId("n4")
                            .setPeerAddress(cluster.peerAddress("n4")))
                    .build());
    await().atMost(PATIENCE).until(() -> isVoter("n4"));
    await().atMost(PATIENCE).until(() -> leads("n4"));
    await().atMost(PATIENCE).until(() -> written("n4", "while n3 is away"));

    // when n3 comes back to a cluster that is led by a stranger
    cluster.start("n3");

    // then it catches up from the stranger, although nobody else may lead
    await().atMost(PATIENCE).until(() -> leads("n4") && caughtUp("n3", "n4"));
    assertThat(cluster.admin("n3").listMembers(ListMembersRequest.getDefaultInstance()))
        .extracting(ListMembersResponse::getMembersCount)
        .isEqualTo(4);
    // and makes the majority without which nothing is written
    cluster.kill("n1");
    await().atMost(PATIENCE).until(() -> written("n4", "with n3"));
  }

  private boolean isVoter(String id) {
    ListMembersResponse list =
        cluster.admin("n1").listMembers(ListMembersRequest.getDefaultInstance());
    return !list.getChanging()
        && list.getMembersList().stream()
            .filter(member -> member.getRole().equals("voter"))
            .map(Member::getId)
            .anyMatch(id::equals);
  }

  /** Whether it leads; asks for it where a busy machine has made another one lead. */
  private boolean leads(String id) {
    String leader = cluster.leader();
    if (leader == null || leader.equals(id)) {
      return leader != null;
    }
    try {
      var unused =
          cluster
              .admin(leader)
              .transferLeadership(TransferLeadershipRequest.newBuilder().setTarget(id).build());
    } catch (StatusRuntimeException notNow) {
      // Asked again.
    }
    return false;
  }

  private boolean caughtUp(String node, String leader) {
    StatusResponse led = cluster.status(leader);
    return cluster.status(node).getAppliedIndex() >= led.getCommitIndex();
  }

  private boolean written(String through, String value) {
    try {
      return !cluster.put(through, "default", "k", value).getVersion().isEmpty();
    } catch (StatusRuntimeException notYet) {
      return false;
    }
  }
}
