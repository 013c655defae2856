package io.capstan.node.keyspace;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.capstan.node.version.Actor;
import io.capstan.node.version.Dot;
import io.capstan.node.version.NodeClock;
import io.capstan.proto.store.v1.AbortSwitch;
import io.capstan.proto.store.v1.BeginSwitch;
import io.capstan.proto.store.v1.CommandResult;
import io.capstan.proto.store.v1.ConvergeSwitch;
import io.capstan.proto.store.v1.KeyspaceRecord;
import io.capstan.proto.store.v1.Level;
import io.capstan.proto.store.v1.Mode;
import io.capstan.proto.store.v1.OpenSwitch;
import io.capstan.proto.store.v1.Seal;
import io.capstan.proto.store.v1.SealSwitch;
import io.capstan.proto.store.v1.SettleSwitch;
import io.capstan.proto.store.v1.SwitchCommand;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Each story is a log: one entry a second, from index 11 on. */
@DisplayName("A keyspace that changes sides")
class ModeSwitchesTest {
  private KeyspaceRecord record = ap(Level.LEVEL_QUORUM);
  private List<String> voters = List.of("n1", "n2", "n3");
  private boolean membersChanging;
  private long index = 10;

  private static KeyspaceRecord ap(Level minWrites) {
    return KeyspaceRecord.newBuilder()
        .setId(3)
        .setName("feed")
        .setMode(Mode.MODE_AP)
        .setEpoch(1)
        .setMinWrites(minWrites)
        .build();
  }

  private ModeSwitches.Outcome apply(SwitchCommand.Builder step) {
    index++;
    ModeSwitches.Outcome outcome =
        ModeSwitches.apply(
            record,
            step.setKeyspaceId(3).build(),
            new ModeSwitches.Entry(index, index * 1_000, voters, membersChanging));
    record = outcome.record();
    return outcome;
  }

  private String phase() {
    return ModeSwitches.phaseOf(record)
        + " "
        + (record.getMode() == Mode.MODE_AP ? "ap" : "cp")
        + " "
        + record.getEpoch();
  }

  private SwitchCommand.Builder begin(Mode target) {
    return SwitchCommand.newBuilder()
        .setBegin(BeginSwitch.newBuilder().setTarget(target).setRequestedBy("anna"));
  }

  private SwitchCommand.Builder step() {
    return SwitchCommand.newBuilder().setSwitchId(record.getSwitch().getId());
  }

  private SwitchCommand.Builder seal() {
    return step().setSeal(SealSwitch.getDefaultInstance());
  }

  private SwitchCommand.Builder converge(String... replicas) {
    ConvergeSwitch.Builder seals = ConvergeSwitch.newBuilder();
    for (String replica : replicas) {
      seals.addSeals(Seal.newBuilder().setReplica(replica).setClock(wrote(replica, 2).toProto()));
    }
    return step().setConverge(seals);
  }

  private SwitchCommand.Builder open(String... agreeing) {
    return step()
        .setOpen(
            OpenSwitch.newBuilder()
                .setRoot(ByteString.copyFrom(new byte[16]))
                .addAllAgreeing(List.of(agreeing)));
  }

  private SwitchCommand.Builder abort() {
    return step().setAbort(AbortSwitch.newBuilder().setReason("changed my mind"));
  }

  private static NodeClock wrote(String node, int times) {
    NodeClock clock = new NodeClock();
    for (int counter = 1; counter <= times; counter++) {
      clock.add(new Dot(new Actor(node, 7), counter));
    }
    return clock;
  }

  @Test
  @DisplayName(
      "goes to CP through prepare, seal, converge and open, and remembers how long each took")
  void toCp() {
    apply(begin(Mode.MODE_CP));
    assertThat(phase()).isEqualTo("preparing ap 1");
    apply(seal());
    assertThat(phase()).isEqualTo("sealed ap 1");
    apply(converge("n1", "n3"));
    assertThat(phase()).isEqualTo("converging ap 1");
    apply(open("n1", "n3"));

    assertThat(phase()).isEqualTo("serving cp 2");
    NodeClock join = wrote("n1", 2);
    join.join(wrote("n3", 2));
    assertThat(NodeClock.fromProto(record.getBaseClock())).isEqualTo(join);
    assertThat(record.getCheckpoint().getIndex()).isEqualTo(14);
    assertThat(record.getHistory(0).getDotsMoved()).isEqualTo(4);
    assertThat(record.getHistory(0).getRequestedBy()).isEqualTo("anna");
    assertThat(record.getHistory(0).getPhasesList())
        .extracting(phase -> phase.getPhase() + " " + phase.getMillis())
        .containsExactly("prepare 1000", "seal 1000", "converge 1000");
  }

  @Test
  @DisplayName("goes to AP with one entry, from which on its clock covers the log and has no gaps")
  void toAp() {
    toCp();

    apply(begin(Mode.MODE_AP));

    assertThat(phase()).isEqualTo("serving ap 3");
    NodeClock clock = NodeClock.fromProto(record.getBaseClock());
    assertThat(clock.baseOf(new Actor("log", 2))).isEqualTo(index);
    assertThat(clock.baseOf(new Actor("n1", 7))).isEqualTo(2);
    assertThat(ModeSwitches.lineageOf(record)).isEqualTo(3);
  }

  @Test
  @DisplayName("needs every seal where level one was allowed, and a majority otherwise")
  void sealsNeeded() {
    assertThat(ModeSwitches.sealsNeeded(Level.LEVEL_ONE, 5)).isEqualTo(5);
    assertThat(ModeSwitches.sealsNeeded(Level.LEVEL_QUORUM, 5)).isEqualTo(3);
    assertThat(ModeSwitches.sealsNeeded(Level.LEVEL_ALL, 5)).isEqualTo(3);
    assertThat(ModeSwitches.sealsNeeded(Level.LEVEL_QUORUM, 4)).isEqualTo(3);

    record = ap(Level.LEVEL_ONE);
    apply(begin(Mode.MODE_CP));
    apply(seal());
    ModeSwitches.Outcome outcome = apply(converge("n1", "n2"));

    assertThat(outcome.code()).isEqualTo(CommandResult.Code.CODE_SWITCH_REFUSED);
    assertThat(phase()).isEqualTo("sealed ap 1");
  }

  @Test
  @DisplayName("counts a replica once, and nobody who is none")
  void countsReplicasOnce() {
    apply(begin(Mode.MODE_CP));
    apply(seal());

    assertThat(apply(converge("n1", "n1", "n9")).code())
        .isEqualTo(CommandResult.Code.CODE_SWITCH_REFUSED);
  }

  @Test
  @DisplayName("does not open for a minority")
  void minorityDoesNotOpen() {
    apply(begin(Mode.MODE_CP));
    apply(seal());
    apply(converge("n1", "n2"));

    assertThat(apply(open("n1")).code()).isEqualTo(CommandResult.Code.CODE_SWITCH_REFUSED);
    assertThat(phase()).isEqualTo("converging ap 1");
  }

  @Test
  @DisplayName("given up before the seal it is as it was; after it, it goes on two epochs later")
  void abort_() {
    apply(begin(Mode.MODE_CP));
    apply(abort());
    assertThat(phase()).isEqualTo("serving ap 1");

    apply(begin(Mode.MODE_CP));
    apply(seal());
    apply(converge("n1", "n2"));
    apply(abort());
    assertThat(phase()).isEqualTo("serving ap 3");
    assertThat(ModeSwitches.lineageOf(record)).isEqualTo(1);
    assertThat(record.getHistory(1).getAborted()).isEqualTo("changed my mind");
  }

  @Test
  @DisplayName("takes every step once: late and repeated ones change nothing")
  void stepsAreIdempotent() {
    apply(begin(Mode.MODE_CP));
    SwitchCommand.Builder sealAgain = seal();
    SwitchCommand.Builder openLate = open("n1", "n2", "n3");
    apply(begin(Mode.MODE_CP));
    apply(seal());
    apply(sealAgain);
    assertThat(phase()).isEqualTo("sealed ap 1");

    apply(abort());
    assertThat(apply(openLate).code()).isEqualTo(CommandResult.Code.CODE_SWITCH_OVER);
    assertThat(phase()).isEqualTo("serving ap 3");
  }

  @Test
  @DisplayName("refuses to turn round half-way, and to begin while members change")
  void refusals() {
    apply(begin(Mode.MODE_CP));
    assertThat(apply(begin(Mode.MODE_AP)).code()).isEqualTo(CommandResult.Code.CODE_SWITCH_REFUSED);

    record = ap(Level.LEVEL_QUORUM);
    membersChanging = true;
    assertThat(apply(begin(Mode.MODE_CP)).code()).isEqualTo(CommandResult.Code.CODE_SWITCH_REFUSED);
  }

  @Test
  @DisplayName("ends where the members have changed under way")
  void membersChange() {
    apply(begin(Mode.MODE_CP));
    apply(seal());
    voters = List.of("n1", "n2", "n4");
    apply(converge("n1", "n2"));

    assertThat(phase()).isEqualTo("serving ap 3");
    assertThat(record.getHistory(0).getAborted()).contains("members");
  }

  @Test
  @DisplayName("keeps so many openings for a replica that is away; the next seal waits for it")
  void keepsOpenings() {
    toAp();
    for (int kept = 1; kept < ModeSwitches.CHECKPOINTS_MAX; kept++) {
      apply(begin(Mode.MODE_CP));
      apply(seal());
      apply(converge("n1", "n2"));
      apply(open("n1", "n2"));
      apply(begin(Mode.MODE_AP));
    }
    List<Long> openings = ModeSwitches.openingsKept(record);
    assertThat(openings).hasSize(ModeSwitches.CHECKPOINTS_MAX).isSorted();

    apply(begin(Mode.MODE_CP));
    assertThat(apply(seal()).code()).isEqualTo(CommandResult.Code.CODE_SWITCH_REFUSED);

    apply(settle(openings.get(1)));
    assertThat(ModeSwitches.openingsKept(record)).isEqualTo(openings.subList(2, openings.size()));
    apply(seal());
    assertThat(phase()).startsWith("sealed");
    apply(settle(openings.get(openings.size() - 1)));
    assertThat(ModeSwitches.openingsKept(record)).isEmpty();
  }

  private static SwitchCommand.Builder settle(long switchId) {
    return SwitchCommand.newBuilder()
        .setSwitchId(switchId)
        .setSettle(SettleSwitch.getDefaultInstance());
  }

  @Test
  @DisplayName("remembers a bounded number of changes")
  void historyIsBounded() {
    for (int i = 0; i < 2 * ModeSwitches.HISTORY_MAX; i++) {
      apply(begin(Mode.MODE_CP));
      apply(abort());
    }

    assertThat(record.getHistoryCount()).isEqualTo(ModeSwitches.HISTORY_MAX);
  }
}
