package io.capstan.chaos.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.capstan.chaos.campaign.Pace;
import io.capstan.chaos.campaign.SimulationCampaign;
import io.capstan.chaos.report.Ink;
import io.capstan.chaos.sim.Coverage;
import io.capstan.chaos.sim.FaultKind;
import io.capstan.chaos.sim.Schedule;
import io.capstan.chaos.sim.ScheduleShrinker;
import io.capstan.chaos.sim.SimulationFailure;
import io.capstan.chaos.sim.SimulationResult;
import io.capstan.chaos.sim.Timeline;
import io.capstan.cli.Streams;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What {@code capstan sim} shows: a bar on a terminal, a line now and then where its output goes
 * elsewhere, a summary at the end; or one JSON object. What broke goes to standard error where
 * standard output is JSON.
 */
final class SimScreen {
  private static final int BAR_WIDTH = 30;
  private static final long REDRAW_MILLIS = 100;
  private static final long LINE_MILLIS = 5_000;
  private static final String CLEAR_LINE = "\r\u001b[2K";
  private static final long MILLI = 1_000_000L;

  private final Streams streams;
  private final PrintStream out;
  private final Ink ink;
  private final boolean json;
  private final int rate;
  private final String options;
  private long shownMillis;
  private boolean barDrawn;

  /**
   * @param rate client operations that are due in a virtual second
   * @param options what to type after {@code capstan sim} to get seeds of the same kind
   */
  SimScreen(Streams streams, Ink ink, boolean json, int rate, String options) {
    this.streams = streams;
    this.out = json ? streams.err() : streams.out();
    this.ink = ink;
    this.json = json;
    this.rate = rate;
    this.options = options;
  }

  // ---- many seeds ----

  /** Another seed has been run. */
  void progress(SimulationCampaign.Summary soFar, long seeds) {
    if (json) {
      return;
    }
    boolean last = soFar.seeds() == seeds;
    long gapMillis = streams.outIsTerminal() ? REDRAW_MILLIS : LINE_MILLIS;
    if (last || soFar.pace().wallMillis() - shownMillis < gapMillis) {
      return;
    }
    shownMillis = soFar.pace().wallMillis();
    String text =
        String.format(
            Locale.ROOT,
            "%,d of %,d seeds, %,.0f a second, %s of virtual time, %d failed",
            soFar.seeds(),
            seeds,
            soFar.seeds() * 1_000.0 / Math.max(1, soFar.pace().wallMillis()),
            duration(soFar.coverage().of(Coverage.Counter.VIRTUAL_MILLIS)),
            soFar.failures().size());
    if (streams.outIsTerminal()) {
      int full = (int) (soFar.seeds() * BAR_WIDTH / seeds);
      String bar = "#".repeat(full) + ".".repeat(BAR_WIDTH - full);
      out.print(CLEAR_LINE + "[" + ink.good(bar) + "] " + text);
      barDrawn = true;
    } else {
      out.println(text);
    }
    out.flush();
  }

  /** All seeds have been run. */
  void summary(SimulationCampaign.Summary summary, Set<FaultKind> never) {
    if (barDrawn) {
      out.print(CLEAR_LINE);
    }
    if (json) {
      Pace pace = summary.pace();
      Map<String, Long> fields =
          fields(summary.seeds(), summary.failures().size(), summary.coverage(), pace.wallMillis());
      fields.put("rate", (long) rate);
      fields.put("threadMillis", pace.threadMillis());
      fields.put("processMillis", pace.processMillis());
      print(fields);
      return;
    }
    Coverage coverage = summary.coverage();
    int failed = summary.failures().size();
    String verdict =
        failed == 0
            ? ink.good("every claim held")
            : ink.bad(failed + (failed == 1 ? " seed" : " seeds") + " broke a claim");
    out.printf(Locale.ROOT, "%,d seeds: %s%n", summary.seeds(), verdict);
    for (SimulationCampaign.Failure failure : summary.failures()) {
      out.printf(Locale.ROOT, "  seed %d: %s%n", failure.seed(), failure.cause().getMessage());
    }
    paces(summary);
    load(coverage);
    out.println(ink.strong("What happened"));
    coverage
        .byName()
        .forEach(
            (name, count) -> {
              if (count > 0) {
                out.printf(Locale.ROOT, "  %-33s %,15d%n", name, count);
              }
            });
    if (!never.isEmpty()) {
      out.println(ink.faint("  never: " + labels(never)));
    }
    out.flush();
  }

  private void paces(SimulationCampaign.Summary summary) {
    Pace pace = summary.pace();
    out.printf(
        Locale.ROOT,
        "%s of virtual time in %s: %,.0f times real time, %,.0f events a second%n",
        duration(pace.virtualMillis()),
        duration(pace.wallMillis()),
        pace.speed(),
        pace.eventsPerSecond());
    onOneCore("on a core to itself", pace);
    if (summary.warmPace() != null) {
      onOneCore("  after the first 10 s", summary.warmPace());
    }
  }

  private void onOneCore(String what, Pace pace) {
    out.printf(
        Locale.ROOT,
        "%s: %,.0f times, %,.0f events (compiler and collector apart: %,.0f, %,.0f)%n",
        what,
        pace.speedPerCore(),
        pace.eventsPerCoreSecond(),
        pace.speedPerThread(),
        pace.eventsPerThreadSecond());
  }

  private void load(Coverage coverage) {
    out.printf(
        Locale.ROOT,
        "client operations a virtual second: %.1f due and %.1f begun while clients ask, %.1f over"
            + " all%n",
        perSecond(coverage, Coverage.Counter.OPERATIONS_OFFERED, Coverage.Counter.ASKING_MILLIS),
        perSecond(coverage, Coverage.Counter.OPERATIONS, Coverage.Counter.ASKING_MILLIS),
        perSecond(coverage, Coverage.Counter.OPERATIONS, Coverage.Counter.VIRTUAL_MILLIS));
  }

  private static double perSecond(
      Coverage coverage, Coverage.Counter count, Coverage.Counter millis) {
    return coverage.of(count) * 1_000.0 / Math.max(1, coverage.of(millis));
  }

  private static Map<String, Long> fields(long seeds, long failed, Coverage coverage, long wall) {
    Map<String, Long> json = new LinkedHashMap<>();
    json.put("seeds", seeds);
    json.put("failed", failed);
    json.put("events", coverage.of(Coverage.Counter.EVENTS));
    json.put("operations", coverage.of(Coverage.Counter.OPERATIONS));
    json.put("elections", coverage.of(Coverage.Counter.ELECTIONS));
    json.put("snapshots", coverage.of(Coverage.Counter.SNAPSHOTS));
    json.put("cuts", coverage.of(Coverage.Counter.CUTS));
    json.put("crashes", coverage.of(Coverage.Counter.CRASHES));
    json.put("virtualMillis", coverage.of(Coverage.Counter.VIRTUAL_MILLIS));
    json.put("wallMillis", wall);
    json.put("operationsOffered", coverage.of(Coverage.Counter.OPERATIONS_OFFERED));
    json.put("operationsOk", coverage.of(Coverage.Counter.OPERATIONS_OK));
    json.put("askingMillis", coverage.of(Coverage.Counter.ASKING_MILLIS));
    return json;
  }

  private void print(Map<String, Long> fields) {
    try {
      streams.out().println(new ObjectMapper().writeValueAsString(fields));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("numbers cannot fail to be written as JSON", e);
    }
    streams.out().flush();
  }

  /** Kinds of fault that should have happened did not. */
  void neverHappened(Set<FaultKind> never) {
    streams
        .err()
        .println(
            ink.bad("Never happened: ")
                + labels(never)
                + ". A fault that is enabled and never happens tests nothing: run more seeds, or"
                + " look why.");
  }

  private static String labels(Set<FaultKind> kinds) {
    return kinds.stream().map(FaultKind::label).collect(Collectors.joining(", "));
  }

  // ---- a failure ----

  /** The first failing seed is about to be made smaller. */
  void shrinking(SimulationCampaign.Failure failure) {
    out.println(
        ink.bad("Seed " + failure.seed() + " broke a claim")
            + " after "
            + failure.cause().atMillis()
            + " virtual ms: "
            + failure.cause().getMessage());
    out.println("  capstan sim " + options + " --seed " + failure.seed() + " --trace");
    out.println("Looking for less that breaks it too ...");
    out.flush();
  }

  /** It was made smaller, and written to a file. */
  void shrunk(Schedule from, ScheduleShrinker.Shrunk shrunk, Path file) {
    Schedule to = shrunk.schedule();
    out.printf(
        Locale.ROOT,
        "After %,d runs: %d of %d faults, %d of %d operations, %d of %d ms are enough for:%n",
        shrunk.runs(),
        to.faults().size(),
        from.faults().size(),
        to.operations().size(),
        from.operations().size(),
        to.faultyMillis(),
        from.faultyMillis());
    out.println("  " + shrunk.failure().getMessage());
    out.println("  capstan sim --replay " + file + " --trace");
    out.flush();
  }

  // ---- one run ----

  /** Prints what happens in one run. */
  Timeline timeline() {
    return (atNanos, who, what) ->
        out.printf(
            Locale.ROOT,
            "%12.3f ms  %-9s %s%n",
            atNanos / (double) MILLI,
            who,
            coloured(who, what));
  }

  private String coloured(String who, String what) {
    return switch (who) {
      case "fault" -> ink.warn(what);
      case "claim" -> ink.bad(what);
      default -> what.startsWith("dies") ? ink.bad(what) : what;
    };
  }

  /** One schedule broke no claim. */
  void held(Schedule schedule, SimulationResult result, long wallMillis) {
    if (json) {
      print(fields(1, 0, result.coverage(), wallMillis));
    } else {
      out.printf(
          Locale.ROOT,
          "%s: %d nodes, %d faults, %d operations, %s of virtual time, %,d events, trace %016x%n",
          ink.good("Every claim held"),
          schedule.nodes(),
          schedule.faults().size(),
          schedule.operations().size(),
          duration(result.virtualMillis()),
          result.coverage().of(Coverage.Counter.EVENTS),
          result.traceHash());
    }
    out.flush();
  }

  /** One schedule broke a claim. */
  void broken(Schedule schedule, SimulationFailure failure, long wallMillis) {
    if (json) {
      print(fields(1, 1, new Coverage(), wallMillis));
    }
    out.println(
        ink.bad("A claim is broken")
            + " after "
            + failure.atMillis()
            + " virtual ms, on "
            + schedule.nodes()
            + " nodes: "
            + failure.getMessage());
    out.flush();
  }

  private static String duration(long millis) {
    if (millis < 1_000) {
      return millis + " ms";
    }
    double seconds = millis / 1_000.0;
    if (seconds < 120) {
      return String.format(Locale.ROOT, "%.1f s", seconds);
    }
    return seconds < 7_200
        ? String.format(Locale.ROOT, "%.1f min", seconds / 60)
        : String.format(Locale.ROOT, "%.1f h", seconds / 3_600);
  }
}
