package io.capstan.node.version;

import org.jspecify.annotations.Nullable;

/**
 * One write: the counter-th of its actor in its keyspace. Ordered by actor, then counter.
 *
 * @param counter 1, 2, 3 ...
 */
public record Dot(Actor actor, long counter) implements Comparable<Dot> {

  public Dot {
    if (counter < 1) {
      throw new IllegalArgumentException(
          "counters of " + actor + " start at 1, but one is " + counter);
    }
  }

  // The same as a record's own, without its method handles: rows are compared at every write.
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof Dot that && counter == that.counter && actor.equals(that.actor));
  }

  @Override
  public int hashCode() {
    return 31 * actor.hashCode() + Long.hashCode(counter);
  }

  @Override
  public int compareTo(Dot other) {
    int byActor = actor.compareTo(other.actor);
    return byActor != 0 ? byActor : Long.compare(counter, other.counter);
  }

  /** The stored form. */
  public io.capstan.proto.store.v1.Dot toProto() {
    return io.capstan.proto.store.v1.Dot.newBuilder()
        .setActor(actor.toProto())
        .setCounter(counter)
        .build();
  }

  /**
   * Reads the stored form.
   *
   * @throws IllegalArgumentException if the actor has no name or the counter is below 1
   */
  public static Dot fromProto(io.capstan.proto.store.v1.Dot stored) {
    return fromProto(stored, null);
  }

  /**
   * The same.
   *
   * @param likely an actor that may be the one, which then is not made anew; or null
   */
  static Dot fromProto(io.capstan.proto.store.v1.Dot stored, @Nullable Actor likely) {
    return new Dot(
        likely != null && likely.isStoredAs(stored.getActor())
            ? likely
            : Actor.fromProto(stored.getActor()),
        stored.getCounter());
  }

  /** The text form that receipts show: {@code node.incarnationHex:counter}. */
  @Override
  public String toString() {
    return actor + ":" + counter;
  }

  /**
   * Reads the text form.
   *
   * @throws IllegalArgumentException if the text is not of that form
   */
  public static Dot parse(String text) {
    int colon = text.lastIndexOf(':');
    int point = text.lastIndexOf('.', colon);
    if (point < 1 || colon < 0) {
      throw notADot(text, null);
    }
    try {
      long incarnation = Long.parseUnsignedLong(text, point + 1, colon, 16);
      long counter = Long.parseLong(text, colon + 1, text.length(), 10);
      return new Dot(new Actor(text.substring(0, point), incarnation), counter);
    } catch (NumberFormatException e) {
      throw notADot(text, e);
    }
  }

  private static IllegalArgumentException notADot(String text, @Nullable Throwable cause) {
    return new IllegalArgumentException(
        "'" + text + "' is not a version; versions look like n1.4f2a:17", cause);
  }
}
