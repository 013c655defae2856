package io.capstan.node.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.v1.ChangeMembersRequest;
import io.capstan.proto.v1.KeyspaceRef;
import io.capstan.proto.v1.KeyspaceStatus;
import io.capstan.proto.v1.ListMembersRequest;
import io.capstan.proto.v1.ListMembersResponse;
import io.capstan.proto.v1.Member;
import io.capstan.proto.v1.NewMember;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.Receipt;
import io.capstan.proto.v1.SetModeRequest;
import io.capstan.proto.v1.StatusRequest;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Three real nodes with an AP keyspace")
class ApMembershipTest {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int WRITES_MAX = 100_000;

  @TempDir private Path folder;
  private LocalCluster cluster;
  private final List<String> acknowledged = new ArrayList<>();

  @BeforeEach
  void begin() throws Exception {
    cluster = new LocalCluster(folder);
    cluster.startAll();
    await().atMost(PATIENCE).until(() -> cluster.leader() != null);
    await().atMost(PATIENCE).ignoreExceptions().until(this::createdEverywhere);
  }

  private boolean createdEverywhere() {
    if (acknowledged.isEmpty()) {
      cluster.create("feed", Mode.MODE_AP);
      acknowledged.add("first");
    }
    return LocalCluster.IDS.stream()
        .allMatch(id -> put(id, "first", Level.LEVEL_ALL).getMissingCount() == 0);
  }

  @AfterEach
  void end() throws Exception {
    cluster.close();
  }

  private Receipt put(String through, String key, Level level) {
    return cluster
        .client(through)
        .withDeadlineAfter(Duration.ofSeconds(5))
        .put(
            PutRequest.newBuilder()
                .setKeyspace(KeyspaceRef.newBuilder().setName("feed"))
                .setKey(ByteString.copyFromUtf8(key))
                .setValue(ByteString.copyFromUtf8("v"))
                .setLevel(level)
                .build())
        .getReceipt();
  }

  private String leader() {
    await().atMost(PATIENCE).until(() -> cluster.leader() != null);
    return String.valueOf(cluster.leader());
  }

  private String follower() {
    String leader = leader();
    return LocalCluster.IDS.stream().filter(id -> !id.equals(leader)).findFirst().orElseThrow();
  }

  /** Writes through the node for as long as the members are being changed. */
  private void writeUntilSettled(String through, String present, String gone) {
    for (int i = 0; i < WRITES_MAX; i++) {
      String key = "during-" + i;
      try {
        put(through, key, Level.LEVEL_QUORUM);
        acknowledged.add(key);
      } catch (StatusRuntimeException unknown) {
        // Not acknowledged, so it may be there or not.
      }
      if (i % 20 == 0 && isSettled(through, present, gone)) {
        return;
      }
    }
    throw new AssertionError("the change of members does not come to its end");
  }

  private boolean isSettled(String through, String present, String gone) {
    ListMembersResponse list = cluster.admin(through).listMembers(list());
    List<String> members = list.getMembersList().stream().map(Member::getId).toList();
    return !list.getChanging() && members.contains(present) && !members.contains(gone);
  }

  private static ListMembersRequest list() {
    return ListMembersRequest.getDefaultInstance();
  }

  private void everythingIsThere(String through) {
    assertThat(acknowledged)
        .allSatisfy(
            key ->
                assertThat(cluster.get(through, "feed", key).getFound())
                    .as("%s through %s", key, through)
                    .isTrue());
  }

  @Test
  @DisplayName("replace a dead one under load once its loss is accepted, and lose no quorum write")
  void replaceUnderLoad() throws Exception {
    String dead = follower();
    for (int i = 0; i < 50; i++) {
      put(dead, "before-" + i, Level.LEVEL_QUORUM);
      acknowledged.add("before-" + i);
    }
    cluster.startJoining("n4");
    cluster.kill(dead);
    String through = leader();
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(() -> put(through, "k", Level.LEVEL_QUORUM).getHintedList().contains(dead));
    ChangeMembersRequest.Builder replace =
        ChangeMembersRequest.newBuilder()
            .setReplace(
                ChangeMembersRequest.Replace.newBuilder()
                    .setRemoved(dead)
                    .setAdded(
                        NewMember.newBuilder()
                            .setId("n4")
                            .setPeerAddress(cluster.peerAddress("n4"))));

    StatusRuntimeException refused =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () -> {
              var unused = cluster.admin(through).changeMembers(replace.build());
            });
    assertThat(refused)
        .hasMessageContaining(dead + " cannot be reached")
        .hasMessageContaining("feed")
        .hasMessageContaining("Nothing was changed");

    var unused = cluster.admin(through).changeMembers(replace.setAcceptLoss(true).build());
    writeUntilSettled(through, "n4", dead);

    everythingIsThere("n4");
    everythingIsThere(through);
  }

  @Test
  @DisplayName("take in a node long after a keyspace has gone from AP to CP")
  void joinsAfterAnOpening() throws Exception {
    String through = leader();
    for (int i = 0; i < 20; i++) {
      put(through, "before-" + i, Level.LEVEL_QUORUM);
      acknowledged.add("before-" + i);
    }
    var begun =
        cluster
            .admin(through)
            .setMode(SetModeRequest.newBuilder().setName("feed").setMode(Mode.MODE_CP).build());
    await().atMost(PATIENCE).until(() -> isOpenedAndSettled(through));

    cluster.startJoining("n4");
    var unused =
        cluster
            .admin(through)
            .changeMembers(
                ChangeMembersRequest.newBuilder()
                    .setAdd(
                        NewMember.newBuilder()
                            .setId("n4")
                            .setPeerAddress(cluster.peerAddress("n4")))
                    .build());
    await().atMost(PATIENCE).until(() -> isSettled(through, "n4", "nobody"));

    everythingIsThere("n4");
  }

  private boolean isOpenedAndSettled(String through) {
    return cluster
        .admin(through)
        .status(StatusRequest.getDefaultInstance())
        .getKeyspacesList()
        .stream()
        .map(KeyspaceStatus::getKeyspace)
        .anyMatch(
            each ->
                each.getName().equals("feed")
                    && each.getMode() == Mode.MODE_CP
                    && !each.getSettling());
  }

  @Test
  @DisplayName("remove one that is there, which first hands over what it alone has acknowledged")
  void removeDrains() {
    String leaving = follower();
    String through = leader();
    for (int i = 0; i < 100; i++) {
      put(leaving, "alone-" + i, Level.LEVEL_ONE);
      acknowledged.add("alone-" + i);
    }

    var unused =
        cluster
            .admin(through)
            .changeMembers(ChangeMembersRequest.newBuilder().setRemove(leaving).build());
    writeUntilSettled(through, through, leaving);
    cluster.kill(leaving);

    everythingIsThere(through);
  }
}
