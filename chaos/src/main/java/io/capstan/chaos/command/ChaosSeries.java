package io.capstan.chaos.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.capstan.chaos.check.SideBySide;
import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.fault.FaultInForce;
import io.capstan.chaos.report.Ink;
import io.capstan.chaos.report.Paragraph;
import io.capstan.chaos.report.ResultFiles;
import io.capstan.chaos.report.ResultTable;
import io.capstan.chaos.report.ScenarioResult;
import io.capstan.chaos.report.ScenarioResult.ClaimResult;
import io.capstan.chaos.report.ScenarioResult.RunResult;
import io.capstan.chaos.scenario.RunPlan;
import io.capstan.chaos.scenario.RunProgress;
import io.capstan.chaos.scenario.ScenarioEvidence;
import io.capstan.chaos.scenario.SubstrateKind;
import io.capstan.cli.GlobalOptions;
import io.capstan.cli.OutputFormat;
import io.capstan.cli.Streams;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * One scenario on many seeds, a line each: in virtual time as many at once as there are processors,
 * else one after another. What does not hold is told at once and keeps its folder, with report and
 * replay command; the others leave nothing but their line.
 */
final class ChaosSeries {
  private static final String INDENT = "            ";

  /** Each holds the history of its run. */
  private static final int THREADS_MAX = 16;

  /** What one seed came to, and where that is kept if a claim does not hold. */
  private record Ran(ChaosTrial.Judged judged, Path kept, long tookNanos) {}

  private final Streams streams;
  private final Ink ink;
  private final boolean isJson;
  private final SubstrateKind kind;
  private final @Nullable String image;
  private final Path out;

  ChaosSeries(GlobalOptions options, SubstrateKind kind, @Nullable String image, Path out) {
    this.streams = options.streams();
    this.ink = new Ink(streams.colours());
    this.isJson = options.output() == OutputFormat.JSON;
    this.kind = kind;
    this.image = image;
    this.out = out;
  }

  /**
   * Runs every seed from the first to the last.
   *
   * @param plans the plan of a seed
   * @param replays the command that runs one of them again
   * @return the exit code of the worst
   */
  int run(long first, long last, LongFunction<RunPlan> plans, LongFunction<String> replays)
      throws InterruptedException {
    ChaosTrial trial = new ChaosTrial(streams, kind, image);
    RunPlan sample = plans.apply(first);
    trial.refuseImpossible(sample.scenario());
    introduce(sample, first, last);
    ResultFiles top = OutputFolder.open(out);
    QuietLogs.into(top.clusterLog());
    Map<Verdict.Status, Integer> tally = new EnumMap<>(Verdict.Status.class);
    long startedNanos = System.nanoTime();
    try (GracefulEnd end = new GracefulEnd()) {
      Consumer<Ran> told =
          ran -> {
            tally.merge(ran.judged().result().verdict(), 1, Integer::sum);
            tell(ran);
          };
      if (kind == SubstrateKind.SIM) {
        Iterator<Supplier<Ran>> runs =
            LongStream.rangeClosed(first, last)
                .<Supplier<Ran>>mapToObj(
                    seed -> () -> inVirtualTime(trial, plans.apply(seed), replays.apply(seed)))
                .iterator();
        int threads = Math.min(Runtime.getRuntime().availableProcessors(), THREADS_MAX);
        SideBySide.each(threads, runs, told);
      } else {
        // Here, since this thread is the one that an end of the process waits for.
        for (long seed = first; seed <= last; seed++) {
          told.accept(ran(trial, plans.apply(seed), replays.apply(seed), top));
        }
      }
    }
    conclude(tally, System.nanoTime() - startedNanos);
    return DemoCommand.exitCode(worst(tally));
  }

  /** A run in virtual time: nothing of it is outside of this process, so nothing is left behind. */
  private Ran inVirtualTime(ChaosTrial trial, RunPlan plan, String replay) {
    try {
      ResultFiles own = OutputFolder.open(folderOf(plan.seed()));
      Ran ran = ran(trial, plan, replay, own);
      if (ran.judged().result().verdict() == Verdict.Status.VALID) {
        own.discard();
      }
      return ran;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("asked to end", e);
    } catch (IOException e) {
      throw new UncheckedIOException("The folder of seed " + plan.seed() + " cannot be removed", e);
    }
  }

  private Ran ran(ChaosTrial trial, RunPlan plan, String replay, ResultFiles journal)
      throws InterruptedException {
    long beganNanos = System.nanoTime();
    ChaosTrial.Judged judged = trial.run(plan, journal, new RunProgress(), replay, evidence -> {});
    if (judged.result().verdict() != Verdict.Status.VALID) {
      ResultFiles own = OutputFolder.open(folderOf(plan.seed()));
      judged = trial.shrunk(judged, own, new RunProgress());
      ChaosTrial.write(own, judged);
    }
    return new Ran(judged, folderOf(plan.seed()), System.nanoTime() - beganNanos);
  }

  private Path folderOf(long seed) {
    return out.resolve("seed-" + seed);
  }

  private static Verdict.Status worst(Map<Verdict.Status, Integer> tally) {
    return tally.containsKey(Verdict.Status.INVALID)
        ? Verdict.Status.INVALID
        : tally.containsKey(Verdict.Status.UNKNOWN) ? Verdict.Status.UNKNOWN : Verdict.Status.VALID;
  }

  private void introduce(RunPlan plan, long first, long last) {
    if (isJson) {
      return;
    }
    line(ink.strong(plan.scenario().name()) + "  " + plan.scenario().summary());
    line(
        String.format(
            Locale.ROOT,
            "%d nodes on %s, %d clients for each of %s, seeds %d to %d.",
            plan.nodes(),
            kind.label(),
            plan.clients(),
            plan.keyspaces().stream()
                .map(each -> each.keyspace() + " (" + each.level().label() + ")")
                .collect(Collectors.joining(" and ")),
            first,
            last));
    line("");
    streams.out().flush();
  }

  private void tell(Ran ran) {
    ChaosTrial.Judged judged = ran.judged();
    ScenarioResult result = judged.result();
    if (isJson) {
      line(json(judged, ran.tookNanos()));
      streams.out().flush();
      return;
    }
    String verdict = result.verdict().label();
    String padded = String.format(Locale.ROOT, "%-8s", verdict.toUpperCase(Locale.ROOT));
    String counts =
        result.runs().stream()
            .map(
                run ->
                    String.format(Locale.ROOT, "%s %,d ok", run.mode(), run.ops().ok())
                        + (run.ops().unknown() == 0 ? "" : " " + run.ops().unknown() + " unknown"))
            .collect(Collectors.joining(", "));
    String head =
        String.format(
            Locale.ROOT,
            "%8d  %s %5.1f s  %s; %s",
            result.seed(),
            padded,
            ran.tookNanos() / 1e9,
            counts,
            faults(judged.evidence()));
    List<String> lines = Paragraph.wrap(head, "", INDENT, ResultTable.WIDTH_MAX);
    for (int i = 0; i < lines.size(); i++) {
      line(i == 0 ? lines.get(i).replace(padded, ink.verdict(verdict, padded)) : lines.get(i));
    }
    for (RunResult run : result.runs()) {
      for (ClaimResult claim : run.claims()) {
        if (!claim.judged().isValid()) {
          Paragraph.wrap(
                  run.mode().toUpperCase(Locale.ROOT) + "  " + claim.claim() + ": " + claim.why(),
                  INDENT,
                  INDENT + "    ",
                  ResultTable.WIDTH_MAX)
              .forEach(this::line);
        }
      }
    }
    if (result.shrunk() != null) {
      Paragraph.wrap(result.shrunk().told(), INDENT, INDENT, ResultTable.WIDTH_MAX)
          .forEach(this::line);
    }
    if (result.verdict() != Verdict.Status.VALID) {
      line(INDENT + ran.kept().resolve("report.html"));
      line(INDENT + result.replay());
    }
    streams.out().flush();
  }

  private static String faults(ScenarioEvidence evidence) {
    Map<String, Integer> counts = new LinkedHashMap<>();
    for (FaultInForce fault : evidence.faults()) {
      counts.merge(fault.plan().type().label(), 1, Integer::sum);
    }
    return counts.isEmpty()
        ? "no fault"
        : counts.entrySet().stream()
            .map(each -> each.getKey() + (each.getValue() == 1 ? "" : " x" + each.getValue()))
            .collect(Collectors.joining(", "));
  }

  private static String json(ChaosTrial.Judged judged, long tookNanos) {
    ScenarioResult result = judged.result();
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("seed", result.seed());
    json.put("verdict", result.verdict().label());
    json.put("wallMillis", TimeUnit.NANOSECONDS.toMillis(tookNanos));
    json.put("faults", result.faults().size());
    List<Object> runs = new ArrayList<>();
    for (RunResult run : result.runs()) {
      Map<String, Object> each = new LinkedHashMap<>();
      each.put("mode", run.mode());
      each.put("ops", run.ops());
      each.put("verdict", run.verdict());
      each.put(
          "notValid", run.claims().stream().filter(claim -> !claim.judged().isValid()).toList());
      runs.add(each);
    }
    json.put("runs", runs);
    json.put("replay", result.replay());
    try {
      return JsonMapper.builder().build().writeValueAsString(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("plain values cannot fail to be written as JSON", e);
    }
  }

  private void conclude(Map<Verdict.Status, Integer> tally, long tookNanos) {
    int all = tally.values().stream().mapToInt(Integer::intValue).sum();
    if (isJson) {
      return;
    }
    line("");
    String sentence =
        String.format(
            Locale.ROOT,
            "%,d schedules in %.0f s: %,d keep every claim, %,d violate one, %,d are undecided.",
            all,
            tookNanos / 1e9,
            tally.getOrDefault(Verdict.Status.VALID, 0),
            tally.getOrDefault(Verdict.Status.INVALID, 0),
            tally.getOrDefault(Verdict.Status.UNKNOWN, 0));
    line(ink.verdict(worst(tally).label(), sentence));
    streams.out().flush();
  }

  private void line(String text) {
    streams.out().println(text);
  }
}
