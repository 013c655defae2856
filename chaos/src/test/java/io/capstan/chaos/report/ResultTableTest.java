package io.capstan.chaos.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.chaos.report.ScenarioResult.All;
import io.capstan.chaos.report.ScenarioResult.Availability;
import io.capstan.chaos.report.ScenarioResult.Consistency;
import io.capstan.chaos.report.ScenarioResult.Ops;
import io.capstan.chaos.report.ScenarioResult.RunResult;
import io.capstan.chaos.report.ScenarioResult.SideResult;
import io.capstan.chaos.report.ScenarioResult.Sides;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The table, to the letter. */
class ResultTableTest {

  @Test
  void theTableOfARunIsAlignedAndFitsAHundredColumns() {
    List<String> lines = new ResultTable(new Ink(false)).lines(result());

    assertThat(String.join("\n", lines))
        .isEqualTo(
            """
            bank  CP                         attempted     ok  refused  unknown     p50      p99  stale siblings
              before the split                   1,041  1,041        0        0  1.8 ms   9.5 ms      0        -
              split: n1 n3 (majority)              640    611       12       17  2.1 ms    1.0 s      0        -
              split: n2 (minority)                 321      0      300       21  480 ms    1.0 s      0        -
              recovered on every node 1.3 s after the heal, lost writes 0

            feed  AP                         attempted     ok  refused  unknown     p50      p99  stale siblings
              split: n1 n2 n4 n5 (majority)          0      0        0        0       -        -      7       14
              not recovered after the heal, converged after 840 ms, lost writes 0
            """
                    .stripTrailing()
                + "\n");
    assertThat(lines).allMatch(line -> line.length() <= ResultTable.WIDTH_MAX);
  }

  @Test
  void aSideOnWhichNobodyEverWasHasNoRow() {
    RunResult bank = result().runs().get(0);
    List<SideResult> sides = new ArrayList<>(bank.sides());
    sides.add(new SideResult("during", "minority", List.of(), 0, 0, 0, 0, null, null, 0L, 0));
    RunResult notSplit =
        new RunResult(
            bank.mode(),
            bank.keyspace(),
            bank.ops(),
            bank.availability(),
            bank.consistency(),
            sides,
            bank.claims(),
            bank.verdict());

    assertThat(new ResultTable(new Ink(false)).lines(of(notSplit)))
        .isEqualTo(new ResultTable(new Ink(false)).lines(of(bank)));
  }

  @Test
  void coloursChangeNoLetter() {
    String plain = String.join("\n", new ResultTable(new Ink(false)).lines(result()));
    String coloured = String.join("\n", new ResultTable(new Ink(true)).lines(result()));

    assertThat(coloured).contains("\u001b[");
    assertThat(coloured.replaceAll("\u001b\\[[0-9;]*m", "")).isEqualTo(plain);
  }

  @Test
  void aLongSentenceIsBrokenAtBlanks() {
    assertThat(Paragraph.wrap("one two three four", "- ", "  ", 10))
        .containsExactly("- one two", "  three", "  four");
    assertThat(Paragraph.wrap("unbreakable", "", "", 5)).containsExactly("unbreakable");
  }

  private static ScenarioResult result() {
    Availability none = new Availability(new All(null), new Sides(null, null), new All(null));
    RunResult bank =
        new RunResult(
            "cp",
            "bank",
            new Ops(2_002, 1_652, 312, 38),
            none,
            new Consistency(true, 0L, 0L, 0L, 0L, null, 1_340L),
            List.of(
                side("before", "all", List.of("n1", "n2", "n3"), 1_041, 1_041, 0, 0, 1.8, 9.5),
                side("during", "majority", List.of("n1", "n3"), 640, 611, 12, 17, 2.1, 1_000.2),
                side("during", "minority", List.of("n2"), 321, 0, 300, 21, 480.4, 1_000.0)),
            List.of(),
            "valid");
    RunResult feed =
        new RunResult(
            "ap",
            "feed",
            new Ops(0, 0, 0, 0),
            none,
            new Consistency(false, 7L, 0L, 0L, 2L, 840L, null),
            List.of(
                new SideResult(
                    "during",
                    "majority",
                    List.of("n1", "n2", "n4", "n5"),
                    0,
                    0,
                    0,
                    0,
                    null,
                    null,
                    7L,
                    14)),
            List.of(),
            "valid");
    return of(bank, feed);
  }

  private static ScenarioResult of(RunResult... runs) {
    return new ScenarioResult("split", 7, "process", 3, 15_000, List.of(), List.of(runs), "again");
  }

  private static SideResult side(
      String phase,
      String side,
      List<String> nodes,
      int attempted,
      int ok,
      int refused,
      int unknown,
      double p50,
      double p99) {
    return new SideResult(phase, side, nodes, attempted, ok, refused, unknown, p50, p99, 0L, 0);
  }
}
