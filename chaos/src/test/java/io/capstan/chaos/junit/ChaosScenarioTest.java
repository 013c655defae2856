package io.capstan.chaos.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.report.ScenarioResult;
import io.capstan.chaos.report.ScenarioResult.FaultResult;
import io.capstan.chaos.report.ScenarioResult.RunResult;
import io.capstan.client.CapstanClient;
import io.capstan.client.Level;
import io.capstan.client.Mode;
import io.capstan.client.Outcome;
import io.capstan.client.Put;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** Scenarios of the library, and one beside this class, on a cluster that all tests share. */
@Timeout(400)
@CapstanCluster(
    nodes = 3,
    settings = {"electionTimeoutMillis=1500", "peerSilentMillis=1500"})
@DisplayName("A test with a scenario")
class ChaosScenarioTest {

  @Test
  @ChaosScenario(
      value = "split.yaml",
      durationMillis = 10_000,
      claims = {"linearizable", "bank-total"})
  @DisplayName("feels its faults, and its own clients get what CP and AP promise")
  void feelsItsFaults(TestCluster cluster, TestScenario scenario) {
    // Given a client at every node, and the leader cut off.
    List<CapstanClient> clients = cluster.nodes().stream().map(cluster::client).toList();
    scenario.awaitFault();
    assertThat(cluster.cluster().cutLinks()).isNotEmpty();

    // Then AP takes writes on both sides.
    for (CapstanClient client : clients) {
      Put put = Put.of("mine", "v").keyspace(scenario.keyspace(Mode.AP)).level(Level.ONE);
      assertThat(client.blocking().put(put).outcome()).isEqualTo(Outcome.OK);
    }

    // And the scenario itself ends well, with everything healed and written down.
    ScenarioResult result = scenario.result();
    assertThat(result.faults()).extracting(FaultResult::name).containsExactly("partition");
    assertThat(result.runs()).extracting(RunResult::mode).containsExactly("cp", "ap");
    assertThat(scenario.history(Mode.CP).operations()).hasSizeGreaterThan(100);
    assertThat(scenario.folder().resolve("report.html")).isNotEmptyFile();
    assertThat(cluster.cluster().cutLinks()).isEmpty();
  }

  @Test
  @ChaosScenario(
      value = "leader-kill",
      modes = Mode.CP,
      durationMillis = 8_000,
      claims = "serializable")
  @DisplayName("may be the scenario alone")
  void alone() {}

  @Test
  @ChaosScenario(value = "slow-links.yaml", modes = Mode.AP, claims = "elements-kept")
  @DisplayName("has a scenario of its own beside the class, and keyspaces of its own")
  void ofItsOwn(TestScenario scenario) {
    assertThat(scenario.keyspace(Mode.AP)).startsWith("feed-ap");
    assertThat(scenario.result().scenario()).isEqualTo("slow-links");
    assertThat(scenario.result().nodes()).isEqualTo(3);
  }

  @Test
  @ChaosScenario(
      value = "lww-discards",
      modes = Mode.AP,
      durationMillis = 8_000,
      expect = Verdict.Status.INVALID)
  @DisplayName("may expect a claim to be violated, and sees by which operations")
  void wrongOnPurpose(TestScenario scenario) {
    RunResult run = scenario.result().runs().get(0);
    assertThat(run.claims())
        .filteredOn(claim -> claim.judged().isInvalid())
        .singleElement()
        .satisfies(claim -> assertThat(claim.judged().operations()).isNotEmpty());
  }

  /** Not run by itself: see {@link #failures}. */
  @CapstanCluster(nodes = 3)
  static class Failing {
    @Test
    @ChaosScenario(value = "lww-discards", modes = Mode.AP, durationMillis = 6_000)
    void violated() {}

    @Test
    @ChaosScenario(value = "split", durationMillis = 600_000)
    void failedByItself(TestScenario scenario) {
      throw new AssertionError("the test's own failure");
    }

    @Test
    @ChaosScenario("pause")
    void impossibleHere() {
      throw new AssertionError("nodes inside a JVM were paused");
    }

    @Test
    @ChaosScenario(value = "split", claims = "unique")
    void notClaimed() {
      throw new AssertionError("a claim was checked that the scenario does not make");
    }

    @Test
    @ChaosScenario("splot.yaml")
    void unknown() {
      throw new AssertionError("a scenario ran that does not exist");
    }
  }

  @Test
  @DisplayName("fails for a claim that does not hold, and for a scenario that cannot be run here")
  void failures() {
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(DiscoverySelectors.selectClass(Failing.class))
            .build();
    LauncherFactory.create().execute(request, listener);

    assertThat(listener.getSummary().getTestsFailedCount()).isEqualTo(5);
    assertThat(failure(listener, "violated"))
        .contains("the scenario lww-discards is invalid, expected was valid")
        .contains("acknowledged writes were dropped")
        .contains("report.html")
        .contains("capstan chaos run lww-discards --mode ap --substrate process");
    assertThat(failure(listener, "failedByItself")).isEqualTo("the test's own failure");
    assertThat(failure(listener, "impossibleHere"))
        .contains("needs pause, which this cluster cannot do; nodesAs = PROCESSES can do more");
    assertThat(failure(listener, "notClaimed")).contains("does not claim \"unique\"; it claims ");
    assertThat(failure(listener, "unknown")).contains("\"splot.yaml\" is neither");
  }

  private static String failure(SummaryGeneratingListener listener, String test) {
    return listener.getSummary().getFailures().stream()
        .filter(each -> each.getTestIdentifier().getDisplayName().startsWith(test))
        .map(each -> String.valueOf(each.getException().getMessage()))
        .findFirst()
        .orElse("no failure of " + test);
  }
}
