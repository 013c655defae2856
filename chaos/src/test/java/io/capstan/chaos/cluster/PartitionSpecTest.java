package io.capstan.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.capstan.chaos.cluster.PartitionSpec.InvalidPartitionException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PartitionSpecTest {
  private static final List<String> NODES = List.of("n1", "n2", "n3");

  @Test
  void sidesLoseEveryLinkBetweenThemInBothDirections() {
    PartitionSpec partition = PartitionSpec.parse("n1,n2|n3", NODES);

    assertThat(partition.cutLinks().stream().map(DirectedLink::toString))
        .containsExactlyInAnyOrder("n1>n3", "n2>n3", "n3>n1", "n3>n2");
    assertThat(partition.sides()).containsExactly(List.of("n1", "n2"), List.of("n3"));
  }

  @Test
  void threeSidesLeaveEachNodeAlone() {
    PartitionSpec partition = PartitionSpec.parse("n1|n2|n3", NODES);

    assertThat(partition.cutLinks()).isEqualTo(DirectedLink.among(NODES));
  }

  @Test
  void anArrowCutsOneDirectionOnlyAndLeavesTheOthersAlone() {
    PartitionSpec partition = PartitionSpec.parse("n1>n2", NODES);

    assertThat(partition.cutLinks()).containsExactly(new DirectedLink("n1", "n2"));
    assertThat(partition.sides()).isEmpty();
  }

  @ParameterizedTest(name = "{0} cuts {1}")
  @CsvSource(
      delimiter = ';',
      value = {
        "n1>n2,n3; n1>n2 n1>n3",
        "n1,n2>n3; n1>n3 n2>n3",
        "n1>n2,n2>n3; n1>n2 n2>n3",
        "1|2,3; n1>n2 n1>n3 n2>n1 n3>n1",
        "' n1 > n2 '; n1>n2",
      })
  void linksMayBeWrittenInSeveralWays(String text, String links) {
    PartitionSpec partition = PartitionSpec.parse(text, NODES);

    assertThat(partition.cutLinks().stream().map(DirectedLink::toString))
        .containsExactlyInAnyOrder(links.split(" "));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource(
      delimiter = ';',
      value = {
        "''; it is empty",
        "n1,n2,n3; it has one side only",
        "n1,n4|n2,n3; there is no node n4",
        "n1,n2|n2,n3; n2 is named twice",
        "n1,n1|n2,n3; n1 is named twice",
        "n1|n2; n3 is on no side",
        "n1|; a node's name is missing",
        "n1,|n2,n3; a node's name is missing",
        "n1>n2|n3; it mixes sides",
        "n1>n1; n1 is at both ends",
        "n1>n2>n3; \"n1>n2>n3\" is not of the form",
        "n1>n2,n3,n1>n3; \"n3\" is not of the form",
        "n1>n2,n1>n2; n1>n2 is named twice",
        "n1>n9; there is no node n9",
        "n1>; a node's name is missing",
      })
  void whatIsNoPartitionIsRefusedWithTheReason(String text, String reason) {
    assertThatExceptionOfType(InvalidPartitionException.class)
        .isThrownBy(() -> PartitionSpec.parse(text, NODES))
        .withMessageContaining("is not a partition of this cluster")
        .withMessageContaining(reason);
  }

  @Test
  void aNodeOnNoSideIsNamedTogetherWithAnExampleThatIsRight() {
    List<String> five = List.of("n1", "n2", "n3", "n4", "n5");

    assertThatExceptionOfType(InvalidPartitionException.class)
        .isThrownBy(() -> PartitionSpec.parse("n1,n2|n3", five))
        .withMessageContaining("n4, n5 are on no side")
        .withMessageContaining("\"n1,n2|n3|n4,n5\"");
    assertThat(PartitionSpec.parse("n1,n2|n3|n4,n5", five).sides()).hasSize(3);
  }
}
