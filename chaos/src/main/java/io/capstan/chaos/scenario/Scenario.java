package io.capstan.chaos.scenario;

import io.capstan.chaos.cluster.LinkQuality;
import io.capstan.chaos.fault.FaultType;
import io.capstan.chaos.fault.PlannedFault;
import io.capstan.client.ConflictPolicy;
import io.capstan.client.Level;
import io.capstan.client.Mode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A chaos test as data: what clients do, where they sit, what goes wrong when, and what is claimed.
 * {@link ScenarioFile} reads it. Immutable.
 *
 * @param summary one sentence: what it shows
 * @param workloads name of the workload in each mode
 * @param nodes how many, unless the command line says otherwise
 * @param clients how many in each keyspace, likewise
 * @param placement node to how many of the clients sit there; empty: evenly, round about
 * @param rate attempts a second of all clients of a keyspace together
 * @param levels level of reads and writes in each mode
 * @param conflicts what an AP keyspace does with concurrent writes
 * @param faults the schedule; empty where it is drawn
 * @param random how the schedule is drawn; null where it is fixed
 * @param claims what is claimed in each mode; a mode without an entry has what its workload claims
 */
public record Scenario(
    String name,
    String summary,
    Map<Mode, String> workloads,
    int nodes,
    int clients,
    Map<String, Integer> placement,
    int rate,
    Duration duration,
    Map<Mode, Level> levels,
    ConflictPolicy conflicts,
    List<FaultTemplate> faults,
    @Nullable RandomFaults random,
    Map<Mode, List<ClaimKind>> claims) {

  public Scenario {
    workloads = Collections.unmodifiableMap(new LinkedHashMap<>(workloads));
    placement = Collections.unmodifiableMap(new LinkedHashMap<>(placement));
    levels = Collections.unmodifiableMap(new LinkedHashMap<>(levels));
    faults = List.copyOf(faults);
    claims = Collections.unmodifiableMap(new LinkedHashMap<>(claims));
  }

  /**
   * A fault as a file describes it.
   *
   * @param start when it begins
   * @param end when it is undone
   */
  public record FaultTemplate(
      FaultType type,
      String target,
      Moment start,
      Moment end,
      LinkQuality quality,
      long amountMillis) {

    PlannedFault in(Duration duration) {
      return new PlannedFault(
          type, target, start.in(duration), end.in(duration), quality, amountMillis);
    }
  }

  /**
   * How a schedule is drawn from a seed.
   *
   * @param types which kinds may come
   * @param atOnceMax so many faults may last at the same time
   */
  public record RandomFaults(Set<FaultType> types, int atOnceMax) {
    public RandomFaults {
      types = Collections.unmodifiableSet(EnumSet.copyOf(types));
    }
  }

  /** Returns every kind of fault that may come. */
  public Set<FaultType> faultTypes() {
    Set<FaultType> types = EnumSet.noneOf(FaultType.class);
    faults.forEach(fault -> types.add(fault.type()));
    if (random != null) {
      types.addAll(random.types());
    }
    return types;
  }

  /**
   * Returns the schedule, by beginning.
   *
   * @param seed decides a drawn one
   * @param possible the kinds that the substrate can do; a drawn schedule has no others
   */
  public List<PlannedFault> schedule(
      Duration length, long seed, int nodeCount, Set<FaultType> possible) {
    List<PlannedFault> planned = new ArrayList<>();
    faults.forEach(fault -> planned.add(fault.in(length)));
    if (random != null) {
      Set<FaultType> types = EnumSet.copyOf(random.types());
      types.retainAll(possible);
      planned.addAll(RandomSchedule.draw(seed, length, nodeCount, types, random.atOnceMax()));
    }
    planned.sort(Comparator.comparingLong(PlannedFault::startMillis));
    return planned;
  }
}
