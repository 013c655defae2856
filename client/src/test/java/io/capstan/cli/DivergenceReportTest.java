package io.capstan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.client.Bytes;
import io.capstan.client.CapstanException;
import io.capstan.client.Divergence;
import io.capstan.client.ErrorCode;
import io.capstan.client.Outcome;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("capstan status --divergence")
class DivergenceReportTest {
  private static final String ONE = "11111111111111111111111111111111";
  private static final String TWO = "22222222222222222222222222222222";

  private static Divergence.Node node(
      String id, String clock, @Nullable String root, boolean disagrees) {
    return new Divergence.Node(
        "host:" + id,
        id,
        Bytes.of(clock),
        root,
        3,
        root == null,
        false,
        List.of(new Divergence.Peer("n9", 0L, 2L, 1_500L, disagrees)),
        List.of("n9"),
        1,
        null);
  }

  private static Divergence of(Divergence.Node... nodes) {
    return new Divergence(
        "feed",
        List.of(nodes),
        List.of(new Divergence.Row(Bytes.of("k"), Map.of("n1", ONE))),
        true);
  }

  @Test
  @DisplayName("calls different rows wrong only where the same was seen, or the nodes say so")
  void judges() {
    Divergence.Node first = node("n1", "seen", ONE, false);
    assertThat(of(first, node("n2", "seen", ONE, false)).verdict())
        .isEqualTo(Divergence.Verdict.EQUAL);
    assertThat(of(first, node("n2", "more", TWO, false)).verdict())
        .isEqualTo(Divergence.Verdict.ON_THE_WAY);
    assertThat(of(first, node("n2", "seen", TWO, false)).verdict())
        .isEqualTo(Divergence.Verdict.WRONG);
    assertThat(of(first, node("n2", "more", ONE, true)).verdict())
        .isEqualTo(Divergence.Verdict.WRONG);
    assertThat(of(first, node("n2", "seen", null, false)).verdict())
        .isEqualTo(Divergence.Verdict.UNKNOWN);
  }

  @Test
  @DisplayName("names the rows, what each node lacks, and whom tombstones wait for")
  void tells() {
    CapstanException down =
        new CapstanException(ErrorCode.UNREACHABLE, Outcome.FAILED, "nobody there", "", null);
    Divergence.Node gone =
        new Divergence.Node(
            "host:3", "", Bytes.of(""), null, 0, false, false, List.of(), List.of(), 0, down);
    String text =
        DivergenceReport.text(of(node("n1", "a", ONE, false), node("n2", "b", TWO, false), gone));
    assertThat(text)
        .contains("feed: rows differ, and writes that explain it are on their way.")
        .contains("n1      111111111111  3     2 of n9  n9 equal 1 s ago  n9 (1 write)")
        .contains("host:3  unreachable")
        .contains("k    111111111111  nothing");
  }
}
