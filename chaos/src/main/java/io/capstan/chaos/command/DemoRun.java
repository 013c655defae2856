package io.capstan.chaos.command;

import io.capstan.chaos.report.ClusterSample;
import io.capstan.chaos.report.Ink;
import io.capstan.chaos.report.Paragraph;
import io.capstan.chaos.report.ResultFiles;
import io.capstan.chaos.report.ResultTable;
import io.capstan.chaos.report.ScenarioResult;
import io.capstan.chaos.report.SwitchResult;
import io.capstan.chaos.scenario.ClusterWatch;
import io.capstan.chaos.scenario.RunProgress;
import io.capstan.chaos.scenario.SplitEvidence;
import io.capstan.chaos.scenario.SplitJudge;
import io.capstan.chaos.scenario.SplitReport;
import io.capstan.chaos.scenario.SplitScenario;
import io.capstan.chaos.scenario.SplitSettings;
import io.capstan.chaos.scenario.SplitStory;
import io.capstan.cli.ExitCode;
import io.capstan.cli.Streams;
import io.capstan.client.CapstanException;
import io.capstan.client.ErrorCode;
import io.capstan.client.Outcome;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** One run of the demo, from an empty folder to an exit code. */
final class DemoRun {
  private static final Duration CHECK_BUDGET = Duration.ofSeconds(20);
  private static final String FEED = "feed";

  private final DemoCluster.Factory factory;
  private final Settings settings;
  private final ResultFiles files;
  private final Screen screen;

  /**
   * What is run.
   *
   * @param changesSides whether the feed goes to CP and back after the heal
   * @param stay whether the cluster stays up at the end
   * @param replay the command that runs it again
   */
  record Settings(
      int nodes, SplitSettings split, boolean changesSides, boolean stay, String replay) {}

  /**
   * Where it is shown.
   *
   * @param isJson whether nothing but result.json goes to standard output
   */
  record Screen(Streams streams, Ink ink, boolean isJson) {
    void line(String text) {
      if (!isJson) {
        streams.out().println(text);
      }
    }

    void paragraph(String text, String first, String indent) {
      Paragraph.wrap(text, first, indent, ResultTable.WIDTH_MAX).forEach(this::line);
    }

    /** Whether lines that were printed can be drawn over. */
    boolean canRedraw() {
      return streams.outIsTerminal()
          && !streams.environment().getOrDefault("TERM", "").equals("dumb");
    }

    PrintStream out() {
      return streams.out();
    }
  }

  DemoRun(DemoCluster.Factory factory, Settings settings, ResultFiles files, Screen screen) {
    this.factory = factory;
    this.settings = settings;
    this.files = files;
    this.screen = screen;
  }

  /**
   * Runs it.
   *
   * @return the exit code
   * @throws InterruptedException if it was asked to end; everything is cleaned up then
   */
  int run() throws InterruptedException {
    introduce();
    try (GracefulEnd end = new GracefulEnd();
        DemoCluster cluster = factory.start(settings.nodes(), files.clusterLog())) {
      Judged run = runAndJudge(cluster);
      if (settings.changesSides()) {
        screen.line("The feed goes to CP and back, while clients post to it ...");
        screen.out().flush();
        run = run.withSwitch(SwitchAct.play(cluster.cluster(), FEED));
      }
      ScenarioResult result = run.result();
      write(run);
      if (screen.isJson()) {
        screen.out().println(ResultFiles.json(result));
      } else {
        show(new SplitStory(run.evidence(), result), result);
      }
      screen.out().flush();
      if (settings.stay()) {
        new Playground(cluster.cluster(), screen).stay();
      }
      SwitchResult change = result.change();
      return change != null && change.lostWrites() > 0
          ? ExitCode.CLAIM_VIOLATED
          : DemoCommand.exitCode(result.verdict());
    }
  }

  private void introduce() {
    screen.line(screen.ink().strong("Capstan demo") + ": one cluster, two promises, one split.");
    screen.paragraph(
        String.format(
            Locale.ROOT,
            "%d nodes inside this process, each with gRPC, RocksDB and a TCP proxy on every link to"
                + " another. Keyspace bank is CP (Raft), keyspace feed is AP (leaderless). Seed"
                + " %d.",
            settings.nodes(),
            settings.split().seed()),
        "",
        "");
    screen.line("");
    screen.out().flush();
  }

  /** A run, and what became of its claims. */
  private record Judged(
      SplitEvidence evidence, ScenarioResult result, List<ClusterSample> samples) {
    Judged withSwitch(SwitchResult change) {
      return new Judged(evidence, result.withSwitch(change), samples);
    }
  }

  private Judged runAndJudge(DemoCluster demo) throws InterruptedException {
    RunProgress progress = new RunProgress();
    if (screen.isJson()) {
      return runAndJudge(demo, progress);
    }
    try (LiveView view =
        new LiveView(
            screen.out(),
            screen.ink(),
            screen.canRedraw(),
            progress,
            demo.cluster().nodeIds(),
            settings.split().duration().toMillis(),
            SplitSettings.CUT_SHARE,
            SplitSettings.HEAL_SHARE)) {
      view.start();
      return runAndJudge(demo, progress);
    }
  }

  private Judged runAndJudge(DemoCluster demo, RunProgress progress) throws InterruptedException {
    try (ClusterWatch watch = ClusterWatch.start(demo.cluster())) {
      SplitEvidence evidence =
          new SplitScenario(demo.cluster(), demo.clients(), settings.split(), progress)
              .run(files.faultJournal());
      watch.close();
      progress.advance(RunProgress.Step.CHECK, "checking what every client saw");
      return new Judged(
          evidence,
          new SplitJudge(CHECK_BUDGET).judge(evidence, demo.substrate(), settings.replay()),
          watch.samples(progress.startedNanos()));
    }
  }

  private void write(Judged run) {
    SplitEvidence evidence = run.evidence();
    try {
      files.writeHistory("cp", "history", evidence.bankHistory());
      files.writeHistory("cp", ResultFiles.REGISTERS, evidence.registerHistory());
      files.writeHistory("ap", "history", evidence.feedHistory());
      files.writeResult(run.result());
      files.writeReport(SplitReport.of(evidence, run.result(), run.samples()));
    } catch (IOException e) {
      throw new CapstanException(
          ErrorCode.INTERNAL,
          Outcome.FAILED,
          "The results cannot be written: " + e.getMessage() + ".",
          "Name another folder with --out DIR.",
          null);
    }
  }

  private void show(SplitStory story, ScenarioResult result) {
    Ink ink = screen.ink();
    screen.line("");
    screen.paragraph(story.whatHappened(), "", "");
    screen.line("");
    new ResultTable(ink).lines(result).forEach(screen::line);
    tell("The bank, CP", story.ofTheBank());
    tell("The feed, AP", story.ofTheFeed());
    SwitchResult change = result.change();
    if (change != null) {
      tell("The feed, to CP and back", SwitchAct.story(change));
    }
    screen.line(ink.strong("Claims, checked against what every client saw"));
    for (SplitStory.ClaimLine claim : story.claims()) {
      List<String> lines =
          Paragraph.wrap(claim.claim() + ": " + claim.why(), "", "", ResultTable.WIDTH_MAX - 17);
      for (int i = 0; i < lines.size(); i++) {
        String verdict =
            String.format(Locale.ROOT, "%-9s", claim.verdict().toUpperCase(Locale.ROOT));
        String margin = i == 0 ? ink.verdict(claim.verdict(), verdict) : " ".repeat(9);
        screen.line("  " + margin + (i == 0 ? claim.keyspace() + "  " : "      ") + lines.get(i));
      }
    }
    screen.line("");
    screen.line(ink.verdict(result.verdict().label(), story.verdict()));
    screen.line("");
    screen.line("Report      " + files.reportHtml() + "  (open it in a browser)");
    screen.line("Result      " + files.resultJson());
    screen.line("Histories   " + files.historyEdn("cp") + "  " + files.historyEdn("ap"));
    screen.line(
        "Check it    capstan chaos check " + files.registersEdn() + " --model cas-register");
    screen.line("Log         " + files.clusterLog());
    screen.line("Once more   " + result.replay());
  }

  private void tell(String heading, List<String> sentences) {
    screen.line(screen.ink().strong(heading));
    sentences.forEach(sentence -> screen.paragraph(sentence, "  ", "  "));
    screen.line("");
  }
}
