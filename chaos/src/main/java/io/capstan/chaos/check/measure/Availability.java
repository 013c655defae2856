package io.capstan.chaos.check.measure;

import io.capstan.chaos.check.Extras;
import io.capstan.chaos.check.Operation;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The share of attempts that were served, before, during and after a split, and per side of it.
 * Immutable.
 *
 * <p>An attempt is served if it ended with ok within the deadline. Stale reads do not count,
 * neither as attempts nor as service. The side is the extra {@link Extras#SIDE} of the operation;
 * it only matters during the split.
 */
public final class Availability {
  /** The deadline of an attempt. */
  public static final Duration DEADLINE = Duration.ofSeconds(1);

  /** The side that stands for all clients before and after. */
  public static final String ALL = "all";

  private static final String STALE = "stale";

  /** When an attempt was made. */
  public enum Phase {
    BEFORE,
    DURING,
    AFTER;

    /** The name as result files spell it. */
    public String label() {
      return switch (this) {
        case BEFORE -> "before";
        case DURING -> "during";
        case AFTER -> "after";
      };
    }
  }

  /**
   * Attempts and how many were served.
   *
   * @param attempted attempts made
   * @param ok attempts served
   */
  public record Share(int attempted, int ok) {
    /** Between 0 and 1; null where nobody tried. */
    public @Nullable Double ratio() {
      return attempted == 0 ? null : (double) ok / attempted;
    }
  }

  private final Map<Phase, Map<String, Share>> shares;

  private Availability(Map<Phase, Map<String, Share>> shares) {
    this.shares = shares;
  }

  /** Counts attempts with the usual deadline. */
  public static Availability of(Collection<Operation> attempts, FaultWindow window) {
    return of(attempts, window, DEADLINE);
  }

  /** Counts attempts with this deadline. */
  public static Availability of(
      Collection<Operation> attempts, FaultWindow window, Duration deadline) {
    Map<Phase, Map<String, Share>> shares = new LinkedHashMap<>();
    for (Phase phase : Phase.values()) {
      shares.put(phase, new TreeMap<>());
    }
    for (Operation attempt : attempts) {
      Phase phase = phaseOf(attempt, window);
      if (phase == null || STALE.equals(attempt.extra(Extras.LEVEL))) {
        continue;
      }
      int ok = isServed(attempt, deadline) ? 1 : 0;
      Map<String, Share> bySide = shares.get(phase);
      if (bySide != null) {
        bySide.merge(
            phase == Phase.DURING ? sideOf(attempt) : ALL,
            new Share(1, ok),
            (a, b) -> new Share(a.attempted() + b.attempted(), a.ok() + b.ok()));
      }
    }
    return new Availability(shares);
  }

  private static @Nullable Phase phaseOf(Operation attempt, FaultWindow window) {
    long at = attempt.invokeNanos();
    if (at < window.cutBeginsNanos()) {
      return Phase.BEFORE;
    }
    if (at >= window.cutVerifiedNanos() && at < window.healNanos()) {
      return Phase.DURING;
    }
    return at >= window.healedNanos() ? Phase.AFTER : null;
  }

  private static String sideOf(Operation attempt) {
    return attempt.extra(Extras.SIDE) instanceof String side ? side : ALL;
  }

  /** The phase of an attempt as result files spell it; null if it belongs to none. */
  static @Nullable String phaseLabel(Operation attempt, FaultWindow window) {
    Phase phase = phaseOf(attempt, window);
    return phase == null ? null : phase.label();
  }

  /** Whether it is an attempt at all: stale reads are not. */
  static boolean counts(Operation attempt) {
    return !STALE.equals(attempt.extra(Extras.LEVEL));
  }

  static boolean isServed(Operation attempt, Duration deadline) {
    return attempt.isOk() && attempt.completeNanos() - attempt.invokeNanos() <= deadline.toNanos();
  }

  /** Attempts of one side in one phase; {@link #ALL} before and after. */
  public Share share(Phase phase, String side) {
    Map<String, Share> bySide = shares.get(phase);
    return bySide == null ? new Share(0, 0) : bySide.getOrDefault(side, new Share(0, 0));
  }

  /**
   * As a result file has it: {@code before.all}, {@code during.majority}, {@code during.minority},
   * {@code after.all}, each between 0 and 1, or null where nobody tried.
   */
  public Map<String, Map<String, @Nullable Double>> toResult() {
    Map<String, Map<String, @Nullable Double>> result = new LinkedHashMap<>();
    Map<String, @Nullable Double> before = new LinkedHashMap<>();
    before.put(ALL, share(Phase.BEFORE, ALL).ratio());
    Map<String, @Nullable Double> during = new LinkedHashMap<>();
    during.put("majority", share(Phase.DURING, "majority").ratio());
    during.put("minority", share(Phase.DURING, "minority").ratio());
    Map<String, @Nullable Double> after = new LinkedHashMap<>();
    after.put(ALL, share(Phase.AFTER, ALL).ratio());
    result.put(Phase.BEFORE.label(), before);
    result.put(Phase.DURING.label(), during);
    result.put(Phase.AFTER.label(), after);
    return result;
  }

  /**
   * Nanoseconds from the heal until at every node where clients tried again one had been served;
   * empty if at some node none ever was, or none tried. Clients that do not say their node count by
   * side, or else one by one.
   */
  public static OptionalLong recoveredAfterHealNanos(
      Collection<Operation> attempts, FaultWindow window, Duration deadline) {
    Map<String, Long> firstServed = new TreeMap<>();
    for (Operation attempt : attempts) {
      if (attempt.invokeNanos() >= window.healNanos()
          && !STALE.equals(attempt.extra(Extras.LEVEL))) {
        long served = isServed(attempt, deadline) ? attempt.completeNanos() : Operation.NEVER;
        firstServed.merge(place(attempt), served, Math::min);
      }
    }
    long last =
        firstServed.values().stream().mapToLong(Long::longValue).max().orElse(Operation.NEVER);
    return last == Operation.NEVER
        ? OptionalLong.empty()
        : OptionalLong.of(last - window.healNanos());
  }

  private static String place(Operation attempt) {
    if (attempt.extra(Extras.NODE) instanceof String node) {
      return node;
    }
    return attempt.extra(Extras.SIDE) instanceof String side ? side : "client " + attempt.process();
  }
}
