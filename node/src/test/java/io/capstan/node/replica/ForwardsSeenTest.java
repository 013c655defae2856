package io.capstan.node.replica;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.proto.peer.v1.Forward;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A call that another node forwards")
class ForwardsSeenTest {

  private final ForwardsSeen seen = new ForwardsSeen();

  private static Forward forward(long senderRun, long forwardId) {
    return Forward.newBuilder().setSenderRun(senderRun).setForwardId(forwardId).build();
  }

  @Test
  @DisplayName("is taken once, however often the message arrives")
  void once() {
    assertThat(seen.isNew("n2", forward(7, 1))).isTrue();
    assertThat(seen.isNew("n2", forward(7, 1))).isFalse();
    assertThat(seen.isNew("n2", forward(7, 2))).isTrue();
    assertThat(seen.isNew("n2", forward(7, 1))).isFalse();
  }

  @Test
  @DisplayName("is told apart by who forwards it, and by the run of its process")
  void ofWhom() {
    assertThat(seen.isNew("n2", forward(7, 1))).isTrue();
    assertThat(seen.isNew("n3", forward(7, 1))).isTrue();
    assertThat(seen.isNew("n2", forward(8, 1))).isTrue();
  }

  @Test
  @DisplayName("may be overtaken by as many as the window holds")
  void overtaken() {
    assertThat(seen.isNew("n2", forward(7, 5_000))).isTrue();
    assertThat(seen.isNew("n2", forward(7, 5_001 - ForwardsSeen.WINDOW))).isTrue();
    assertThat(seen.isNew("n2", forward(7, 5_001 - ForwardsSeen.WINDOW))).isFalse();
    assertThat(seen.isNew("n2", forward(7, 5_000 - ForwardsSeen.WINDOW))).isFalse();
    assertThat(seen.isNew("n2", forward(7, 4_999))).isTrue();
    assertThat(seen.isNew("n2", forward(7, 5_000))).isFalse();
    assertThat(seen.isNew("n2", forward(7, 5_001))).isTrue();
    assertThat(seen.isNew("n2", forward(7, 50_000))).isTrue();
    assertThat(seen.isNew("n2", forward(7, 49_999))).isTrue();
    assertThat(seen.isNew("n2", forward(7, 5_001))).isFalse();
  }

  @Test
  @DisplayName("is remembered of a bounded number of nodes")
  void bounded() {
    assertThat(seen.isNew("first", forward(7, 1))).isTrue();
    for (int i = 0; i < ForwardsSeen.SENDERS_MAX; i++) {
      assertThat(seen.isNew("m" + i, forward(7, 1))).isTrue();
    }
    assertThat(seen.isNew("first", forward(7, 1))).isTrue();
  }
}
