package io.capstan.chaos.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.cluster.ContainerCluster;
import io.capstan.chaos.cluster.DirectedLink;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;

/**
 * A leader that is held still while the others replace it, and wakes up at the worst moment: before
 * a word of the others reaches it.
 *
 * <p>By itself such a moment is a matter of luck, and over in a millisecond. So the links to the
 * leader are cut before it is held still, and carry again only once it has been asked.
 */
final class PausedLeaderRun {
  private static final Duration CALM = Duration.ofSeconds(1);
  private static final Duration ANSWER_MAX = Duration.ofSeconds(40);

  private final ContainerCluster cluster;
  private final CapstanScenarioClients clients;
  private final String keyspace;

  PausedLeaderRun(ContainerCluster cluster, CapstanScenarioClients clients, String keyspace) {
    this.cluster = cluster;
    this.clients = clients;
    this.keyspace = keyspace;
  }

  static void assertNothingStale(LeaderFaultRun.Evidence evidence) {
    assertThat(evidence.linearizable()).matches(Verdict::isValid, "linearizable");
    assertThat(evidence.totalHolds()).matches(Verdict::isValid, "the total of the bank holds");
  }

  /**
   * Runs it, with clients at work all the time.
   *
   * @param believes whether the nodes are such that the leader still believes that it leads when it
   *     wakes up; then it is looked up before and after the question
   */
  LeaderFaultRun.Evidence run(long seed, boolean believes) throws InterruptedException {
    // Given: a leader that serves.
    String leader = cluster.leader().orElseThrow();
    List<String> others = cluster.nodeIds().stream().filter(id -> !id.equals(leader)).toList();
    Set<DirectedLink> linksToLeader =
        others.stream()
            .map(other -> new DirectedLink(other, leader))
            .collect(Collectors.toUnmodifiableSet());

    LeaderFaultRun.Evidence evidence =
        new LeaderFaultRun(cluster, clients, keyspace)
            .run(
                seed,
                CALM,
                (paused, witness) -> {
                  // When: it is held still, and the others elect another one and accept a write.
                  assertThat(paused).isEqualTo(leader);
                  awaitTrue("a write by the leader", () -> witness.write(leader));
                  awaitTrue("a read from the leader", () -> witness.read(leader));
                  cluster.cut(linksToLeader);
                  cluster.pause(leader);
                  awaitTrue("a write by another leader", () -> witness.write(others.get(0)));
                },
                (paused, witness) -> {
                  // And it wakes up, is asked, and only then hears of the others.
                  cluster.resume(leader);
                  long term = believes ? awaitLeads(leader) : 0;
                  boolean ignored = witness.read(leader);
                  if (believes) {
                    assertThat(awaitLeads(leader)).as("its term once it was asked").isEqualTo(term);
                  }
                  cluster.heal();
                  awaitTrue("a read from the old leader", () -> witness.read(leader));
                });

    // Then: whoever calls this looks at what the clients were told.
    assertThat(evidence.oldLeader()).isEqualTo(leader);
    assertThat(evidence.newLeader()).isIn(others);
    assertThat(evidence.okDuring(others)).isPositive();
    return evidence;
  }

  /** Returns the term in which a node leads, according to itself. */
  private long awaitLeads(String node) {
    return Awaitility.await(node + " answers")
        .atMost(ANSWER_MAX)
        .until(
            () -> cluster.views().get(node),
            view -> {
              if (view != null) {
                assertThat(view.role())
                    .as("the role of %s, in its own view", node)
                    .isEqualTo("leader");
              }
              return view != null;
            })
        .term();
  }

  private static void awaitTrue(String what, Callable<Boolean> deed) {
    Awaitility.await(what).atMost(ANSWER_MAX).until(deed);
  }
}
