package io.capstan.chaos.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.Outcome;
import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.check.eventual.BankTotalsChecker;
import io.capstan.chaos.check.linear.LinearizabilityChecker;
import io.capstan.chaos.check.linear.RegisterModel;
import io.capstan.chaos.cluster.NodeCommand;
import io.capstan.chaos.cluster.ProcessCluster;
import io.capstan.chaos.cluster.SpareNodes;
import io.capstan.chaos.junit.CapstanCluster.NodesAs;
import io.capstan.chaos.junit.TestCluster;
import io.capstan.chaos.workload.KeyspaceClient;
import io.capstan.client.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Real processes that die without warning. Runs when it is asked for, since a machine with few
 * processors spends minutes on starting them: {@code -Dcapstan.chaos.killSeconds=120} is the long
 * run; {@code -Dcapstan.chaos.killSeed} chooses whom it hits.
 */
@DisplayName("Five processes under kill -9")
@Timeout(900)
@EnabledIfSystemProperty(named = "capstan.chaos.killSeconds", matches = "[0-9]+")
class KillNineChaosIT {
  private static final Duration KILLING =
      Duration.ofSeconds(Long.getLong("capstan.chaos.killSeconds", 15));

  private static final long SEED = Long.getLong("capstan.chaos.killSeed", 9);
  private static final Duration START_MAX = Duration.ofSeconds(120);
  private static final Duration CHECK_BUDGET = Duration.ofSeconds(120);
  private static final Duration READ_TIMEOUT = Duration.ofSeconds(10);

  /**
   * A short log, so that whoever comes back, and the new node, may need a snapshot; and patience,
   * since processes that start all the time keep the others from the processor.
   */
  private static final Map<String, ?> SETTINGS =
      Map.of(
          "snapshotEntries", 200,
          "snapshotEntriesKept", 20,
          "electionTimeoutMillis", 1_000,
          "heartbeatIntervalMillis", 150);

  /** So many processes wait to become a node. */
  private static final int SPARES = Integer.getInteger("capstan.chaos.spares", 30);

  @TempDir private Path folder;

  @Test
  @DisplayName("stay linearizable and lose nothing while a member is replaced")
  void loseNothing() throws Exception {
    NodeCommand command = LaunchedNodes.command();
    try (SpareNodes spares = new SpareNodes(LaunchedNodes.spareCommand(command), folder, SPARES);
        TestCluster given =
            TestCluster.builder()
                .nodes(5)
                .nodesAs(NodesAs.PROCESSES)
                .settings(SETTINGS)
                .command(command)
                .starter(spares)
                .startTimeout(START_MAX)
                .start()) {
      ProcessCluster cluster = (ProcessCluster) given.cluster();
      spares.awaitFull();

      // When nodes are killed every second, and n6 takes the place of one of them.
      KillNineRun.Evidence evidence = new KillNineRun(cluster, SEED).run(KILLING);

      // Then the replacement came through, nobody was spared, and something happened for the rest
      // to mean something: how much is for whoever reads the figures, since it is the machine's
      // affair.
      assertThat(evidence.members())
          .hasSize(5)
          .contains(evidence.added())
          .doesNotContain(evidence.removed());
      assertThat(evidence.kills()).isGreaterThanOrEqualTo(evidence.attempts() - 1);
      assertThat(evidence.kept().keys(Outcome.OK)).isNotEmpty();

      // And no client saw anything that one correct register would not have shown.
      Verdict linearizable =
          new LinearizabilityChecker()
              .check(
                  BankJudge.registers(evidence.history()),
                  RegisterModel.casRegister(null),
                  Budget.of(CHECK_BUDGET))
              .verdict();
      Verdict total =
          BankTotalsChecker.check(
                  evidence.history(), evidence.bank().accounts(), evidence.bank().total(), false)
              .verdict();
      System.out.println(figures(evidence, spares, linearizable, total));
      assertThat(linearizable).matches(Verdict::isValid);
      assertThat(total).matches(Verdict::isValid);

      // And every acknowledged write is there, on every node, and all of them hold the same.
      try (CapstanScenarioClients clients = new CapstanScenarioClients(cluster)) {
        for (String node : evidence.members()) {
          KeyspaceClient reader = clients.open(node, KillNineRun.KEYSPACE, Level.LINEARIZABLE);
          assertThat(evidence.kept().broken(evidence.kept().read(reader, READ_TIMEOUT)))
              .as("reads through %s", node)
              .isEmpty();
        }
        List<KeyspaceClient> replicas =
            evidence.members().stream()
                .map(node -> clients.open(node, KillNineRun.KEYSPACE, Level.STALE))
                .toList();
        assertThat(replicas.stream().map(each -> evidence.kept().read(each, READ_TIMEOUT)))
            .as("what each replica holds")
            .allMatch(evidence.kept().read(replicas.get(0), READ_TIMEOUT)::equals);
        assertThat(ReplicaContents.read(replicas, evidence.bank().keys(), READ_TIMEOUT).agree())
            .isTrue();
      }
    }
  }

  private static String figures(
      KillNineRun.Evidence evidence, SpareNodes spares, Verdict linearizable, Verdict total) {
    return "kill -9 for %d s, seed %d: %s; %d attempts at one a second, %d kills, %d of a node that was starting, %d that left no majority, %d processes that were ready and %d that were forked, %d elections, %s replaced by %s within %d ms, %s; kept writes: %d acknowledged, %d refused, %d unknown; at worst %d ms without an answer; %s; %s"
        .formatted(
            evidence.killing().toSeconds(),
            SEED,
            evidence.history().counts(),
            evidence.attempts(),
            evidence.kills(),
            evidence.killsWhileStarting(),
            evidence.killsWithoutMajority(),
            spares.taken(),
            spares.forked(),
            evidence.elections(),
            evidence.removed(),
            evidence.added(),
            evidence.replacing().toMillis(),
            evidence.replacedMeanwhile()
                ? "while nodes were killed"
                : "only after the killing was over",
            evidence.kept().keys(Outcome.OK).size(),
            evidence.kept().keys(Outcome.FAILED).size(),
            evidence.kept().keys(Outcome.UNKNOWN).size(),
            evidence.longestUnserved().toMillis(),
            linearizable,
            total);
  }
}
