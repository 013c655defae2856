package io.capstan.node.replica;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.node.version.RowHash;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.ModeSwitch;
import io.capstan.proto.store.v1.OpenSwitch;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The installation of what a keyspace opened with")
final class CheckpointInstallTest {
  private static final long PATIENCE_NANOS = 300_000_000L;

  private static List<String> asked(CheckpointInstall install, int times) {
    List<String> asked = new ArrayList<>();
    for (int i = 0; i < times; i++) {
      asked.add(install.ask(i * PATIENCE_NANOS));
      install.next();
    }
    return asked;
  }

  private static CheckpointInstall install(List<String> agreed, Set<String> members) {
    return new CheckpointInstall(
        KeyspaceRecord.newBuilder().setId(5).setSwitch(ModeSwitch.newBuilder().setId(9)).build(),
        OpenSwitch.newBuilder().setRoot(RowHash.ZERO.toBytes()).addAllAgreeing(agreed).build(),
        "n3",
        () -> members,
        new BufferedTables(new MemoryStore()),
        0);
  }

  @Test
  @DisplayName("asks those who agreed, and then whoever came for one of them that has left")
  void asksMembersToo() {
    assertThat(asked(install(List.of("n1", "n2"), Set.of("n3", "n4")), 4))
        .containsExactly("n1", "n2", "n4", "n1");
  }

  @Test
  @DisplayName("asks nobody where there is nobody but itself")
  void asksNobody() {
    assertThat(asked(install(List.of("n3"), Set.of("n3")), 2)).containsOnlyNulls();
  }
}
