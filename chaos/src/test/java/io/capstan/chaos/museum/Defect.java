package io.capstan.chaos.museum;

import io.capstan.chaos.sim.FaultKind;
import io.capstan.chaos.sim.SimulationMode;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * One exhibit.
 *
 * @param name as in docs/bug-museum.md
 * @param patches what is changed, to the letter
 * @param mode the mode in which it is looked for
 * @param faults the faults under which it shows
 * @param seedsMax it is caught by one of so many seeds
 * @param claims the claims that it breaks; any of them counts
 * @param leaseReads whether it only shows where leaders serve reads by lease
 * @param restartsUnderALease whether its faults come in the one order in which it shows, see {@code
 *     RestartsUnderALease}
 */
record Defect(
    String name,
    List<Patch> patches,
    SimulationMode mode,
    Set<FaultKind> faults,
    int seedsMax,
    Set<String> claims,
    boolean leaseReads,
    boolean restartsUnderALease) {

  /**
   * A change of one source file of the node module, or of the simulator where it stands for what
   * lies below the replica.
   *
   * @param type the class, below io.capstan.node; from {@code chaos.} on where it is the
   *     simulator's
   * @param before text that stands in the file exactly once
   * @param after what stands there instead
   */
  record Patch(String type, String before, String after) {}

  static Defect named(String name, int seedsMax, Set<FaultKind> faults, String... claims) {
    return new Defect(
        name, List.of(), SimulationMode.CP, faults, seedsMax, Set.of(claims), false, false);
  }

  Defect patch(String type, String before, String after) {
    List<Patch> more = new java.util.ArrayList<>(patches);
    more.add(new Patch(type, before, after));
    return new Defect(
        name, List.copyOf(more), mode, faults, seedsMax, claims, leaseReads, restartsUnderALease);
  }

  Defect in(SimulationMode other) {
    return new Defect(
        name, patches, other, faults, seedsMax, claims, leaseReads, restartsUnderALease);
  }

  Defect under(Set<FaultKind> others) {
    return new Defect(
        name, patches, mode, others, seedsMax, claims, leaseReads, restartsUnderALease);
  }

  Defect withLeaseReads() {
    return new Defect(name, patches, mode, faults, seedsMax, claims, true, restartsUnderALease);
  }

  Defect withRestartsUnderALease() {
    return new Defect(name, patches, mode, faults, seedsMax, claims, true, true);
  }

  static Set<FaultKind> faults(FaultKind first, FaultKind... others) {
    return EnumSet.of(first, others);
  }

  @Override
  public String toString() {
    return name;
  }
}
