package io.capstan.node.version;

/**
 * Who writes dots: one incarnation of one node in an AP keyspace. Ordered by name, then incarnation
 * (unsigned), which is the canonical order of everything that is sorted by actor.
 *
 * @param name the node's id, not empty
 * @param incarnation a random number made when the node's data folder was empty; unsigned
 */
public record Actor(String name, long incarnation) implements Comparable<Actor> {

  public Actor {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("an actor needs a name");
    }
  }

  @Override
  public int compareTo(Actor other) {
    int byName = name.compareTo(other.name);
    return byName != 0 ? byName : Long.compareUnsigned(incarnation, other.incarnation);
  }

  /** The stored form. */
  public io.capstan.proto.store.v1.Actor toProto() {
    return io.capstan.proto.store.v1.Actor.newBuilder()
        .setName(name)
        .setIncarnation(incarnation)
        .build();
  }

  /**
   * Reads the stored form.
   *
   * @throws IllegalArgumentException if the name is empty
   */
  public static Actor fromProto(io.capstan.proto.store.v1.Actor stored) {
    return new Actor(stored.getName(), stored.getIncarnation());
  }

  /** The text form, {@code name.incarnation} with the incarnation in hexadecimal. */
  @Override
  public String toString() {
    return name + "." + Long.toHexString(incarnation);
  }
}
