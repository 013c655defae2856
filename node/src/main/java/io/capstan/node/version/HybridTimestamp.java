package io.capstan.node.version;

import org.jspecify.annotations.Nullable;

/**
 * A reading of a hybrid logical clock (Kulkarni, Demirbas, Madappa, Avva, Leone: Logical Physical
 * Clocks, 2014).
 *
 * @param physicalMillis milliseconds since 1970-01-01 UTC, the largest physical time seen; not
 *     negative
 * @param logical orders events within one millisecond; unsigned
 */
public record HybridTimestamp(long physicalMillis, int logical)
    implements Comparable<HybridTimestamp> {

  /** Before every event. */
  public static final HybridTimestamp ZERO = new HybridTimestamp(0, 0);

  public HybridTimestamp {
    if (physicalMillis < 0) {
      throw new IllegalArgumentException("physicalMillis " + physicalMillis + " is negative");
    }
  }

  /** The smallest timestamp that is later than this one. */
  public HybridTimestamp successor() {
    return logical == -1
        ? new HybridTimestamp(Math.addExact(physicalMillis, 1), 0)
        : new HybridTimestamp(physicalMillis, logical + 1);
  }

  // The same as a record's own, without its method handles: rows are compared at every write.
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof HybridTimestamp that
        && physicalMillis == that.physicalMillis
        && logical == that.logical;
  }

  @Override
  public int hashCode() {
    return 31 * Long.hashCode(physicalMillis) + logical;
  }

  @Override
  public int compareTo(HybridTimestamp other) {
    int byTime = Long.compare(physicalMillis, other.physicalMillis);
    return byTime != 0 ? byTime : Integer.compareUnsigned(logical, other.logical);
  }

  /** The stored form. */
  public io.capstan.proto.store.v1.HybridTimestamp toProto() {
    return io.capstan.proto.store.v1.HybridTimestamp.newBuilder()
        .setPhysicalMillis(physicalMillis)
        .setLogical(logical)
        .build();
  }

  /**
   * Reads the stored form.
   *
   * @throws IllegalArgumentException if the physical time is beyond what a signed number holds
   */
  public static HybridTimestamp fromProto(io.capstan.proto.store.v1.HybridTimestamp stored) {
    return new HybridTimestamp(stored.getPhysicalMillis(), stored.getLogical());
  }
}
