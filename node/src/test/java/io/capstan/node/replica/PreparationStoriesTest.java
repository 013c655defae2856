package io.capstan.node.replica;

import static io.capstan.node.replica.LoneReplica.keyspace;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.v1.CreateKeyspaceRequest;
import io.capstan.proto.v1.CreateKeyspaceResponse;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.GetResponse;
import io.capstan.proto.v1.KeyspaceStatus;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.PutResponse;
import io.capstan.proto.v1.SetModeRequest;
import io.capstan.proto.v1.SetModeResponse;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A change to CP, before anything is sealed,")
final class PreparationStoriesTest {
  private static final String NAME = "feed";
  private static final List<String> NODES = List.of("n1", "n2", "n3");
  private static final int MORE_THAN_MAY_WAIT = (int) SwitchLeader.PREPARED_HINTS_MAX + 10;

  private final ReplicaGroup group = new ReplicaGroup("n1", "n2", "n3");
  private String leader = "";

  @BeforeEach
  void create() {
    leader = group.leader();
    group.pass(10 * ReplicaGroup.MILLISECOND_NANOS);
    assertThat(
            group.ask(
                leader,
                CreateKeyspaceRequest.newBuilder()
                    .setName(NAME)
                    .setMode(Mode.MODE_AP)
                    .setMinWrites(Level.LEVEL_ONE)
                    .build()))
        .isInstanceOf(CreateKeyspaceResponse.class);
    group.until(() -> NODES.stream().allMatch(id -> status(id).getKeyspace().getId() != 0));
  }

  private KeyspaceStatus status(String id) {
    return group.status(id).getKeyspacesList().stream()
        .filter(each -> each.getKeyspace().getName().equals(NAME))
        .findFirst()
        .orElse(KeyspaceStatus.getDefaultInstance());
  }

  private void write(String through, String key) {
    Message answer =
        group.ask(
            through,
            PutRequest.newBuilder()
                .setKeyspace(keyspace(NAME))
                .setKey(ByteString.copyFromUtf8(key))
                .setValue(ByteString.copyFromUtf8("v"))
                .setLevel(Level.LEVEL_ONE)
                .build());
    assertThat(answer).isInstanceOf(PutResponse.class);
  }

  private boolean holds(String id, String key) {
    Message answer =
        group.ask(
            id,
            GetRequest.newBuilder()
                .setKeyspace(keyspace(NAME))
                .setKey(ByteString.copyFromUtf8(key))
                .setLevel(Level.LEVEL_STALE)
                .build());
    return answer instanceof GetResponse get && get.getReceipt().getFound();
  }

  @Test
  @DisplayName("waits until writes are handed over to peers in reach, says so, and then goes on")
  void waitsForHints() {
    group.losing(
        message -> message.getQuorum().hasReplicate() || message.getQuorum().hasMissingDots());
    for (int i = 0; i < MORE_THAN_MAY_WAIT; i++) {
      write(leader, "k" + i);
    }
    group.until(() -> status(leader).getHintsWaiting() >= MORE_THAN_MAY_WAIT);

    assertThat(
            group.ask(
                leader, SetModeRequest.newBuilder().setName(NAME).setMode(Mode.MODE_CP).build()))
        .isInstanceOf(SetModeResponse.class);

    for (int i = 0; i < 20; i++) {
      group.pass(LoneReplica.SECOND_NANOS / 2);
      assertThat(status(leader).getKeyspace().getPhase()).isEqualTo("preparing");
    }
    assertThat(String.join("; ", status(leader).getSwitchWaitsForList()))
        .contains("needs 3 seals of 3 because writes at level one were allowed")
        .contains(leader + " has ")
        .contains("writes to hand over");

    group.losing(message -> false);
    group.until(
        () ->
            NODES.stream()
                .allMatch(
                    id ->
                        status(id).getKeyspace().getMode() == Mode.MODE_CP
                            && !status(id).getKeyspace().getSettling()));
    for (String node : NODES) {
      for (int i = 0; i < MORE_THAN_MAY_WAIT; i++) {
        assertThat(holds(node, "k" + i)).as("k" + i + " on " + node).isTrue();
      }
    }
  }
}
