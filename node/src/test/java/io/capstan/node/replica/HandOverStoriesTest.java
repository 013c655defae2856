package io.capstan.node.replica;

import static io.capstan.node.replica.LoneReplica.put;
import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.proto.v1.PutResponse;
import io.capstan.proto.v1.TransferLeadershipRequest;
import io.capstan.proto.v1.TransferLeadershipResponse;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("While a leader hands over")
final class HandOverStoriesTest {

  private final ReplicaGroup group = new ReplicaGroup("n1", "n2", "n3");

  private String follower(String leader) {
    return leader.equals("n2") ? "n3" : "n2";
  }

  private void handOver(String leader, String target) {
    assertThat(group.ask(leader, TransferLeadershipRequest.newBuilder().setTarget(target).build()))
        .isInstanceOf(TransferLeadershipResponse.class);
  }

  @Test
  @DisplayName("a write waits, and the old leader takes it when the hand-over comes to nothing")
  void aWriteOutlivesAHandOverThatFails() {
    String leader = group.leader();
    String target = follower(leader);
    group.cut(leader, target);
    handOver(leader, target);

    long put = group.call(leader, put("default", "k", "v").build(), LoneReplica.SECOND_NANOS * 10);
    assertThat(group.answer(put)).isNull();

    group.until(() -> group.answer(put) != null);
    assertThat(group.answer(put)).isInstanceOf(PutResponse.class);
    assertThat(group.leader()).isEqualTo(leader);
  }

  @Test
  @DisplayName("a write waits, and the new leader takes it")
  void aWriteGoesToTheNewLeader() {
    String leader = group.leader();
    String target = follower(leader);
    group.cut(target, leader);
    handOver(leader, target);
    long put = group.call(leader, put("default", "k", "v").build(), LoneReplica.SECOND_NANOS * 10);
    assertThat(group.answer(put)).isNull();

    group.heal();

    group.until(() -> group.answer(put) != null);
    assertThat(group.answer(put)).isInstanceOf(PutResponse.class);
    assertThat(group.leader()).isEqualTo(target);
  }

  @Test
  @DisplayName("nobody is asked again and again within one moment")
  void retriesArePaced() {
    String leader = group.leader();
    String target = follower(leader);
    group.cut(leader, target);
    handOver(leader, target);
    group.call(leader, put("default", "k", "v").build(), LoneReplica.SECOND_NANOS * 10);

    // The first look after the call may be due at once, the next one may not.
    group.pass(1);
    assertThat(group.nextTickInNanos(leader)).isGreaterThan(ReplicaGroup.MILLISECOND_NANOS);
  }
}
