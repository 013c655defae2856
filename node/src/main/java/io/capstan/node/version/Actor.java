package io.capstan.node.version;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Who writes dots: one incarnation of one node in an AP keyspace. Ordered by name, then incarnation
 * (unsigned), which is the canonical order of everything that is sorted by actor.
 *
 * <p>Immutable, so safe to share between threads.
 */
public final class Actor implements Comparable<Actor> {
  private static final int FEW = 16;

  private final String name;
  private final long incarnation;
  // The stored form: as it was read, or as it was made when it was first asked for. Each row names
  // its actors.
  private final io.capstan.proto.store.v1.@Nullable Actor read;
  private volatile io.capstan.proto.store.v1.@Nullable Actor made;

  /**
   * @param name the node's id, not empty
   * @param incarnation a random number made when the node's data folder was empty; unsigned
   */
  public Actor(String name, long incarnation) {
    this(name, incarnation, null);
  }

  private Actor(String name, long incarnation, io.capstan.proto.store.v1.@Nullable Actor read) {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("an actor needs a name");
    }
    this.name = name;
    this.incarnation = incarnation;
    this.read = read;
  }

  /** The node's id. */
  public String name() {
    return name;
  }

  /** Which life of the node with that id; unsigned. */
  public long incarnation() {
    return incarnation;
  }

  @Override
  public int compareTo(Actor other) {
    if (this == other) {
      return 0;
    }
    int byName = name.compareTo(other.name);
    return byName != 0 ? byName : Long.compareUnsigned(incarnation, other.incarnation);
  }

  /**
   * Where the actor stands in the canonical order, as {@link java.util.Arrays#binarySearch} says
   * it. Few actors write a keyspace; up to so many, comparing numbers is quicker than names.
   *
   * @param sorted no two of them equal
   * @param size how many of them count
   */
  static int search(Actor[] sorted, int size, Actor wanted) {
    if (size <= FEW) {
      for (int i = 0; i < size; i++) {
        if (sorted[i].equals(wanted)) {
          return i;
        }
      }
    }
    return Arrays.binarySearch(sorted, 0, size, wanted);
  }

  /**
   * The first position, not before the given one, of that actor or a later one: a walk through two
   * sorted lists that have most actors in common.
   */
  static int searchFrom(int from, Actor[] sorted, int size, Actor wanted) {
    int position = from;
    while (position < size
        && !sorted[position].equals(wanted)
        && sorted[position].compareTo(wanted) < 0) {
      position++;
    }
    return position;
  }

  /** The stored form. */
  public io.capstan.proto.store.v1.Actor toProto() {
    if (read != null) {
      return read;
    }
    var known = made;
    if (known == null) {
      known =
          io.capstan.proto.store.v1.Actor.newBuilder()
              .setName(name)
              .setIncarnation(incarnation)
              .build();
      made = known;
    }
    return known;
  }

  /**
   * Reads the stored form.
   *
   * @throws IllegalArgumentException if the name is empty
   */
  public static Actor fromProto(io.capstan.proto.store.v1.Actor stored) {
    // What a later version has added is not passed on: rows of all replicas are the same bytes.
    boolean whole = stored.getUnknownFields().isEmpty();
    return new Actor(stored.getName(), stored.getIncarnation(), whole ? stored : null);
  }

  /** Whether {@link #fromProto} of this would give the same. */
  boolean isStoredAs(io.capstan.proto.store.v1.Actor stored) {
    return incarnation == stored.getIncarnation()
        && name.equals(stored.getName())
        && (read != null) == stored.getUnknownFields().isEmpty();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof Actor that
            && incarnation == that.incarnation
            && name.equals(that.name));
  }

  @Override
  public int hashCode() {
    return 31 * name.hashCode() + Long.hashCode(incarnation);
  }

  /** The text form, {@code name.incarnation} with the incarnation in hexadecimal. */
  @Override
  public String toString() {
    return name + "." + Long.toHexString(incarnation);
  }
}
