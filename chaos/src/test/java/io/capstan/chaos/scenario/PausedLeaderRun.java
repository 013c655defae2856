package io.capstan.chaos.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.cluster.Cluster;
import io.capstan.chaos.cluster.DirectedLink;
import io.capstan.chaos.cluster.NodeView;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
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
  /**
   * The leader no longer believes that it leads: a machine under load held it up for long enough to
   * be replaced before the links were cut. Nothing was asked of it, so nothing is shown either way.
   */
  static final class NotTheCase extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NotTheCase(String message) {
      super(message);
    }
  }

  private static final Duration CALM = Duration.ofSeconds(1);
  private static final Duration ANSWER_MAX = Duration.ofSeconds(40);

  private final Cluster cluster;
  private final CapstanScenarioClients clients;
  private final String keyspace;

  PausedLeaderRun(Cluster cluster, CapstanScenarioClients clients, String keyspace) {
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
   * @throws NotTheCase where the leader turns out to have been replaced before it was asked
   */
  LeaderFaultRun.Evidence run(long seed, boolean believes) throws InterruptedException {
    LeaderFaultRun.Evidence evidence =
        new LeaderFaultRun(cluster, clients, keyspace)
            .run(
                seed,
                CALM,
                (leader, witness) -> {
                  // Given: a leader that serves.
                  awaitTrue("a write by the leader", () -> witness.write(leader));
                  awaitTrue("a read from the leader", () -> witness.read(leader));

                  // When: it is held still, and the others elect another one and accept a write.
                  cluster.cut(linksTo(leader));
                  cluster.pause(leader);
                  String other = othersThan(leader).get(0);
                  awaitTrue("a write by another leader", () -> witness.write(other));
                },
                (leader, witness) -> {
                  // And it wakes up, is asked, and only then hears of the others.
                  cluster.resume(leader);
                  long term = believes ? leads(leader) : 0;
                  boolean ignored = witness.read(leader);
                  if (believes) {
                    assertThat(leads(leader)).as("its term once it was asked").isEqualTo(term);
                  }
                  cluster.heal();
                  awaitTrue("a read from the old leader", () -> witness.read(leader));
                });

    // Then: whoever calls this looks at what the clients were told.
    List<String> others = othersThan(evidence.oldLeader());
    assertThat(evidence.newLeader()).isIn(others);
    assertThat(evidence.okDuring(others)).isPositive();
    return evidence;
  }

  private List<String> othersThan(String node) {
    return cluster.nodeIds().stream().filter(id -> !id.equals(node)).toList();
  }

  private Set<DirectedLink> linksTo(String node) {
    return othersThan(node).stream()
        .map(other -> new DirectedLink(other, node))
        .collect(Collectors.toUnmodifiableSet());
  }

  /**
   * Returns the term in which a node leads, according to itself.
   *
   * @throws NotTheCase when it does not lead
   */
  private long leads(String node) {
    NodeView view =
        Awaitility.await(node + " answers")
            .atMost(ANSWER_MAX)
            .until(() -> cluster.views().get(node), Objects::nonNull);
    if (!view.role().equals("leader")) {
      throw new NotTheCase(node + " is " + view.role() + " in its own view");
    }
    return view.term();
  }

  private static void awaitTrue(String what, Callable<Boolean> deed) {
    Awaitility.await(what).atMost(ANSWER_MAX).until(deed);
  }
}
