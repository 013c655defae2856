package io.capstan.chaos.command;

import io.capstan.chaos.check.SideBySide;
import io.capstan.chaos.check.Verdict;
import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.cluster.ContainerEquipment;
import io.capstan.chaos.cluster.NodeImage;
import io.capstan.chaos.fault.FaultJournal;
import io.capstan.chaos.fault.FaultType;
import io.capstan.chaos.report.ResultFiles;
import io.capstan.chaos.report.ScenarioResult;
import io.capstan.chaos.scenario.RealSubstrate;
import io.capstan.chaos.scenario.RunPlan;
import io.capstan.chaos.scenario.RunProgress;
import io.capstan.chaos.scenario.Scenario;
import io.capstan.chaos.scenario.ScenarioEvidence;
import io.capstan.chaos.scenario.ScenarioFile;
import io.capstan.chaos.scenario.ScenarioJudge;
import io.capstan.chaos.scenario.ScenarioReport;
import io.capstan.chaos.scenario.ScenarioRun;
import io.capstan.chaos.scenario.ScenarioText;
import io.capstan.chaos.scenario.ScheduleReduction;
import io.capstan.chaos.scenario.SimSubstrate;
import io.capstan.chaos.scenario.Substrate;
import io.capstan.chaos.scenario.SubstrateKind;
import io.capstan.cli.Streams;
import io.capstan.client.CapstanException;
import io.capstan.client.ErrorCode;
import io.capstan.client.Outcome;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Runs plans on a kind of substrate and judges them. What a run started is gone afterwards, or it
 * is told how to remove it.
 */
final class ChaosTrial {
  private static final Duration CHECK_BUDGET = Duration.ofSeconds(20);
  private static final Duration SHRINK_BUDGET = Duration.ofSeconds(40);

  private final Streams streams;
  private final SubstrateKind kind;
  private final @Nullable String image;

  /**
   * @param image for containers; null for what is chosen
   */
  ChaosTrial(Streams streams, SubstrateKind kind, @Nullable String image) {
    this.streams = streams;
    this.kind = kind;
    this.image = image;
  }

  /** A run and what became of its claims. */
  record Judged(ScenarioEvidence evidence, ScenarioResult result) {}

  /**
   * Refuses a scenario with a fault that this kind of substrate cannot do. Drawn schedules do
   * without such faults.
   *
   * @throws ScenarioFile.InvalidScenarioException if it cannot run here; says where it can
   */
  void refuseImpossible(Scenario scenario) {
    Set<FaultType> missing = kind.impossible(scenario);
    if (missing.isEmpty() || scenario.random() != null) {
      return;
    }
    FaultType first = missing.iterator().next();
    String others =
        Arrays.stream(SubstrateKind.values())
            .filter(other -> other.impossible(scenario).isEmpty())
            .map(SubstrateKind::label)
            .collect(Collectors.joining(" or "));
    throw new ScenarioFile.InvalidScenarioException(
        "The scenario "
            + scenario.name()
            + " needs "
            + labels(missing)
            + ", which "
            + kind.label()
            + " cannot do: "
            + kind.reason(first)
            + (others.isEmpty() ? "." : ". Run it with --substrate " + others + "."));
  }

  private static String labels(Set<FaultType> types) {
    return types.stream().map(FaultType::label).collect(Collectors.joining(", "));
  }

  /**
   * Runs a plan and judges it.
   *
   * @param files where the fault journal goes
   * @param replay the command that runs it again
   * @param unjudged is given what the run has shown, before it is judged; must not wait
   * @throws ScenarioFile.InvalidScenarioException if this build cannot run it
   * @throws InterruptedException if it was asked to end; everything is cleaned up then
   */
  Judged run(
      RunPlan plan,
      ResultFiles files,
      RunProgress progress,
      String replay,
      Consumer<ScenarioEvidence> unjudged)
      throws InterruptedException {
    Substrate substrate = null;
    try (FaultJournal journal = FaultJournal.create(files.faultJournal())) {
      substrate = start(plan, journal);
      ScenarioEvidence evidence = new ScenarioRun(substrate, plan, progress).run(journal);
      unjudged.accept(evidence);
      progress.advance(RunProgress.Step.CHECK, "checking what every client saw");
      return new Judged(evidence, new ScenarioJudge(CHECK_BUDGET).judge(evidence, replay));
    } catch (ClusterException e) {
      throw told(e);
    } finally {
      closed(substrate, files);
    }
  }

  /**
   * Of a run in virtual time that violates a claim: the same with the fewest faults that still do,
   * which are written as a scenario of their own. Any other run stays as it is.
   *
   * @throws InterruptedException if it was asked to end
   */
  Judged shrunk(Judged judged, ResultFiles files, RunProgress progress)
      throws InterruptedException {
    if (kind != SubstrateKind.SIM || judged.result().verdict() != Verdict.Status.INVALID) {
      return judged;
    }
    progress.advance(
        RunProgress.Step.CHECK, "a claim is violated; looking for the fewest faults that do it");
    RunPlan plan = judged.evidence().plan();
    Optional<ScheduleReduction.Reduced> reduced =
        ScheduleReduction.reduce(plan, judged.result(), SHRINK_BUDGET, CHECK_BUDGET);
    if (reduced.isEmpty()) {
      return judged;
    }
    try {
      files.writeShrunkScenario(
          ScenarioText.of(reduced.get().plan(), plan.scenario().name() + "-shrunk"));
    } catch (IOException e) {
      throw unwritable(e);
    }
    String command =
        Launcher.programName()
            + " chaos run "
            + files.shrunkScenario()
            + " --mode "
            + modes(plan)
            + " --substrate sim --seed "
            + plan.seed()
            + " --out "
            + files.shrunkFolder();
    return new Judged(
        judged.evidence(), judged.result().withShrunk(reduced.get().told().withReplay(command)));
  }

  /**
   * The same with how far up the consistency ladder each keyspace came.
   *
   * @throws InterruptedException if it was asked to end
   */
  Judged climbed(Judged judged) throws InterruptedException {
    ScenarioJudge judge = new ScenarioJudge(CHECK_BUDGET);
    return new Judged(judged.evidence(), judge.climbed(judged.evidence(), judged.result()));
  }

  private static String modes(RunPlan plan) {
    return plan.keyspaces().size() > 1 ? "both" : plan.keyspaces().get(0).mode().label();
  }

  private Substrate start(RunPlan plan, FaultJournal journal) {
    return switch (kind) {
      case SIM -> SimSubstrate.start(plan.nodes(), plan.seed());
      case PROCESS -> RealSubstrate.processes(plan.nodes(), journal);
      case DOCKER -> containers(plan, journal);
    };
  }

  private Substrate containers(RunPlan plan, FaultJournal journal) {
    ContainerEquipment equipment =
        new ContainerEquipment(
            plan.schedules(FaultType.DISK_FULL), plan.schedules(FaultType.CLOCK_SKEW));
    String chosen =
        NodeImage.choose(
            image == null ? streams.variable(NodeImage.VARIABLE, "") : image, "--image");
    return RealSubstrate.containers(
        plan.nodes(),
        equipment.clocks() ? NodeImage.withClock(chosen) : chosen,
        equipment,
        journal);
  }

  /** The verdict is out by then: what cannot be taken down is told, and changes nothing. */
  private void closed(@Nullable Substrate substrate, ResultFiles files) {
    if (substrate == null) {
      return;
    }
    try {
      substrate.close();
    } catch (RuntimeException e) {
      streams
          .err()
          .println(
              "capstan: something of the cluster stays behind: "
                  + e.getMessage()
                  + "\n  capstan chaos heal "
                  + files.faultJournal()
                  + " removes it.");
    }
  }

  private static CapstanException told(ClusterException e) {
    return new CapstanException(
        switch (e.kind()) {
          case USAGE -> ErrorCode.INVALID_ARGUMENT;
          case UNREACHABLE -> ErrorCode.UNREACHABLE;
          case FAILED -> ErrorCode.INTERNAL;
        },
        Outcome.FAILED,
        String.valueOf(e.getMessage()),
        e.hint(),
        null);
  }

  /**
   * Writes the histories, result.json and the report.
   *
   * @throws InterruptedException if it was asked to end
   */
  static void write(ResultFiles files, Judged judged) throws InterruptedException {
    List<Supplier<Boolean>> writings = new ArrayList<>(ofVerdict(files, judged));
    writings.addAll(HistoryWriting.of(files, judged.evidence()));
    SideBySide.all(writings);
  }

  /** The same without the histories. */
  static void writeVerdict(ResultFiles files, Judged judged) throws InterruptedException {
    SideBySide.all(ofVerdict(files, judged));
  }

  private static List<Supplier<Boolean>> ofVerdict(ResultFiles files, Judged judged) {
    return List.of(
        Writing.done(
            () -> files.writeReport(ScenarioReport.of(judged.evidence(), judged.result()))),
        Writing.done(() -> files.writeResult(judged.result())));
  }

  static CapstanException unwritable(IOException e) {
    return new CapstanException(
        ErrorCode.INTERNAL,
        Outcome.FAILED,
        "The results cannot be written: " + e.getMessage() + ".",
        "Name another folder with --out DIR.",
        null);
  }
}
