package io.capstan.chaos.command;

import io.capstan.chaos.fault.FaultType;
import io.capstan.chaos.report.Ink;
import io.capstan.chaos.report.Paragraph;
import io.capstan.chaos.report.ResultFiles;
import io.capstan.chaos.report.ResultTable;
import io.capstan.chaos.report.ScenarioResult;
import io.capstan.chaos.report.ScenarioResult.ClaimResult;
import io.capstan.chaos.report.ScenarioResult.RunResult;
import io.capstan.chaos.report.ShrunkSchedule;
import io.capstan.chaos.scenario.KeyspacePlan;
import io.capstan.chaos.scenario.RunPlan;
import io.capstan.chaos.scenario.RunProgress;
import io.capstan.chaos.scenario.ScenarioEvidence;
import io.capstan.chaos.scenario.ScenarioFile;
import io.capstan.chaos.scenario.ScenarioStory;
import io.capstan.chaos.scenario.SubstrateKind;
import io.capstan.cli.GlobalOptions;
import io.capstan.cli.OutputFormat;
import io.capstan.cli.Streams;
import io.capstan.client.Level;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** One run of a scenario, from a plan to an exit code. */
final class ChaosExecution {
  private static final int STORY_LINES_MAX = 4;

  private final Streams streams;
  private final Ink ink;
  private final boolean isJson;
  private final SubstrateKind kind;
  private final RunPlan plan;
  private final ResultFiles files;
  private final @Nullable String image;
  private final String replay;
  private @Nullable HistoryWriting histories;

  ChaosExecution(
      GlobalOptions options,
      SubstrateKind kind,
      RunPlan plan,
      ResultFiles files,
      @Nullable String image,
      String replay) {
    this.streams = options.streams();
    this.ink = new Ink(streams.colours());
    this.isJson = options.output() == OutputFormat.JSON;
    this.kind = kind;
    this.plan = plan;
    this.files = files;
    this.image = image;
    this.replay = replay;
  }

  /**
   * Runs it.
   *
   * @throws ScenarioFile.InvalidScenarioException if the substrate or this build cannot
   * @throws InterruptedException if it was asked to end; everything is cleaned up then
   */
  int run() throws InterruptedException {
    ChaosTrial trial = new ChaosTrial(streams, kind, image);
    trial.refuseImpossible(plan.scenario());
    introduce();
    QuietLogs.into(files.clusterLog());
    ChaosTrial.Judged judged;
    try (GracefulEnd end = new GracefulEnd()) {
      RunProgress progress = new RunProgress();
      try (StepView view = new StepView(streams, ink, isJson, progress, kind)) {
        view.start();
        ChaosTrial.Judged run =
            trial.run(
                plan,
                files,
                progress,
                replay,
                evidence -> histories = HistoryWriting.begin(files, evidence));
        judged = trial.climbed(trial.shrunk(run, files, progress));
      }
      ChaosTrial.writeVerdict(files, judged);
      HistoryWriting begun = histories;
      if (begun != null) {
        begun.await();
      }
      show(judged.evidence(), judged.result());
    }
    return DemoCommand.exitCode(judged.result().verdict());
  }

  // ---- before ----

  private void introduce() {
    if (isJson) {
      return;
    }
    line(ink.strong(plan.scenario().name()) + "  " + plan.scenario().summary());
    String keyspaces =
        plan.keyspaces().stream()
            .map(each -> each.keyspace() + " (" + each.level().label() + ")")
            .collect(Collectors.joining(" and "));
    paragraph(
        String.format(
            Locale.ROOT,
            "%d nodes on %s, %d clients for each of %s, seed %d.",
            plan.nodes(),
            kind.label(),
            plan.clients(),
            keyspaces,
            plan.seed()));
    for (FaultType type : kind.impossible(plan.scenario())) {
      paragraph(
          ink.warn("Left out")
              + " of the drawn schedule: "
              + type.label()
              + ", because "
              + kind.reason(type)
              + ".");
    }
    if (kind == SubstrateKind.PROCESS
        && plan.schedule().stream().anyMatch(each -> each.type() == FaultType.POWER_LOSS)) {
      paragraph(
          "power-loss on processes is kill -9 of all of them at the same moment: what the"
              + " operating system held for them survives. The simulator loses that, too.");
    }
    if (plan.schedules(FaultType.MEMBER_REPLACE)
        && plan.keyspaces().stream().anyMatch(each -> each.level() == Level.QUORUM)) {
      paragraph(
          "member-replace: clients of AP read and write at level quorum, for what a node alone had"
              + " acknowledged would go with it.");
    }
    line("");
    streams.out().flush();
  }

  // ---- after ----

  private void show(ScenarioEvidence evidence, ScenarioResult result) {
    if (isJson) {
      streams.out().println(ResultFiles.json(result));
      streams.out().flush();
      return;
    }
    line("");
    ScenarioStory.whatHappened(evidence).forEach(this::paragraph);
    line("");
    new ResultTable(ink).lines(result).forEach(this::line);
    for (int i = 0; i < result.runs().size(); i++) {
      KeyspacePlan keyspace = plan.keyspaces().get(i);
      line(ink.strong(keyspace.keyspace()));
      ScenarioStory.of(evidence.keyspaces().get(i), result.runs().get(i))
          .forEach(sentence -> wrapped(sentence, "  "));
      line("");
    }
    line(ink.strong("Claims, checked against what every client saw"));
    result.runs().forEach(this::claims);
    shrunk(result.shrunk());
    line("");
    line(ink.verdict(result.verdict().label(), verdict(result)));
    line("");
    line("Report      " + files.reportHtml() + "  (open it in a browser)");
    line("Result      " + files.resultJson());
    line(
        "Histories   "
            + result.runs().stream()
                .map(run -> files.historyEdn(run.mode()).toString())
                .collect(Collectors.joining("  ")));
    line("Once more   " + replay);
    streams.out().flush();
  }

  private void claims(RunResult run) {
    for (ClaimResult claim : run.claims()) {
      String verdict = String.format(Locale.ROOT, "%-9s", claim.verdict().toUpperCase(Locale.ROOT));
      List<String> lines =
          Paragraph.wrap(
              run.mode().toUpperCase(Locale.ROOT) + "  " + claim.claim() + ": " + claim.why(),
              "",
              "    ",
              ResultTable.WIDTH_MAX - 12);
      for (int i = 0; i < lines.size(); i++) {
        String margin = i == 0 ? ink.verdict(claim.verdict(), verdict) : " ".repeat(9);
        line("  " + margin + lines.get(i));
      }
      if (claim.judged().isInvalid()) {
        claim.judged().story().stream()
            .filter(sentence -> !claim.why().contains(sentence))
            .limit(STORY_LINES_MAX)
            .forEach(sentence -> wrapped(sentence, "               "));
      }
    }
  }

  private void shrunk(@Nullable ShrunkSchedule shrunk) {
    if (shrunk == null) {
      return;
    }
    line("");
    line(ink.strong("The fewest faults that violate \"" + shrunk.claim() + "\""));
    wrapped(shrunk.told(), "  ");
    if (!shrunk.faults().isEmpty()) {
      wrapped("With them alone: " + shrunk.why(), "  ");
    }
    line("  " + shrunk.replay());
  }

  private static String verdict(ScenarioResult result) {
    return switch (result.verdict()) {
      case VALID -> "Every claim holds.";
      case INVALID -> "A claim is VIOLATED; the report pins the operations that show it.";
      case UNKNOWN -> "Not every claim could be decided.";
    };
  }

  private void line(String text) {
    streams.out().println(text);
  }

  private void paragraph(String text) {
    wrapped(text, "");
  }

  private void wrapped(String text, String indent) {
    Paragraph.wrap(text, indent, indent, ResultTable.WIDTH_MAX).forEach(this::line);
  }
}
