package io.capstan.node.version;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A causal context of one key: for each actor, every dot of that key up to a counter. Immutable, so
 * safe to share between threads.
 *
 * <p>A join semilattice: {@link #join} is associative, commutative and idempotent, and {@link
 * #covers(VersionVector)} is its order.
 */
public final class VersionVector {

  /** Covers nothing. */
  public static final VersionVector EMPTY = new VersionVector(new Actor[0], new long[0]);

  // Sorted by actor, no counter below 1.
  private final Actor[] actors;
  private final long[] counters;

  private VersionVector(Actor[] actors, long[] counters) {
    this.actors = actors;
    this.counters = counters;
  }

  /** Whether nothing is covered. */
  public boolean isEmpty() {
    return actors.length == 0;
  }

  /** The number of actors. */
  public int size() {
    return actors.length;
  }

  /** The actor at the position, in canonical order. */
  public Actor actor(int position) {
    return actors[position];
  }

  /** The counter at the position. */
  public long counter(int position) {
    return counters[position];
  }

  /** The counter up to which dots of the actor are covered; 0 for none. */
  public long counterOf(Actor actor) {
    int position = Arrays.binarySearch(actors, actor);
    return position < 0 ? 0 : counters[position];
  }

  /** Whether the dot, if it is one of this key, is accounted for. */
  public boolean covers(Dot dot) {
    return counterOf(dot.actor()) >= dot.counter();
  }

  /** Whether everything that the other covers is covered here. */
  public boolean covers(VersionVector other) {
    for (int i = 0; i < other.actors.length; i++) {
      if (counterOf(other.actors[i]) < other.counters[i]) {
        return false;
      }
    }
    return true;
  }

  /** This and the dot. */
  public VersionVector with(Dot dot) {
    if (covers(dot)) {
      return this;
    }
    int position = Arrays.binarySearch(actors, dot.actor());
    if (position >= 0) {
      long[] raised = counters.clone();
      raised[position] = dot.counter();
      return new VersionVector(actors, raised);
    }
    int at = -position - 1;
    Actor[] moreActors = new Actor[actors.length + 1];
    long[] moreCounters = new long[actors.length + 1];
    System.arraycopy(actors, 0, moreActors, 0, at);
    System.arraycopy(counters, 0, moreCounters, 0, at);
    moreActors[at] = dot.actor();
    moreCounters[at] = dot.counter();
    System.arraycopy(actors, at, moreActors, at + 1, actors.length - at);
    System.arraycopy(counters, at, moreCounters, at + 1, actors.length - at);
    return new VersionVector(moreActors, moreCounters);
  }

  /** What either covers. */
  public VersionVector join(VersionVector other) {
    if (this == other || covers(other)) {
      return this;
    }
    if (other.covers(this)) {
      return other;
    }
    List<Actor> joinedActors = new ArrayList<>(actors.length + other.actors.length);
    long[] joinedCounters = new long[actors.length + other.actors.length];
    int mine = 0;
    int theirs = 0;
    while (mine < actors.length || theirs < other.actors.length) {
      int order =
          mine == actors.length
              ? 1
              : theirs == other.actors.length ? -1 : actors[mine].compareTo(other.actors[theirs]);
      int at = joinedActors.size();
      joinedActors.add(order <= 0 ? actors[mine] : other.actors[theirs]);
      if (order <= 0) {
        joinedCounters[at] = counters[mine++];
      }
      if (order >= 0) {
        joinedCounters[at] = Math.max(joinedCounters[at], other.counters[theirs++]);
      }
    }
    return new VersionVector(
        joinedActors.toArray(new Actor[0]), Arrays.copyOf(joinedCounters, joinedActors.size()));
  }

  /** The entries that the other does not cover. */
  public VersionVector beyond(VersionVector other) {
    int kept = 0;
    Actor[] keptActors = new Actor[actors.length];
    long[] keptCounters = new long[actors.length];
    for (int i = 0; i < actors.length; i++) {
      if (other.counterOf(actors[i]) < counters[i]) {
        keptActors[kept] = actors[i];
        keptCounters[kept++] = counters[i];
      }
    }
    return kept == 0
        ? EMPTY
        : kept == actors.length
            ? this
            : new VersionVector(Arrays.copyOf(keptActors, kept), Arrays.copyOf(keptCounters, kept));
  }

  /** The stored form. */
  public io.capstan.proto.store.v1.VersionVector toProto() {
    var stored = io.capstan.proto.store.v1.VersionVector.newBuilder();
    for (int i = 0; i < actors.length; i++) {
      stored.addEntries(
          io.capstan.proto.store.v1.VersionVector.Entry.newBuilder()
              .setActor(actors[i].toProto())
              .setCounter(counters[i])
              .build());
    }
    return stored.build();
  }

  /**
   * Reads the stored form.
   *
   * @throws IllegalArgumentException if entries are not in ascending order of actors or a counter
   *     is below 1
   */
  public static VersionVector fromProto(io.capstan.proto.store.v1.VersionVector stored) {
    int size = stored.getEntriesCount();
    if (size == 0) {
      return EMPTY;
    }
    Actor[] actors = new Actor[size];
    long[] counters = new long[size];
    for (int i = 0; i < size; i++) {
      var entry = stored.getEntries(i);
      actors[i] = Actor.fromProto(entry.getActor());
      counters[i] = entry.getCounter();
      if (counters[i] < 1 || (i > 0 && actors[i - 1].compareTo(actors[i]) >= 0)) {
        throw new IllegalArgumentException(
            "entry " + actors[i] + ":" + counters[i] + " of a version vector is out of order");
      }
    }
    return new VersionVector(actors, counters);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof VersionVector that
        && Arrays.equals(counters, that.counters)
        && Arrays.equals(actors, that.actors);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(actors) + Arrays.hashCode(counters);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("{");
    for (int i = 0; i < actors.length; i++) {
      text.append(i == 0 ? "" : " ").append(actors[i]).append(':').append(counters[i]);
    }
    return text.append('}').toString();
  }
}
