package io.capstan.chaos.scenario;

import io.capstan.chaos.fault.FaultCrew;
import io.capstan.chaos.fault.FaultInForce;
import io.capstan.chaos.fault.FaultType;
import io.capstan.chaos.fault.PlannedFault;
import io.capstan.chaos.workload.AttemptDriver;
import io.capstan.chaos.workload.Phase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;

/**
 * The faults of a run, from the first that begins to the last that is undone, in the order of their
 * times; what takes long puts the rest off. One thread.
 */
final class FaultCourse {
  private static final Duration QUIET_MARGIN = Duration.ofMillis(50);

  private final RunPlan plan;
  private final Pace pace;
  private final LongSupplier elapsedNanos;
  private final AttemptDriver driver;
  private final FaultCrew crew;
  private final RunProgress progress;
  private final BiConsumer<String, String> notes;
  private final List<PlannedFault> leftOut = new ArrayList<>();
  private long firstFaultNanos = -1;
  private long lastEndNanos = -1;

  /**
   * @param elapsedNanos how long the run has gone on
   * @param driver is told when a phase begins, and to be quiet before the last fault ends
   * @param notes gets what begins and ends, and what it hit, for the histories
   */
  FaultCourse(
      RunPlan plan,
      Pace pace,
      LongSupplier elapsedNanos,
      AttemptDriver driver,
      FaultCrew crew,
      RunProgress progress,
      BiConsumer<String, String> notes) {
    this.plan = plan;
    this.pace = pace;
    this.elapsedNanos = elapsedNanos;
    this.driver = driver;
    this.crew = crew;
    this.progress = progress;
    this.notes = notes;
  }

  /** Returns what could not begin, since what came before had left nothing that it could hit. */
  List<PlannedFault> leftOut() {
    return List.copyOf(leftOut);
  }

  /** Returns when the first began, -1 if none did. */
  long firstFaultNanos() {
    return firstFaultNanos;
  }

  /** Returns when the last ended, -1 if none did. */
  long lastEndNanos() {
    return lastEndNanos;
  }

  /** What is to be done at a time. */
  private record Action(long atNanos, int order, Kind kind, int index, long id)
      implements Comparable<Action> {
    @Override
    public int compareTo(Action other) {
      return atNanos == other.atNanos
          ? Integer.compare(order, other.order)
          : Long.compare(atNanos, other.atNanos);
    }
  }

  private enum Kind {
    END,
    BEGIN,
    TOGGLE
  }

  private void sleepUntil(long elapsed) throws InterruptedException {
    pace.sleepUntil(pace.nowNanos() + elapsed - elapsedNanos.getAsLong());
  }

  /**
   * Carries out the schedule; returns when the last fault is undone.
   *
   * @throws InterruptedException if the thread is interrupted; what is in force stays so
   */
  void run() throws InterruptedException {
    PriorityQueue<Action> actions = new PriorityQueue<>();
    int order = 0;
    for (int i = 0; i < plan.schedule().size(); i++) {
      PlannedFault fault = plan.schedule().get(i);
      long start = TimeUnit.MILLISECONDS.toNanos(fault.startMillis());
      actions.add(new Action(start, order++, Kind.BEGIN, i, 0));
    }
    long quietNanos = RunPlan.ATTEMPT_TIMEOUT.plus(QUIET_MARGIN).toNanos();
    while (!actions.isEmpty()) {
      Action next = actions.remove();
      if (isTooEarly(next, actions)) {
        actions.add(later(next, actions));
        continue;
      }
      if (next.kind() == Kind.END && actions.isEmpty()) {
        // An attempt that began under the last fault but is answered after it says nothing.
        sleepUntil(next.atNanos() - quietNanos);
        driver.quiet(true);
      }
      sleepUntil(next.atNanos());
      switch (next.kind()) {
        case BEGIN -> begin(next, actions);
        case END -> end(next.id());
        case TOGGLE -> toggle(next, actions);
      }
    }
  }

  /** A new member may have to wait for other faults to be over, and nobody waits for it then. */
  private boolean isTooEarly(Action action, PriorityQueue<Action> actions) {
    return action.kind() == Kind.END
        && plan.schedule().get(action.index()).type() == FaultType.MEMBER_REPLACE
        && actions.stream().anyMatch(each -> isEndOfAnother(each));
  }

  private boolean isEndOfAnother(Action action) {
    return action.kind() != Kind.TOGGLE
        && plan.schedule().get(action.index()).type() != FaultType.MEMBER_REPLACE;
  }

  private static Action later(Action action, PriorityQueue<Action> actions) {
    long last = actions.stream().mapToLong(Action::atNanos).max().orElse(action.atNanos());
    return new Action(
        Math.max(last, action.atNanos()) + 1,
        action.order(),
        action.kind(),
        action.index(),
        action.id());
  }

  private void begin(Action action, PriorityQueue<Action> actions) {
    PlannedFault fault = plan.schedule().get(action.index());
    if (firstFaultNanos < 0) {
      firstFaultNanos = elapsedNanos.getAsLong();
      driver.phase(Phase.DURING);
    }
    progress.advance(RunProgress.Step.CUTTING, "beginning: " + fault.type().label());
    FaultInForce begun = crew.begin(fault);
    if (begun == null) {
      leftOut.add(fault);
      return;
    }
    notes.accept("begin-" + fault.type().label(), begun.detail());
    progress.advance(RunProgress.Step.DURING, fault.type().label() + ": " + begun.detail());
    long end = TimeUnit.MILLISECONDS.toNanos(fault.endMillis());
    // What took long to begin lasts for a part of its time at least.
    long shortest = elapsedNanos.getAsLong() + (end - action.atNanos()) * 2 / 5;
    long until = Math.max(end, shortest);
    actions.add(new Action(until, action.order(), Kind.END, action.index(), begun.id()));
    if (fault.type() == FaultType.FLAP) {
      addToggle(action, begun.id(), until, actions);
    }
  }

  private void toggle(Action action, PriorityQueue<Action> actions) {
    crew.toggle(action.id());
    addToggle(action, action.id(), Long.MAX_VALUE, actions);
  }

  private void addToggle(Action after, long id, long until, PriorityQueue<Action> actions) {
    long half =
        TimeUnit.MILLISECONDS.toNanos(plan.schedule().get(after.index()).amountMillis()) / 2;
    long at = elapsedNanos.getAsLong() + half;
    boolean isOver =
        at >= until
            || (until == Long.MAX_VALUE
                && actions.stream()
                    .noneMatch(
                        each -> each.kind() == Kind.END && each.id() == id && each.atNanos() > at));
    if (!isOver) {
      actions.add(new Action(at, after.order(), Kind.TOGGLE, after.index(), id));
    }
  }

  private void end(long id) {
    for (FaultInForce fault : crew.faults()) {
      if (fault.id() == id) {
        lastEndNanos = elapsedNanos.getAsLong();
        crew.end(id);
        notes.accept("end-" + fault.plan().type().label(), fault.detail());
        progress.advance(RunProgress.Step.DURING, "undone: " + fault.plan().type().label());
      }
    }
  }
}
