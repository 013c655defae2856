package io.capstan.chaos.check.element;

import io.capstan.chaos.check.History;
import io.capstan.chaos.check.HistoryValues;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Outcome;
import io.capstan.chaos.check.Verdict;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Every read of a counter lies between the least and the most that can have been added by then:
 * steps acknowledged before it began count, those that ran meanwhile or whose outcome is unknown
 * may count, those that failed do not. A violation is what no order explains; a read within bounds
 * may still be wrong. Stateless.
 */
public final class CounterBoundsChecker {
  private CounterBoundsChecker() {}

  /** Judges every key of a history whose counters start at this number. */
  public static Verdict check(History history, long initial) {
    Findings findings = new Findings();
    int reads = 0;
    long widest = 0;
    for (List<Operation> operations : history.operationsByKey().values()) {
      for (Range range : ranges(operations, initial)) {
        Operation read = range.read();
        reads++;
        widest = Math.max(widest, range.most() - range.least());
        if (!(read.output() instanceof Long seen) || seen < range.least() || seen > range.most()) {
          findings.note(
              "outOfBounds",
              "client "
                  + read.process()
                  + " read "
                  + HistoryValues.show(read.output())
                  + Findings.under(read)
                  + Findings.at(read.invokeNanos())
                  + ", but by then the counter can only have been "
                  + (range.least() == range.most()
                      ? String.valueOf(range.least())
                      : "between " + range.least() + " and " + range.most()),
              read);
        }
      }
    }
    findings.figure("reads", reads);
    findings.figure("widestRange", widest);
    return findings.verdict(
        reads == 0
            ? Verdict.unknown("no read succeeded")
            : Verdict.valid("all " + reads + " reads lie within what was added by then"));
  }

  private record Range(Operation read, long least, long most) {}

  /** In order of time: a step may count from its invocation, and surely counts from its end. */
  private static List<Range> ranges(List<Operation> operations, long initial) {
    List<Operation> reads = new ArrayList<>();
    List<Operation> steps = new ArrayList<>();
    for (Operation operation : operations) {
      if (Findings.isRead(operation)) {
        if (operation.isOk()) {
          reads.add(operation);
        }
      } else if (operation.outcome() != Outcome.FAILED) {
        amount(operation);
        steps.add(operation);
      } else {
        amount(operation);
      }
    }
    long[] sure = new long[reads.size()];
    Arrays.fill(sure, initial);
    long[] possibleUp = new long[reads.size()];
    long[] possibleDown = new long[reads.size()];
    sweep(reads, steps, sure, possibleUp, possibleDown);
    List<Range> ranges = new ArrayList<>(reads.size());
    for (int i = 0; i < reads.size(); i++) {
      ranges.add(new Range(reads.get(i), sure[i] + possibleDown[i], sure[i] + possibleUp[i]));
    }
    return ranges;
  }

  private static void sweep(
      List<Operation> reads, List<Operation> steps, long[] sure, long[] up, long[] down) {
    reads.sort(Comparator.comparingInt(Operation::invokePosition));
    List<Operation> byEnd = new ArrayList<>(steps);
    byEnd.sort(Comparator.comparingInt(Operation::completePosition));
    int ended = 0;
    long sum = 0;
    long endedUp = 0;
    long endedDown = 0;
    for (int i = 0; i < reads.size(); i++) {
      while (ended < byEnd.size() && byEnd.get(ended).precedes(reads.get(i))) {
        long amount = amount(byEnd.get(ended++));
        sum = Math.addExact(sum, amount);
        endedUp += Math.max(0, amount);
        endedDown += Math.min(0, amount);
      }
      sure[i] += sum;
      up[i] -= endedUp;
      down[i] -= endedDown;
    }
    Integer[] byReadEnd = new Integer[reads.size()];
    Arrays.setAll(byReadEnd, i -> i);
    Arrays.sort(byReadEnd, Comparator.comparingInt(i -> reads.get(i).completePosition()));
    List<Operation> byBegin = new ArrayList<>(steps);
    byBegin.sort(Comparator.comparingInt(Operation::invokePosition));
    int begun = 0;
    long begunUp = 0;
    long begunDown = 0;
    for (int i : byReadEnd) {
      while (begun < byBegin.size()
          && byBegin.get(begun).invokePosition() < reads.get(i).completePosition()) {
        long amount = amount(byBegin.get(begun++));
        begunUp = Math.addExact(begunUp, Math.max(0, amount));
        begunDown = Math.addExact(begunDown, Math.min(0, amount));
      }
      up[i] += begunUp;
      down[i] += begunDown;
    }
  }

  private static long amount(Operation operation) {
    long amount =
        switch (operation.input()) {
          case null -> 1L;
          case Long number -> number;
          default -> throw unknown(operation);
        };
    return switch (operation.f()) {
      case "add", "inc", "increment" -> amount;
      case "dec", "decrement" -> Math.negateExact(amount);
      default -> throw unknown(operation);
    };
  }

  private static IllegalArgumentException unknown(Operation operation) {
    return new IllegalArgumentException(
        "the claim about counters knows add d, inc, dec d and read, but client "
            + operation.process()
            + " did "
            + operation.f()
            + " "
            + HistoryValues.show(operation.input()));
  }
}
