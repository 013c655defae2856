package io.capstan.chaos.command;

import io.capstan.chaos.report.Ink;
import io.capstan.chaos.scenario.RunProgress;
import io.capstan.chaos.workload.Phase;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Shows where a run is while it runs: a few lines that are drawn again and again on a terminal, one
 * line for each step otherwise. Has a thread of its own; closing it draws the last state.
 */
final class LiveView implements AutoCloseable {
  private static final long REDRAW_MILLIS = 120;
  private static final long CLOSE_MAX_MILLIS = 2_000;
  private static final int BAR_WIDTH = 40;
  private static final int NAME_WIDTH = 9;
  private static final int SIDE_WIDTH = 34;

  /** Keyspace to its name with its promise; in the order of the lines. */
  private static final Map<String, String> KEYSPACES = keyspaces();

  private static final String UP_AND_CLEAR = "\u001b[1A\u001b[2K";

  private final PrintStream out;
  private final Ink ink;
  private final boolean isTerminal;
  private final RunProgress progress;
  private final List<String> nodes;
  private final long durationMillis;
  private final double cutShare;
  private final double healShare;
  private final Thread thread;
  private volatile boolean isClosed;
  private int linesDrawn;
  private RunProgress.@Nullable Step lastStep;

  /**
   * @param cutShare when the cut is planned, as a part of the duration
   * @param healShare when the heal is planned, as a part of the duration
   */
  LiveView(
      PrintStream out,
      Ink ink,
      boolean isTerminal,
      RunProgress progress,
      List<String> nodes,
      long durationMillis,
      double cutShare,
      double healShare) {
    this.out = out;
    this.ink = ink;
    this.isTerminal = isTerminal;
    this.progress = progress;
    this.nodes = nodes;
    this.durationMillis = durationMillis;
    this.cutShare = cutShare;
    this.healShare = healShare;
    this.thread = new Thread(this::run, "live-view");
    this.thread.setDaemon(true);
  }

  private static Map<String, String> keyspaces() {
    Map<String, String> names = new LinkedHashMap<>();
    names.put("bank", "bank CP");
    names.put("feed", "feed AP");
    return names;
  }

  void start() {
    thread.start();
  }

  private void run() {
    try {
      while (!isClosed) {
        draw();
        Thread.sleep(REDRAW_MILLIS);
      }
    } catch (InterruptedException e) {
      // Asked to end: close() draws the last state.
    }
  }

  private synchronized void draw() {
    if (isTerminal) {
      List<String> lines = lines();
      StringBuilder screen = new StringBuilder(UP_AND_CLEAR.repeat(linesDrawn));
      lines.forEach(line -> screen.append(line).append('\n'));
      out.print(screen);
      linesDrawn = lines.size();
    } else {
      printStep();
    }
    out.flush();
  }

  private void printStep() {
    RunProgress.Step step = progress.step();
    String sentence = progress.sentence();
    if (step == lastStep || sentence.isEmpty()) {
      return;
    }
    if (step == RunProgress.Step.AFTER || step == RunProgress.Step.SETTLE) {
      Phase ended = step == RunProgress.Step.AFTER ? Phase.DURING : Phase.AFTER;
      counters(ended).forEach(line -> out.println("             " + line));
    }
    lastStep = step;
    out.println(String.format(Locale.ROOT, "%7.1f s    %s", seconds(), sentence));
  }

  private double seconds() {
    return progress.elapsedMillis() / 1_000.0;
  }

  /** Returns what a terminal shows; a line that wrapped could not be drawn over. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add("");
    lines.add("  " + bar() + String.format(Locale.ROOT, "  %.1f s", seconds()));
    lines.add("  " + topology());
    lines.add("  " + ink.strong(progress.sentence()));
    counters(progress.phase()).forEach(line -> lines.add("  " + line));
    lines.add("");
    return lines;
  }

  /** A bar of time with the split marked: {@code [=====|xxxxx>..|.....]}. */
  private String bar() {
    double share = Math.min(1.0, (double) progress.elapsedMillis() / durationMillis);
    int done = (int) Math.round(share * BAR_WIDTH);
    int cut = (int) Math.round(cutShare * BAR_WIDTH);
    int heal = (int) Math.round(healShare * BAR_WIDTH);
    StringBuilder bar = new StringBuilder("[");
    for (int column = 0; column < BAR_WIDTH; column++) {
      boolean isSplit = column >= cut && column < heal;
      bar.append(column < done ? (isSplit ? 'x' : '=') : (isSplit ? '-' : '.'));
    }
    return bar.append(']').toString();
  }

  /** The nodes, the leader with a star, a cut as a gap: {@code n2* --x-- n1 --- n3}. */
  private String topology() {
    List<String> minority = progress.minority();
    boolean isCut = progress.phase() == Phase.DURING && !minority.isEmpty();
    if (!isCut) {
      return String.join(" --- ", nodes.stream().map(this::marked).toList());
    }
    List<String> others = nodes.stream().filter(node -> !minority.contains(node)).toList();
    return String.join(" --- ", minority.stream().map(this::marked).toList())
        + ink.bad("  --x--  ")
        + String.join(" --- ", others.stream().map(this::marked).toList());
  }

  private String marked(String node) {
    return node.equals(progress.leader()) ? node + "*" : node;
  }

  /** A heading with the sides and a line for each keyspace: what ended in this phase. */
  private List<String> counters(Phase phase) {
    List<String> minority = progress.minority();
    List<String> others = nodes.stream().filter(node -> !minority.contains(node)).toList();
    String left =
        minority.isEmpty() ? "" : pad("through " + String.join(" ", minority), SIDE_WIDTH);
    List<String> lines = new ArrayList<>();
    lines.add(ink.faint(pad("", NAME_WIDTH) + left + "through " + String.join(" ", others)));
    for (Map.Entry<String, String> keyspace : KEYSPACES.entrySet()) {
      String counted =
          minority.isEmpty() ? "" : pad(counts(keyspace.getKey(), minority, phase), SIDE_WIDTH);
      lines.add(
          pad(keyspace.getValue(), NAME_WIDTH)
              + counted
              + counts(keyspace.getKey(), others, phase));
    }
    return lines;
  }

  private String counts(String keyspace, List<String> members, Phase phase) {
    RunProgress.Counts counts = progress.counts(keyspace, members, phase);
    return counts.ok() + " ok " + counts.refused() + " refused " + counts.unknown() + " unknown";
  }

  private static String pad(String text, int width) {
    return text + " ".repeat(Math.max(0, width - text.length()));
  }

  /** Draws the last state and ends. */
  @Override
  public void close() {
    isClosed = true;
    thread.interrupt();
    try {
      thread.join(CLOSE_MAX_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    draw();
  }
}
