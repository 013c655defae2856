package io.capstan.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The packet filter of a container")
class PacketFilterTest {
  private static final Map<String, String> ADDRESSES = Map.of("n1", "10.213.7.11");
  private static final DirectedLink LINK = new DirectedLink("n1", "n2");

  @Test
  @DisplayName("drops what comes over a cut link, and a part of what comes over a lossy one")
  void cutsAndLosses() {
    assertThat(PacketFilter.rules(Map.of(LINK, LinkMode.BLACKHOLE), Map.of(), ADDRESSES))
        .contains("-A CAPSTAN-CUT -s 10.213.7.11/32 -p tcp --dport 7201 -j DROP");
    assertThat(PacketFilter.rules(Map.of(), Map.of(LINK, 7), ADDRESSES))
        .contains(
            "-A CAPSTAN-CUT -s 10.213.7.11/32 -p tcp --dport 7201"
                + " -m statistic --mode random --probability 0.07 -j DROP");
  }

  @Test
  @DisplayName("is empty where every link is open and loses nothing, and touches no other chain")
  void allIsWell() {
    assertThat(PacketFilter.rules(Map.of(), Map.of(), ADDRESSES).lines())
        .contains(":CAPSTAN-CUT - [0:0]")
        .noneMatch(line -> line.startsWith("-A"));
  }
}
