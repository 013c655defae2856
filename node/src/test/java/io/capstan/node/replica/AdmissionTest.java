package io.capstan.node.replica;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Who is listened to")
class AdmissionTest {
  private static final long CLUSTER = 77;

  private static Effect.Peers with(Effect.Peer other) {
    return new Effect.Peers(true, CLUSTER, 0, "", List.of(other), List.of());
  }

  @Test
  @DisplayName("a member of which no incarnation is known yet: whoever speaks for it")
  void first() {
    Effect.Peers peers = with(new Effect.Peer("n2", "n2:7200", "", 0));

    assertThat(peers.admission("n2", 5)).isEqualTo(Effect.Admission.ADMITTED);
  }

  @Test
  @DisplayName(
      "a member that came back: not what it was before it was removed, but whoever it is now")
  void former() {
    Effect.Peers peers = with(new Effect.Peer("n2", "n2:7200", "", 0, List.of(5L)));

    assertThat(peers.admission("n2", 5)).isEqualTo(Effect.Admission.OTHER_INCARNATION);
    assertThat(peers.admission("n2", 6)).isEqualTo(Effect.Admission.ADMITTED);
  }

  @Test
  @DisplayName("a member whose incarnation the log names: no other one")
  void named() {
    Effect.Peers peers = with(new Effect.Peer("n2", "n2:7200", "", 6, List.of(5L)));

    assertThat(peers.admission("n2", 6)).isEqualTo(Effect.Admission.ADMITTED);
    assertThat(peers.admission("n2", 7)).isEqualTo(Effect.Admission.OTHER_INCARNATION);
  }
}
