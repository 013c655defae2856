package io.capstan.chaos.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.cluster.ContainerCluster;
import io.capstan.chaos.cluster.DirectedLink;
import io.capstan.chaos.cluster.DockerImages;
import io.capstan.chaos.cluster.NodeView;
import io.capstan.chaos.cluster.RequiresDocker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A leader that is held still while the others replace it, and wakes up at the worst moment: before
 * a word of the others reaches it, while it still believes that it leads.
 *
 * <p>By itself such a moment is a matter of luck, and mostly over in a millisecond. Two things make
 * it one that comes every time. The links to the leader are cut before it is held still, and carry
 * again once it has been asked. And the leader has a longer election timeout than the others:
 * otherwise it would notice at its next tick that it has not heard of a majority for too long, and
 * step down, whatever it does about reads.
 */
@RequiresDocker
@DisplayName("A paused leader")
class PausedLeaderIT {
  private static final long SEED = 7;
  private static final Duration CALM = Duration.ofSeconds(1);
  private static final Duration LINKS_MAX = Duration.ofSeconds(40);
  private static final Duration ANSWER_MAX = Duration.ofSeconds(20);

  /** The others replace their leader after one to two of these. */
  private static final int QUICK_ELECTION_TIMEOUT_MILLIS = 1_500;

  /** From the cut until the leader has been asked, 6 to 8 s pass. */
  private static final int PATIENT_ELECTION_TIMEOUT_MILLIS = 15_000;

  @TempDir Path folder;

  @Test
  @DisplayName("that wakes up serves nothing stale")
  void servesNothingStale() throws Exception {
    assertNothingStale(runWithPausedLeader(DockerImages.current()));
  }

  @Test
  @DisplayName("that answers reads without asking a majority is caught by that very test")
  void withoutReadIndexIsCaught() throws Exception {
    String defective =
        DockerImages.withDefect(
            "io/capstan/node/raft/Leader.java",
            "return reads.add(requestId);",
            "state.outbox.confirmRead(new ReadState(requestId, log.commitIndex())); return true;",
            folder);
    try {
      LeaderFaultRun.Evidence evidence = runWithPausedLeader(defective);

      assertThat(evidence.linearizable().status()).isEqualTo(Verdict.Status.INVALID);
      assertThatThrownBy(() -> assertNothingStale(evidence)).isInstanceOf(AssertionError.class);
    } finally {
      DockerImages.remove(defective);
    }
  }

  private static void assertNothingStale(LeaderFaultRun.Evidence evidence) {
    assertThat(evidence.linearizable()).matches(Verdict::isValid, "linearizable");
    assertThat(evidence.totalHolds()).matches(Verdict::isValid, "the total of the bank holds");
  }

  private static LeaderFaultRun.Evidence runWithPausedLeader(String image) throws Exception {
    try (ContainerCluster cluster =
            ContainerCluster.start(3, image, id -> settings(PATIENT_ELECTION_TIMEOUT_MILLIS));
        CapstanScenarioClients clients = new CapstanScenarioClients(cluster)) {
      // Given: a patient leader, followers that are quick to replace it, and clients at work.
      String leader = cluster.leader().orElseThrow();
      List<String> others = cluster.nodeIds().stream().filter(id -> !id.equals(leader)).toList();
      Set<DirectedLink> linksToLeader =
          others.stream()
              .map(other -> new DirectedLink(other, leader))
              .collect(Collectors.toUnmodifiableSet());
      for (String other : others) {
        cluster.configure(other, settings(QUICK_ELECTION_TIMEOUT_MILLIS));
        cluster.restart(other);
      }
      cluster.awaitReady(LINKS_MAX);
      cluster.awaitLinks(LINKS_MAX);
      long term = requireLeads(cluster, leader).term();

      LeaderFaultRun.Evidence evidence =
          new LeaderFaultRun(cluster, clients, "bank")
              .run(
                  SEED,
                  CALM,
                  (paused, witness) -> {
                    // When: it is held still, and the others elect another one and accept a write.
                    assertThat(paused).isEqualTo(leader);
                    awaitTrue("a write by the leader", () -> witness.write(leader));
                    assertThat(witness.read(leader)).as("a read from the leader").isTrue();
                    cluster.cut(linksToLeader);
                    cluster.pause(leader);
                    awaitTrue("a write by another leader", () -> witness.write(others.get(0)));
                  },
                  (paused, witness) -> {
                    // And it wakes up, is asked while it believes that it leads, and learns better.
                    cluster.resume(leader);
                    assertThat(requireLeads(cluster, leader).term()).isEqualTo(term);
                    boolean ignored = witness.read(leader);
                    assertThat(requireLeads(cluster, leader).term())
                        .as("the term of the old leader once it was asked")
                        .isEqualTo(term);
                    cluster.heal();
                    awaitTrue("a read from the old leader", () -> witness.read(leader));
                  });

      // Then: whoever calls this looks at what the clients were told.
      assertThat(evidence.oldLeader()).isEqualTo(leader);
      assertThat(evidence.newLeader()).isIn(others);
      assertThat(evidence.okDuring(others)).isPositive();
      return evidence;
    }
  }

  private static NodeView requireLeads(ContainerCluster cluster, String node) {
    NodeView view = cluster.views().get(node);
    assertThat(view).as("what %s says about itself", node).isNotNull();
    assertThat(view.role()).as("the role of %s, in its own view", node).isEqualTo("leader");
    return view;
  }

  private static void awaitTrue(String what, Callable<Boolean> deed) {
    Awaitility.await(what).atMost(ANSWER_MAX).until(deed);
  }

  private static Map<String, ?> settings(int electionTimeoutMillis) {
    return Map.of(
        "electionTimeoutMillis", electionTimeoutMillis,
        "heartbeatIntervalMillis", 200,
        "peerSilentMillis", 1_500);
  }
}
