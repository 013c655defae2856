package io.capstan.chaos.sim;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * Faults and operations in the only order in which a voter that forgot its leader does harm: the
 * candidate misses nothing of the log and has not heard the leader for a while, the voter restarts,
 * the leader is cut off before the voter hears it again, and clients write on one side and read on
 * the other. Left to chance that takes thousands of seeds.
 */
final class RestartsUnderALease {
  private static final int NODES = 3;
  private static final long FIRST_MILLIS = 200;
  private static final long ROUND_MILLIS = 1_800;
  private static final long SILENCE_LEAST_MILLIS = 500;
  private static final int SILENCE_VARIES_MILLIS = 450;
  private static final long CALM_BEFORE_MILLIS = 60;
  private static final long DOWN_MILLIS = 3;
  private static final long CUT_OFF_MILLIS = 500;

  private RestartsUnderALease() {}

  /** Who leads is a guess in each round: which of three nodes plays which part is drawn. */
  static Schedule of(Schedule base) {
    Random random = new Random(base.seed());
    List<Integer> parts = new ArrayList<>(List.of(0, 1, 2));
    List<SimulatedFault> faults = new ArrayList<>();
    List<SimulatedOperation> operations = new ArrayList<>(base.operations());
    for (long at = FIRST_MILLIS; at + ROUND_MILLIS < base.faultyMillis(); at += ROUND_MILLIS) {
      Collections.shuffle(parts, random);
      List<Integer> leader = List.of(parts.get(0));
      List<Integer> leaderAndCandidate = List.of(parts.get(0), parts.get(1));
      List<Integer> voter = List.of(parts.get(NODES - 1));
      long silence = SILENCE_LEAST_MILLIS + random.nextInt(SILENCE_VARIES_MILLIS);
      long restart = at + silence;
      faults.add(fault(FaultKind.CUT, at, silence + CUT_OFF_MILLIS, leaderAndCandidate));
      faults.add(fault(FaultKind.ISOLATE, restart - 1, CUT_OFF_MILLIS, leader));
      faults.add(fault(FaultKind.POWER_LOSS, restart, DOWN_MILLIS, voter));
      long calmFrom = at - CALM_BEFORE_MILLIS;
      operations.removeIf(each -> each.atMillis() >= calmFrom && each.atMillis() < restart);
    }
    return base.withFaults(faults).withOperations(operations);
  }

  private static SimulatedFault fault(FaultKind kind, long at, long millis, List<Integer> nodes) {
    return new SimulatedFault(kind, at, millis, nodes, 0);
  }
}
