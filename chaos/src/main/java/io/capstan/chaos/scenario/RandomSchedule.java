package io.capstan.chaos.scenario;

import io.capstan.chaos.cluster.LinkQuality;
import io.capstan.chaos.fault.FaultType;
import io.capstan.chaos.fault.PlannedFault;
import io.capstan.chaos.fault.Targets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Draws a schedule from a seed: rounds of one or several faults that last at the same time, with
 * pauses between them. Each round ends before the next begins, so that a report can be read.
 */
final class RandomSchedule {
  /** The first part of a run is calm, so that there is something to compare with. */
  private static final double FIRST_SHARE = 0.12;

  /** Nothing is hurt any more after this part. */
  private static final double LAST_SHARE = 0.78;

  private static final long ROUND_MIN_MILLIS = 1_500;
  private static final long ROUND_MAX_MILLIS = 5_000;
  private static final long GAP_MAX_MILLIS = 1_500;
  private static final int SLOW_MAX_MILLIS = 300;
  private static final int LOSS_MAX_PERCENT = 30;
  private static final long SKEW_MAX_MILLIS = 300_000;
  private static final long FLAP_MIN_MILLIS = 200;
  private static final long FLAP_MAX_MILLIS = 900;

  private final SplittableRandom random;
  private final int nodes;

  private RandomSchedule(long seed, int nodes) {
    this.random = new SplittableRandom(seed);
    this.nodes = nodes;
  }

  static List<PlannedFault> draw(
      long seed, Duration duration, int nodes, Set<FaultType> types, int atOnceMax) {
    return types.isEmpty()
        ? List.of()
        : new RandomSchedule(seed, nodes)
            .rounds(duration.toMillis(), List.copyOf(types), atOnceMax);
  }

  private List<PlannedFault> rounds(long durationMillis, List<FaultType> types, int atOnceMax) {
    List<PlannedFault> faults = new ArrayList<>();
    long at = Math.round(FIRST_SHARE * durationMillis);
    long last = Math.round(LAST_SHARE * durationMillis);
    boolean hasReplaced = false;
    while (at + ROUND_MIN_MILLIS / 2 < last) {
      long length = ROUND_MIN_MILLIS + random.nextLong(ROUND_MAX_MILLIS - ROUND_MIN_MILLIS);
      long end = Math.min(last, at + length);
      int count = 1 + random.nextInt(atOnceMax);
      List<FaultType> round = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        FaultType type = types.get(random.nextInt(types.size()));
        boolean again = round.contains(type) || (type == FaultType.MEMBER_REPLACE && hasReplaced);
        if (again || !isCompatible(round, type)) {
          continue;
        }
        hasReplaced |= type == FaultType.MEMBER_REPLACE;
        round.add(type);
        long start = Math.min(end - 1, at + random.nextLong(Math.max(1, (end - at) / 3)));
        faults.add(fault(type, start, end));
      }
      at = end + 300 + random.nextLong(GAP_MAX_MILLIS);
    }
    return faults;
  }

  /**
   * Nodes that stand still cannot have their links changed everywhere; and with two kinds that take
   * nodes away there would hardly be anybody left.
   */
  private static boolean isCompatible(List<FaultType> round, FaultType type) {
    boolean isAlone = type == FaultType.MEMBER_REPLACE || type == FaultType.MODE_SWITCH;
    for (FaultType other : round) {
      boolean both = type.takesNodesDown() && other.takesNodesDown();
      boolean pausedLinks =
          (type == FaultType.PAUSE && other.isOfLinks())
              || (other == FaultType.PAUSE && type.isOfLinks());
      if (both
          || pausedLinks
          || isAlone
          || other == FaultType.MEMBER_REPLACE
          || other == FaultType.MODE_SWITCH) {
        return false;
      }
    }
    return true;
  }

  private PlannedFault fault(FaultType type, long start, long end) {
    String target =
        switch (type) {
          case PARTITION -> cut();
          case FLAP -> pick("leader|rest", node() + "|rest");
          case SLOW_LINK, LOSSY -> pick("all", "leader|rest", node() + "|rest");
          case POWER_LOSS -> pick("minority", "all", node());
          case MODE_SWITCH -> "";
          default -> pick("leader", "follower", node());
        };
    LinkQuality quality =
        switch (type) {
          case SLOW_LINK -> new LinkQuality(20 + random.nextInt(SLOW_MAX_MILLIS), 0);
          case LOSSY -> new LinkQuality(0, 5 + random.nextInt(LOSS_MAX_PERCENT));
          default -> LinkQuality.PERFECT;
        };
    long amount =
        switch (type) {
          case CLOCK_SKEW -> random.nextLong(2 * SKEW_MAX_MILLIS) - SKEW_MAX_MILLIS;
          case FLAP -> FLAP_MIN_MILLIS + random.nextLong(FLAP_MAX_MILLIS - FLAP_MIN_MILLIS);
          default -> 0;
        };
    return new PlannedFault(type, target, start, end, quality, amount);
  }

  private String cut() {
    return nodes >= Targets.SHAPE_NODES_MIN
        ? pick(
            "leader|rest",
            "follower|rest",
            "leader>rest",
            "rest>leader",
            "bridge",
            "ring",
            "minority|rest")
        : pick("leader|rest", "follower|rest", "leader>rest", "rest>leader");
  }

  private String node() {
    return "n" + (1 + random.nextInt(nodes));
  }

  private String pick(String... choices) {
    return choices[random.nextInt(choices.length)];
  }
}
