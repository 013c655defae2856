package io.capstan.node.replica;

import static io.capstan.node.replica.LoneReplica.keyspace;
import static io.capstan.node.replica.LoneReplica.put;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.v1.ChangeMembersRequest;
import io.capstan.proto.v1.ChangeMembersResponse;
import io.capstan.proto.v1.CreateKeyspaceRequest;
import io.capstan.proto.v1.CreateKeyspaceResponse;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.ListMembersRequest;
import io.capstan.proto.v1.ListMembersResponse;
import io.capstan.proto.v1.NewMember;
import io.capstan.proto.v1.Outcome;
import io.capstan.proto.v1.PutResponse;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A node that was removed while it was away, and is back with its data")
final class FormerMemberStoriesTest {

  private final ReplicaGroup group = new ReplicaGroup("n1", "n2", "n3");
  private String leader = "";
  private String former = "";

  @BeforeEach
  void removedWhileAway() {
    leader = group.leader();
    former = leader.equals("n3") ? "n2" : "n3";
    group.pass(10 * ReplicaGroup.MILLISECOND_NANOS);
    assertThat(
            group.ask(
                leader,
                CreateKeyspaceRequest.newBuilder().setName("feed").setMode(Mode.MODE_AP).build()))
        .isInstanceOf(CreateKeyspaceResponse.class);
    assertThat(write(former, "early")).isInstanceOf(PutResponse.class);
    group.pass(LoneReplica.SECOND_NANOS);

    group.stop(former);
    change(ChangeMembersRequest.newBuilder().setRemove(former).setAcceptLoss(true).build());
  }

  private void change(ChangeMembersRequest request) {
    assertThat(group.ask(leader, request)).isInstanceOf(ChangeMembersResponse.class);
    group.until(() -> !list().getChanging());
  }

  private ListMembersResponse list() {
    return (ListMembersResponse) group.ask(leader, ListMembersRequest.getDefaultInstance());
  }

  private Message write(String through, String key) {
    return group.ask(through, put("feed", key, key).setLevel(Level.LEVEL_ONE).build());
  }

  private Message read(String through, String key) {
    return group.ask(
        through,
        GetRequest.newBuilder()
            .setKeyspace(keyspace("feed"))
            .setKey(ByteString.copyFromUtf8(key))
            .setLevel(Level.LEVEL_ONE)
            .build());
  }

  @Test
  @DisplayName("confirms nothing any more once a member has heard it: nobody would ever see it")
  void confirmsNothing() {
    group.start(former);
    group.pass(LoneReplica.SECOND_NANOS);

    assertThat(write(former, "late")).isInstanceOfSatisfying(ErrorDetail.class, this::holdsNothing);
    assertThat(read(former, "early")).isInstanceOfSatisfying(ErrorDetail.class, this::holdsNothing);
  }

  @Test
  @DisplayName("confirms nothing after a restart either, although it hears nobody any more")
  void remembersThatItHasLeft() {
    group.start(former);
    group.pass(LoneReplica.SECOND_NANOS);

    group.stop(former);
    for (String other : List.of("n1", "n2", "n3")) {
      group.cut(former, other);
      group.cut(other, former);
    }
    group.start(former);
    group.pass(LoneReplica.SECOND_NANOS);

    assertThat(write(former, "late")).isInstanceOfSatisfying(ErrorDetail.class, this::holdsNothing);
  }

  private void holdsNothing(ErrorDetail error) {
    assertThat(error.getOutcome()).isEqualTo(Outcome.OUTCOME_FAILED);
    assertThat(error.getCode()).isEqualTo("NO_QUORUM");
    assertThat(error.getMessage()).contains(former, "feed", "not any more");
  }

  @Test
  @DisplayName("is not taken in again with that data, and the list of members says why")
  void isNotTakenInWithItsData() {
    group.start(former);
    group.pass(LoneReplica.SECOND_NANOS);

    assertThat(
            group.ask(
                leader,
                ChangeMembersRequest.newBuilder()
                    .setAdd(NewMember.newBuilder().setId(former).setPeerAddress(former + ":1"))
                    .build()))
        .isInstanceOf(ChangeMembersResponse.class);
    group.pass(LoneReplica.SECOND_NANOS);

    ListMembersResponse members = list();
    assertThat(members.getChanging()).isTrue();
    assertThat(members.getWaitingForList())
        .anyMatch(each -> each.contains(former) && each.contains("empty data folder"));
    assertThat(write(former, "late")).isInstanceOfSatisfying(ErrorDetail.class, this::holdsNothing);
  }
}
