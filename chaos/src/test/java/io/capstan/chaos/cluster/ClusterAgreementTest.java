package io.capstan.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ClusterAgreementTest {
  private static final List<String> ALL = List.of("n1", "n2", "n3");
  private static final DirectedLink N1_TO_N2 = new DirectedLink("n1", "n2");

  private final Map<String, NodeView> views = new LinkedHashMap<>();

  private void says(String id, String role, String leader, String... hears) {
    views.put(id, new NodeView(id, role, 1, leader, 0, 0, List.of(hears)));
  }

  @Test
  void everybodyHearsEverybodyThroughOpenLinks() {
    says("n1", "leader", "n1", "n2", "n3");
    says("n2", "follower", "n1", "n1", "n3");
    says("n3", "follower", "n1", "n1", "n2");

    assertThat(ClusterAgreement.linksMissing(ALL, views, Set.of())).isEmpty();
    assertThat(ClusterAgreement.readinessMissing(ALL, views)).isEmpty();
  }

  @Test
  void aCutLinkSilencesItsSpeakerForItsListenerOnly() {
    says("n1", "leader", "n1", "n2", "n3");
    says("n2", "follower", "n1", "n3");
    says("n3", "follower", "n1", "n1", "n2");

    assertThat(ClusterAgreement.linksMissing(ALL, views, Set.of(N1_TO_N2))).isEmpty();
    assertThat(ClusterAgreement.linksMissing(ALL, views, Set.of()))
        .isEqualTo("n2 does not hear n1 yet");
    assertThat(ClusterAgreement.linksMissing(ALL, views, Set.of(N1_TO_N2.reversed())))
        .isEqualTo("n2 does not hear n1 yet; n1 still hears n2");
  }

  @Test
  void aNodeThatDoesNotAnswerIsLeftOut() {
    says("n1", "leader", "n1", "n2");
    says("n2", "follower", "n1", "n1");

    assertThat(ClusterAgreement.linksMissing(ALL, views, Set.of())).isEmpty();
    assertThat(ClusterAgreement.readinessMissing(ALL, views)).isEqualTo("n3 does not answer yet");
  }

  @Test
  void aLeaderThatHasJustDiedIsNoLeader() {
    says("n2", "follower", "n1", "n3");
    says("n3", "follower", "n1", "n2");

    assertThat(ClusterAgreement.readinessMissing(List.of("n2", "n3"), views))
        .isEqualTo("the nodes name n1, which does not lead");
  }

  @Test
  void nodesThatNameSeveralLeadersOrNoneAreNotReady() {
    says("n1", "leader", "n1");
    says("n2", "candidate", "");

    assertThat(ClusterAgreement.readinessMissing(List.of("n1", "n2"), views))
        .isEqualTo("the nodes do not agree on a leader yet (they name n1, none)");

    says("n1", "candidate", "");
    assertThat(ClusterAgreement.readinessMissing(List.of("n1", "n2"), views))
        .isEqualTo("no node knows a leader yet");
  }
}
