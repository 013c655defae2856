package io.capstan.chaos.museum;

import static io.capstan.chaos.museum.Defect.faults;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.chaos.sim.FaultKind;
import io.capstan.chaos.sim.SeedTrial;
import io.capstan.chaos.sim.SimulationMode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("The bug museum")
final class MuseumTest {

  static List<Defect> defects() {
    List<Defect> all = new ArrayList<>(ofTheLog());
    all.addAll(LeaderlessDefects.all());
    return all;
  }

  private static List<Defect> ofTheLog() {
    return List.of(
        Defect.named(
                "vote not durable before it is given",
                20,
                faults(FaultKind.POWER_LOSS, FaultKind.ISOLATE),
                "a vote is durable before anybody hears of it",
                "a term is durable before anybody is answered in it")
            .patch(
                "raft.Voter",
                "    if (state.ballot.isDurable()) {",
                "    if (state.ballot.term() > 0) {"),
        Defect.named(
                "entries acknowledged before they are durable",
                20,
                faults(FaultKind.POWER_LOSS),
                "entries are durable before they are acknowledged",
                "what is committed is on the disks of a majority")
            .patch(
                "raft.Follower",
                "    if (log.durableIndex() >= agreedIndex) {\n      answer(success",
                "    if (log.lastIndex() >= agreedIndex) {\n      answer(success"),
        Defect.named(
                "a damaged record is skipped at the start",
                20,
                faults(FaultKind.FLIPPED_BIT),
                "leader completeness",
                "what is committed is on the disks of a majority",
                "state machine safety",
                "RaftInvariantViolation")
            .patch(
                "chaos.sim.SimulatedDisk",
                "        return record.name() + \" does not match its checksum\";",
                "        durable.log.removeIf("
                    + "e -> record.index() > 0 && e.index() >= record.index());"
                    + " seen = durable.copy(); flipped.clear(); return null;"),
        Defect.named(
                "the leader counts its own unsynced entry",
                50,
                faults(FaultKind.POWER_LOSS, FaultKind.SLOW_FSYNC),
                "what is committed is on the disks of a majority")
            .patch(
                "raft.Leader",
                "                        ? log.durableIndex()",
                "                        ? log.lastIndex()"),
        Defect.named(
                "an entry of an earlier term is committed by counting",
                100,
                faults(FaultKind.ISOLATE, FaultKind.LOSS, FaultKind.POWER_LOSS, FaultKind.CRASH),
                "a leader counts only entries of its own term",
                "leader completeness",
                "state machine safety")
            .patch(
                "raft.Leader",
                "    if (index >= noOpIndex && log.commitTo(index)) {",
                "    if (log.commitTo(index)) {"),
        Defect.named(
                "the context of a read is used again",
                2_000,
                faults(FaultKind.PAUSE, FaultKind.ISOLATE, FaultKind.CLOCK_RATE),
                "linearizable")
            .patch("raft.RaftState", "    return ++readSequence;", "    return readSequence = 1;")
            .patch(
                "raft.ReadIndexQueue",
                "          sequence > last.sequence(), \"a read round has a fresh number\"",
                "          sequence > 0, \"a read round has a fresh number\""),
        Defect.named(
                "the applied index is written before the data",
                100,
                faults(FaultKind.POWER_LOSS, FaultKind.CRASH),
                "equal state",
                "linearizable",
                "a session's write is applied once",
                "ReplicaInvariantViolation")
            .patch(
                "replica.BufferedTables",
                "  void drainTo(WriteBatch batch) {\n",
                """
                  void drainTo(WriteBatch batch) {
                    Map<ByteString, Pending> first = pending.get(Table.META);
                    if (first != null && pending.size() > 1) {
                      first.values().forEach(row -> batch.put(Table.META, row.key(), row.value()));
                      pending.remove(Table.META);
                      return;
                    }
                """),
        Defect.named(
                "a follower truncates entries that it holds already",
                50,
                faults(FaultKind.DELAY, FaultKind.DUPLICATE, FaultKind.REORDER, FaultKind.LOSS),
                "a committed entry is never truncated",
                "what is committed is on the disks of a majority",
                "entries are durable before they are acknowledged")
            .patch(
                "raft.Follower",
                "      if (log.matches(entry.index(), entry.term())) {\n        continue;",
                "      if (entry.index() > log.commitIndex()\n"
                    + "          && log.matches(entry.index(), entry.term())) {\n        continue;")
            .patch(
                "raft.RaftLog",
                "        index > commitIndex, \"a committed entry is never truncated\"",
                "        index > 0, \"a committed entry is never truncated\""),
        Defect.named(
                "pre-vote is refused for ever for a leader that stepped down",
                100,
                faults(FaultKind.ISOLATE, FaultKind.HALVES, FaultKind.CUT),
                "live in time")
            .patch(
                "raft.RaftState",
                "((leaderId != null || config.leaseReads()) &&"
                    + " timer.isLeaderContactRecent(nowNanos))",
                "leaderId != null")
            .patch(
                "raft.RaftState",
                "    leaderId = null;\n    leaveRole(Role.PRE_CANDIDATE);",
                "    leaveRole(Role.PRE_CANDIDATE);")
            .patch(
                "raft.Candidate",
                "      case WON -> state.startElection(false);\n"
                    + "      case LOST -> state.becomeFollower(state.term(), null);",
                "      case WON -> state.startElection(false);\n"
                    + "      case LOST -> state.becomeFollower(state.term(), state.leaderId());"),
        Defect.named(
                "a lease is counted from the receipt of the answer",
                3_000,
                faults(FaultKind.PAUSE, FaultKind.ISOLATE, FaultKind.HALVES),
                "linearizable")
            .patch(
                "raft.LeaderLease",
                "  void answered(long sequence) {",
                "  void answered(long sequence, long nowNanos) {")
            .patch(
                "raft.LeaderLease",
                "      startNanos = first.sentNanos();",
                "      startNanos = nowNanos;")
            .patch(
                "raft.Leader",
                "    lease.answered(answered);",
                "    lease.answered(answered, state.nowNanos());")
            .withLeaseReads(),
        Defect.named(
                "a snapshot is installed over newer state",
                1_000,
                faults(FaultKind.ISOLATE, FaultKind.DELAY, FaultKind.DUPLICATE, FaultKind.REORDER),
                "a snapshot never replaces newer state",
                "term, commit and applied index only rise")
            .patch(
                "raft.Follower",
                "    if (position.index() <= log.commitIndex()) {\n      boolean behind",
                "    if (position.index() < log.firstIndex()) {\n      boolean behind")
            .patch(
                "raft.Follower",
                "    if (position == null || position.index() <= log.commitIndex()) {",
                "    if (position == null) {")
            .patch(
                "raft.Follower",
                "    if (log.matches(position.index(), position.term())) {\n      // What came",
                "    if (position.index() > log.lastIndex() + 1_000_000) {\n      // What came")
            .patch(
                "raft.RaftLog",
                "        position.index() > commitIndex,\n        \"a snapshot",
                "        position.index() > 0,\n        \"a snapshot"),
        Defect.named(
                "a restarted follower votes at once while a lease is running",
                200,
                faults(FaultKind.CUT, FaultKind.ISOLATE, FaultKind.POWER_LOSS),
                "linearizable")
            .patch("raft.ElectionTimer", "    return !startupOver;", "    return false;")
            .patch(
                "raft.ElectionTimer",
                "    this.leaderContactNanos = nowNanos;",
                "    this.leaderContactNanos = nowNanos - timeoutNanos;")
            .withRestartsUnderALease(),
        Defect.named(
                "the session table is not in the snapshot",
                300,
                faults(
                    FaultKind.ISOLATE,
                    FaultKind.HALVES,
                    FaultKind.LOSS,
                    FaultKind.DELAY,
                    FaultKind.DUPLICATE,
                    FaultKind.REORDER),
                "a session's write is applied once",
                "equal state",
                "linearizable")
            .patch(
                "replica.StateMachine",
                "    appliedChanged = false;\n    read();",
                """
                    appliedChanged = false;
                    store.scan(
                        Table.SESSIONS,
                        new byte[] {0},
                        new byte[] {Byte.MAX_VALUE},
                        (key, value) -> {
                          tables.delete(Table.SESSIONS, key);
                          return true;
                        });
                    read();
                    sessions.clear();
                """),
        Defect.named(
                "a joint configuration is left before it is committed",
                50,
                faults(FaultKind.MEMBER_ADD, FaultKind.MEMBER_REMOVE, FaultKind.ISOLATE),
                "a configuration follows a committed one",
                "election safety",
                "what is committed is on the disks of a majority")
            .patch(
                "replica.Membership",
                "        && raft.configurationIndex() <= machine.appliedIndex()\n",
                "")
            .patch(
                "raft.MembershipChanges",
                "      return latest.isJoint() && committed\n",
                "      return latest.isJoint()\n")
            .patch(
                "raft.Leader",
                "        state.isConfigurationCommitted(),\n        \"a membership is followed",
                "        log.commitIndex() >= 0,\n        \"a membership is followed"),
        Defect.named(
                "the latest write wins and the others leave no trace",
                50,
                faults(FaultKind.ISOLATE, FaultKind.HALVES),
                "no acknowledged write is lost")
            .in(SimulationMode.AP)
            .patch("quorum.ConflictRule", "        ledger.record(key, loser, winner);\n", ""),
        Defect.named(
                "a write is earlier than what it supersedes",
                200,
                faults(FaultKind.CLOCK_JUMP, FaultKind.ISOLATE, FaultKind.HALVES),
                "the latest write wins",
                "no acknowledged write is lost",
                "nothing superseded comes back",
                "live in time")
            .in(SimulationMode.AP)
            .patch(
                "quorum.ReplicaState",
                "    return next.compareTo(newest) > 0 ? next : newest.successor();",
                "    return next;"),
        switching(
                "a sealed replica confirms writes of the epoch that it sealed",
                LOST,
                "nothing is confirmed in an epoch after its successor opened",
                "InvariantViolation")
            .patch(
                "quorum.ReplicaRole",
                "    if (state.isFrozen() && !state.reflects(received)) {",
                "    if (state.isFrozen() && received.isEmpty()) {"),
        switching(
                "acknowledgements are given and taken in any epoch",
                LOST,
                "nothing is confirmed in an epoch after its successor opened",
                "InvariantViolation")
            .patch(
                "quorum.LeaderlessKeyspace",
                "    if (message.getKeyspaceId() != record.getId()"
                    + " || message.getEpoch() != record.getEpoch()) {",
                "    if (message.getKeyspaceId() != record.getId()) {"),
        switching(
                "a seal is reported before it is durable",
                "a seal is durable before anybody is told",
                "what a replica says to hold is on its disk",
                LOST)
            .patch(
                "replica.ModeSwitching",
                "    outbox.whenDurable(\n        () -> {\n          String to = raft.leaderId();",
                "    run(\n        () -> {\n          String to = raft.leaderId();")
            .patch(
                "replica.ModeSwitching",
                "  /** What can be said now;",
                "  private static void run(Runnable action) {\n"
                    + "    action.run();\n"
                    + "  }\n\n"
                    + "  /** What can be said now;"),
        switching(
                "the seal of a replica counts that may have lost what it confirmed",
                "only the seal of a replica that has all it confirmed counts")
            .under(faults(FaultKind.LOSS, FaultKind.ISOLATE, FaultKind.CRASH, FaultKind.POWER_LOSS))
            .patch("replica.SwitchLeader", "        && !report.getRebuilding()\n", "")
            .patch(
                "replica.SwitchLeader",
                "              if (!report.getRebuilding()) {",
                "              if (report.hasClock()) {"),
        switching(
                "a majority of seals is enough although level one was allowed",
                LOST,
                "nothing is confirmed in an epoch after its successor opened")
            .patch(
                "keyspace.ModeSwitches",
                "    return Math.max(majority, replicas - confirmed + 1);",
                "    return majority;")
            .patch(
                "replica.SwitchLeader",
                "        && set.coversWrites(",
                "        || set.coversWrites("),
        switching(
                "an epoch is opened when one replica alone holds the root",
                "an opening is held by a majority",
                LOST)
            .under(
                faults(
                    FaultKind.LOSS, FaultKind.HALVES, FaultKind.SLOW_FSYNC, FaultKind.POWER_LOSS))
            .patch(
                "replica.SwitchLeader",
                "    if (root == null || agreeing.size() <= replicas / 2) {",
                "    if (root == null) {")
            .patch(
                "keyspace.ModeSwitches",
                "    if (agreeing.size() <= record.getSwitch().getReplicasCount() / 2) {",
                "    if (agreeing.isEmpty()) {"),
        switching(
                "a laggard installs the donor's later state and applies entries twice",
                "an addition counts once, whatever changes in between",
                "live in time",
                "InvariantViolation",
                // A row that is newer than its context cannot be made at all.
                "IllegalArgumentException",
                LOST)
            .patch(
                "replica.BufferedTables",
                "    if (get(kept, key) != null) {",
                "    if (key.length > 0) {")
            .patch(
                "replica.CheckpointInstall",
                "    } else if (sum.equals(wanted)) {",
                "    } else if (askNanos == nowNanos) {"),
        switching(
                "CP is served by a replica that does not hold what was opened",
                "live in time",
                "linearizable",
                "equal state",
                LOST)
            .patch(
                "replica.ModeSwitching",
                "    if (holds(record, step)) {",
                "    if (step.hasOpen()) {"),
        switching(
                "an entry of the epoch before the barrier is applied after it",
                LOST,
                "live in time",
                "an addition counts once, whatever changes in between",
                "InvariantViolation",
                "nothing is confirmed in an epoch after its successor opened")
            .patch(
                "replica.CpData",
                "    if (keyspace.getEpoch() != wanted.getEpoch()) {",
                "    if (keyspace.getEpoch() < wanted.getEpoch()) {")
            .patch(
                "replica.CpData",
                "    if (keyspace.getMode() != Mode.MODE_CP) {\n      return result",
                "    if (keyspace.getMode() == Mode.MODE_UNSPECIFIED) {\n      return result"),
        switching(
                "a retry is answered with the version of another epoch",
                "the receipt of a write names what was written")
            .patch(
                "replica.CpAnswers",
                "    long epoch = result.getEpoch() == 0 ? keyspace.getEpoch() : result.getEpoch();",
                "    long epoch = keyspace.getEpoch();"));
  }

  private static final String LOST = "every confirmed write is there in every later epoch";

  private static Defect switching(String name, String... claims) {
    return Defect.named(
            name,
            300,
            faults(
                FaultKind.ISOLATE,
                FaultKind.CUT,
                FaultKind.CLOG,
                FaultKind.DELAY,
                FaultKind.CRASH,
                FaultKind.POWER_LOSS),
            claims)
        .in(SimulationMode.SWITCH);
  }

  @ParameterizedTest
  @MethodSource("defects")
  @DisplayName("shows no defect that the simulator would not catch")
  void catches(Defect defect) throws Exception {
    LongFunction<String> trial = trial(PlantedClasses.with(defect.patches()), defect);
    Map<Long, String> caught = new LinkedHashMap<>();

    for (long seed = 1; seed <= defect.seedsMax() && caught.isEmpty(); seed++) {
      String broken = trial.apply(seed);
      if (!broken.isEmpty()) {
        caught.put(seed, broken);
      }
    }

    System.out.println(defect + ": " + caught);
    assertThat(caught).as("caught within %d seeds", defect.seedsMax()).isNotEmpty();
    assertThat(defect.claims()).contains(caught.values().iterator().next().split("\\|", 2)[0]);
  }

  @ParameterizedTest
  @MethodSource("defects")
  @DisplayName("blames nobody: without the defect the same seeds pass")
  void blamesNobody(Defect defect) throws Exception {
    LongFunction<String> trial = trial(getClass().getClassLoader(), defect);

    for (long seed = 1; seed <= Math.min(20, defect.seedsMax()); seed++) {
      assertThat(trial.apply(seed)).isEmpty();
    }
  }

  @Test
  @DisplayName("fails when a defect does not apply to the code any more")
  void noticesThatADefectIsGone() {
    Defect.Patch stale = new Defect.Patch("raft.Leader", "this text never stood there", "");

    assertThatThrownBy(() -> PlantedClasses.with(List.of(stale)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("does not apply any more");
  }

  @SuppressWarnings("unchecked")
  private static LongFunction<String> trial(ClassLoader classes, Defect defect) throws Exception {
    String faults = defect.faults().stream().map(FaultKind::label).collect(Collectors.joining(","));
    return (LongFunction<String>)
        Class.forName(SeedTrial.class.getName(), true, classes)
            .getConstructor(String.class, String.class, boolean.class, boolean.class)
            .newInstance(
                defect.mode().name(), faults, defect.leaseReads(), defect.restartsUnderALease());
  }
}
