package io.capstan.chaos.check.claim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.chaos.check.Budget;
import io.capstan.chaos.check.Extras;
import io.capstan.chaos.check.HistoryScript;
import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.check.eventual.ReplicaStates;
import io.capstan.chaos.check.measure.FaultWindow;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A claim made from a name")
class ClaimsTest {
  private static Verdict judge(String name, Map<String, ?> settings, HistoryScript script) {
    return judge(name, settings, Evidence.of(script.history()));
  }

  private static Verdict judge(String name, Map<String, ?> settings, Evidence evidence) {
    return Claims.named(name, settings).judge(evidence, Budget.of(Duration.ofSeconds(20)));
  }

  private static HistoryScript staleRead() {
    return new HistoryScript().did(1, "write", 7).did(1, "write", 8).at(12.3).read(4, 7);
  }

  @Test
  @DisplayName("pins the operations that violate linearizability")
  void linearizable() {
    Verdict verdict = judge("linearizable", Map.of("model", "register"), staleRead());

    assertThat(verdict.isInvalid()).isTrue();
    assertThat(verdict.operations()).extracting(o -> o.f()).contains("write", "read");
    assertThat(verdict.figures()).containsEntry("operations", 3L).containsEntry("invalidKeys", 1L);
    assertThat(
            judge("linearizable", Map.of("initial", 7), new HistoryScript().read(1, 7)).isValid())
        .isTrue();
  }

  @Test
  @DisplayName("measures stale reads in versions and milliseconds, and allows what is allowed")
  void freshReads() {
    HistoryScript stale = new HistoryScript().wrote(1, 7).wrote(1, 8, 7).at(2.4).read(4, 7);

    Verdict verdict = judge("fresh-reads", Map.of(), stale);

    assertThat(verdict.why())
        .startsWith("client 4 read 7 at 2.400 s although client 1's write of 8 had been")
        .endsWith("1 version and 2000 ms behind");
    assertThat(verdict.operations()).hasSize(2);
    assertThat(verdict.figures()).containsEntry("staleReads", 1L);
    assertThat(judge("fresh-reads", Map.of("maxMillis", 2500, "maxVersions", 1), stale).isValid())
        .isTrue();
    assertThat(judge("fresh-reads", Map.of("maxMillis", 2500), stale).isInvalid()).isTrue();
  }

  @Test
  @DisplayName("is unknown where its evidence is missing, and judges what is there")
  void finalStates() {
    HistoryScript script = new HistoryScript().on("k").wrote(1, "a");
    ReplicaStates lost = ReplicaStates.of(Map.of("n1", Map.of("k", List.of()), "n2", Map.of()));
    ReplicaStates split =
        ReplicaStates.of(Map.of("n1", Map.of("k", List.of("a")), "n2", Map.of("k", List.of())));
    Evidence evidence = Evidence.of(script.history());

    assertThat(judge("nothing-lost", Map.of(), evidence).status())
        .isEqualTo(Verdict.Status.UNKNOWN);
    assertThat(judge("converged", Map.of(), evidence).status()).isEqualTo(Verdict.Status.UNKNOWN);
    assertThat(judge("nothing-lost", Map.of(), evidence.withFinalStates(lost)).isInvalid())
        .isTrue();
    assertThat(judge("nothing-lost", Map.of(), evidence.withFinalStates(split)).isValid()).isTrue();
    assertThat(judge("converged", Map.of(), evidence.withFinalStates(split)).isInvalid()).isTrue();
    assertThat(judge("converged", Map.of(), evidence.withFinalStates(lost)).isValid()).isTrue();
  }

  @Test
  @DisplayName("judges the availability of one side and measures how long a refusal takes")
  void available() {
    Map<String, Object> minority = Map.of(Extras.SIDE, "minority");
    Map<String, Object> majority = Map.of(Extras.SIDE, "majority");
    HistoryScript script = new HistoryScript().at(2).invoke(1, "write", 1, minority).at(2.7);
    script.fail(1).invoke(2, "write", 2, majority).ok(2);
    Evidence evidence =
        Evidence.of(script.history())
            .withWindow(
                new FaultWindow(500_000_000L, 1_000_000_000L, 5_000_000_000L, 5_000_000_000L));

    Verdict refused = judge("available", Map.of("side", "minority", "min", 0.5), evidence);
    Verdict served = judge("available", Map.of("side", "majority"), evidence);

    assertThat(refused.isInvalid()).isTrue();
    assertThat(refused.operations()).singleElement().extracting(o -> o.process()).isEqualTo(1L);
    assertThat((Long) refused.figures().get("refusedMaxMicros")).isBetween(699_000L, 701_000L);
    assertThat(served.isValid()).isTrue();
    assertThat(judge("available", Map.of("phase", "before"), evidence).status())
        .isEqualTo(Verdict.Status.UNKNOWN);
  }

  @Test
  @DisplayName("refuses a name, a setting and a value that it does not know")
  void refusals() {
    assertThatThrownBy(() -> Claims.named("perfect", Map.of()))
        .hasMessageContaining("linearizable");
    assertThatThrownBy(() -> Claims.named("converged", Map.of("soon", 1)))
        .hasMessageContaining("no setting 'soon'");
    assertThatThrownBy(() -> Claims.named("linearizable", Map.of("model", "heap")))
        .hasMessageContaining("cas-register");
    assertThatThrownBy(() -> Claims.named("bank-total", Map.of("accounts", 3)))
        .hasMessageContaining("needs a list as 'accounts'");
  }
}
