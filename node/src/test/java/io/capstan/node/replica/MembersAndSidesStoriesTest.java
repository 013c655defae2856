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
import io.capstan.proto.v1.GetResponse;
import io.capstan.proto.v1.KeyspaceDescription;
import io.capstan.proto.v1.KeyspaceStatus;
import io.capstan.proto.v1.ListMembersRequest;
import io.capstan.proto.v1.ListMembersResponse;
import io.capstan.proto.v1.Member;
import io.capstan.proto.v1.NewMember;
import io.capstan.proto.v1.PutResponse;
import io.capstan.proto.v1.SetModeRequest;
import io.capstan.proto.v1.SetModeResponse;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("When members change and keyspaces change sides")
final class MembersAndSidesStoriesTest {

  private final ReplicaGroup group = new ReplicaGroup("n1", "n2", "n3");

  // ---- what is asked ----

  private void create(String name, Mode mode) {
    // The first leader notes at its first tick with whom the cluster began.
    group.leader();
    group.pass(10 * ReplicaGroup.MILLISECOND_NANOS);
    assertThat(
            group.ask(
                group.leader(),
                CreateKeyspaceRequest.newBuilder().setName(name).setMode(mode).build()))
        .isInstanceOf(CreateKeyspaceResponse.class);
  }

  private void write(String through, String name, String key, String value) {
    assertThat(group.ask(through, put(name, key, value).build())).isInstanceOf(PutResponse.class);
  }

  private String read(String through, String name, String key) {
    Message answer =
        group.ask(
            through,
            GetRequest.newBuilder()
                .setKeyspace(keyspace(name))
                .setKey(ByteString.copyFromUtf8(key))
                .build());
    assertThat(answer).isInstanceOf(GetResponse.class);
    return ((GetResponse) answer).getReceipt().getValue().toStringUtf8();
  }

  private static SetModeRequest change(String name, Mode mode) {
    return SetModeRequest.newBuilder().setName(name).setMode(mode).build();
  }

  private void setMode(String name, Mode mode) {
    assertThat(group.ask(group.leader(), change(name, mode))).isInstanceOf(SetModeResponse.class);
    group.until(() -> isSettled(name, mode));
  }

  private boolean isSettled(String name, Mode mode) {
    return members().stream()
        .allMatch(
            id -> {
              KeyspaceDescription seen = description(id, name);
              return seen.getMode() == mode && !seen.hasSwitch() && !seen.getSettling();
            });
  }

  private KeyspaceDescription description(String id, String name) {
    return group.status(id).getKeyspacesList().stream()
        .map(KeyspaceStatus::getKeyspace)
        .filter(each -> each.getName().equals(name))
        .findFirst()
        .orElse(KeyspaceDescription.getDefaultInstance());
  }

  private ListMembersResponse list() {
    return (ListMembersResponse) group.ask(group.leader(), ListMembersRequest.getDefaultInstance());
  }

  private List<String> members() {
    return list().getMembersList().stream().map(Member::getId).toList();
  }

  private static ChangeMembersRequest add(String id) {
    return ChangeMembersRequest.newBuilder()
        .setAdd(NewMember.newBuilder().setId(id).setPeerAddress(id + ":1"))
        .build();
  }

  private static ChangeMembersRequest remove(String id) {
    return ChangeMembersRequest.newBuilder().setRemove(id).build();
  }

  private void change(ChangeMembersRequest request) {
    assertThat(group.ask(group.leader(), request)).isInstanceOf(ChangeMembersResponse.class);
    group.until(() -> !list().getChanging());
  }

  private String follower() {
    return group.leader().equals("n2") ? "n3" : "n2";
  }

  // ---- stories ----

  @Test
  @DisplayName("a request that arrives late does not remove a node that has come back meanwhile")
  void lateRequestChangesNothing() {
    // Given somebody who saw these members and asked to have n4 removed, of which he heard nothing.
    create("bank", Mode.MODE_CP);
    group.join("n4");
    change(add("n4"));
    ChangeMembersRequest late =
        remove("n4").toBuilder()
            .setExpectedConfigurationIndex(list().getConfigurationIndex())
            .build();

    // When he asks again, is heard, takes n4 in again, and then the first request arrives.
    change(late);
    assertThat(members()).doesNotContain("n4");
    change(add("n4"));
    Message answer = group.ask(group.leader(), late);

    // Then it is refused, and n4 stays.
    assertThat(answer).isInstanceOf(ErrorDetail.class);
    assertThat(((ErrorDetail) answer).getMessage())
        .startsWith("The members have changed since they were listed");
    group.pass(LoneReplica.SECOND_NANOS);
    assertThat(members()).contains("n4");
  }

  @Test
  @DisplayName("a node that comes after a change to AP begins with nothing and takes all over")
  void joinsAfterABarrier() {
    create("feed", Mode.MODE_CP);
    write("n1", "feed", "old", "in the log");
    setMode("feed", Mode.MODE_AP);
    write("n2", "feed", "new", "in a quorum");

    group.join("n4");
    change(add("n4"));
    group.stop("n1");
    group.stop("n2");

    // Alone with n3 it makes no quorum of four; what it answers for level one it holds itself.
    group.pass(LoneReplica.SECOND_NANOS);
    assertThat(readAtOne("n4", "old")).isEqualTo("in the log");
    assertThat(readAtOne("n4", "new")).isEqualTo("in a quorum");
  }

  private String readAtOne(String through, String key) {
    GetResponse found =
        (GetResponse)
            group.ask(
                through,
                GetRequest.newBuilder()
                    .setKeyspace(keyspace("feed"))
                    .setKey(ByteString.copyFromUtf8(key))
                    .setLevel(Level.LEVEL_ONE)
                    .build());
    return found.getReceipt().getValue().toStringUtf8();
  }

  @Test
  @DisplayName("a keyspace that has become CP stays CP, whoever comes or goes")
  void staysCp() {
    create("feed", Mode.MODE_AP);
    write("n1", "feed", "k", "v");
    setMode("feed", Mode.MODE_CP);

    String gone = follower();
    change(remove(gone));
    write(group.leader(), "feed", "k", "through the log");

    assertThat(members()).doesNotContain(gone);
    assertThat(description(group.leader(), "feed").getMode()).isEqualTo(Mode.MODE_CP);
    assertThat(read(group.leader(), "feed", "k")).isEqualTo("through the log");
  }

  @Test
  @DisplayName("neither begins while the other is under way, and each says so")
  void excludeEachOther() {
    create("feed", Mode.MODE_AP);
    // One seal is missing for good, so the change of sides stays under way.
    String away = follower();
    group.stop(away);
    assertThat(group.ask(group.leader(), change("feed", Mode.MODE_CP)))
        .isInstanceOf(SetModeResponse.class);

    Message refused = group.ask(group.leader(), remove(away));

    assertThat(refused).isInstanceOf(ErrorDetail.class);
    assertThat(((ErrorDetail) refused).getMessage())
        .contains("feed is changing sides")
        .contains("Nothing was changed");
    assertThat(((ErrorDetail) refused).getHint()).contains("mode set feed cp --abort");

    group.ask(group.leader(), change("feed", Mode.MODE_CP).toBuilder().setAbort(true).build());
    group.join("n4");
    // It never comes up, so the change of members stays under way.
    group.stop("n4");
    assertThat(group.ask(group.leader(), add("n4"))).isInstanceOf(ChangeMembersResponse.class);

    Message other = group.ask(group.leader(), change("feed", Mode.MODE_CP));

    assertThat(other).isInstanceOf(ErrorDetail.class);
    assertThat(((ErrorDetail) other).getMessage()).contains("members").contains("being changed");
  }
}
