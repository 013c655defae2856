package io.capstan.chaos.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.cluster.DirectedLink;
import io.capstan.chaos.fault.FaultCrew.LinkChange;
import io.capstan.chaos.fault.FaultInForce;
import io.capstan.chaos.fault.FaultType;
import io.capstan.chaos.fault.PlannedFault;
import io.capstan.chaos.fault.Targets;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The side of a node")
class ReachTimelineTest {
  private static final List<String> FIVE = List.of("n1", "n2", "n3", "n4", "n5");
  private static final long END = 100;

  private static ReachTimeline cut(String text) {
    Set<DirectedLink> links = new Targets(FIVE, "n1").links(text).links();
    return new ReachTimeline(
        FIVE, List.of(new LinkChange(10, links), new LinkChange(20, Set.of())), List.of(), END);
  }

  private static List<String> majority(ReachTimeline reach, long at) {
    return FIVE.stream().filter(node -> reach.sideAt(node, at).equals("majority")).toList();
  }

  @Test
  @DisplayName("is that of the majority while every link carries, and again after the heal")
  void wellBeforeAndAfter() {
    ReachTimeline reach = cut("leader|rest");

    assertThat(majority(reach, 5)).isEqualTo(FIVE);
    assertThat(majority(reach, 15)).containsExactly("n2", "n3", "n4", "n5");
    assertThat(majority(reach, 25)).isEqualTo(FIVE);
  }

  @Test
  @DisplayName("is not that of the majority where it hears but is not heard")
  void oneWay() {
    assertThat(majority(cut("leader>rest"), 15)).containsExactly("n2", "n3", "n4", "n5");
    assertThat(majority(cut("rest>leader"), 15)).containsExactly("n2", "n3", "n4", "n5");
  }

  @Test
  @DisplayName("is that of the majority for the middle of a bridge alone")
  void bridge() {
    assertThat(majority(cut("bridge"), 15)).containsExactly("n5");
  }

  @Test
  @DisplayName("is that of the majority for nobody on a ring: whoever leads, somebody misses it")
  void ring() {
    assertThat(majority(cut("ring"), 15)).isEmpty();
  }

  @Test
  @DisplayName("is down while its node is, and steady only while nothing changes")
  void down() {
    PlannedFault plan = PlannedFault.of(FaultType.KILL, "n1", 0, 1);
    FaultInForce kill = new FaultInForce(1, plan, List.of("n1"), Set.of(), "n1", 10, 12, 20L, 22L);
    ReachTimeline reach = new ReachTimeline(FIVE, List.of(), List.of(kill), END);

    assertThat(reach.sideAt("n1", 15)).isEqualTo("down");
    assertThat(reach.sideAt("n1", 30)).isEqualTo("majority");
    assertThat(reach.isSteady("n2", 13, 19)).isTrue();
    assertThat(reach.isSteady("n1", 13, 25)).isFalse();
    assertThat(reach.isSteady("n2", 11, 19)).as("while the fault begins").isFalse();
    assertThat(reach.isHurt(11)).isFalse();
    assertThat(reach.isHurt(13)).isTrue();
  }

  @Test
  @DisplayName("is that of nobody's majority when too many are down")
  void tooManyDown() {
    PlannedFault plan = PlannedFault.of(FaultType.POWER_LOSS, "all", 0, 1);
    FaultInForce loss =
        new FaultInForce(1, plan, List.of("n1", "n2", "n3"), Set.of(), "", 10, 10, 20L, 20L);

    assertThat(majority(new ReachTimeline(FIVE, List.of(), List.of(loss), END), 15)).isEmpty();
  }
}
