package io.capstan.chaos.scenario;

import io.capstan.chaos.workload.Workloads;
import io.capstan.client.Mode;
import java.util.ArrayList;
import java.util.List;

/** Which claims fit which workload. */
final class WorkloadClaims {
  private WorkloadClaims() {}

  /** What is claimed where the scenario does not say. */
  static List<ClaimKind> usual(String workload, Mode mode) {
    List<ClaimKind> claims = new ArrayList<>();
    if (mode == Mode.CP) {
      claims.addAll(aboutData(workload, mode));
      claims.add(ClaimKind.MAJORITY_AVAILABLE);
      claims.add(ClaimKind.RECOVERED);
      return claims;
    }
    claims.add(ClaimKind.BOTH_SIDES_AVAILABLE);
    claims.add(ClaimKind.CONVERGED);
    claims.add(ClaimKind.RECOVERED);
    switch (workload) {
      case Workloads.REGISTER -> claims.add(ClaimKind.NOTHING_LOST);
      case Workloads.FEED ->
          claims.addAll(
              List.of(ClaimKind.NOTHING_LOST, ClaimKind.COUNTER_EXACT, ClaimKind.ELEMENTS_KEPT));
      case Workloads.SET -> claims.add(ClaimKind.ELEMENTS_KEPT);
      case Workloads.COUNTER -> claims.add(ClaimKind.COUNTER_EXACT);
      default -> {}
    }
    return claims;
  }

  /** What can be claimed about the data in this mode, true or not. */
  static List<ClaimKind> aboutData(String workload, Mode mode) {
    List<ClaimKind> claims = new ArrayList<>();
    switch (workload) {
      case Workloads.REGISTER -> {
        claims.add(ClaimKind.LINEARIZABLE);
        if (mode == Mode.AP) {
          claims.add(ClaimKind.NOTHING_LOST);
          claims.add(ClaimKind.NOTHING_DISCARDED);
        }
      }
      case Workloads.CAS_REGISTER -> claims.add(ClaimKind.LINEARIZABLE);
      case Workloads.BANK -> {
        claims.add(ClaimKind.LINEARIZABLE);
        claims.add(ClaimKind.BANK_TOTAL);
      }
      case Workloads.FEED -> {
        claims.add(ClaimKind.LINEARIZABLE);
        claims.add(ClaimKind.COUNTER_EXACT);
        claims.add(ClaimKind.ELEMENTS_KEPT);
        if (mode == Mode.AP) {
          claims.add(ClaimKind.NOTHING_LOST);
          claims.add(ClaimKind.NOTHING_DISCARDED);
        }
      }
      case Workloads.SET -> claims.add(ClaimKind.ELEMENTS_KEPT);
      case Workloads.COUNTER -> claims.add(ClaimKind.COUNTER_EXACT);
      case Workloads.LIST_APPEND -> claims.add(ClaimKind.SERIALIZABLE);
      case Workloads.CLAIM_IDS -> claims.add(ClaimKind.UNIQUE);
      default -> throw new IllegalArgumentException("no workload " + workload);
    }
    return claims;
  }

  /** The rungs of the consistency ladder, for workloads with plain values; true or not. */
  private static List<ClaimKind> ofSessions(String workload) {
    return switch (workload) {
      case Workloads.REGISTER, Workloads.CAS_REGISTER, Workloads.BANK, Workloads.FEED ->
          List.of(
              ClaimKind.SEQUENTIAL,
              ClaimKind.CAUSAL,
              ClaimKind.READ_YOUR_WRITES,
              ClaimKind.MONOTONIC_READS,
              ClaimKind.MONOTONIC_WRITES,
              ClaimKind.WRITES_FOLLOW_READS);
      default -> List.of();
    };
  }

  /** Every claim that the scenario may make. */
  static List<ClaimKind> possible(String workload, Mode mode) {
    List<ClaimKind> claims = new ArrayList<>(aboutData(workload, mode));
    claims.addAll(ofSessions(workload));
    if (mode == Mode.CP) {
      claims.add(ClaimKind.MAJORITY_AVAILABLE);
    } else {
      claims.add(ClaimKind.BOTH_SIDES_AVAILABLE);
      claims.add(ClaimKind.CONVERGED);
    }
    claims.add(ClaimKind.RECOVERED);
    return claims;
  }
}
