package io.capstan.node.raft;

import static io.capstan.node.raft.SimulatedCluster.MILLI;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/**
 * Whole groups under random faults; safety is checked at each step, liveness after everything is
 * healed.
 */
class RaftSimulationTest {
  private static final int SEEDS = Integer.getInteger("raft.seeds", 250);
  private static final long SEED_FIRST = Long.getLong("raft.seed", 1);
  private static final long FAULTS_MILLIS = 5_000;
  private static final long RECOVERY_MILLIS = 4_000;

  @Test
  void noSeedBreaksSafetyAndEveryGroupRecoversAfterTheHeal() {
    long committed = 0;
    long elections = 0;
    long reads = 0;
    long installs = 0;
    long memberships = 0;
    for (long seed = SEED_FIRST; seed < SEED_FIRST + SEEDS; seed++) {
      SimulatedCluster cluster = run(seed);
      committed += cluster.checker.committedIndex();
      elections += cluster.checker.elections();
      reads += cluster.reads();
      installs += cluster.installs();
      memberships += cluster.memberships();
    }
    assertThat(installs).as("snapshots installed").isGreaterThan(SEEDS / 10);
    assertThat(memberships).as("configurations applied").isGreaterThan(SEEDS);
    // A simulation in which nothing happens proves nothing.
    assertThat(committed).as("entries committed").isGreaterThan(50L * SEEDS);
    assertThat(elections).as("terms with a leader").isGreaterThan(2L * SEEDS);
    assertThat(reads).as("reads confirmed").isGreaterThan(20L * SEEDS);
  }

  @Test
  void theSameSeedGivesTheSameOutputs() {
    assertThat(run(7).trace()).isEqualTo(run(7).trace()).isNotEqualTo(run(8).trace());
  }

  private static SimulatedCluster run(long seed) {
    SimulatedCluster cluster =
        new SimulatedCluster(seed % 10 == 0 ? 1 : 3 + 2 * (int) (seed % 2), seed);
    try {
      scheduleClients(cluster, seed);
      scheduleFaults(cluster);
      cluster.runUntil(FAULTS_MILLIS * MILLI);
      long committedBefore = cluster.checker.committedIndex();
      cluster.healAll();
      cluster.runUntil((FAULTS_MILLIS + RECOVERY_MILLIS) * MILLI);
      assertThat(cluster.checker.committedIndex()).as("commits").isGreaterThan(committedBefore);
      checkLive(cluster);
      return cluster;
    } catch (RuntimeException | AssertionError failure) {
      throw new AssertionError(
          "seed "
              + seed
              + " fails at "
              + cluster.nowNanos() / MILLI
              + " ms; run it alone with"
              + " -Draft.seed="
              + seed
              + " -Draft.seeds=1",
          failure);
    }
  }

  private static void scheduleClients(SimulatedCluster cluster, long seed) {
    long[] operation = {0};
    Runnable[] next = new Runnable[1];
    next[0] =
        () -> {
          for (int i = cluster.random.nextInt(4); i >= 0; i--) {
            SimulatedCluster.Node node = cluster.randomNode();
            if (cluster.isRunning(node)) {
              operation[0]++;
              node.propose((seed + ":" + operation[0]).getBytes(StandardCharsets.UTF_8));
              node.read(operation[0]);
            }
          }
          cluster.schedule(cluster.random.nextLong(30 * MILLI), next[0]);
        };
    next[0].run();
  }

  private static void scheduleFaults(SimulatedCluster cluster) {
    Runnable[] next = new Runnable[1];
    next[0] =
        () -> {
          if (cluster.nowNanos() >= FAULTS_MILLIS * MILLI) {
            return;
          }
          SimulatedCluster.Node node = cluster.randomNode();
          if (cluster.random.nextInt(3) == 0) {
            cluster.compact(node);
          }
          if (cluster.random.nextInt(3) == 0) {
            cluster.reorganise();
          }
          switch (cluster.random.nextInt(8)) {
            case 0 -> cluster.cutLinks(cluster.random.nextDouble());
            case 1 -> cluster.isolate(node);
            case 2, 3 -> cluster.healLinks();
            case 4, 5 -> cluster.pause(node, cluster.random.nextLong(1_000 * MILLI));
            default -> {
              if (cluster.isRunning(node)) {
                cluster.crash(node);
                cluster.schedule(
                    cluster.random.nextLong(cluster.random.nextBoolean() ? MILLI : 600 * MILLI),
                    () -> {
                      if (cluster.nodes().contains(node) && !node.alive()) {
                        cluster.restart(node);
                      }
                    });
              }
            }
          }
          cluster.schedule(cluster.random.nextLong(500 * MILLI), next[0]);
        };
    cluster.schedule(700 * MILLI, next[0]);
  }

  private static void checkLive(SimulatedCluster cluster) {
    assertThat(cluster.nodes()).filteredOn(node -> node.raft.role() == Role.LEADER).hasSize(1);
    SimulatedCluster.Node leader =
        cluster.nodes().stream()
            .filter(node -> node.raft.role() == Role.LEADER)
            .findFirst()
            .orElseThrow();
    long lastIndex = leader.raft.lastIndex();
    cluster.runUntil(cluster.nowNanos() + 500 * MILLI);
    assertThat(cluster.nodes())
        .filteredOn(node -> leader.raft.configuration().isMember(node.id))
        .allSatisfy(
            node -> {
              assertThat(node.raft.leaderId()).isEqualTo(leader.id);
              assertThat(node.appliedIndex)
                  .as(
                      "applied by %s, leader %s, %s",
                      node.id, leader.raft.status(), node.raft.status())
                  .isGreaterThanOrEqualTo(lastIndex);
            });
  }
}
