package io.capstan.chaos.museum;

import static io.capstan.chaos.museum.Defect.faults;

import io.capstan.chaos.sim.FaultKind;
import io.capstan.chaos.sim.SimulationMode;
import java.util.List;
import java.util.Set;

/** The exhibits of the leaderless mode. */
final class LeaderlessDefects {
  private static final String LOST = "no acknowledged write is lost";
  private static final String BACK = "nothing superseded comes back";
  private static final String QUORUM = "quorum reads see what a quorum confirmed or showed";
  private static final String STAYS =
      "what a quorum has confirmed is on a quorum of those who stay";
  private static final String LIVE = "live in time";

  private LeaderlessDefects() {}

  static List<Defect> all() {
    return List.of(
        leaderless(
                "an actor is used again after its disk is lost",
                50,
                faults(FaultKind.DISK_LOSS),
                "InvariantViolation",
                LOST,
                LIVE)
            .patch(
                "quorum.QuorumConfig",
                "    return new Actor(nodeId, incarnation);",
                "    return new Actor(nodeId, 1);"),
        leaderless(
                "what is handed over replaces what it meets",
                50,
                faults(FaultKind.ISOLATE, FaultKind.HALVES),
                LOST,
                BACK,
                QUORUM,
                "a write that is repeated counts once",
                "replicas with equal clocks hold equal rows",
                "InvariantViolation",
                LIVE)
            .patch(
                "quorum.ReplicaState",
                "rule.settle(key, held.join(received))",
                "rule.settle(key, received)"),
        leaderless(
                "one operation counts twice that two coordinators took",
                200,
                faults(FaultKind.ISOLATE, FaultKind.HALVES, FaultKind.DELAY),
                "a counter is exact")
            .patch(
                "type.Counters",
                "(counted.add(operation) && !operations.isMarked(sibling))",
                "(counted.add(operation) || !operations.isMarked(sibling))"),
        leaderless(
                "a row forgets which operation it replaced",
                50,
                faults(FaultKind.ISOLATE, FaultKind.HALVES, FaultKind.DELAY),
                "a write that is repeated counts once")
            .patch(
                "version.SupersededOperations",
                "    if (more.isEmpty()) {\n      return this;",
                "    if (more.size() >= 0) {\n      return this;"),
        leaderless(
                "a clock is written before the data that it counts",
                100,
                faults(FaultKind.POWER_LOSS, FaultKind.SLOW_FSYNC, FaultKind.CRASH),
                "InvariantViolation",
                "a set is exact",
                "a counter is exact",
                "replicas with equal clocks hold equal rows",
                LOST,
                LIVE)
            .patch(
                "replica.BufferedTables",
                "  void drainTo(WriteBatch batch) {\n",
                """
                  void drainTo(WriteBatch batch) {
                    for (Table table : List.copyOf(pending.keySet())) {
                      if (table.kind() == Table.Kind.CLOCK) {
                        Map<ByteString, Pending> clock = pending.remove(table);
                        clock.values().forEach(write -> batch.put(table, write.key(), write.value()));
                        rows -= clock.size();
                        return;
                      }
                    }
                """),
        leaderless(
                "a quorum read answers before it has repaired",
                300,
                faults(FaultKind.LOSS),
                QUORUM,
                // An answer that goes too early does not keep a second one from going.
                "a call is answered once")
            .withLeaseReads()
            .patch(
                "quorum.ReadCoordinator",
                "          beginRepair();\n        }\n      }\n",
                "          repairing = true;\n"
                    + "          pending.close(this);\n"
                    + "          answer();\n"
                    + "        }\n"
                    + "      }\n"),
        leaderless(
                "a replica counts in quorums of reads before it has taken over",
                300,
                faults(FaultKind.MEMBER_REPLACE, FaultKind.CLOG),
                QUORUM,
                STAYS,
                "a session reads its own writes, and never goes back",
                LOST,
                BACK)
            .patch(
                "replica.Membership",
                "        && apKeyspaces.changeWaitsFor().isEmpty()) {",
                "        && apKeyspaces.changeWaitsFor() != null) {")
            .patch(
                "quorum.Rebuilding",
                "              .setComplete(!begins || sources().isEmpty())",
                "              .setComplete(true)"),
        leaderless(
                "two of three hold a write, and one of these is removed",
                2_000,
                faults(
                    FaultKind.MEMBER_REMOVE,
                    FaultKind.ONE_WAY_CUT,
                    FaultKind.CLOG,
                    FaultKind.LOSS,
                    FaultKind.DELAY),
                STAYS,
                QUORUM,
                LOST)
            .patch("quorum.ChangeProgress", "quorumLeft() >= needed) {", "quorumLeft() >= 0) {"),
        leaderless(
                "tombstones leave before every replica has seen them",
                300,
                faults(FaultKind.ISOLATE, FaultKind.HALVES, FaultKind.CUT),
                BACK,
                "a counter is exact",
                "a write that is repeated counts once",
                "replicas with equal clocks hold equal rows",
                LIVE)
            .patch(
                "quorum.Stability",
                "      base = Math.min(base, peer.confirmed == null ? 0 :"
                    + " peer.confirmed.baseOf(actor));",
                "      base = Math.min(base, own.baseOf(actor));")
            .patch(
                "quorum.Stability",
                "      if (peer.confirmed == null || !peer.confirmed.contains(dot)) {",
                "      if (peer.confirmed == null) {")
            .patch(
                "quorum.ReplicaState",
                "    DottedVersionVectorSet held = read(key);\n    if (frozen) {",
                "    DottedVersionVectorSet held =\n"
                    + "        tables.read(key) == null ? DottedVersionVectorSet.EMPTY :"
                    + " read(key);\n"
                    + "    if (frozen) {")
            .patch(
                "quorum.ReplicaState",
                "whole.withoutMissing(held, dot -> wasHere(key, dot));",
                "whole.withoutMissing(held, dot -> !held.isEmpty() && wasHere(key, dot));"),
        leaderless(
                "a version vector without dots",
                100,
                faults(FaultKind.DELAY, FaultKind.ISOLATE),
                "a write with a context supersedes what that covers, and nothing else")
            .patch(
                "version.DottedVersionVectorSet",
                "      more.add(siblings.get(at++));\n    }\n    more.add(sibling);",
                "      if (!siblings.get(at).dot().actor().equals(sibling.dot().actor())) {\n"
                    + "        more.add(siblings.get(at));\n"
                    + "      }\n"
                    + "      at++;\n"
                    + "    }\n"
                    + "    more.add(sibling);"));
  }

  private static Defect leaderless(
      String name, int seedsMax, Set<FaultKind> kinds, String... claims) {
    return Defect.named(name, seedsMax, kinds, claims).in(SimulationMode.AP);
  }
}
