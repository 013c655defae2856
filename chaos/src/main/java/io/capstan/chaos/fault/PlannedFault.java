package io.capstan.chaos.fault;

import io.capstan.chaos.cluster.LinkQuality;

/**
 * One fault of a schedule, before anybody knows which nodes it will hit.
 *
 * @param target which nodes or links, see {@link Targets}; empty where the kind needs none
 * @param startMillis when it begins, since the start of the workload
 * @param endMillis when it is undone
 * @param quality of slow and lossy links; otherwise perfect
 * @param amountMillis how wrong a clock stands, or how long one turn of a flapping link lasts; 0
 *     otherwise
 */
public record PlannedFault(
    FaultType type,
    String target,
    long startMillis,
    long endMillis,
    LinkQuality quality,
    long amountMillis) {

  /** Refuses a fault that ends before it begins. */
  public PlannedFault {
    if (startMillis < 0 || endMillis <= startMillis) {
      throw new IllegalArgumentException(
          "a "
              + type.label()
              + " from "
              + startMillis
              + " ms to "
              + endMillis
              + " ms; it must begin at 0 or later and end after that");
    }
  }

  /** A fault that is described by its kind and target alone. */
  public static PlannedFault of(FaultType type, String target, long startMillis, long endMillis) {
    return new PlannedFault(type, target, startMillis, endMillis, LinkQuality.PERFECT, 0);
  }

  /** Returns how hard it is, for people; empty where its kind says all. */
  public String strength() {
    return switch (type) {
      case SLOW_LINK -> quality.delayMillis() + " ms late";
      case LOSSY -> quality.lossPercent() + " % lost";
      case CLOCK_SKEW -> (amountMillis > 0 ? "+" : "") + amountMillis + " ms";
      case FLAP -> "every " + amountMillis + " ms";
      default -> "";
    };
  }
}
