package io.capstan.chaos.report;

import io.capstan.chaos.report.ScenarioResult.RunResult;
import io.capstan.chaos.report.ScenarioResult.SideResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The table of a run: for each keyspace one row a phase and side, at most 100 columns wide. */
public final class ResultTable {
  /** No line is longer. */
  public static final int WIDTH_MAX = 100;

  private static final String NONE = "-";
  private static final int LABEL_WIDTH = 32;
  static final List<String> HEADINGS =
      List.of("attempted", "ok", "refused", "unknown", "p50", "p99", "stale", "siblings");
  private static final int[] WIDTHS = {10, 7, 9, 9, 8, 9, 7, 9};

  private final Ink ink;

  public ResultTable(Ink ink) {
    this.ink = ink;
  }

  /** Returns the lines. */
  public List<String> lines(ScenarioResult result) {
    List<String> lines = new ArrayList<>();
    for (RunResult run : result.runs()) {
      lines.add(heading(run));
      for (SideResult side : run.inhabitedSides()) {
        lines.add(row(side, run.mode().equals("ap")));
      }
      lines.add(ink.faint("  " + footer(run)));
      lines.add("");
    }
    return lines;
  }

  private String heading(RunResult run) {
    String name = run.keyspace() + "  " + run.mode().toUpperCase(Locale.ROOT);
    StringBuilder line = new StringBuilder(ink.strong(pad(name, LABEL_WIDTH)));
    StringBuilder columns = new StringBuilder();
    for (int i = 0; i < HEADINGS.size(); i++) {
      columns.append(padLeft(HEADINGS.get(i), WIDTHS[i]));
    }
    return line.append(ink.faint(columns.toString())).toString();
  }

  private String row(SideResult side, boolean canHaveSiblings) {
    List<String> cells = cells(side, canHaveSiblings);
    StringBuilder line = new StringBuilder(pad("  " + label(side), LABEL_WIDTH));
    boolean allRefused = side.attempted() > 0 && side.ok() == 0;
    for (int i = 0; i < WIDTHS.length; i++) {
      String cell = padLeft(cells.get(i), WIDTHS[i]);
      boolean isGood = i == 1 && !allRefused;
      boolean isOdd = (i == 2 && side.refused() > 0) || (i == 3 && side.unknown() > 0);
      line.append(isGood ? ink.good(cell) : isOdd ? ink.warn(cell) : cell);
    }
    return line.toString();
  }

  /** Returns the cells of a row, one for each of {@link #HEADINGS}. */
  static List<String> cells(SideResult side, boolean canHaveSiblings) {
    Long stale = side.staleReads();
    return List.of(
        count(side.attempted()),
        count(side.ok()),
        count(side.refused()),
        count(side.unknown()),
        millis(side.p50Millis()),
        millis(side.p99Millis()),
        stale == null ? "?" : count(stale),
        canHaveSiblings ? count(side.siblings()) : NONE);
  }

  /** Returns what a row is about. */
  static String label(SideResult side) {
    String nodes = String.join(" ", side.nodes());
    return switch (side.phase()) {
      case "before" -> "before the split";
      case "cutting" -> "while the links are being cut";
      case "changing" -> "while something changes";
      case "during" ->
          (side.side().equals("down") ? "down: " : "split: ")
              + shortened(nodes)
              + " ("
              + side.side()
              + ")";
      default -> "after the heal";
    };
  }

  private static String shortened(String nodes) {
    int most = LABEL_WIDTH - "  split:  (majority) ".length();
    return nodes.length() <= most ? nodes : nodes.substring(0, most - 2) + "..";
  }

  private static String footer(RunResult run) {
    ScenarioResult.Consistency found = run.consistency();
    List<String> parts = new ArrayList<>();
    Long recovered = found.recoveredAfterHealMillis();
    parts.add(
        recovered == null
            ? "not recovered after the heal"
            : "recovered on every node " + duration(recovered) + " after the heal");
    Long converged = found.convergedAfterHealMillis();
    if (converged != null) {
      parts.add("converged after " + duration(converged));
    } else if (run.mode().equals("ap")) {
      parts.add("not converged");
    }
    Long lost = found.lostWrites();
    parts.add(lost == null ? "lost writes unknown" : "lost writes " + lost);
    return String.join(", ", parts);
  }

  private static String count(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  private static String millis(@Nullable Double millis) {
    if (millis == null) {
      return NONE;
    }
    if (millis >= 1_000) {
      return String.format(Locale.ROOT, "%.1f s", millis / 1_000);
    }
    return millis < 10
        ? String.format(Locale.ROOT, "%.1f ms", millis)
        : String.format(Locale.ROOT, "%.0f ms", millis);
  }

  /** Returns a time as people say it: 850 ms, 1.3 s. */
  public static String duration(long millis) {
    return millis < 1_000 ? millis + " ms" : String.format(Locale.ROOT, "%.1f s", millis / 1_000.0);
  }

  private static String pad(String text, int width) {
    return text + " ".repeat(Math.max(0, width - text.length()));
  }

  private static String padLeft(String text, int width) {
    return " ".repeat(Math.max(0, width - text.length())) + text;
  }
}
