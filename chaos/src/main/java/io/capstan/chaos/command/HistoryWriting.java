package io.capstan.chaos.command;

import io.capstan.chaos.check.SideBySide;
import io.capstan.chaos.report.ResultFiles;
import io.capstan.chaos.scenario.ScenarioEvidence;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

/** Writes the histories of a run while it is judged: they say the same whatever comes of that. */
final class HistoryWriting {
  private final FutureTask<Boolean> written;

  private HistoryWriting(FutureTask<Boolean> written) {
    this.written = written;
  }

  /** Begins, on a thread of its own. */
  static HistoryWriting begin(ResultFiles files, ScenarioEvidence evidence) {
    FutureTask<Boolean> task =
        new FutureTask<>(() -> of(files, evidence).stream().allMatch(Supplier::get));
    Thread.ofPlatform().daemon().name("histories").start(task);
    return new HistoryWriting(task);
  }

  /** One work for each keyspace. */
  static List<Supplier<Boolean>> of(ResultFiles files, ScenarioEvidence evidence) {
    return evidence.keyspaces().stream()
        .map(
            seen ->
                Writing.done(
                    () ->
                        files.writeHistory(seen.plan().mode().label(), "history", seen.history())))
        .toList();
  }

  /**
   * Waits until they stand.
   *
   * @throws io.capstan.client.CapstanException if they cannot be written
   * @throws InterruptedException if it was asked to end
   */
  void await() throws InterruptedException {
    SideBySide.await(written);
  }
}
