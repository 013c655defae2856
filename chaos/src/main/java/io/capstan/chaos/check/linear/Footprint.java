package io.capstan.chaos.check.linear;

import org.jspecify.annotations.Nullable;

/**
 * What a call on an object whose whole state is one value needs to find there, and what it leaves
 * behind.
 *
 * @param observes whether it is legal only on one value
 * @param observed that value
 * @param produces whether it replaces the value
 * @param produced the new value
 */
public record Footprint(
    boolean observes, @Nullable Object observed, boolean produces, @Nullable Object produced) {
  /** A call that is legal on this value only, and leaves it. */
  public static Footprint reading(@Nullable Object value) {
    return new Footprint(true, value, false, null);
  }

  /** A call that is always legal and leaves this value. */
  public static Footprint writing(@Nullable Object value) {
    return new Footprint(false, null, true, value);
  }

  /** A call that is legal on one value only and leaves another. */
  public static Footprint replacing(@Nullable Object expected, @Nullable Object value) {
    return new Footprint(true, expected, true, value);
  }

  /** A call that neither needs nor changes anything. */
  public static Footprint none() {
    return new Footprint(false, null, false, null);
  }
}
