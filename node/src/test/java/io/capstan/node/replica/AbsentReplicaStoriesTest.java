package io.capstan.node.replica;

import static io.capstan.node.replica.LoneReplica.keyspace;
import static io.capstan.node.replica.LoneReplica.put;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.v1.CreateKeyspaceRequest;
import io.capstan.proto.v1.CreateKeyspaceResponse;
import io.capstan.proto.v1.DropKeyspaceRequest;
import io.capstan.proto.v1.DropKeyspaceResponse;
import io.capstan.proto.v1.ErrorDetail;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.GetResponse;
import io.capstan.proto.v1.KeyspaceDescription;
import io.capstan.proto.v1.KeyspaceStatus;
import io.capstan.proto.v1.PutResponse;
import io.capstan.proto.v1.SetModeRequest;
import io.capstan.proto.v1.SetModeResponse;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A replica that is away while its keyspace changes sides")
final class AbsentReplicaStoriesTest {
  private static final String NAME = "feed";

  private final ReplicaGroup group = new ReplicaGroup("n1", "n2", "n3");
  private String leader = "";
  private String away = "";

  @BeforeEach
  void create() {
    leader = group.leader();
    away = leader.equals("n3") ? "n2" : "n3";
    group.pass(10 * ReplicaGroup.MILLISECOND_NANOS);
    assertThat(
            group.ask(
                leader,
                CreateKeyspaceRequest.newBuilder()
                    .setName(NAME)
                    .setMode(Mode.MODE_AP)
                    .setMinWrites(Level.LEVEL_QUORUM)
                    .build()))
        .isInstanceOf(CreateKeyspaceResponse.class);
    group.until(() -> description(away).getMode() == Mode.MODE_AP);
    write("before", "1");
  }

  private KeyspaceDescription description(String id) {
    return group.status(id).getKeyspacesList().stream()
        .map(KeyspaceStatus::getKeyspace)
        .filter(each -> each.getName().equals(NAME))
        .findFirst()
        .orElse(KeyspaceDescription.getDefaultInstance());
  }

  private void write(String key, String value) {
    assertThat(group.ask(leader, put(NAME, key, value).build())).isInstanceOf(PutResponse.class);
  }

  private String read(String through, String key, Level level) {
    Message answer =
        group.ask(
            through,
            GetRequest.newBuilder()
                .setKeyspace(keyspace(NAME))
                .setKey(ByteString.copyFromUtf8(key))
                .setLevel(level)
                .build());
    assertThat(answer).isInstanceOf(GetResponse.class);
    return ((GetResponse) answer).getReceipt().getValue().toStringUtf8();
  }

  private void setMode(Mode mode) {
    assertThat(group.ask(leader, SetModeRequest.newBuilder().setName(NAME).setMode(mode).build()))
        .isInstanceOf(SetModeResponse.class);
    group.until(() -> description(leader).getMode() == mode && !description(leader).hasSwitch());
  }

  @Test
  @DisplayName("does not hold up the changes of a keyspace written at quorum, and finds its way")
  void throughSeveralChanges() {
    group.stop(away);
    for (int round = 1; round <= 3; round++) {
      write("in ap " + round, "a");
      setMode(Mode.MODE_CP);
      write("before", "in cp " + round);
      write("in cp " + round, "c");
      setMode(Mode.MODE_AP);
    }
    setMode(Mode.MODE_CP);

    group.start(away);
    group.until(() -> !description(leader).getSettling());

    assertThat(read(away, "before", Level.LEVEL_STALE)).isEqualTo("in cp 3");
    for (int round = 1; round <= 3; round++) {
      assertThat(read(away, "in ap " + round, Level.LEVEL_STALE)).isEqualTo("a");
      assertThat(read(away, "in cp " + round, Level.LEVEL_STALE)).isEqualTo("c");
    }
    assertThat(description(away).getEpoch()).isEqualTo(description(leader).getEpoch());
  }

  @Test
  @DisplayName("must have installed what opened before the keyspace may be dropped")
  void drop() {
    group.stop(away);
    write("k", "v");
    setMode(Mode.MODE_CP);
    DropKeyspaceRequest drop = DropKeyspaceRequest.newBuilder().setName(NAME).build();

    Message refused = group.ask(leader, drop);

    assertThat(((ErrorDetail) refused).getMessage()).contains("has yet to install");
    group.start(away);
    group.until(() -> !description(leader).getSettling());
    assertThat(group.ask(leader, drop)).isInstanceOf(DropKeyspaceResponse.class);
    group.until(() -> description(away).getName().isEmpty());
  }
}
