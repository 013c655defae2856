package io.capstan.chaos.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.junit.CapstanCluster;
import io.capstan.chaos.junit.CapstanCluster.NodesAs;
import io.capstan.chaos.junit.TestCluster;
import io.capstan.client.CapstanClient;
import io.capstan.client.Mode;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Real processes that are killed while a keyspace changes sides: {@code
 * -Dcapstan.chaos.switches=20} is the long run; {@code -Dcapstan.chaos.killSeed} chooses whom it
 * hits, and when.
 */
@DisplayName("Changes of sides on five processes, with a kill -9 in each")
@Timeout(1_500)
class SwitchesUnderKillNineIT {
  private static final int SWITCHES = Integer.getInteger("capstan.chaos.switches", 4);
  private static final long SEED = Long.getLong("capstan.chaos.killSeed", 9);

  /** Patience in elections: a process that starts keeps the others from the processor. */
  @Test
  @CapstanCluster(
      nodes = 5,
      nodesAs = NodesAs.PROCESSES,
      settings = {"electionTimeoutMillis=1000", "heartbeatIntervalMillis=150"},
      configuredBy = LaunchedNodes.class,
      startTimeoutMillis = 120_000)
  @DisplayName("lose no acknowledged write")
  void loseNothing(TestCluster cluster) throws Exception {
    SwitchesUnderKillNine run = new SwitchesUnderKillNine(cluster, SEED);

    // When a keyspace goes to CP and back under constant load, a process killed each time.
    run.run(SWITCHES);
    System.out.println("kill -9 in changes of sides, seed " + SEED + ": " + run);

    // Then clients were served between any two changes, and kills came in time to matter.
    assertThat(run.acknowledgedBySwitch()).hasSize(SWITCHES);
    for (int i = 1; i < SWITCHES; i++) {
      assertThat(run.acknowledgedBySwitch().get(i))
          .isGreaterThan(run.acknowledgedBySwitch().get(i - 1));
    }
    assertThat(run.killsBeforeTheEnd()).isPositive();

    // And every acknowledged addition is there, and no refused one; on the other side as well.
    assertThat(run.broken()).isEmpty();
    toTheOtherSide(cluster);
    assertThat(run.broken()).isEmpty();
  }

  private static void toTheOtherSide(TestCluster cluster) {
    CapstanClient client = cluster.client();
    String name = SwitchesUnderKillNine.KEYSPACE;
    Mode target = client.blocking().describe(name).mode() == Mode.AP ? Mode.CP : Mode.AP;
    client.blocking().setMode(name, target, "kill -9 run");
    Awaitility.await(name + " is " + target)
        .atMost(Duration.ofSeconds(60))
        .until(
            () ->
                client.blocking().describe(name).mode() == target
                    && client.blocking().describe(name).phase().equals("serving"));
  }
}
