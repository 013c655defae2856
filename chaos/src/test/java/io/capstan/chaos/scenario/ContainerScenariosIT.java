package io.capstan.chaos.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.cluster.DirectedLink;
import io.capstan.chaos.cluster.LinkMode;
import io.capstan.chaos.cluster.NodeState;
import io.capstan.chaos.cluster.NodeView;
import io.capstan.chaos.cluster.RequiresDocker;
import io.capstan.chaos.junit.CapstanCluster;
import io.capstan.chaos.junit.CapstanCluster.NodesAs;
import io.capstan.chaos.junit.TestCluster;
import io.capstan.chaos.report.ScenarioResult;
import io.capstan.chaos.report.ScenarioResult.RunResult;
import io.capstan.chaos.workload.BankWorkload;
import io.capstan.chaos.workload.KeyspaceClient;
import io.capstan.client.Level;
import io.capstan.client.Mode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the demo shows, on containers whose links are cut by their packet filters, both ways and one
 * way; a leader that dies, and one that is held still.
 */
@RequiresDocker
@CapstanCluster(
    nodes = 3,
    nodesAs = NodesAs.CONTAINERS,
    // Elections are quick, but not so quick that a busy machine has some without a cause.
    settings = {
      "electionTimeoutMillis=2000",
      "heartbeatIntervalMillis=200",
      "peerSilentMillis=1500",
      "antiEntropyIntervalMillis=300"
    },
    startTimeoutMillis = 120_000)
@DisplayName("Three nodes in containers")
class ContainerScenariosIT {
  private static final long SEED = 7;
  private static final Duration CALM = Duration.ofSeconds(2);
  private static final Duration LINKS_MAX = Duration.ofSeconds(40);
  private static final Duration CHECK_BUDGET = Duration.ofSeconds(60);
  private static final SplitSettings SPLIT =
      new SplitSettings(
          SEED, Duration.ofSeconds(32), 2, Duration.ofMillis(80), Duration.ofSeconds(1));

  /** The keyspaces of the split scenario, and those of the others. */
  private static final String BANK = "bank";

  private static final String FEED = "feed";
  private static final String BANK_OF_KILL = "bank-of-kill";
  private static final String BANK_OF_PAUSE = "bank-of-pause";

  private static CapstanScenarioClients clients;

  @TempDir Path folder;

  @BeforeAll
  static void openClients(TestCluster cluster) {
    clients = new CapstanScenarioClients(cluster.cluster());
  }

  @AfterAll
  static void closeClients() {
    if (clients != null) {
      clients.close();
    }
  }

  @Test
  @DisplayName("split: the minority refuses in CP, both sides serve in AP, nothing is lost")
  void split(TestCluster cluster) throws Exception {
    // Given and when: the leader is cut off from the others for a while, under load.
    SplitEvidence evidence =
        new SplitScenario(cluster.cluster(), clients, SPLIT, new RunProgress())
            .run(folder.resolve("faults.jsonl"));
    cluster.cluster().awaitLinks(LINKS_MAX);
    ScenarioResult result = new SplitJudge(CHECK_BUDGET).judge(evidence, "docker", "");

    // Then: in CP the majority elects and serves, the minority refuses, and no read was wrong.
    RunResult bank = result.runs().get(0);
    assertThat(evidence.minority()).hasSize(1);
    assertThat(evidence.newLeader()).isNotEmpty().isNotIn(evidence.minority());
    assertThat(bank.consistency().linearizable()).as("%s", bank).isEqualTo(true);
    assertThat(bank.availability().during().minority()).isZero();
    assertThat(bank.availability().during().majority()).isGreaterThan(0.5);
    assertThat(bank.consistency().recoveredAfterHealMillis()).as("%s", bank).isNotNull();
    assertThat(bank.claims())
        .as("%s", bank)
        .filteredOn(claim -> claim.claim().equals(SplitClaims.TOTAL))
        .allSatisfy(claim -> assertThat(claim.verdict()).isEqualTo("valid"));
    assertEqualEverywhere(cluster, BANK);

    // And in AP both sides serve, they collide, and after the heal all is there, everywhere.
    RunResult feed = result.runs().get(1);
    assertThat(feed.availability().during().minority()).as("%s", feed).isGreaterThan(0.9);
    assertThat(feed.availability().during().majority()).as("%s", feed).isGreaterThan(0.9);
    assertThat(feed.consistency().siblingsSeen()).isPositive();
    assertThat(feed.consistency().lostWrites()).as("%s", feed).isZero();
    assertThat(feed.consistency().convergedAfterHealMillis()).as("%s", feed).isNotNull();
    assertThat(evidence.finalContents().agree()).isTrue();
  }

  private static void assertEqualEverywhere(TestCluster cluster, String keyspace) {
    BankWorkload bank = new BankWorkload(keyspace);
    List<KeyspaceClient> readers =
        cluster.nodes().stream()
            .map(node -> clients.open(node, bank.keyspace(), Level.STALE))
            .toList();
    Awaitility.await("every replica of the bank holds the same")
        .atMost(LINKS_MAX)
        .until(() -> ReplicaContents.read(readers, bank.keys(), Duration.ofSeconds(1)).agree());
  }

  @Test
  @DisplayName("one-way: what is cut in one direction still flows in the other")
  void oneWay(TestCluster cluster) {
    // Followers have nothing to say to each other while all they hold is CP.
    clients.createKeyspace(FEED, Mode.AP, LINKS_MAX);

    // Each of these returns only once attempts to connect and the nodes themselves show it.
    cluster.partition("n1>n2");
    awaitHears(cluster, "n2", "n3");
    awaitHears(cluster, "n1", "n2", "n3");

    cluster.heal();
    awaitHears(cluster, "n2", "n1", "n3");
  }

  @Test
  @DisplayName("links of a node that is held still are cut, and opened, by the time it goes on")
  void linksOfAPausedNode(TestCluster cluster) {
    clients.createKeyspace(FEED, Mode.AP, LINKS_MAX);

    // Given a node that is held still, in whose container nothing can be done.
    cluster.pause("n2");

    // When a link to it is cut, nothing can show it yet. Once it goes on:
    cluster.cluster().partition("n1>n2");
    cluster.resume("n2");
    cluster.cluster().awaitLinks(LINKS_MAX);
    awaitHears(cluster, "n2", "n3");

    // And the other way round.
    cluster.pause("n2");
    cluster.cluster().setLinks(Set.of(new DirectedLink("n1", "n2")), LinkMode.OPEN);
    cluster.resume("n2");
    cluster.cluster().awaitLinks(LINKS_MAX);
    awaitHears(cluster, "n2", "n1", "n3");
  }

  private static void awaitHears(TestCluster cluster, String listener, String... speakers) {
    Awaitility.await()
        .atMost(LINKS_MAX)
        .untilAsserted(
            () -> {
              Map<String, NodeView> views = cluster.cluster().views();
              assertThat(views).containsKey(listener);
              assertThat(views.get(listener).hears()).containsExactlyInAnyOrder(speakers);
            });
  }

  @Test
  @DisplayName("leader-kill: the others elect and serve, and what was acknowledged is there")
  void leaderKill(TestCluster cluster) throws Exception {
    LeaderFaultRun.Evidence evidence =
        new LeaderFaultRun(cluster.cluster(), clients, BANK_OF_KILL)
            .run(
                SEED,
                CALM,
                (leader, witness) -> {
                  cluster.kill(leader);
                  assertThat(cluster.cluster().state(leader)).isEqualTo(NodeState.KILLED);
                },
                (leader, witness) -> cluster.start(leader));

    assertThat(evidence.okDuring(cluster.others(evidence.oldLeader()))).isPositive();
    assertThat(evidence.linearizable()).matches(Verdict::isValid);
    assertThat(evidence.totalHolds()).matches(Verdict::isValid);
    assertEqualEverywhere(cluster, BANK_OF_KILL);
  }

  @Test
  @DisplayName("pause-leader: a leader that wakes up serves nothing stale")
  void pauseLeader(TestCluster cluster) throws Exception {
    PausedLeaderRun.assertNothingStale(
        new PausedLeaderRun(cluster.cluster(), clients, BANK_OF_PAUSE).run(SEED, false));

    assertEqualEverywhere(cluster, BANK_OF_PAUSE);
  }
}
