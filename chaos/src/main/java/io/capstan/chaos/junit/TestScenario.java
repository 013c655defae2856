package io.capstan.chaos.junit;

import io.capstan.chaos.check.History;
import io.capstan.chaos.cluster.ClusterException;
import io.capstan.chaos.fault.FaultJournal;
import io.capstan.chaos.report.ResultFiles;
import io.capstan.chaos.report.ScenarioResult;
import io.capstan.chaos.scenario.GivenSubstrate;
import io.capstan.chaos.scenario.RunPlan;
import io.capstan.chaos.scenario.RunProgress;
import io.capstan.chaos.scenario.ScenarioEvidence;
import io.capstan.chaos.scenario.ScenarioJudge;
import io.capstan.chaos.scenario.ScenarioReport;
import io.capstan.chaos.scenario.ScenarioRun;
import io.capstan.client.Mode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The scenario that runs beside a test, as a parameter of the test; see {@link ChaosScenario}.
 * Thread-safe.
 */
public final class TestScenario {
  /** So much longer than its clients work a run may take: to begin, to heal, and to be judged. */
  static final Duration PATIENCE = Duration.ofMinutes(5);

  private static final Duration CHECK_BUDGET = Duration.ofSeconds(20);
  private static final Duration CANCEL_MAX = Duration.ofMinutes(2);

  private final RunPlan plan;
  private final ResultFiles files;
  private final Path folder;
  private final CompletableFuture<Void> fault = new CompletableFuture<>();
  private final CompletableFuture<Judged> judged = new CompletableFuture<>();
  private final Thread thread;

  private record Judged(ScenarioEvidence evidence, ScenarioResult result) {}

  /**
   * @param substrate what the cluster is, for results
   * @param folder for the report and the histories
   * @param replay the command that runs it again
   */
  TestScenario(RunPlan plan, String substrate, TestCluster cluster, Path folder, String replay)
      throws IOException {
    this.plan = plan;
    this.folder = folder;
    this.files = new ResultFiles(folder);
    this.thread =
        new Thread(() -> run(substrate, cluster, replay), "scenario " + plan.scenario().name());
    this.thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  private void run(String substrate, TestCluster cluster, String replay) {
    try (GivenSubstrate given = new GivenSubstrate(substrate, cluster.cluster());
        FaultJournal journal = FaultJournal.create(files.faultJournal())) {
      ScenarioEvidence evidence =
          new ScenarioRun(given, plan, new RunProgress(this::reached)).run(journal);
      ScenarioJudge judge = new ScenarioJudge(CHECK_BUDGET);
      ScenarioResult result = judge.climbed(evidence, judge.judge(evidence, replay));
      for (ScenarioEvidence.KeyspaceEvidence seen : evidence.keyspaces()) {
        files.writeHistory(seen.plan().mode().label(), "history", seen.history());
      }
      files.writeResult(result);
      files.writeReport(ScenarioReport.of(evidence, result));
      judged.complete(new Judged(evidence, result));
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      judged.completeExceptionally(e);
    }
    // Nobody waits for a fault any more that did not come.
    fault.completeExceptionally(new IllegalStateException("the scenario ended without a fault"));
  }

  private void reached(RunProgress.Step step) {
    if (step == RunProgress.Step.DURING) {
      fault.complete(null);
    }
  }

  /**
   * Waits until the first fault acts and is seen to act.
   *
   * @throws ClusterException if the run ends before
   */
  public void awaitFault() {
    await(fault);
  }

  /**
   * Waits until everything has happened, is healed and judged.
   *
   * @throws ClusterException if the run broke down, which says nothing about any claim
   */
  public ScenarioResult result() {
    return await(judged).result();
  }

  /**
   * Waits as {@link #result} does, and returns what the clients of a mode saw.
   *
   * @throws IllegalArgumentException if the scenario does not run in this mode
   */
  public History history(Mode mode) {
    return await(judged).evidence().keyspaces().stream()
        .filter(seen -> seen.plan().mode() == mode)
        .map(ScenarioEvidence.KeyspaceEvidence::history)
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("the scenario does not run in " + mode));
  }

  /** Returns the name of the keyspace in which the clients of a mode work. */
  public String keyspace(Mode mode) {
    return plan.keyspaces().stream()
        .filter(keyspace -> keyspace.mode() == mode)
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("the scenario does not run in " + mode))
        .keyspace();
  }

  /** Returns the folder of {@code report.html}, {@code result.json} and the histories. */
  public Path folder() {
    return folder;
  }

  private <T> T await(CompletableFuture<T> future) {
    long maxMillis = plan.duration().plus(PATIENCE).toMillis();
    try {
      return future.get(maxMillis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failed("The test was interrupted while its scenario ran.", e);
    } catch (TimeoutException e) {
      throw failed("The scenario did not end within " + maxMillis / 1_000 + " s.", e);
    } catch (ExecutionException e) {
      Throwable cause = judged.isCompletedExceptionally() ? judgedFailure(e) : e.getCause();
      throw failed("The scenario broke down: " + (cause == null ? e : cause).getMessage(), cause);
    }
  }

  private Throwable judgedFailure(ExecutionException otherwise) {
    return judged.handle((done, error) -> error == null ? otherwise : error).join();
  }

  private static ClusterException failed(String what, @Nullable Throwable cause) {
    return cause == null
        ? new ClusterException(ClusterException.Kind.FAILED, what, "")
        : new ClusterException(ClusterException.Kind.FAILED, what, "", cause);
  }

  /** Ends the run, of which nothing is wanted any more; what it has broken is healed. */
  void cancel() {
    boolean wasInterrupted = Thread.interrupted();
    thread.interrupt();
    try {
      thread.join(CANCEL_MAX.toMillis());
    } catch (InterruptedException e) {
      wasInterrupted = true;
    }
    if (wasInterrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
