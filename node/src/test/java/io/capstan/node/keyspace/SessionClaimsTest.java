package io.capstan.node.keyspace;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.capstan.node.version.Actor;
import io.capstan.node.version.Dot;
import io.capstan.node.version.NodeClock;
import io.capstan.proto.store.v1.BeginSwitch;
import io.capstan.proto.store.v1.ConvergeSwitch;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.OpenSwitch;
import io.capstan.proto.store.v1.RetireActorsCommand;
import io.capstan.proto.store.v1.Seal;
import io.capstan.proto.store.v1.SealSwitch;
import io.capstan.proto.store.v1.SessionClaim;
import io.capstan.proto.store.v1.SwitchCommand;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Each story is a log; its writer n3 wrote 1 to 4, and loses its disk. */
@DisplayName("What a session saw before its keyspace changed sides")
class SessionClaimsTest {
  private static final List<String> VOTERS = List.of("n1", "n2");
  private static final Actor N3 = new Actor("n3", 7);

  private KeyspaceRecord record =
      KeyspaceRecord.newBuilder()
          .setId(3)
          .setName("feed")
          .setMode(Mode.MODE_AP)
          .setEpoch(1)
          .setMinWrites(Level.LEVEL_ONE)
          .build();
  private long index = 10;

  private static NodeClock wrote(long... counters) {
    NodeClock clock = new NodeClock();
    for (long counter : counters) {
      clock.add(new Dot(N3, counter));
    }
    return clock;
  }

  private void apply(SwitchCommand.Builder step) {
    index++;
    ModeSwitches.Outcome outcome =
        ModeSwitches.apply(
            record,
            step.setKeyspaceId(3).setSwitchId(record.getSwitch().getId()).build(),
            new ModeSwitches.Entry(index, index * 1_000, VOTERS, false));
    record = outcome.record();
  }

  private void retire(NodeClock held) {
    record =
        ActorRetirements.apply(
            record,
            RetireActorsCommand.newBuilder()
                .setKeyspaceId(3)
                .setLineage(ModeSwitches.lineageOf(record))
                .addAllHeld(held.toProto().getEntriesList())
                .build());
  }

  private void toCp(NodeClock sealed) {
    apply(begin(Mode.MODE_CP));
    apply(SwitchCommand.newBuilder().setSeal(SealSwitch.getDefaultInstance()));
    ConvergeSwitch.Builder seals = ConvergeSwitch.newBuilder();
    for (String voter : VOTERS) {
      seals.addSeals(Seal.newBuilder().setReplica(voter).setClock(sealed.toProto()));
    }
    apply(SwitchCommand.newBuilder().setConverge(seals));
    apply(
        SwitchCommand.newBuilder()
            .setOpen(
                OpenSwitch.newBuilder()
                    .setRoot(ByteString.copyFrom(new byte[16]))
                    .addAllAgreeing(VOTERS)));
    assertThat(record.getMode()).isEqualTo(Mode.MODE_CP);
  }

  private void toAp() {
    apply(begin(Mode.MODE_AP));
    assertThat(record.getMode()).isEqualTo(Mode.MODE_AP);
  }

  private static SwitchCommand.Builder begin(Mode target) {
    return SwitchCommand.newBuilder().setBegin(BeginSwitch.newBuilder().setTarget(target));
  }

  /** The counters that the answer to a session which saw 1 to 4 in epoch 1 names as left behind. */
  private List<Long> leftBehind() {
    SessionClaim.Builder claim = SessionClaim.newBuilder().setEpoch(1);
    for (long counter = 1; counter <= 4; counter++) {
      claim.addDots(new Dot(N3, counter).toProto());
    }
    return SessionClaims.leftBehind(claim.build(), record).stream()
        .map(io.capstan.proto.store.v1.Dot::getCounter)
        .toList();
  }

  @Test
  @DisplayName("is named where no seal had it, in CP and in the AP that follows")
  void noSealHadIt() {
    toCp(wrote(1, 2));
    assertThat(leftBehind()).containsExactly(3L, 4L);

    toAp();
    assertThat(leftBehind()).containsExactly(3L, 4L);
  }

  @Test
  @DisplayName("is named where the log had declared it lost, though every seal accounts for it")
  void declaredLost() {
    retire(wrote(1, 4));
    // Each replica took the lost ones into its clock.
    toCp(wrote(1, 2, 3, 4));
    assertThat(leftBehind()).containsExactly(2L, 3L);
    assertThat(NodeClock.fromProto(record.getBaseClock()))
        .as("the data that open account for it")
        .isEqualTo(wrote(1, 2, 3, 4));

    toAp();
    assertThat(leftBehind()).containsExactly(2L, 3L);
  }

  @Test
  @DisplayName("is there where it was sealed, also beyond what was retired")
  void sealed() {
    retire(wrote(1, 3));
    toCp(wrote(1, 2, 3, 4));

    assertThat(leftBehind()).containsExactly(2L);
  }
}
