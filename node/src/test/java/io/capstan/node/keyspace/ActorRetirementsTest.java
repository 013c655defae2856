package io.capstan.node.keyspace;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.node.version.Actor;
import io.capstan.node.version.Dot;
import io.capstan.node.version.NodeClock;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.ModeSwitch;
import io.capstan.proto.store.v1.RetireActorsCommand;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("That actors write no more")
class ActorRetirementsTest {

  private static final KeyspaceRecord FEED =
      KeyspaceRecord.newBuilder()
          .setId(7)
          .setName("feed")
          .setMode(Mode.MODE_AP)
          .setEpoch(1)
          .build();

  private static Actor actor(int number) {
    return new Actor("n" + number, number);
  }

  private static RetireActorsCommand retire(long lineage, int... actors) {
    NodeClock held = new NodeClock();
    for (int actor : actors) {
      held.add(new Dot(actor(actor), 1));
      held.add(new Dot(actor(actor), 4));
    }
    return RetireActorsCommand.newBuilder()
        .setKeyspaceId(7)
        .setLineage(lineage)
        .addAllHeld(held.toProto().getEntriesList())
        .build();
  }

  @Test
  @DisplayName("is noted with what they leave behind, and what is lost is counted")
  void noted() {
    KeyspaceRecord after = ActorRetirements.apply(FEED, retire(1, 2, 3));

    assertThat(after.getLostDots()).isEqualTo(4);
    NodeClock clock = ActorRetirements.clockOf(after.getRetiredList());
    assertThat(clock.isGap(new Dot(actor(2), 2))).isTrue();
    assertThat(clock.isGap(new Dot(actor(2), 4))).isFalse();
    assertThat(clock.isGap(new Dot(actor(2), 5))).as("nobody ever wrote it").isFalse();
  }

  @Test
  @DisplayName("is decided once")
  void decidedOnce() {
    KeyspaceRecord once = ActorRetirements.apply(FEED, retire(1, 2));

    assertThat(ActorRetirements.apply(once, retire(1, 2))).isSameAs(once);
    assertThat(ActorRetirements.apply(once, retire(1, 2, 3)).getLostDots()).isEqualTo(4);
  }

  @Test
  @DisplayName("is not decided in another lineage, during a change of sides, or under the log")
  void notDecided() {
    KeyspaceRecord later = FEED.toBuilder().setEpoch(3).setLineage(3).build();
    KeyspaceRecord changing = FEED.toBuilder().setSwitch(ModeSwitch.newBuilder().setId(9)).build();
    KeyspaceRecord cp = FEED.toBuilder().setMode(Mode.MODE_CP).build();

    assertThat(ActorRetirements.apply(later, retire(1, 2))).isSameAs(later);
    assertThat(ActorRetirements.apply(changing, retire(1, 2))).isSameAs(changing);
    assertThat(ActorRetirements.apply(cp, retire(1, 2))).isSameAs(cp);
  }

  @Test
  @DisplayName("is remembered of the latest ones, and counted of all")
  void bounded() {
    KeyspaceRecord record = FEED;
    for (int i = 1; i <= ActorRetirements.RETIRED_MAX + 5; i++) {
      record = ActorRetirements.apply(record, retire(1, i));
    }

    assertThat(record.getRetiredCount()).isEqualTo(ActorRetirements.RETIRED_MAX);
    assertThat(record.getRetired(0).getActor().getName()).isEqualTo("n6");
    assertThat(record.getLostDots()).isEqualTo(2L * (ActorRetirements.RETIRED_MAX + 5));
  }
}
