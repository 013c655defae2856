package io.capstan.chaos.scenario;

import io.capstan.chaos.check.Extras;
import io.capstan.chaos.check.Operation;
import io.capstan.chaos.check.Outcome;
import io.capstan.chaos.report.ScenarioResult.SideResult;
import io.capstan.chaos.workload.Ending;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Counts the attempts of a history by phase and side of the split. An attempt belongs where it was
 * invoked; its side is that of its node.
 */
final class SplitMeasures {
  static final String ALL = "all";
  static final String MAJORITY = "majority";
  static final String MINORITY = "minority";
  static final String BEFORE = "before";
  static final String CUTTING = "cutting";
  static final String DURING = "during";
  static final String AFTER = "after";

  private static final double MICROS_PER_MILLI = 1_000;

  private final List<Operation> operations;
  private final SplitTimes times;
  private final List<String> nodes;
  private final List<String> minority;
  private final @Nullable Set<Integer> staleReads;

  /**
   * @param staleReads ids of the operations that read something outdated; null where unknown
   */
  SplitMeasures(
      List<Operation> operations,
      SplitTimes times,
      List<String> nodes,
      List<String> minority,
      @Nullable Set<Integer> staleReads) {
    this.operations = operations;
    this.times = times;
    this.nodes = nodes;
    this.minority = minority;
    this.staleReads = staleReads;
  }

  /** Returns one entry for each phase and side; every attempt is in exactly one of them. */
  List<SideResult> sides() {
    List<String> majority = nodes.stream().filter(node -> !minority.contains(node)).toList();
    return List.of(
        count(BEFORE, ALL, nodes, time -> time < times.cutNanos()),
        count(
            CUTTING, ALL, nodes, time -> time >= times.cutNanos() && time < times.verifiedNanos()),
        count(DURING, MAJORITY, majority, this::isDuring),
        count(DURING, MINORITY, minority, this::isDuring),
        count(AFTER, ALL, nodes, time -> time >= times.healNanos()));
  }

  private boolean isDuring(long nanos) {
    return nanos >= times.verifiedNanos() && nanos < times.healNanos();
  }

  private SideResult count(
      String phase, String side, List<String> members, Predicate<Long> isInPhase) {
    int ok = 0;
    int refused = 0;
    int unknown = 0;
    long stale = 0;
    long siblings = 0;
    List<Long> waits = new ArrayList<>();
    for (Operation operation : operations) {
      if (!isInPhase.test(operation.invokeNanos())
          || !members.contains(String.valueOf(operation.extra(Extras.NODE)))) {
        continue;
      }
      if (isAnswered(operation)) {
        ok++;
      } else if (operation.outcome() == Outcome.FAILED) {
        refused++;
      } else {
        unknown++;
      }
      stale += staleReads != null && staleReads.contains(operation.id()) ? 1 : 0;
      siblings += sawSiblings(operation) ? 1 : 0;
      if (operation.completeNanos() != Operation.NEVER) {
        waits.add(operation.completeNanos() - operation.invokeNanos());
      }
    }
    long[] sorted = waits.stream().mapToLong(Long::longValue).sorted().toArray();
    return new SideResult(
        phase,
        side,
        members,
        ok + refused + unknown,
        ok,
        refused,
        unknown,
        quantileMillis(sorted, 0.50),
        quantileMillis(sorted, 0.99),
        staleReads == null ? null : stale,
        siblings);
  }

  /** A comparison that failed is an answer, and a linearizable one. */
  static boolean isAnswered(Operation operation) {
    return operation.isOk() || Ending.COMPARISON_FAILED.equals(operation.extra(Extras.ERROR));
  }

  /** Returns the operation, and a failed comparison as the answer that it is. */
  static Operation asServed(Operation operation) {
    if (operation.isOk() || !isAnswered(operation)) {
      return operation;
    }
    return new Operation(
        operation.id(),
        operation.process(),
        operation.f(),
        operation.key(),
        operation.input(),
        Outcome.OK,
        null,
        operation.invokeNanos(),
        operation.completeNanos(),
        operation.invokePosition(),
        operation.completePosition(),
        operation.extras());
  }

  /** Whether a read found concurrent values. */
  static boolean sawSiblings(Operation operation) {
    return operation.isOk() && operation.f().equals("read") && operation.outputValues().size() > 1;
  }

  /** The value below or at which this share of them lies (nearest rank), in milliseconds. */
  private static @Nullable Double quantileMillis(long[] sortedNanos, double share) {
    if (sortedNanos.length == 0) {
      return null;
    }
    int rank = (int) Math.ceil(share * sortedNanos.length);
    long micros = sortedNanos[Math.max(0, rank - 1)] / 1_000;
    return micros / MICROS_PER_MILLI;
  }

  /**
   * Returns for each node when the first operation through it succeeded that was invoked at or
   * after this time; a node without any is absent.
   */
  static Map<String, Long> firstOkByNode(List<Operation> operations, long fromNanos) {
    Map<String, Long> firstByNode = new LinkedHashMap<>();
    for (Operation operation : operations) {
      if (operation.invokeNanos() >= fromNanos && isAnswered(operation)) {
        firstByNode.merge(
            String.valueOf(operation.extra(Extras.NODE)), operation.completeNanos(), Math::min);
      }
    }
    return firstByNode;
  }

  /** Returns from this time until a success through every node; null if one had none. */
  static @Nullable Long recoveryNanos(
      List<Operation> operations, long fromNanos, List<String> nodes) {
    Map<String, Long> firstByNode = firstOkByNode(operations, fromNanos);
    if (!firstByNode.keySet().containsAll(nodes)) {
      return null;
    }
    long last = nodes.stream().mapToLong(firstByNode::get).max().orElse(fromNanos);
    return last - fromNanos;
  }
}
