package io.capstan.chaos.command;

import io.capstan.chaos.report.Ink;
import io.capstan.chaos.scenario.RunProgress;
import io.capstan.chaos.scenario.SubstrateKind;
import io.capstan.cli.Streams;
import java.util.Locale;

/**
 * Shows where a run of a scenario is: one line that is drawn again and again on a terminal, one
 * line for each step otherwise. Has a thread of its own.
 */
final class StepView implements AutoCloseable {
  private static final long LOOK_MILLIS = 120;
  private static final long CLOSE_MAX_MILLIS = 2_000;
  private static final String CLEAR = "\r\u001b[2K";

  private final Streams streams;
  private final Ink ink;
  private final boolean isSilent;
  private final boolean isTerminal;
  private final boolean isVirtual;
  private final RunProgress progress;
  private final Thread thread;
  private volatile boolean isClosed;
  private String last = "";

  StepView(Streams streams, Ink ink, boolean isSilent, RunProgress progress, SubstrateKind kind) {
    this.streams = streams;
    this.ink = ink;
    this.isSilent = isSilent;
    this.isTerminal =
        streams.outIsTerminal() && !streams.environment().getOrDefault("TERM", "").equals("dumb");
    this.isVirtual = kind == SubstrateKind.SIM;
    this.progress = progress;
    this.thread = new Thread(this::run, "step-view");
    this.thread.setDaemon(true);
  }

  void start() {
    if (!isSilent) {
      thread.start();
    }
  }

  private void run() {
    try {
      while (!isClosed) {
        draw();
        Thread.sleep(LOOK_MILLIS);
      }
    } catch (InterruptedException e) {
      // Asked to end: close() draws the last state.
    }
  }

  private synchronized void draw() {
    String sentence = progress.sentence();
    if (sentence.isEmpty()) {
      return;
    }
    String time =
        isVirtual
            ? "  simulating"
            : String.format(Locale.ROOT, "%7.1f s", progress.elapsedMillis() / 1_000.0);
    if (!sentence.equals(last)) {
      streams.out().println((isTerminal ? CLEAR : "") + time + "    " + sentence);
      last = sentence;
    }
    if (isTerminal) {
      String leader = progress.leader().isEmpty() ? "nobody" : progress.leader();
      streams.out().print(CLEAR + ink.faint(time + "    " + leader + " leads"));
    }
    streams.out().flush();
  }

  @Override
  public void close() {
    if (isSilent) {
      return;
    }
    isClosed = true;
    thread.interrupt();
    try {
      thread.join(CLOSE_MAX_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    draw();
    if (isTerminal) {
      streams.out().print(CLEAR);
    }
    streams.out().flush();
  }
}
