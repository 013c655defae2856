package io.capstan.chaos.scenario;

import io.capstan.chaos.fault.FaultType;
import io.capstan.chaos.fault.PlannedFault;
import io.capstan.client.Level;
import io.capstan.client.Mode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * A scenario with everything decided that the command line and the seed decide.
 *
 * @param seed what clients ask and when, and a drawn schedule, follow from it
 * @param clients of each keyspace
 * @param schedule by beginning
 * @param keyspaces CP first
 */
public record RunPlan(
    Scenario scenario,
    long seed,
    int nodes,
    int clients,
    Duration duration,
    List<PlannedFault> schedule,
    List<KeyspacePlan> keyspaces) {
  /** How long an attempt may take, retries included. */
  public static final Duration ATTEMPT_TIMEOUT = Duration.ofSeconds(1);

  public RunPlan {
    schedule = List.copyOf(schedule);
    keyspaces = List.copyOf(keyspaces);
  }

  /**
   * Decides.
   *
   * @param modes in which the workload runs, all at once
   * @param possible kinds of faults that the substrate can do
   */
  public static RunPlan of(
      Scenario scenario,
      List<Mode> modes,
      long seed,
      int nodes,
      int clients,
      Duration duration,
      Set<FaultType> possible) {
    List<PlannedFault> schedule = scenario.schedule(duration, seed, nodes, possible);
    boolean replaces =
        schedule.stream().anyMatch(fault -> fault.type() == FaultType.MEMBER_REPLACE);
    List<KeyspacePlan> keyspaces = new ArrayList<>();
    for (Mode mode : modes) {
      String workload = String.valueOf(scenario.workloads().get(mode));
      List<ClaimKind> claims = scenario.claims().get(mode);
      var level = scenario.levels().get(mode);
      if (level == null) {
        throw new IllegalArgumentException("no level for " + mode);
      }
      keyspaces.add(
          new KeyspacePlan(
              mode,
              workload + "-" + mode.label(),
              workload,
              // What a node alone has acknowledged would go with it.
              replaces && level == Level.ONE ? Level.QUORUM : level,
              scenario.conflicts(),
              claims == null ? WorkloadClaims.usual(workload, mode) : claims));
    }
    return new RunPlan(scenario, seed, nodes, clients, duration, schedule, keyspaces);
  }

  /** Returns the same plan with another schedule. */
  RunPlan withSchedule(List<PlannedFault> other) {
    return new RunPlan(scenario, seed, nodes, clients, duration, other, keyspaces);
  }

  /** Returns the same plan with other names for its keyspaces. */
  public RunPlan withKeyspaces(UnaryOperator<String> names) {
    List<KeyspacePlan> renamed =
        keyspaces.stream().map(each -> each.named(names.apply(each.keyspace()))).toList();
    return new RunPlan(scenario, seed, nodes, clients, duration, schedule, renamed);
  }

  /** Returns the same plan with those of its claims that are wanted. */
  public RunPlan withClaims(Predicate<ClaimKind> wanted) {
    List<KeyspacePlan> fewer =
        keyspaces.stream()
            .map(each -> each.claiming(each.claims().stream().filter(wanted).toList()))
            .toList();
    return new RunPlan(scenario, seed, nodes, clients, duration, schedule, fewer);
  }

  /** Returns how often each client makes an attempt. */
  public Duration interval() {
    return Duration.ofNanos(1_000_000_000L * clients / scenario.rate());
  }

  /** Returns at which node each client sits, in order. */
  List<String> seats(List<String> nodeIds) {
    List<String> seats = new ArrayList<>();
    Map<String, Integer> left = new LinkedHashMap<>(scenario.placement());
    if (left.isEmpty()) {
      for (int client = 0; client < clients; client++) {
        seats.add(nodeIds.get(client % nodeIds.size()));
      }
      return seats;
    }
    List<String> pattern = new ArrayList<>();
    left.forEach(
        (node, count) -> {
          for (int i = 0; i < count; i++) {
            pattern.add(node);
          }
        });
    for (int client = 0; client < clients; client++) {
      seats.add(pattern.get(client % pattern.size()));
    }
    return seats;
  }

  /** Whether nodes may go down in the middle of what they do for a client. */
  public boolean takesNodesDown() {
    return schedule.stream().anyMatch(fault -> fault.type().takesNodesDown());
  }

  /** Whether the schedule has a fault of this kind. */
  public boolean schedules(FaultType type) {
    return schedule.stream().anyMatch(fault -> fault.type() == type);
  }
}
